"""Labelled directed acyclic graphs as NAS-Bench-101 knows them: pruning and canonical form.

A topology is `(n, code)`: n vertices and the number that the benchmark's generator gives the graph, in which bit
x + y(y - 1)/2 is the edge x -> y. A labelling of the n - 2 interior vertices is the base-3 number of its operations,
the first vertex most significant. The benchmark lists, of each isomorphism class, the member with the least
(n, code, labelling): that member is the class's representative here too.

Source: Ying et al., arXiv 1902.09635, section 2 and appendix S1, and the order of the released generator.
"""

import functools
import itertools
from collections.abc import Sequence

import numpy as np

from nasbias.errors import InputError

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
MAX_VERTICES = 7
MAX_EDGES = 9

Topology = tuple[int, int]


def edge_bit(source: int, target: int) -> int:
    """Position of the edge in a topology's code."""
    return source + target * (target - 1) // 2


def row_major(n: int) -> list[tuple[int, int]]:
    """The possible edges of n vertices in the order of the upper triangle's rows, which is that of the string."""
    return list(itertools.combinations(range(n), 2))


def adjacency_text(topology: Topology) -> str:
    """The upper triangle as 0s and 1s, row by row."""
    n, code = topology
    return "".join(str(code >> edge_bit(x, y) & 1) for x, y in row_major(n))


def edges_of(topology: Topology) -> list[tuple[int, int]]:
    """The edges that are there, row by row."""
    n, code = topology
    return [(x, y) for x, y in row_major(n) if code >> edge_bit(x, y) & 1]


@functools.cache
def labellings(interior: int) -> np.ndarray:
    """Operations [3^interior, interior] of every labelling, in order."""
    rows = list(itertools.product(range(len(OPERATIONS)), repeat=interior))
    return np.array(rows, dtype=np.int8).reshape(len(rows), interior)


def labelling_number(labels: Sequence[int]) -> int:
    """The base-3 number of the interior vertices' operations."""
    return functools.reduce(lambda number, label: 3 * number + label, labels, 0)


def prune(matrix: Sequence[Sequence[int]], operations: Sequence[str]) -> tuple[list[list[int]], list[str]]:
    """Matrix and interior operations without the vertices that lie on no path from input to output.

    Raises:
        InputError: there is no such path.
    """
    n = len(matrix)
    reached, leading = {0}, {n - 1}
    for v in range(1, n):
        if any(matrix[u][v] for u in reached):
            reached.add(v)
    for v in reversed(range(n - 1)):
        if any(matrix[v][u] for u in leading):
            leading.add(v)
    kept = sorted(reached & leading)
    if 0 not in kept or n - 1 not in kept:
        raise InputError("the output can't be reached from the input.")
    return [[int(bool(matrix[x][y])) for y in kept] for x in kept], [operations[v - 1] for v in kept[1:-1]]


def is_whole(codes: np.ndarray, n: int) -> np.ndarray:
    """Which codes [k] of n vertices leave no vertex without a way in (but the input) or out (but the output)."""
    whole = np.ones(len(codes), dtype=bool)
    for v in range(n):
        outward = sum(1 << edge_bit(v, y) for y in range(v + 1, n))
        inward = sum(1 << edge_bit(x, v) for x in range(v))
        whole &= (codes & outward != 0) if v < n - 1 else True
        whole &= (codes & inward != 0) if v > 0 else True
    return whole


@functools.cache
def _permutations(n: int) -> np.ndarray:
    """New place [m, n] of each vertex: input and output stay, the interior takes every order."""
    rows = [(0, *order, n - 1) for order in itertools.permutations(range(1, n - 1))]
    return np.array(rows, dtype=np.int64)


def least_codes(codes: np.ndarray, n: int) -> np.ndarray:
    """The least code [k] among the isomorphic forms of each topology whose edges all point from lower to higher."""
    best = codes.copy()
    bits = [(x, y, (codes >> edge_bit(x, y) & 1).astype(bool)) for x, y in row_major(n)]
    for place in _permutations(n).tolist():
        moved = np.zeros_like(codes)
        backward = np.zeros(len(codes), dtype=bool)
        for x, y, present in bits:
            if place[x] < place[y]:
                moved |= np.where(present, 1 << edge_bit(place[x], place[y]), 0)
            else:
                backward |= present
        np.minimum(best, moved, out=best, where=~backward)
    return best


@functools.lru_cache(maxsize=100_000)
def reduction(topology: Topology) -> tuple[int, np.ndarray]:
    """The representative's code, and for each labelling its labelling number there [3^(n-2)]."""
    n, _ = topology
    places = _permutations(n)
    edges = np.array(edges_of(topology))
    source, target = places[:, edges[:, 0]], places[:, edges[:, 1]]
    codes = (1 << (source + target * (target - 1) // 2)).sum(axis=1)
    codes[(source > target).any(axis=1)] = np.iinfo(np.int64).max
    least = int(codes.min())
    weights = 3 ** (n - 2 - places[codes == least][:, 1:-1])  # of a label, from the place that its vertex moves to
    return least, (labellings(n - 2).astype(np.int64) @ weights.T).min(axis=1)


def matrix_of(topology: Topology) -> np.ndarray:
    """Adjacency matrix [n, n] of 0 and 1."""
    n, _ = topology
    matrix = np.zeros((n, n), dtype=np.int8)
    for x, y in edges_of(topology):
        matrix[x, y] = 1
    return matrix
