"""DARTS on CIFAR-10 as P2 searches it: a normal and a reduction cell, each with four nodes, each node the sum of two
operations on two distinct earlier nodes; (2 * 6 * 12 * 20 * 7^8)^2, about 2.8e20 architectures.

Sources: DARTS, arXiv 1806.09055; P2 = arXiv 2010.08219 and its released tables. Nodes 0 and 1 are the outputs of the
two cells before, nodes 2 to 5 are computed and concatenated. A node's two inputs are its slots 0 and 1; in P2's
supernet each slot has weights of its own, so the order of the slots is part of an architecture (and of `size`),
although alone both orders are the same network: `isomorphism_class` says which are.

The canonical string is `normal:<cell>;reduce:<cell>`, a cell being `|op~input|op~input|+...` over its four nodes, the
notation of NAS-Bench-201. `Darts.write` gives DARTS' genotype, P2's JSON and NASBench-301's configuration.
"""

import functools
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from nasbias.errors import InputError, quoted, unknown
from nasbias.spaces._darts_costs import Multiplications, count_flops, count_params, count_slots
from nasbias.spaces._darts_notations import (
    CELLS,
    NODES,
    OPERATIONS,
    Slots,
    read_compact,
    read_configspace,
    read_genotype,
    read_genotype_text,
    read_nni,
    read_p2,
    to_compact,
    to_configspace,
    to_genotype_text,
    to_nni,
    to_p2,
)
from nasbias.spaces._space import Decision, Space, as_strings, listed
from nasbias.spaces._wiring import Cell, Edge, Node
from nasbias.streams import stream

CLASSES = {"cifar10": 10, "cifar100": 100}
Notation = Literal["genotype", "p2", "nasbench301"]

_TOKEN = re.compile(r"\|([^|~]*)~(\d+)")
_ORDER = tuple(itertools.product(CELLS, NODES, (0, 1)))  # slots in the order of the choices: input, then operation


class Darts(Space):
    name = "darts"
    title = "DARTS on CIFAR-10 (P2)"
    size = (2 * 6 * 12 * 20 * len(OPERATIONS) ** 8) ** 2
    decisions = tuple(
        Decision(f"{cell}/{node}/{slot}/{part}", tuple(map(str, range(node))) if part == "input" else OPERATIONS)
        for cell, node, slot in _ORDER
        for part in ("input", "op")
    )
    subsets: ClassVar[Mapping[str, str]] = {"all": "every architecture: seven operations, two distinct inputs per node"}
    cells = tuple(
        Cell(
            cell,
            tuple(Node(str(i)) for i in range(6)),
            tuple(Edge(f"{cell}/{n}/{s}/input", n, f"{cell}/{n}/{s}/op") for n in NODES for s in (0, 1)),
            inputs=(0, 1),
            outputs=NODES,
            note="0 and 1: the two cells before; output: 2 to 5 together",
        )
        for cell in CELLS
    )

    formats: ClassVar[Mapping[str, Any]] = {
        "genotype": lambda text: to_genotype_text(_read_string(text)),
        "p2": lambda text: to_p2(_read_string(text)),
        "nasbench301": lambda text: to_configspace(_read_string(text)),
        "naslib": lambda text: to_compact(_read_string(text)),
        "nni": lambda text: to_nni(_read_string(text)),
    }

    def parse(self, text: Any) -> str:
        """Accepts the canonical string, DARTS' `Genotype(normal=[...], ...)` (text or object), P2's JSON, NNI's
        mapping,
        NASLib's compact tuple and NASBench-301's configuration (text or mapping, any key order, other keys of a
        configuration ignored)."""
        return _string(self._slots(text))

    def write(self, architecture: str, notation: Notation) -> str:
        """`format` as text: "genotype", "p2" or "nasbench301" (JSON).

        NASBench-301 knows no slots: it lists a node's inputs in ascending order.
        """
        return self.format(architecture, notation)

    def encode(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        rows = [_choices(text) for text in map(self._canonical, listed(architectures))]
        return np.array(rows, dtype=np.int8).reshape(len(rows), len(self.decisions))

    def decode(self, choices: np.ndarray) -> np.ndarray:
        """Raises:
        InputError: a choice out of range, or two equal inputs of a node.
        """
        rows = np.asarray(choices).reshape(-1, len(self.decisions)).tolist()
        return as_strings(_string(_checked(_slots_of(row), where="choices")) for row in rows)

    def describe(
        self,
        architectures: Sequence[str] | np.ndarray,
        dataset: str = "cifar10",
        depth: int = 20,
        width: int = 36,
        resolution: int = 32,
        auxiliary: bool = False,
        counted: Multiplications = "p2",
    ) -> pd.DataFrame:
        """Costs of the stand-alone network of `depth` cells and initial channels `width`.

        Both equal P2's tables: parameters of the modules that run in evaluation mode, to
        which `auxiliary` adds the auxiliary head; multiply-accumulates of the linear layer and the convolutions, but
        for every first depthwise one, which P2's counter passes over. `counted="all"` counts those as well.
        """
        if dataset not in CLASSES:
            raise unknown("dataset of darts", dataset, CLASSES)
        architectures = listed(architectures)
        choices = self.encode(architectures)
        counts = count_slots(choices)
        return pd.DataFrame(
            {
                "architecture": as_strings(map(self._canonical, architectures)),
                "params": count_params(counts, depth, width, CLASSES[dataset], auxiliary),
                "flops": count_flops(counts, depth, width, CLASSES[dataset], resolution, counted),
                "is_valid": np.ones(len(choices), dtype=bool),
                "isomorphism_class": self.truth_keys(architectures),
                **{f"n_{op}": (choices[:, 1::2] == i).sum(axis=1) for i, op in enumerate(OPERATIONS)},
            }
        )

    def sample(self, n: int, seed: int, subset: str | None = None) -> np.ndarray:
        self._subset(subset)
        if not 0 <= n <= 10**7:
            raise InputError(f"can't sample {n:,} architectures of {self.name}: ask for 0 to 10,000,000.")
        rng = stream("draw", seed)
        drawn: dict[str, None] = {}
        while len(drawn) < n:
            drawn |= dict.fromkeys(self.decode(_draw_choices(n - len(drawn), rng)))
        return as_strings(drawn)

    def draw(self, n: int, rng: np.random.Generator, subset: str | None = None) -> np.ndarray:
        self._subset(subset)
        return _draw_choices(n, rng)

    def truth_keys(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        """The isomorphism class: alone, swapped slots and renumbered nodes are the same network."""
        return as_strings(_class(text) for text in map(self._canonical, architectures))

    def _canonical(self, text: Any) -> str:
        return text if isinstance(text, str) and text in _seen else self.parse(text)

    def _slots(self, text: Any) -> Slots:
        if isinstance(text, str):
            stripped = text.strip()
            if stripped.startswith("Genotype"):
                return _checked(read_genotype_text(stripped), where=text)
            if stripped.startswith(("(", "[")):
                return _checked(read_compact(stripped), where=text)
            if not stripped.startswith("{"):
                return _checked(_read_string(stripped), where=text)
            try:
                text = json.loads(stripped)
            except (ValueError, RecursionError):
                raise InputError(f"not a darts architecture: {quoted(text)} is not valid JSON.") from None
        if isinstance(text, Mapping):
            return _checked(_read_mapping(text), where=json.dumps(text, default=str))
        if isinstance(text, (list, tuple)) and not hasattr(text, "normal"):
            return _checked(read_compact(text), where=str(text))
        if hasattr(text, "normal") and hasattr(text, "reduce"):
            return _checked(read_genotype(_fields_of(text)), where=str(text))
        raise InputError(
            f"not a darts architecture: {quoted(text)}. Give 'normal:|op~input|op~input|+...;reduce:...', a "
            f"Genotype(...), P2's JSON or a NASBench-301 configuration."
        )


def _fields_of(genotype: Any) -> dict[str, Any]:
    """The fields of a Genotype object, whatever its class."""
    names = ("normal", "normal_concat", "reduce", "reduce_concat")
    return {name: getattr(genotype, name) for name in names if hasattr(genotype, name)}


def _read_mapping(mapping: Mapping) -> Slots:
    if "normal" in mapping and "reduce" in mapping:
        return read_genotype(mapping)
    if "normal_0_op_x" in mapping:
        return read_nni(mapping)
    if any("inputs_node_" in str(key) for key in mapping):
        return read_configspace(mapping)
    return read_p2(mapping)


def _read_string(text: str) -> Slots:
    slots: Slots = {}
    parts = text.split(";")
    if [part.split(":")[0] for part in parts] != list(CELLS):
        raise InputError(
            f"not a darts architecture: {quoted(text)} should read 'normal:<cell>;reduce:<cell>', a cell being "
            f"'|op~input|op~input|' four times, joined by '+'."
        )
    for cell, part in zip(CELLS, parts):
        nodes = part[len(cell) + 1 :].split("+")
        if len(nodes) != len(NODES):
            raise InputError(f"{text!r}: the {cell} cell has {len(nodes)} node(s) separated by '+', darts has 4.")
        for node, body in zip(NODES, nodes):
            tokens = _TOKEN.findall(body)
            if len(tokens) != 2 or "".join(f"|{op}~{source}" for op, source in tokens) + "|" != body:
                raise InputError(f"{text!r}, at {cell}/{node}: should read '|op~input|op~input|', not {body!r}.")
            slots |= {(cell, node, slot): (op, int(source)) for slot, (op, source) in enumerate(tokens)}
    return slots


def _checked(slots: Slots, where: str) -> Slots:
    """The same slots.

    Raises:
        InputError: an unknown operation, an input that is no earlier node, or a node that takes one input twice.
    """
    for (cell, node, slot), (op, source) in slots.items():
        if op not in OPERATIONS:
            raise InputError(
                f"{where!r}, at {cell}/{node}/{slot}: unknown operation {op!r}. "
                f"Known operations: {', '.join(OPERATIONS)}."
            )
        if not isinstance(source, int) or isinstance(source, bool) or not 0 <= source < node:
            raise InputError(
                f"{where!r}, at {cell}/{node}/{slot}: input {source!r} is not a node from 0 to {node - 1}."
            )
    for cell, node in itertools.product(CELLS, NODES):
        if slots[cell, node, 0][1] == slots[cell, node, 1][1]:
            raise InputError(
                f"{where!r}, at {cell}/{node}: both inputs are {slots[cell, node, 0][1]}; "
                f"darts takes two distinct ones."
            )
    return slots


_seen: set[str] = set()  # canonical strings met before: re-parsing them is most of the cost of a large table


def _string(slots: Slots) -> str:
    cells = (
        f"{cell}:"
        + "+".join(
            "".join(f"|{op}~{source}" for op, source in (slots[cell, n, 0], slots[cell, n, 1])) + "|" for n in NODES
        )
        for cell in CELLS
    )
    text = ";".join(cells)
    if len(_seen) < 200_000:
        _seen.add(text)
    return text


def _choices(canonical: str) -> list[int]:
    return [part for op, source in _TOKEN.findall(canonical) for part in (int(source), OPERATIONS.index(op))]


def _slots_of(row: Sequence[int]) -> Slots:
    if not all(0 <= op < len(OPERATIONS) for op in row[1::2]):
        raise InputError(f"choices {list(row)}: operations are numbered 0 to {len(OPERATIONS) - 1}.")
    return {key: (OPERATIONS[op], source) for key, source, op in zip(_ORDER, row[::2], row[1::2])}


def _draw_choices(n: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform choices [n, 32]: the second input is one of the others, by its distance from the first."""
    columns = []
    for _, node in itertools.product(CELLS, NODES):
        first = rng.integers(node, size=n)
        second = (first + 1 + rng.integers(node - 1, size=n)) % node
        columns += [first, rng.integers(len(OPERATIONS), size=n), second, rng.integers(len(OPERATIONS), size=n)]
    return np.stack(columns, axis=1)


def _class(canonical: str) -> str:
    """The smallest string among the isomorphic ones."""
    return ";".join(f"{cell}:{_cell_class(part[len(cell) + 1 :])}" for cell, part in zip(CELLS, canonical.split(";")))


@functools.lru_cache(maxsize=100_000)
def _cell_class(cell: str) -> str:
    """Least cell among all renumberings of its nodes in which inputs come before the nodes that use them; slots sorted.
    Nodes may be renumbered because all four are concatenated and what follows is a 1x1 convolution."""
    nodes = [[(int(source), op) for op, source in _TOKEN.findall(body)] for body in cell.split("+")]
    best: list | None = None
    for order in itertools.permutations(range(len(nodes))):
        renamed = {0: 0, 1: 1} | {old + 2: new + 2 for new, old in enumerate(order)}
        candidate = [sorted((renamed[source], op) for source, op in nodes[old]) for old in order]
        if all(source < node for node, pair in zip(NODES, candidate) for source, _ in pair):
            best = candidate if best is None else min(best, candidate)
    return "+".join("".join(f"|{op}~{source}" for source, op in pair) + "|" for pair in best or [])


SPACE = Darts()
