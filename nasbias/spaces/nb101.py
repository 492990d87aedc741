"""NAS-Bench-101: cells of up to 7 vertices and 9 edges with three operations; 423,624 up to isomorphism.

Source: Ying et al., arXiv 1902.09635. An architecture is a labelled cell without dangling parts; its canonical
string is `<upper triangle of the adjacency matrix, row by row>:<operations of the interior vertices>`, its isomorphism
class the benchmark's module hash. `size` and the subset `all` count classes, each as the benchmark lists it.

The study (P2, arXiv 2010.08219) works in a sub-space, the default subset: five vertices with an operation, of which the
first three have one parent, the others and the output two, no edge from input to output and no loose end: 395
topologies, 95,985 labelled cells, 42,228 classes. The decisions of this module are those of the sub-space.
"""

import ast
import functools
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from nasbias.errors import InputError, quoted
from nasbias.spaces import _nb101_cells as cells
from nasbias.spaces import _nb101_graph as graph
from nasbias.spaces import _nb101_notations as written
from nasbias.spaces._nb101_costs import count_costs
from nasbias.spaces._nb101_graph import MAX_EDGES, MAX_VERTICES, OPERATIONS
from nasbias.spaces._space import Decision, Space, as_strings, listed
from nasbias.spaces._wiring import Cell, Edge, Node, Wiring, wire

PARENT_COUNTS = (0, 1, 1, 1, 2, 2, 2)  # of the sub-space's vertices: input, five operations, output
EXAMPLE = "110101:conv3x3-bn-relu,maxpool3x3"
_SHORT_NAMES = {name.removesuffix("-bn-relu"): name for name in OPERATIONS}
_HASH = re.compile(r"[0-9a-f]{32}")

# Parents a vertex of the sub-space may have; vertex 1 has no choice, and the output may not read the input.
PARENTS = {
    v: [*itertools.combinations(range(v == len(PARENT_COUNTS) - 1, v), PARENT_COUNTS[v])]
    for v in range(1, len(PARENT_COUNTS))
}


class NB101(Space):
    name = "nb101"
    title = "NAS-Bench-101"
    is_matrix = True
    size = sum(cells.SIZES.values())
    decisions = (
        *(Decision(f"op{v}", OPERATIONS) for v in range(1, 6)),
        *(Decision(f"input{v}", tuple("+".join(map(str, row)) for row in PARENTS[v])) for v in range(2, 7)),
    )
    subsets: ClassVar[Mapping[str, str]] = {
        "study": "P2's sub-space as labelled cells, which a supernet tells apart: 95,985",
        "study-unique": "the first of each isomorphism class in the sub-space: 42,228",
        "all": "the whole benchmark, one cell per isomorphism class: 423,624",
    }

    formats: ClassVar[Mapping[str, Any]] = {
        "nasbench": lambda text: dict(zip(("matrix", "ops"), _spec(text))),
        "hash": lambda text: str(cells.read_cells([text]).hashes()[0]),
        "nni": lambda text: written.to_nni(_spec(text)),
        "acenas": lambda text: written.to_acenas(_spec(text)),
        "naslib": lambda text: written.to_naslib(_spec(text)),
    }

    def parse(self, text: Any) -> str:
        """Accepts, beside the canonical string (also with dangling parts, which are pruned, or with all n x n digits):
        a module hash; a pair of matrix and operations, as JSON or as Python values; a mapping with `module_adjacency`
        and `module_operations` or `matrix` and `ops`, or nasbench's ModelSpec; P2's, NNI's and AceNAS' mapping `op1`..,
        `input1`.. (masks or vertices); NASLib's flat tuple.
        """
        if isinstance(text, str):
            stripped = text.strip()
            if _HASH.fullmatch(stripped.lower()):
                return self._from_hash(stripped.lower())
            if stripped[:1] in ("[", "{", "("):
                return self.parse(_decoded(stripped))
            return self._from_string(stripped)
        if isinstance(text, dict):
            return self._from_mapping(text)
        if hasattr(text, "matrix") and hasattr(text, "ops"):  # nasbench's ModelSpec
            return _from_pair(text.matrix, text.ops, text)
        if isinstance(text, (tuple, list)) and len(text) == 2:
            return _from_pair(text[0], text[1], text)
        if isinstance(text, (tuple, list)) and (spec := written.read_naslib(text)):
            return _from_pair(*spec, text)
        raise InputError(f"not an nb101 architecture: {_short(text)}. Give a hash or a string such as {EXAMPLE!r}.")

    def parse_all(self, texts: Iterable[str], notation: str | None = None) -> np.ndarray:
        texts = [texts] if isinstance(texts, str) else list(texts)
        try:  # all canonical already: 0.5 us each instead of 30
            cells.read_cells(texts)
        except (InputError, AttributeError):
            return super().parse_all([text if isinstance(text, str) else _as_text(text) for text in texts], notation)
        return as_strings(texts)

    def encode(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        """Choices [n, 10] of cells of the sub-space.

        Raises:
            InputError: a cell outside the sub-space, where the decisions are not defined.
        """
        architectures = listed(architectures)
        read = cells.read_cells(architectures)
        rows = np.array([_study_parents(topology) for topology in read.topologies], dtype=np.int64).reshape(-1, 5)
        outside: np.ndarray = np.any(rows < 0, axis=1)[read.topology]
        if outside.any():
            raise InputError(
                f"{outside.sum():,} of {len(read):,} cells are not in the study's sub-space of nb101 (parent counts "
                f"{', '.join(map(str, PARENT_COUNTS))}), the first: {architectures[int(np.argmax(outside))]!r}. "
                f"Only there operations and inputs by vertex are defined."
            )
        return np.concatenate([read.labels(), rows[read.topology]], axis=1)

    def decode(self, choices: np.ndarray) -> np.ndarray:
        """Canonical strings [n] of choices [n, 10].

        Raises:
            InputError: choices that leave a vertex without a reader.
        """
        choices = np.asarray(choices)
        heads = {}
        for row in map(tuple, np.unique(choices[:, 5:], axis=0).tolist()):
            edges = {(0, 1), *((u, v) for v, pick in enumerate(row, start=2) for u in PARENTS[v][pick])}
            text = "".join(str(int(edge in edges)) for edge in graph.row_major(7))
            loose = [v for v in range(1, 6) if not any((v, w) in edges for w in range(v + 1, 7))]
            if loose:
                raise InputError(f"vertex {loose[0]} of {text!r} is read by none: a loose end, outside the sub-space.")
            heads[row] = text
        return as_strings(
            f"{heads[tuple(row[5:])]}:{','.join(OPERATIONS[label] for label in row[:5])}" for row in choices.tolist()
        )

    def architectures(self) -> pd.DataFrame:
        """The whole benchmark; its hashes are computed the first time and then kept."""
        return self.describe(self.members("all").tolist())

    def describe(self, architectures: Sequence[str] | np.ndarray, **options) -> pd.DataFrame:
        """`isomorphism_class` is the module hash. `options` are those of `count_costs`: channels, stacks,
        cells_per_stack, classes, resolution."""
        read = cells.read_cells(self.parse_all(architectures))
        params, flops = count_costs(read, **options)
        labels = read.labels()
        edges = np.array([len(graph.edges_of(topology)) for topology in read.topologies], dtype=np.int64)
        return pd.DataFrame(
            {
                "architecture": read.texts(),
                "params": params,
                "flops": flops,
                "is_valid": np.ones(len(read), dtype=bool),
                "isomorphism_class": read.hashes(),
                **{f"n_{op}": (labels == label).sum(axis=1) for label, op in enumerate(OPERATIONS)},
                "vertices": read.vertices,
                "edges": edges[read.topology],
            }
        )

    def truth_keys(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        """The benchmark's own form of each cell [n]: equal exactly where module hashes are, and 1,000 times faster."""
        return cells.read_cells(self.parse_all(architectures)).representatives().texts()

    def sample(self, n: int, seed: int, subset: str | None = None) -> np.ndarray:
        subset = self._subset(subset)
        listed = cells.list_cells() if subset == "all" else _study_cells(unique=subset == "study-unique")
        return _pick(listed, self._draw(len(listed), n, seed)).texts()

    def members(self, subset: str | None = None) -> np.ndarray:
        """All architectures of a subset; the whole benchmark in the order of its generator."""
        subset = self._subset(subset)
        return (cells.list_cells() if subset == "all" else _study_cells(unique=subset == "study-unique")).texts()

    def population(self, subset: str | None = None) -> np.ndarray | None:
        """Choices [n, 10] of a subset of the sub-space.

        Raises:
            InputError: the subset is the whole benchmark, whose cells have no choices in common.
        """
        return self.encode(self.members(subset))

    def wire(self, architecture: str) -> tuple[Wiring, ...]:
        (text,) = self.parse_all([architecture])
        adjacency, _, operations = text.partition(":")
        names = operations.split(",") if operations else []
        nodes = (Node("input"), *map(Node, names), Node("output"))
        pairs = zip(graph.row_major(len(nodes)), adjacency)
        edges = tuple(Edge(source, target) for (source, target), bit in pairs if bit == "1")
        return wire([Cell("cell", nodes, edges)], {})

    def hashes(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        """Module hashes [n]."""
        return cells.read_cells(self.parse_all(architectures)).hashes()

    def _from_hash(self, text: str) -> str:
        found = cells.representative_of_hash().get(text)
        if found is None:
            raise InputError(f"nb101 has no cell with module hash {text!r}.")
        return found

    def _from_string(self, text: str) -> str:
        adjacency, colon, operations = text.partition(":")
        if not colon:
            raise InputError(f"{text!r} is neither a module hash (32 digits 0-9a-f) nor a cell such as {EXAMPLE!r}.")
        wrong = re.search(r"[^01]", adjacency)
        if wrong or not adjacency:
            position = wrong.start() if wrong else 0
            raise InputError(f"{text!r}, at position {position}: the adjacency matrix must be written in 0 and 1.")
        names = [name.strip() for name in operations.split(",")] if operations.strip() else []
        return _from_pair(_matrix(adjacency, text), names, text)

    def _from_mapping(self, mapping: dict) -> str:
        for matrix, operations in (("module_adjacency", "module_operations"), ("matrix", "ops")):
            if {matrix, operations} <= mapping.keys():
                return _from_pair(mapping[matrix], mapping[operations], mapping)
        if spec := written.read_nni(mapping):
            return _from_pair(*spec, mapping)
        missing = [f"{kind}{v}" for kind, last in (("op", 5), ("input", 6)) for v in range(1, last + 1)]
        missing = [key for key in missing if key not in mapping and key != "input1"]
        if missing:
            raise InputError(
                f"{_short(mapping)}: not an nb101 cell; the mapping lacks {', '.join(missing)} "
                f"(or module_adjacency and module_operations)."
            )
        matrix = [[0] * 7 for _ in range(7)]
        # [0, 1] of vertex 2 is a mask in P2's mapping and two vertices in NNI's; masks are all as long as they can be.
        masks = all(_is_mask(mapping[f"input{v}"], v) for v in range(2, 7))
        for v in range(1, 7):
            for u in _chosen_parents(mapping.get(f"input{v}", [0]), v, mapping, masks):
                matrix[u][v] = 1
        names = [_chosen_operation(mapping[f"op{v}"], v, mapping) for v in range(1, 6)]
        return _from_pair(matrix, names, mapping)


def _from_pair(matrix: object, operations: object, text: object) -> str:
    """Canonical string of a matrix [n, n] and operations, with or without those of input and output."""
    try:
        rows = [[_bit(entry) for entry in row] for row in np.asarray(matrix).tolist()]
        names = [str(name) for name in operations]  # type: ignore[attr-defined]  numpy would drop NULs at their ends
    except (TypeError, ValueError):
        raise InputError(f"{_short(text)}: a square matrix of 0 and 1 and a list of operations are wanted.") from None
    n = len(rows)
    if n < 2 or any(len(row) != n for row in rows):
        raise InputError(f"{_short(text)}: the matrix must be square, of at least 2 vertices.")
    if any(entry not in (0, 1) for row in rows for entry in row):
        raise InputError(f"{_short(text)}: the matrix must hold 0 and 1.")
    if any(rows[x][y] for x in range(n) for y in range(x + 1)):
        raise InputError(f"{_short(text)}: the matrix must be upper triangular, an edge leads from row to column.")
    if len(names) == n and names[0] == "input" and names[-1] == "output":
        names = names[1:-1]
    if len(names) != n - 2:
        raise InputError(
            f"{_short(text)}: {n} vertices need {n - 2} operations between input and output, not {len(names)}."
        )
    for v, name in enumerate(names, start=1):
        if _SHORT_NAMES.get(name, name) not in OPERATIONS:
            raise InputError(
                f"{_short(text)}, at vertex {v}: unknown operation {name!r}. Known operations: {', '.join(OPERATIONS)}."
            )
    try:
        rows, names = graph.prune(rows, names)
    except InputError as error:
        raise InputError(f"{_short(text)}: {error}") from None
    edges = sum(map(sum, rows))
    if len(rows) > MAX_VERTICES or edges > MAX_EDGES:
        raise InputError(
            f"{_short(text)}: {len(rows)} vertices and {edges} edges after pruning; nb101 has at most {MAX_VERTICES} "
            f"and {MAX_EDGES}."
        )
    adjacency = "".join(str(rows[x][y]) for x, y in graph.row_major(len(rows)))
    return f"{adjacency}:{','.join(_SHORT_NAMES.get(name, name) for name in names)}"


def _spec(canonical: str) -> written.Spec:
    """Matrix and operations, "input" and "output" included, of a canonical string."""
    adjacency, _, operations = canonical.partition(":")
    names = operations.split(",") if operations else []
    return _matrix(adjacency, canonical), ["input", *names, "output"]


def _bit(entry: object) -> int:
    """0 or 1 of a matrix; anything else, 1.9 too, stays wrong."""
    return {0: 0, 1: 1, "0": 0, "1": 1}.get(entry, 2)  # type: ignore[call-overload]  True and 1.0 are equal to 1


def _matrix(adjacency: str, text: str) -> list[list[int]]:
    """Matrix of an upper triangle or of all n x n digits; the two never have the same length."""
    for n in range(2, 65):
        if len(adjacency) == n * n:
            return [[int(bit) for bit in adjacency[n * row : n * (row + 1)]] for row in range(n)]
        if len(adjacency) == n * (n - 1) // 2:
            matrix = [[0] * n for _ in range(n)]
            for (x, y), bit in zip(graph.row_major(n), adjacency):
                matrix[x][y] = int(bit)
            return matrix
    raise InputError(f"{text!r}: {len(adjacency)} digits are no upper triangle (1, 3, 6, 10, 15 or 21 are).")


def _is_mask(value: object, v: int) -> bool:
    return isinstance(value, list) and len(value) == v and all(entry in (0, 1) for entry in value)


def _chosen_parents(value: object, v: int, text: object, masks: bool) -> list[int]:
    """Parents of vertex v from P2's mask over the vertices before it, or from a list of their numbers."""
    if (masks or v == 1) and isinstance(value, list) and _is_mask(value, v) and any(value):
        return [u for u, entry in enumerate(value) if entry]
    if isinstance(value, list) and all(isinstance(entry, int) and 0 <= entry < v for entry in value):
        return value
    raise InputError(
        f"{_short(text)}: input{v} must be a mask over the {v} vertices before it, or a list of some of them."
    )


def _chosen_operation(value: object, v: int, text: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) == len(OPERATIONS) and sorted(map(int, value)) == [0, 0, 1]:
        return OPERATIONS[[int(entry) for entry in value].index(1)]
    raise InputError(f"{_short(text)}: op{v} must be an operation or a one-hot list over {', '.join(OPERATIONS)}.")


@functools.lru_cache(maxsize=100_000)
def _study_parents(topology: graph.Topology) -> tuple[int, ...]:
    """Index of the parents of vertices 2 to 6 among `PARENTS`; -1 everywhere outside the sub-space."""
    outside = (-1,) * 5
    if topology[0] != len(PARENT_COUNTS):
        return outside
    edges = graph.edges_of(topology)
    rows = [tuple(u for u, w in edges if w == v) for v in range(1, 7)]
    if any(row not in PARENTS[v] for v, row in enumerate(rows, start=1)):
        return outside
    return tuple(PARENTS[v].index(row) for v, row in enumerate(rows[1:], start=2))


@functools.cache
def _study_cells(unique: bool = False) -> cells.Cells:
    """The sub-space in the order of the parents' product, operations last; `unique` keeps the first of each class."""
    topologies = []
    for rows in itertools.product(*PARENTS.values()):
        code = sum(1 << graph.edge_bit(u, v) for v, row in enumerate(rows, start=1) for u in row)
        if graph.is_whole(np.array([code]), 7)[0]:
            topologies.append((7, code))
    count = len(OPERATIONS) ** 5
    topology, labelling = np.divmod(np.arange(len(topologies) * count), count)
    every = cells.Cells(topologies, topology, labelling)
    if not unique:
        return every
    key = every.representatives()
    _, first = np.unique(key.topology * count + key.labelling, return_index=True)
    return _pick(every, np.sort(first))


def _pick(listed: cells.Cells, rows: np.ndarray) -> cells.Cells:
    return cells.Cells(listed.topologies, listed.topology[rows], listed.labelling[rows])


def _decoded(text: str) -> object:
    try:
        return ast.literal_eval(text) if text[0] == "(" else json.loads(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise InputError(f"not an nb101 architecture: {_short(text)} can't be read.") from None


def _as_text(value: Any) -> Any:
    """A matrix and operations as JSON, which unlike arrays and lists can be a key."""
    return json.dumps(value, default=np.ndarray.tolist) if isinstance(value, (dict, list, tuple)) else value


def _short(text: object) -> str:
    shown = text if isinstance(text, str) else quoted(text)
    return repr(shown if len(shown) <= 200 else shown[:200] + "...")


SPACE = NB101()
