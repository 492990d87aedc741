"""How others write a NAS-Bench-201 cell, to and from its operations by edge.

Each format's layout was read from the package that writes it: AutoDL-Projects' `Structure.nodes` (few-shot-NAS keeps
the same), aw_nas' 4x4 matrix [to, from], NASLib's six digits, the mapping of NNI's benchmarks (AceNAS trains on those).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nasbias.errors import InputError

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))  # (from, to), in the order of the string
# NASLib (and analog-nasbench) write six digits in the edge order 0-1 0-2 0-3 1-2 1-3 2-3, over this operation order.
NASLIB_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
NASLIB_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
NNI_NAMES = {"conv_1x1": "nor_conv_1x1", "conv_3x3": "nor_conv_3x3"}
_FROM_NNI = {long: short for short, long in NNI_NAMES.items()}
Cell = Mapping[tuple[int, int], str]  # (from, to) -> operation


def to_structure(cell: Cell) -> list[list[tuple[str, int]]]:
    """AutoDL-Projects' and few-shot-NAS' list of nodes, each a list of (operation, input)."""
    return [[(cell[source, node], source) for source in range(node)] for node in (1, 2, 3)]


def to_matrix(cell: Cell) -> list[list[int]]:
    """aw_nas' matrix [to, from] of operation numbers; 0 where there is no edge."""
    matrix = [[0] * 4 for _ in range(4)]
    for (source, target), operation in cell.items():
        matrix[target][source] = OPERATIONS.index(operation)
    return matrix


def to_naslib(cell: Cell) -> tuple[int, ...]:
    """NASLib's `op_indices`."""
    return tuple(NASLIB_OPERATIONS.index(cell[edge]) for edge in NASLIB_EDGES)


def to_nni(cell: Cell) -> dict[str, str]:
    """NNI's mapping from edges to operations, in its names."""
    return {f"{source}_{target}": _FROM_NNI.get(cell[source, target], cell[source, target]) for source, target in EDGES}


def is_nested(value: Any) -> bool:
    """Whether a list is made of lists: a matrix or a structure, no list of numbers."""
    return isinstance(value, (list, tuple)) and len(value) > 0 and all(isinstance(row, (list, tuple)) for row in value)


def read_nested(value: Sequence[Sequence[Any]]) -> dict[tuple[int, int], str]:
    """Operations by edge of aw_nas' matrix or of AutoDL-Projects' structure.

    Raises:
        InputError: neither; operations that do not exist are left for the caller to find.
    """
    if len(value) == 4 and all(len(row) == 4 for row in value):
        return _read_matrix(value)
    if len(value) == 3 and all(isinstance(pair, (list, tuple)) and len(pair) == 2 for row in value for pair in row):
        sources = [[source for _, source in row] for row in value]
        if any(sorted(map(str, row)) != [str(i) for i in range(node)] for node, row in enumerate(sources, start=1)):
            raise InputError(f"{value!r}: node 1 takes input 0, node 2 inputs 0 and 1, node 3 inputs 0, 1 and 2.")
        return {(int(source), node): str(op) for node, row in enumerate(value, start=1) for op, source in row}
    raise InputError(
        f"{value!r}: neither a 4x4 matrix of operation numbers nor three lists of (operation, input) pairs."
    )


def _read_matrix(value: Sequence[Sequence[Any]]) -> dict[tuple[int, int], str]:
    cell = {}
    for target, row in enumerate(value):
        for source, code in enumerate(row):
            if isinstance(code, bool) or not isinstance(code, (int, float)) or code not in range(len(OPERATIONS)):
                raise InputError(f"{value!r}: the matrix must hold operation numbers, 0 to 4, not {code!r}.")
            if source < target:
                cell[source, target] = OPERATIONS[int(code)]
            elif code:
                raise InputError(
                    f"{value!r}: row {target}, column {source} must be 0: rows are targets, columns inputs."
                )
    return cell
