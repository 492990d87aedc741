"""Many NAS-Bench-101 cells at once: strings to arrays, representatives, hashes, and the list of all 423,624.

The canonical string is `<upper triangle, row by row>:<operations of the interior vertices>`, e.g.
`110101:conv3x3-bn-relu,maxpool3x3`, of a cell without dangling parts.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.files import data_folder, written_atomically
from nasbias.progress import note, progress
from nasbias.spaces import _nb101_graph as graph
from nasbias.spaces._nb101_graph import MAX_EDGES, MAX_VERTICES, OPERATIONS, Topology
from nasbias.spaces._nb101_hash import hash_many, hash_one
from nasbias.spaces._space import as_strings

SIZES = {7: 359_082, 6: 62_010, 5: 2_441, 4: 84, 3: 6, 2: 1}  # unique cells by vertices, arXiv 1902.09635
_LISTING_PAYS = 100_000  # hashes: below, computing them is faster than listing the whole space
_VECTORS_PAY = 8_000  # hashes: below, one after the other is faster
_BATCH = 30_000  # cells hashed between two steps of the progress bar


@dataclass(frozen=True)
class Cells:
    """Cells [k] as a topology each, an index into `topologies`, and a labelling number."""

    topologies: list[Topology]
    topology: np.ndarray
    labelling: np.ndarray

    def __len__(self) -> int:
        return len(self.topology)

    @property
    def vertices(self) -> np.ndarray:
        """Number of vertices [k], input and output included."""
        return np.array([n for n, _ in self.topologies], dtype=np.int64)[self.topology]

    def labels(self) -> np.ndarray:
        """Operations [k, 5] of the interior vertices, -1 beyond the last."""
        table = _padded_labellings()
        return table[self.vertices - 2, self.labelling]

    def texts(self) -> np.ndarray:
        """Canonical strings [k]."""
        adjacency = [graph.adjacency_text(topology) for topology in self.topologies]
        counts = [n - 2 for n, _ in self.topologies]
        tails = [_operation_texts(interior) for interior in range(MAX_VERTICES - 1)]
        pairs = zip(self.topology.tolist(), self.labelling.tolist())
        return as_strings(f"{adjacency[t]}:{tails[counts[t]][number]}" for t, number in pairs)

    def representatives(self) -> "Cells":
        """The benchmark's own form of each cell: equal exactly where two cells are isomorphic."""
        reduced = [graph.reduction(topology) for topology in self.topologies]
        tables = np.zeros((len(reduced), 3 ** (MAX_VERTICES - 2)), dtype=np.int64)
        for row, (_, table) in zip(tables, reduced):
            row[: len(table)] = table
        leasts = [(n, least) for (n, _), (least, _) in zip(self.topologies, reduced)]
        places = {topology: i for i, topology in enumerate(dict.fromkeys(leasts))}
        moved = np.array([places[topology] for topology in leasts], dtype=np.int64)
        return Cells(list(places), moved[self.topology], tables[self.topology, self.labelling])

    def hashes(self) -> np.ndarray:
        """The benchmark's module hash [k] of each cell."""
        unique = self.representatives()
        keys = unique.topology * 3 ** (MAX_VERTICES - 2) + unique.labelling
        first, inverse = np.unique(keys, return_inverse=True)
        if len(first) >= _LISTING_PAYS:
            return as_strings(map(hash_of_representative().__getitem__, unique.texts()))
        topology, labelling = np.divmod(first, 3 ** (MAX_VERTICES - 2))
        return compute_hashes(Cells(unique.topologies, topology, labelling))[inverse.ravel()]


def read_cells(architectures: Sequence[str] | np.ndarray) -> Cells:
    """Cells of canonical strings [k].

    Raises:
        InputError: one of them is not canonical.
    """
    parts = np.array([text.partition(":") for text in architectures], dtype=object).reshape(-1, 3)
    topology, adjacency_known = pd.factorize(parts[:, 0])
    tail, tails_known = pd.factorize(parts[:, 2])
    topologies = [read_adjacency(text) for text in adjacency_known]
    labels = [read_operations(text) for text in tails_known]
    sizes = np.array([n - 2 for n, _ in topologies], dtype=np.int64)[topology]
    counts = np.array([len(row) for row in labels], dtype=np.int64)[tail]
    if (sizes != counts).any():
        bad = int(np.argmax(sizes != counts))
        raise InputError(f"{architectures[bad]!r}: {sizes[bad]} interior vertices but {counts[bad]} operations.")
    numbers = np.array([graph.labelling_number(row) for row in labels], dtype=np.int64)
    return Cells(topologies, topology.astype(np.int64), numbers[tail])


@functools.lru_cache(maxsize=100_000)
def read_adjacency(text: str) -> Topology:
    """The topology of a canonical upper triangle.

    Raises:
        InputError: not 0s and 1s of a triangle, too large, or with a dangling vertex.
    """
    n = next((n for n in range(2, MAX_VERTICES + 1) if n * (n - 1) // 2 == len(text)), None)
    if n is None or set(text) - {"0", "1"}:
        raise InputError(
            f"{text!r} is not the upper triangle of an adjacency matrix of 2 to {MAX_VERTICES} vertices: "
            f"1, 3, 6, 10, 15 or 21 digits 0 or 1 are wanted."
        )
    code = sum(1 << graph.edge_bit(x, y) for (x, y), bit in zip(graph.row_major(n), text) if bit == "1")
    if text.count("1") > MAX_EDGES:
        raise InputError(f"{text!r} has {text.count('1')} edges, nb101 allows {MAX_EDGES}.")
    if not graph.is_whole(np.array([code]), n)[0]:
        raise InputError(f"{text!r} has a vertex on no path from input to output: parse the cell to prune it.")
    return n, code


@functools.lru_cache(maxsize=1_000)
def read_operations(text: str) -> tuple[int, ...]:
    """Operation numbers of a comma-separated list of the benchmark's names.

    Raises:
        InputError: a name that is none of them.
    """
    names = text.split(",") if text else []
    for position, name in enumerate(names, start=1):
        if name not in OPERATIONS:
            raise InputError(
                f"{text!r}, at vertex {position}: unknown operation {name!r}. "
                f"Known operations: {', '.join(OPERATIONS)}."
            )
    return tuple(OPERATIONS.index(name) for name in names)


@functools.cache
def list_cells() -> Cells:
    """The representatives of all 423,624 classes, found from nothing, in the order of the benchmark's generator.

    Only the least isomorphic form of a topology can carry a representative, so isomorphs are rejected on 6,472
    unlabelled graphs, and of the labellings of those that are left one per orbit of the automorphisms stays.
    """
    topologies: list[Topology] = []
    which, numbers = [], []
    for n in range(2, MAX_VERTICES + 1):
        codes = np.arange(1 << (n * (n - 1) // 2), dtype=np.int64)
        codes = codes[graph.is_whole(codes, n)]
        edges = sum(codes >> bit & 1 for bit in range(n * (n - 1) // 2))
        codes = codes[edges <= MAX_EDGES]
        for code in codes[graph.least_codes(codes, n) == codes].tolist():
            _, table = graph.reduction((n, code))
            own = np.flatnonzero(table == np.arange(len(table)))
            which.append(np.full(len(own), len(topologies)))
            numbers.append(own)
            topologies.append((n, code))
    return Cells(topologies, np.concatenate(which), np.concatenate(numbers))


def compute_hashes(cells: Cells) -> np.ndarray:
    """Module hashes [k], with progress where there are many."""
    hashes = np.empty(len(cells), dtype=object)
    labels, vertices = cells.labels(), cells.vertices
    if len(cells) < _VECTORS_PAY:
        matrices = [graph.matrix_of(topology) for topology in cells.topologies]
        rows = zip(cells.topology.tolist(), labels.tolist(), vertices.tolist())
        hashes[:] = [hash_one(matrices[t], row[: n - 2]) for t, row, n in rows]
        return hashes
    groups = [np.flatnonzero(vertices == n) for n in range(2, MAX_VERTICES + 1)]
    parts = [part for group in groups for part in np.array_split(group, len(group) // _BATCH + 1) if len(part)]
    for part in progress(parts, "hashing cells") if len(cells) >= _LISTING_PAYS else parts:
        n = vertices[part[0]]
        matrices = np.zeros((len(cells.topologies), n, n), dtype=bool)
        for i in np.unique(cells.topology[part]):
            matrices[i] = graph.matrix_of(cells.topologies[i])
        hashes[part] = hash_many(matrices[cells.topology[part]], labels[part, : n - 2])
    return hashes


@functools.cache
def listed_hashes() -> np.ndarray:
    """Module hashes [423,624] of `list_cells`, from the data folder, where they are put the first time."""
    cells = list_cells()
    path = data_folder() / "nb101-hashes.npy"
    if path.exists():
        try:
            raw = np.load(path, allow_pickle=False)
        except (ValueError, OSError, EOFError):
            raw = np.empty((0, 16), dtype=np.uint8)
        if raw.shape == (len(cells), 16) and raw.dtype == np.uint8:
            return as_strings(row.tobytes().hex() for row in raw)
    note(f"nb101: hashing its {len(cells):,} cells once; kept in {path}")
    hashes = compute_hashes(cells)
    raw = np.frombuffer(bytes.fromhex("".join(hashes)), dtype=np.uint8).reshape(-1, 16)
    with written_atomically(path) as temporary, temporary.open("wb") as file:
        np.save(file, raw)
    return hashes


@functools.cache
def hash_of_representative() -> dict[str, str]:
    """Module hash by representative's string, of the whole space."""
    return dict(zip(list_cells().texts(), listed_hashes()))


@functools.cache
def representative_of_hash() -> dict[str, str]:
    """Representative's string by module hash, of the whole space."""
    return {value: text for text, value in hash_of_representative().items()}


@functools.cache
def _operation_texts(interior: int) -> list[str]:
    return [",".join(OPERATIONS[label] for label in row) for row in graph.labellings(interior).tolist()]


@functools.cache
def _padded_labellings() -> np.ndarray:
    table = np.full((MAX_VERTICES - 1, 3 ** (MAX_VERTICES - 2), MAX_VERTICES - 2), -1, dtype=np.int8)
    for interior in range(MAX_VERTICES - 1):
        rows = graph.labellings(interior)
        table[interior, : len(rows), :interior] = rows
    return table
