"""Counting pairs: how many others each item agrees with, exactly, in O(n log n), with ties.

For items (x_i, y_i) the concordance of i is s_i = sum_j sign(x_i - x_j) sign(y_i - y_j). From s_i and the ties follow
tau-b and its value without any one item, so an exact jackknife. scipy gives only the sum.

Two ways to count: where the distinct values are few (accuracies that are counts of images), a joint histogram and its
cumulative sums; otherwise a wavelet walk over the bits of one rank. Both are whole-array numpy.
"""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Concordance:
    """What the pairs of n items say: `s` [n] concordant minus discordant partners of each; `ties_x`, `ties_y` [n] count
    the others with the same value."""

    s: Array
    ties_x: Array
    ties_y: Array

    @property
    def n(self) -> int:
        return len(self.s)

    @property
    def tau(self) -> float:
        """Kendall's tau-b; NaN where x or y is constant or n < 2."""
        pairs = self.n * (self.n - 1) / 2
        return float(tau_b(self.s.sum() / 2, pairs, self.ties_x.sum() / 2, self.ties_y.sum() / 2))

    def leave_one_out(self) -> Array:
        """tau-b [n] of the items without item i, for every i."""
        pairs = (self.n - 1) * (self.n - 2) / 2
        return tau_b(
            self.s.sum() / 2 - self.s,
            pairs,
            self.ties_x.sum() / 2 - self.ties_x,
            self.ties_y.sum() / 2 - self.ties_y,
        )


def tau_b(balance: Array | float, pairs: Array | float, ties_x: Array | float, ties_y: Array | float) -> Array:
    """tau-b from pair counts: `balance` = concordant - discordant, of `pairs` in all, tied in x and in y."""
    free_x, free_y = np.asarray(pairs - ties_x, dtype=float), np.asarray(pairs - ties_y, dtype=float)
    scale = np.sqrt(free_x) * np.sqrt(free_y)
    return np.where(scale > 0, np.clip(balance / np.where(scale > 0, scale, 1.0), -1, 1), np.nan)


def count_concordance(x: Array, y: Array) -> Concordance:
    """The concordance of every item; x and y are 1-d, of equal length, without NaN."""
    rank_x, rank_y = dense_ranks(x), dense_ranks(y)
    size_x, size_y = np.bincount(rank_x), np.bincount(rank_y)
    # Measured: a wavelet walk costs about as much as ten cells of histogram per item.
    if len(size_x) * len(size_y) <= 8 * len(rank_x) + 256:
        cell = rank_x * len(size_y) + rank_y
        table = np.bincount(cell, minlength=len(size_x) * len(size_y)).reshape(len(size_x), len(size_y))
        s = _concordance_of_cells(table).ravel()[cell]
    else:
        s = _concordance_of_items(rank_x, rank_y, size_x, size_y)
    return Concordance(s=s, ties_x=size_x[rank_x] - 1, ties_y=size_y[rank_y] - 1)


def dense_ranks(values: Array) -> Array:
    """Ranks 0, 1, ... [n] where equal values share one and none is left out."""
    return np.unique(np.asarray(values), return_inverse=True)[1].reshape(-1)


def _concordance_of_cells(table: Array) -> Array:
    """s for each cell of a joint histogram, from its exclusive cumulative sums."""
    below = np.zeros((table.shape[0] + 1, table.shape[1] + 1), dtype=np.int64)
    below[1:, 1:] = table.cumsum(axis=0).cumsum(axis=1)
    n = below[-1, -1]
    low_low, low_high = below[:-1, :-1], below[:-1, -1:] - below[:-1, 1:]
    high_low = below[-1:, :-1] - below[1:, :-1]
    high_high = n - below[1:, -1:] - below[-1:, 1:] + below[1:, 1:]
    return low_low + high_high - low_high - high_low


def _concordance_of_items(rank_x: Array, rank_y: Array, size_x: Array, size_y: Array) -> Array:
    n = len(rank_x)
    smaller_x = (np.cumsum(size_x) - size_x)[rank_x]
    smaller_y = (np.cumsum(size_y) - size_y)[rank_y]
    # Equal x in descending y: whatever stands earlier with a smaller y has a smaller x as well.
    order = np.lexsort((-rank_y, rank_x))
    low_low = np.empty(n, dtype=np.int64)
    low_low[order] = _count_smaller_before(rank_y[order], size_y)
    low_same = same_low = both_same = np.zeros(n, dtype=np.int64)
    if len(size_y) < n:
        low_same, both_same = _count_within(rank_y, rank_x, len(size_x), smaller_y)
    if len(size_x) < n:
        same_low, both_same = _count_within(rank_x, rank_y, len(size_y), smaller_x)
    low_high = smaller_x - low_low - low_same
    high_low = smaller_y - low_low - same_low
    high_same = size_y[rank_y] - 1 - low_same - both_same
    high_high = (n - smaller_x - size_x[rank_x]) - high_low - high_same
    return low_low + high_high - low_high - high_low


def _count_within(group: Array, rank: Array, n_ranks: int, smaller_group: Array) -> tuple[Array, Array]:
    """For each item: members of its group with a smaller rank, and others with the same rank."""
    _, inverse, counts = np.unique(group.astype(np.int64) * n_ranks + rank, return_inverse=True, return_counts=True)
    first = np.cumsum(counts) - counts
    return first[inverse] - smaller_group, counts[inverse] - 1


def _count_smaller_before(ranks: Array, sizes: Array) -> Array:
    """For each place of a sequence of dense ranks: how many earlier places hold a smaller rank.

    Walks the ranks' bits from the highest: within a node (equal higher bits, in order of appearance) an item with a 1
    is larger than every earlier item with a 0, and the node then splits into its zeros and its ones.
    """
    n, bits = len(ranks), int(len(sizes) - 1).bit_length()
    below = np.full((1 << bits) + 1, n, dtype=np.int64)
    below[: len(sizes) + 1] = np.concatenate(([0], np.cumsum(sizes)))
    place = np.arange(n)
    origin, current, result = place, ranks, np.zeros(n, dtype=np.int64)
    for bit in reversed(range(bits)):
        one = (current >> bit & 1).astype(bool)
        node = current >> (bit + 1) << (bit + 1)
        start = below[node]
        zeros = np.concatenate(([0], np.cumsum(~one)))
        zeros_before = zeros[:-1] - zeros[start]
        result[origin[one]] += zeros_before[one]
        target = np.where(one, below[node + (1 << bit)] + place - start - zeros_before, start + zeros_before)
        moved_origin, moved = np.empty_like(origin), np.empty_like(current)
        moved_origin[target], moved[target] = origin, current
        origin, current = moved_origin, moved
    return result
