"""Parameters and multiply-accumulates of NAS-Bench-101 networks, exactly as the benchmark builds them.

Skeleton (arXiv 1902.09635, section 2 and the released model builder): stem 3x3 convolution to C = 128 channels; three
stacks of three cells, a 2x2 max pooling between stacks, after which the channels double; global average pooling;
linear layer. Every convolution is followed by a BN with a scale and a shift per channel. In a cell the output's
channels are divided among the vertices that feed it, and every edge from the input is a 1x1 projection.
"""

import functools

import numpy as np

from nasbias.spaces import _nb101_graph as graph
from nasbias.spaces._nb101_cells import Cells
from nasbias.spaces._nb101_graph import Topology

_KERNELS = (3, 1, 0)  # of the operations; pooling has no weights


def vertex_channels(topology: Topology, channels_in: int, channels_out: int) -> list[int]:
    """Channels of each vertex of a cell: a share of the output each, the first ones taking what division leaves over;
    a vertex that does not feed the output has as many as the widest vertex that it feeds."""
    n, _ = topology
    edges = set(graph.edges_of(topology))
    channels = [channels_in, *[0] * (n - 2), channels_out]
    feeding = [v for v in range(1, n - 1) if (v, n - 1) in edges]
    for place, v in enumerate(feeding):
        channels[v] = channels_out // len(feeding) + (place < channels_out % len(feeding))
    for v in reversed(range(1, n - 1)):
        if v not in feeding:
            channels[v] = max(channels[w] for w in range(v + 1, n - 1) if (v, w) in edges)
    return channels


def count_costs(
    cells: Cells,
    channels: int = 128,
    stacks: int = 3,
    cells_per_stack: int = 3,
    classes: int = 10,
    resolution: int = 32,
) -> tuple[np.ndarray, np.ndarray]:
    """Trainable parameters [k] and multiply-accumulates [k] (convolutions and the linear layer) of one forward pass.

    Where the channels do not divide evenly, isomorphic cells differ by the vertex that takes the rest: these are the
    counts of the cell as it is written, and the benchmark's for the form that the benchmark lists.
    """
    tables = [_cost_tables(topology, channels, stacks, cells_per_stack, resolution) for topology in cells.topologies]
    labels = cells.labels()
    results = []
    width = channels << (stacks - 1)
    fixed = (27 * channels + 2 * channels + width * classes + classes, 27 * channels * resolution**2 + width * classes)
    for kind in range(2):
        base = np.array([table[0][kind] for table in tables], dtype=np.int64)
        per_vertex = np.zeros((len(tables), 5, 3), dtype=np.int64)
        for row, table in zip(per_vertex, tables):
            row[: len(table[1][kind])] = np.reshape(table[1][kind], (-1, 3))
        total = fixed[kind] + base[cells.topology]
        for v in range(5):
            present = labels[:, v] >= 0
            total[present] += per_vertex[cells.topology[present], v, labels[present, v]]
        results.append(total)
    return results[0], results[1]


@functools.lru_cache(maxsize=100_000)
def _cost_tables(
    topology: Topology, channels: int, stacks: int, cells_per_stack: int, resolution: int
) -> tuple[tuple[int, int], tuple[list[list[int]], list[list[int]]]]:
    """Of all cells of the network: what the edges from the input cost, and what each operation costs at each vertex."""
    n, _ = topology
    edges = set(graph.edges_of(topology))
    base = [0, 0]
    per_vertex = ([[0] * 3 for _ in range(n - 2)], [[0] * 3 for _ in range(n - 2)])
    narrow = channels
    for stack in range(stacks):
        wide, area = channels << stack, (resolution >> stack) ** 2
        for _ in range(cells_per_stack):
            shares = vertex_channels(topology, narrow, wide)
            for v in range(1, n):
                if (0, v) in edges:
                    base[0] += narrow * shares[v] + 2 * shares[v]
                    base[1] += narrow * shares[v] * area
            for v in range(1, n - 1):
                for label, kernel in enumerate(_KERNELS):
                    weights = (kernel * shares[v]) ** 2
                    per_vertex[0][v - 1][label] += weights + 2 * shares[v] if kernel else 0
                    per_vertex[1][v - 1][label] += weights * area
            narrow = wide
    return (base[0], base[1]), per_vertex
