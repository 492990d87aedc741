"""How others write a NAS-Bench-101 cell: NASLib's flat tuple and the mapping of NNI's benchmarks; AceNAS pads it."""

from collections.abc import Mapping, Sequence
from typing import Any

from nasbias.errors import InputError

# NASLib's order: `all_ops` in naslib/search_spaces/nasbench101/conversions.py.
NASLIB_OPERATIONS = ("input", "output", "maxpool3x3", "conv1x1-bn-relu", "conv3x3-bn-relu")
Spec = tuple[list[list[int]], list[str]]  # matrix [n, n] and the operations of all n, "input" and "output" included


def to_naslib(spec: Spec) -> tuple[int, ...]:
    """NASLib's tuple: the matrix row by row, then the operations' numbers."""
    matrix, operations = spec
    return (*(entry for row in matrix for entry in row), *(NASLIB_OPERATIONS.index(name) for name in operations))


def read_naslib(numbers: Sequence[Any]) -> Spec | None:
    """The cell of NASLib's tuple; None where it is no such tuple."""
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        return None
    n = next((n for n in range(2, 8) if n * n + n == len(numbers)), 0)
    if not n or any(not 0 <= code < len(NASLIB_OPERATIONS) for code in numbers[n * n :]):
        return None
    return [list(numbers[n * row : n * (row + 1)]) for row in range(n)], [
        NASLIB_OPERATIONS[c] for c in numbers[n * n :]
    ]


def to_nni(spec: Spec) -> dict[str, Any]:
    """NNI's `op1`, ... and `input1`, ..., the last input being the output's."""
    matrix, operations = spec
    n = len(operations)
    arch: dict[str, Any] = {f"op{v}": operations[v] for v in range(1, n - 1)}
    return arch | {f"input{v}": [u for u in range(v) if matrix[u][v]] for v in range(1, n)}


def to_acenas(spec: Spec) -> dict[str, Any]:
    """AceNAS' own form: `num_vertices`, the output's inputs as `input6`, and up to vertex 5 what is not there."""
    arch, n = to_nni(spec), len(spec[1])
    arch["input6"] = arch.pop(f"input{n - 1}")
    filled = {f"op{v}": "maxpool3x3" for v in range(1, 6)} | {f"input{v}": [0] for v in range(1, 6)}
    return {"num_vertices": n, **filled, **arch}


def read_nni(mapping: Mapping[str, Any]) -> Spec | None:
    """The cell of NNI's or AceNAS' mapping, of any number of vertices; None where it is none of fewer than seven.

    Raises:
        InputError: an input that is no earlier vertex.
    """
    n = mapping.get("num_vertices")
    if n is None:
        inputs = [int(key[5:]) for key in mapping if key.startswith("input") and key[5:].isdecimal()]
        n = max(inputs, default=0) + 1
        last = f"input{n - 1}"
    else:
        last = "input6"
    if not isinstance(n, int) or not 2 <= n < 7:
        return None
    names = {v: f"input{v}" for v in range(1, n - 1)} | {n - 1: last}
    if any(name not in mapping for name in names.values()) or any(f"op{v}" not in mapping for v in range(1, n - 1)):
        return None
    matrix = [[0] * n for _ in range(n)]
    for v, name in names.items():
        for u in mapping[name]:
            if not isinstance(u, int) or not 0 <= u < v:
                raise InputError(f"{dict(mapping)!r}: {name} must list earlier vertices, not {u!r}.")
            matrix[u][v] = 1
    return matrix, ["input", *(str(mapping[f"op{v}"]) for v in range(1, n - 1)), "output"]
