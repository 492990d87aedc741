"""How others write a DARTS architecture, to and from its slots: {(cell, node, slot): (operation, input)}.

Readers collect the sixteen slots and report what is missing or misplaced; whether operations and inputs exist is
checked by the caller. Nothing is evaluated: a genotype's text goes through `ast`, never through `eval`.
"""

import ast
import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from nasbias.errors import InputError

OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
CELLS = ("normal", "reduce")
NODES = (2, 3, 4, 5)
Slots = dict[tuple[str, int, int], tuple[str, int]]

_PREFIX = "NetworkSelectorDatasetInfo:darts:"
_FIRST_EDGE = {2: 0, 3: 2, 4: 5, 5: 9}  # NASBench-301 numbers the edges 0->2, 1->2, 0->3, 1->3, 2->3, ...


def read_p2(mapping: Mapping) -> Slots:
    """P2's mapping: `normal/2/0/input`, `normal/2/0/op`, ...; inputs as numbers or as text."""
    wanted = {f"{c}/{n}/{s}/{part}" for c, n, s in _slots() for part in ("input", "op")}
    lacking, surplus = sorted(wanted - set(mapping)), sorted(str(key) for key in set(mapping) - wanted)
    if lacking or surplus:
        raise InputError(
            "not a darts architecture: P2's JSON has 32 keys; "
            + "; ".join(f"{_some(keys)} {what}" for keys, what in ((lacking, "missing"), (surplus, "unknown")) if keys)
            + "."
        )
    return {(c, n, s): (mapping[f"{c}/{n}/{s}/op"], _number(mapping[f"{c}/{n}/{s}/input"])) for c, n, s in _slots()}


def to_p2(slots: Slots) -> str:
    """P2's JSON text, its keys in P2's order."""
    return json.dumps(
        {
            f"{c}/{n}/{s}/{part}": value
            for c, n, s in _slots()
            for part, value in (("input", slots[c, n, s][1]), ("op", slots[c, n, s][0]))
        },
        separators=(",", ":"),
    )


def read_genotype(mapping: Mapping) -> Slots:
    """A genotype's fields: eight (operation, input) pairs per cell, all four nodes concatenated."""
    slots: Slots = {}
    for cell in CELLS:
        concat = mapping.get(f"{cell}_concat", NODES)
        if not isinstance(concat, Iterable) or sorted(map(_number, concat)) != list(NODES):
            raise InputError(f"not a darts architecture: {cell}_concat is {concat!r}; darts concatenates nodes 2 to 5.")
        pairs = mapping[cell]
        if not isinstance(pairs, (list, tuple)) or len(pairs) != 8 or any(not _is_pair(pair) for pair in pairs):
            raise InputError(
                f"not a darts architecture: {cell} should be eight (operation, input) pairs, not {pairs!r}."
            )
        for i, (op, source) in enumerate(pairs):
            slots[cell, NODES[i // 2], i % 2] = (op, _number(source))
    return slots


def read_genotype_text(text: str) -> Slots:
    """`Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2, 6), reduce=[...], reduce_concat=...)`."""
    names = ("normal", "normal_concat", "reduce", "reduce_concat")
    try:
        call = ast.parse(text, mode="eval").body
        if not isinstance(call, ast.Call):
            raise ValueError("not a call")
        fields = dict(zip(names, (_literal(value) for value in call.args)))
        fields |= {keyword.arg: _literal(keyword.value) for keyword in call.keywords if keyword.arg}
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise InputError(f"not a darts architecture: {text!r} can't be read as Genotype(normal=[...], ...).") from None
    lacking = [cell for cell in CELLS if cell not in fields]
    if lacking:
        raise InputError(f"not a darts architecture: the genotype {text!r} has no {' and no '.join(lacking)} cell.")
    return read_genotype(fields)


def to_genotype_text(slots: Slots) -> str:
    """DARTS' own notation, as its `genotypes.py` prints it."""
    parts = [
        f"{cell}={[slots[cell, n, s] for n, s in itertools.product(NODES, (0, 1))]!r}, {cell}_concat=range(2, 6)"
        for cell in CELLS
    ]
    return f"Genotype({', '.join(parts)})"


def read_configspace(mapping: Mapping) -> Slots:
    """NASBench-301's configuration; keys with or without their prefix, other keys (optimiser, ...) ignored."""
    short = {str(key).replace("_COLON_", ":").rsplit(":", 1)[-1]: value for key, value in mapping.items()}
    slots: Slots = {}
    for cell, node in itertools.product(CELLS, NODES):
        text = "0_1" if node == 2 else short.get(f"inputs_node_{cell}_{node}")
        inputs = [_number(part) for part in str(text).split("_")]
        if text is None or len(inputs) != 2 or not all(isinstance(source, int) for source in inputs):
            raise InputError(
                f"not a darts architecture: inputs_node_{cell}_{node} of the NASBench-301 configuration is {text!r}; "
                f"two nodes such as '0_2' are wanted."
            )
        for slot, source in enumerate(inputs):
            edge = f"edge_{cell}_{_FIRST_EDGE[node] + source}"
            if short.get(edge) is None:
                raise InputError(
                    f"not a darts architecture: the NASBench-301 configuration takes {source}->{node} of the {cell} "
                    f"cell but has no {edge}."
                )
            slots[cell, node, slot] = (short[edge], source)
    return slots


def to_configspace(slots: Slots) -> str:
    """NASBench-301's keys as JSON text: the edges in use and the inputs of nodes 3 to 5, ascending."""
    keys: dict[str, str] = {}
    for cell, node in itertools.product(CELLS, NODES):
        pair = sorted((slots[cell, node, slot][1], slots[cell, node, slot][0]) for slot in (0, 1))
        keys |= {f"{_PREFIX}edge_{cell}_{_FIRST_EDGE[node] + source}": op for source, op in pair}
        if node > 2:
            keys[f"{_PREFIX}inputs_node_{cell}_{node}"] = f"{pair[0][0]}_{pair[1][0]}"
    return json.dumps(dict(sorted(keys.items())))


def to_compact(slots: Slots) -> tuple[tuple[tuple[int, int], ...], ...]:
    """NASLib's compact form: (input, operation number) eight times, of the normal and of the reduction cell."""
    return tuple(
        tuple(
            (slots[cell, n, s][1], OPERATIONS.index(slots[cell, n, s][0])) for n, s in itertools.product(NODES, (0, 1))
        )
        for cell in CELLS
    )


def read_compact(value: Any) -> Slots:
    """NASLib's compact form, as lists, tuples or their text."""
    try:
        value = ast.literal_eval(value) if isinstance(value, str) else value
        cells = [[(OPERATIONS[op], source) for source, op in cell if op >= 0] for cell in value]
    except (ValueError, SyntaxError, TypeError, IndexError, MemoryError, RecursionError):
        cells = []
    if [len(cell) for cell in cells] != [8, 8]:
        raise InputError(
            f"not a darts architecture: {value!r} is not two cells of eight (input, operation number) pairs."
        )
    return read_genotype(dict(zip(CELLS, cells)))


def to_nni(slots: Slots) -> dict[str, Any]:
    """The `cell_spec` of NNI's NDS benchmark: `normal_0_op_x`, `normal_0_input_x`, ..., x and y being the slots."""
    spec: dict[str, Any] = {}
    for cell in CELLS:
        for node, (slot, name) in itertools.product(NODES, enumerate("xy")):
            operation, source = slots[cell, node, slot]
            spec |= {f"{cell}_{node - 2}_op_{name}": operation, f"{cell}_{node - 2}_input_{name}": source}
        spec[f"{cell}_concat"] = list(NODES)
    return spec


def read_nni(mapping: Mapping) -> Slots:
    """NNI's `cell_spec`."""
    pairs: dict[str, Any] = {f"{cell}_concat": mapping.get(f"{cell}_concat", NODES) for cell in CELLS}
    try:
        for cell in CELLS:
            pairs[cell] = [
                (mapping[f"{cell}_{node}_op_{name}"], mapping[f"{cell}_{node}_input_{name}"])
                for node, name in itertools.product(range(4), "xy")
            ]
    except KeyError as error:
        raise InputError(f"not a darts architecture: NNI's mapping has no {error.args[0]}.") from None
    return read_genotype(pairs)


def _slots() -> Iterable[tuple[str, int, int]]:
    return itertools.product(CELLS, NODES, (0, 1))


def _number(value: Any) -> Any:
    """An integer where `value` is one or reads as one, else `value` itself, for the caller's check to refuse."""
    try:
        return int(value) if isinstance(value, str) or int(value) == value else value
    except (ValueError, TypeError, OverflowError):
        return value


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, (list, tuple)) and len(pair) == 2


def _literal(value: ast.expr) -> Any:
    """A literal, or `range(a, b)` of literals."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "range":
        start, stop = (ast.literal_eval(argument) for argument in value.args)
        return list(range(start, min(stop, start + 16)))
    return ast.literal_eval(value)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
