"""NAS-Bench-201: a cell of four nodes, one of five operations on each of its six edges; 15,625 architectures.

Source: Dong and Yang, arXiv 2001.00326. The canonical string is the benchmark's,
`|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`; the official order is that of the published file. The macro skeleton of the
benchmark has C = 16 channels and N = 5 cells a stage.
"""

import ast
import functools
import itertools
import json
import random
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from nasbias.errors import InputError, quoted, unknown
from nasbias.spaces import _nb201_notations as written
from nasbias.spaces._nb201_notations import EDGES, NASLIB_EDGES, NASLIB_OPERATIONS, NNI_NAMES, OPERATIONS
from nasbias.spaces._space import Decision, Space, as_index, as_strings, listed
from nasbias.spaces._wiring import Cell, Edge, Node

CLASSES = {"cifar10": 10, "cifar10-valid": 10, "cifar100": 100, "ImageNet16-120": 120}
RESOLUTION = {"ImageNet16-120": 16}  # the others are 32 x 32

_NONE, _SKIP, _CONV1, _CONV3, _POOL = range(5)
_NUMPY = re.compile(r"np\.u?int\d*\((\d+)\)")  # how numpy 2 writes its numbers in a tuple
_TOKEN = re.compile(r"\|([^|~]*)~(\d+)")


class NB201(Space):
    name = "nb201"
    title = "NAS-Bench-201"
    size = len(OPERATIONS) ** len(EDGES)
    decisions = tuple(Decision(f"{source}->{target}", OPERATIONS) for source, target in EDGES)
    subsets = {
        "connected": "the 15,284 architectures whose output depends on their input",
        "unique": "one per isomorphism class among the connected: 6,461",
        "all": "all 15,625, the 341 disconnected included",
    }

    notations = ("nats", "naslib")
    formats = {
        "nats_bench": str,
        "index": lambda text: int(_index_of_string()[text]),
        "autodl": lambda text: written.to_structure(_cell(text)),
        "few_shot_nas": lambda text: str([[list(pair) for pair in node] for node in written.to_structure(_cell(text))]),
        "naslib": lambda text: written.to_naslib(_cell(text)),
        "aw_nas": lambda text: written.to_matrix(_cell(text)),
        "nni": lambda text: written.to_nni(_cell(text)),
        "acenas": lambda text: written.to_nni(_cell(text)),
    }
    nothing = ("none",)
    cells = (
        Cell(
            "cell",
            tuple(Node(str(i)) for i in range(4)),
            tuple(Edge(source, target, f"{source}->{target}") for source, target in EDGES),
            note="0 input, 3 output; edges are summed",
        ),
    )

    def parse(self, text: str) -> str:
        """Accepts the benchmark's string, an index of the official order ('42'), a mapping from edges to operations
        ('{"0_1": "conv_3x3", ...}', any key order), AutoDL-Projects' structure ('[[("op", 0)], ...]', also the object),
        aw_nas' 4x4 matrix and six operation numbers ('(0, 1, 2, 3, 4, 0)', also a tuple), if NATS-Bench and NASLib, who
        order edges and operations differently, mean the same by them; else see `parse_as`.
        """
        return self._parsed(text, None)

    def parse_as(self, text: str, notation: str) -> str:
        """`parse`, six operation numbers being in the order of "nats" (this module's) or of "naslib"."""
        return self._parsed(text, notation)

    def _parsed(self, text: object, notation: str | None) -> str:
        if isinstance(text, str) and text in _index_of_string():
            return text
        index = as_index(text)
        if index is not None:
            return self._from_index(index)
        if isinstance(text, str):
            stripped = _NUMPY.sub(r"\1", text.strip())
            if stripped.startswith("{"):
                return self._from_mapping(_decoded(json.loads, stripped))
            if stripped.startswith(("(", "[")):
                return self._from_list(_decoded(ast.literal_eval, stripped), notation)
            return self._from_string(stripped)
        if isinstance(text, dict):
            return self._from_mapping(text)
        if isinstance(text, np.ndarray):
            text = text.tolist()
        text = getattr(text, "nodes", text)  # AutoDL-Projects' Structure
        if isinstance(text, (tuple, list)):
            return self._from_list(text, notation)
        raise InputError(f"not an nb201 architecture: {quoted(text)}. Give a string such as {_strings()[0]!r}.")

    def encode(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        return _choices()[self.index(architectures)]

    def decode(self, choices: np.ndarray) -> np.ndarray:
        return _strings()[_index_of_code()[_code(np.asarray(choices))]]

    def index(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        """Positions [n] in the official order of canonical (or parseable) strings."""
        known, architectures = _index_of_string(), listed(architectures)
        found = [known.get(text, -1) if isinstance(text, str) else -1 for text in architectures]
        if -1 in found:
            found = [known[text] for text in self.parse_all(architectures)]
        return np.array(found, dtype=np.int64)

    def architectures(self) -> pd.DataFrame:
        return self.describe(_strings())

    def describe(self, architectures: Sequence[str] | np.ndarray, dataset: str = "cifar10", **options) -> pd.DataFrame:
        """`dataset` sets the number of classes and the resolution: cifar10, cifar100 or ImageNet16-120."""
        if dataset not in CLASSES:
            raise unknown("dataset of nb201", dataset, CLASSES)
        index = self.index(architectures)
        counts = np.stack([(_choices()[index] == op).sum(axis=1) for op in range(len(OPERATIONS))], axis=1)
        return pd.DataFrame(
            {
                "architecture": _strings()[index],
                "params": count_params(counts, classes=CLASSES[dataset]),
                "flops": count_flops(counts, classes=CLASSES[dataset], resolution=RESOLUTION.get(dataset, 32)),
                "is_valid": _is_connected()[index],
                "isomorphism_class": _isomorphism_classes()[index],
                **{f"n_{op}": counts[:, i] for i, op in enumerate(OPERATIONS)},
            }
        )

    def sample(self, n: int, seed: int, subset: str | None = None) -> np.ndarray:
        population = self.members(subset)
        return population[self._draw(len(population), n, seed)]

    def members(self, subset: str | None = None) -> np.ndarray:
        """All architectures of a subset, in official order."""
        subset = self._subset(subset)
        if subset == "all":
            return _strings()
        keep = _is_connected()
        if subset == "unique":
            keep = keep & (_isomorphism_classes() == np.arange(self.size))
        return _strings()[keep]

    def population(self, subset: str | None = None) -> np.ndarray:
        return self.encode(self.members(subset))

    def functional_classes(self, affine: bool = True, bn: str = "recalibrated") -> np.ndarray:
        """Classes [15,625] of architectures that are one and the same function inside any one supernet.

        Every edge has its own weights, so unlike isomorphism this keeps edges apart; skips are flattened, pooling is
        linear, dead edges do not count. A convolution of nothing is a constant (its BN shift) unless BN has no affine
        part and uses the statistics of what it sees (`bn` = batch or recalibrated), which makes it nothing as well.
        A class is named by its first member's index.
        """
        return _functional_classes(constants=affine or bn == "running")

    def _from_index(self, index: int) -> str:
        if not 0 <= index < self.size:
            raise InputError(f"nb201 has no architecture {quoted(index)}: an index is 0 to {self.size - 1}.")
        return _strings()[index]

    def _from_choices(self, names: Sequence[str], text: object) -> str:
        codes = []
        for (source, target), name in zip(EDGES, names):
            name = NNI_NAMES.get(name, name)
            if name not in OPERATIONS:
                raise InputError(
                    f"{text!r}, at edge {source}->{target}: unknown operation {name!r}. "
                    f"Known operations: {', '.join(OPERATIONS)}."
                )
            codes.append(OPERATIONS.index(name))
        return self.decode(np.array([codes]))[0]

    def _from_string(self, text: str) -> str:
        nodes = text.split("+")
        if len(nodes) != 3:
            raise InputError(f"{text!r} has {len(nodes)} node(s) separated by '+', nb201 has 3: {_strings()[0]!r}.")
        names = {}
        for target, node in enumerate(nodes, start=1):
            tokens = _TOKEN.findall(node)
            if "".join(f"|{name}~{source}" for name, source in tokens) + "|" != node:
                position = text.index(node) if node else len(text)
                raise InputError(
                    f"{text!r}, at position {position}: node {target} should read "
                    f"{'|' + '|'.join(f'op~{source}' for source in range(target)) + '|'!r}, not {node!r}."
                )
            if sorted(int(source) for _, source in tokens) != list(range(target)):
                raise InputError(
                    f"{text!r}, at node {target}: inputs are {', '.join(source for _, source in tokens)}, "
                    f"should be each of {', '.join(map(str, range(target)))} once."
                )
            names |= {(int(source), target): name for name, source in tokens}
        return self._from_choices([names[edge] for edge in EDGES], text)

    def _from_mapping(self, mapping: object) -> str:
        if not isinstance(mapping, dict):
            raise InputError(
                f"not an nb201 architecture: {quoted(mapping)}. A mapping from edges to operations is wanted."
            )
        names = {}
        for key, name in mapping.items():
            digits = re.findall(r"[0-9]{1,9}", str(key).split("/")[-1])
            names[tuple(map(int, digits))] = str(name)
        if set(names) != set(EDGES):
            raise InputError(
                f"{json.dumps(mapping, default=str)}: the edges must be 0_1, 0_2, 1_2, 0_3, 1_3 and 2_3, each once; "
                f"missing: {', '.join(f'{a}_{b}' for a, b in EDGES if (a, b) not in names) or 'none'}."
            )
        return self._from_choices([names[edge] for edge in EDGES], json.dumps(mapping, default=str))

    def _from_list(self, value: object, notation: str | None) -> str:
        if not written.is_nested(value):
            return self._from_numbers(value, notation)
        cell = written.read_nested(value)  # type: ignore[arg-type]
        return self._from_choices([cell[edge] for edge in EDGES], value)

    def _from_numbers(self, numbers: object, notation: str | None) -> str:
        whole = isinstance(numbers, (tuple, list)) and all(
            isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in numbers
        )
        if not (whole and len(numbers) == 6 and all(0 <= n < 5 for n in numbers)):  # type: ignore[arg-type]
            raise InputError(f"{numbers!r}: an nb201 architecture as a list is six digits from 0 to 4.")
        in_naslib = {edge: NASLIB_OPERATIONS[n] for edge, n in zip(NASLIB_EDGES, numbers)}  # type: ignore[arg-type]
        readings = {
            "nats": self._from_choices([OPERATIONS[n] for n in numbers], numbers),  # type: ignore[union-attr]
            "naslib": self._from_choices([in_naslib[edge] for edge in EDGES], numbers),
        }
        if notation is not None:
            return readings[notation]
        if readings["nats"] != readings["naslib"]:
            raise InputError(
                f"{numbers!r} is ambiguous: {readings['nats']} in NATS-Bench's order, {readings['naslib']} in NASLib's."
                f" Say which: --notation nats or --notation naslib."
            )
        return readings["nats"]


def count_params(counts: np.ndarray, classes: int = 10, channels: int = 16, cells: int = 5) -> np.ndarray:
    """Trainable parameters [n] of the stand-alone network, from operation counts [n, 5] as in `OPERATIONS`.

    An edge's convolution k x k from c to c channels has k*k*c*c weights and 2c of BN, in `cells` cells at c = C, 2C,
    4C."""
    stages = [channels, 2 * channels, 4 * channels]
    convolution = {k: cells * sum(k * k * c * c + 2 * c for c in stages) for k in (1, 3)}
    fixed = 27 * channels + 2 * channels  # stem
    for narrow, wide in itertools.pairwise(stages):  # residual block: two 3x3 and a 1x1 shortcut
        fixed += 9 * narrow * wide + 2 * wide + 9 * wide * wide + 2 * wide + narrow * wide
    fixed += 2 * stages[-1] + stages[-1] * classes + classes
    return fixed + counts[:, _CONV1] * convolution[1] + counts[:, _CONV3] * convolution[3]


def count_flops(
    counts: np.ndarray, classes: int = 10, resolution: int = 32, channels: int = 16, cells: int = 5
) -> np.ndarray:
    """Multiply-accumulates [n] as the benchmark counts them: convolutions, and the linear layer; no BN, no pooling."""
    area = resolution * resolution
    per_kernel = 3 * cells * channels * channels * area  # c*c*area is the same in all three stages
    fixed = 27 * channels * area
    for stage in (1, 2):
        narrow, wide, small = channels << (stage - 1), channels << stage, area >> (2 * stage)
        fixed += small * (9 * narrow * wide + 9 * wide * wide + narrow * wide)
    fixed += 4 * channels * classes
    return fixed + per_kernel * (counts[:, _CONV1] + 9 * counts[:, _CONV3])


def _cell(canonical: str) -> dict[tuple[int, int], str]:
    """Operations by edge."""
    return dict(zip(EDGES, (name for name, _ in _TOKEN.findall(canonical))))


@functools.cache
def _choices() -> np.ndarray:
    """Choices [15,625, 6] in official order: the product of the operations, shuffled by random.Random(88)."""
    rows = list(itertools.product(range(len(OPERATIONS)), repeat=len(EDGES)))
    random.Random(88).shuffle(rows)
    choices = np.array(rows, dtype=np.int8)
    choices.flags.writeable = False
    return choices


@functools.cache
def _strings() -> np.ndarray:
    strings = as_strings(
        "|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|".format(*(OPERATIONS[op] for op in row)) for row in _choices().tolist()
    )
    strings.flags.writeable = False
    return strings


@functools.cache
def _index_of_string() -> dict[str, int]:
    return {text: index for index, text in enumerate(_strings())}


@functools.cache
def _index_of_code() -> np.ndarray:
    return np.argsort(_code(_choices()))


def _code(choices: np.ndarray) -> np.ndarray:
    return choices.astype(np.int64) @ (len(OPERATIONS) ** np.arange(len(EDGES)))


@functools.cache
def _is_connected() -> np.ndarray:
    live = [np.ones(NB201.size, dtype=bool)] + [np.zeros(NB201.size, dtype=bool) for _ in range(3)]
    for i, (source, target) in enumerate(EDGES):
        live[target] |= live[source] & (_choices()[:, i] != _NONE)
    return live[3]


@functools.cache
def _isomorphism_classes() -> np.ndarray:
    """First member's index [15,625]; two cells are isomorphic as in the benchmark's `to_unique_str`: an absent input is
    '#', a skip is its input, a node is the sorted list of its inputs."""

    def apply(op: int, edge: int, node: str) -> str:
        if op == _NONE or node == "#":
            return "#"
        return node if op == _SKIP else f"({node})@{op}"

    return _classes(apply, lambda terms: "+".join(sorted(terms)))


@functools.cache
def _functional_classes(constants: bool) -> np.ndarray:
    """A node is a sorted tuple of terms; a term is a nested tuple that names the edges it went through."""

    def apply(op: int, edge: int, node: tuple) -> tuple:
        if op == _NONE:
            return ()
        if op == _SKIP:
            return node
        if op == _POOL:  # linear
            return tuple(sorted(("p", term) for term in node))
        if not node:
            return (("c", str(edge * 5 + op)),) if constants else ()
        return (("e", str(edge * 5 + op), node),)

    return _classes(apply, lambda inputs: tuple(sorted(term for terms in inputs for term in terms)), start=(("x",),))


def _classes(apply, gather, start: object = "0") -> np.ndarray:
    """First member's index per class of equal output nodes, walking the cell with `apply` per edge, `gather` per
    node."""
    first: dict[object, int] = {}
    classes = np.empty(NB201.size, dtype=np.int64)
    memory: dict[tuple[int, ...], object] = {}
    for index, row in enumerate(_choices().tolist()):
        nodes = [start]
        for edges in ((0,), (1, 2), (3, 4, 5)):  # into nodes 1, 2, 3
            key = tuple(row[: edges[-1] + 1])
            if key not in memory:
                memory[key] = gather([apply(row[edge], edge, nodes[EDGES[edge][0]]) for edge in edges])
            nodes.append(memory[key])
        classes[index] = first.setdefault(nodes[3], index)
    return classes


def _decoded(decode, text: str) -> object:
    try:
        return decode(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise InputError(f"not an nb201 architecture: {quoted(text)} can't be read.") from None


SPACE = NB201()
