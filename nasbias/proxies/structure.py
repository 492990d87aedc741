"""What an architecture's drawing alone tells: its depth, and how many it has of each operation. Needs no torch."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from nasbias.spaces import Space

_FREE = ("none", "skip_connect")  # operations that add nothing to a way: the first ends it


def describe_structure(space: Space, architectures: Sequence[str] | np.ndarray) -> pd.DataFrame:
    """`depth` (where the space has one) and the `n_<operation>` counts, rows as `architectures`."""
    described = space.describe(list(architectures))
    counts = {str(name): described[name].to_numpy(float) for name in described if str(name).startswith("n_")}
    depth = measure_depth(space, architectures)
    return pd.DataFrame(counts if depth is None else counts | {"depth": depth})


def measure_depth(space: Space, architectures: Sequence[str] | np.ndarray) -> np.ndarray | None:
    """Operations [n] on the longest way through a cell, skips not counted, -1 where there is none; of two kinds of
    cells the sum. None where a space's decisions are neither edges nor inputs."""
    if space.name not in ("nb101", "darts", "ptb") and "->" not in space.decisions[0].name:
        return None
    choices = np.asarray(space.encode(list(architectures)), dtype=int)
    names = [decision.name for decision in space.decisions]
    values = [decision.values for decision in space.decisions]
    edges = [re.fullmatch(r"(\d+)->(\d+)", name) for name in names]
    if all(edges):
        ends = [(int(edge[1]), int(edge[2])) for edge in edges if edge]
        return np.array(
            [_over_edges(ends, [values[i][code] for i, code in enumerate(row)]) for row in choices.tolist()]
        )
    if space.name == "nb101":
        return np.array([_over_vertices(row, values) for row in choices.tolist()])
    if space.name == "darts":
        return np.array([_over_slots(row[:16], values) + _over_slots(row[16:], values) for row in choices.tolist()])
    return np.array([_over_steps(row) for row in choices.tolist()])  # ptb


def _over_edges(ends: Sequence[tuple[int, int]], operations: Sequence[str]) -> float:
    depth = {0: 0.0}
    for node in range(1, max(end for _, end in ends) + 1):
        ways = [
            depth[start] + (operation not in _FREE)
            for (start, end), operation in zip(ends, operations)
            if end == node and operation != "none"
        ]
        depth[node] = max(ways, default=-np.inf)
    last = depth[max(depth)]
    return last if last >= 0 else -1.0


def _over_vertices(row: Sequence[int], values: Sequence[Sequence[str]]) -> float:
    """nb101: operations on the way, the input's projections not counted."""
    depth = [0, 1]
    for vertex in range(2, 7):
        parents = [int(each) for each in values[vertex + 3][row[vertex + 3]].split("+")]
        depth.append(max(depth[parent] for parent in parents) + (vertex < 6))
    return float(depth[6])


def _over_slots(row: Sequence[int], values: Sequence[Sequence[str]]) -> float:
    """darts: the deepest of the four nodes of a cell."""
    depth = [0, 0]
    for node in range(4):
        slots = row[4 * node : 4 * node + 4]
        names = values[4 * node + 1]
        depth.append(max(depth[slots[s]] + (names[slots[s + 1]] not in _FREE) for s in (0, 2)))
    return float(max(depth))


def _over_steps(row: Sequence[int]) -> float:
    """ptb: the deepest of the eight steps, the state made from word and hidden state being 0."""
    depth = [0]
    for step in range(len(row) // 2):
        depth.append(depth[row[len(row) // 2 + step]] + 1)
    return float(max(depth))
