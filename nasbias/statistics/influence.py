"""What each architecture contributes to the error of a rank correlation: exact jackknife of tau-b, influence of rho.

Everything deterministic in this room rests on these: they sum in squares to the variance of arctanh(correlation), where
the distribution is close to normal, and their products over common architectures give the covariance of two runs.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used

from nasbias.statistics.kendall import count_concordance
from nasbias.statistics.metrics import why_undefined

Array = np.ndarray
BIT = 1e-12  # nearer than this to +-1 a correlation has no arctanh worth having


@dataclass(frozen=True)
class Influence:
    """The correlation of one run and what each architecture contributes to its error.

    `pull` [n] sums in squares to the variance of arctanh(tau) over architectures; `items` [n] are integers that name
    the architectures, so that runs scored on the same ones can be compared pair by pair.
    """

    tau: float
    pull: Array
    items: Array

    @property
    def variance(self) -> float:
        return float(self.pull @ self.pull)

    def covariance(self, other: "Influence") -> float:
        """Covariance of the two arctanh(tau) that comes from the architectures they share."""
        if self.items is other.items or np.array_equal(self.items, other.items):
            return float(self.pull @ other.pull)
        _, mine, theirs = np.intersect1d(self.items, other.items, return_indices=True)
        return float(self.pull[mine] @ other.pull[theirs])


def influence(score: Array, truth: Array, items: Array | None = None) -> Influence:
    """The jackknife of one run's tau-b, exact and in O(n log n). A tau of NaN or +-1 has a pull of 0."""
    score, truth = np.asarray(score, dtype=float), np.asarray(truth, dtype=float)
    items = np.arange(len(score)) if items is None else np.asarray(items)
    n = len(score)
    if why_undefined(score, truth):
        return Influence(np.nan, np.zeros(n), items)
    concordance = count_concordance(score, truth)
    tau = concordance.tau
    if n < 4 or 1 - abs(tau) < BIT:
        return Influence(tau, np.zeros(n), items)
    without = np.nan_to_num(concordance.leave_one_out(), nan=tau)
    pull = (without.mean() - without) * np.sqrt((n - 1) / n) / (1 - tau**2)
    return Influence(tau, pull, items)


def spearman_influence(score: Array, truth: Array, items: Array | None = None) -> Influence:
    """The same of Spearman's correlation (`tau` holds it): its influence function at the sample, ties at mean ranks.

    An architecture moves the correlation by its own ranks and by shifting everybody else's, hence the sums over those
    above it; n / (n - 3) in the variance as in Fisher's 1 / (n - 3).
    """
    score, truth = np.asarray(score, dtype=float), np.asarray(truth, dtype=float)
    items = np.arange(len(score)) if items is None else np.asarray(items)
    n = len(score)
    if why_undefined(score, truth):
        return Influence(np.nan, np.zeros(n), items)
    ranks = scipy.stats.rankdata(np.stack([score, truth]), axis=1) / n
    x, y = ranks - ranks.mean(axis=1, keepdims=True)
    spread_x, spread_y = (x @ x) / n, (y @ y) / n
    rho = float(x @ y / n / np.sqrt(spread_x * spread_y))
    if n < 4 or 1 - abs(rho) < BIT:
        return Influence(float(np.clip(rho, -1, 1)), np.zeros(n), items)
    moved = x * y + _mean_above(x, y) + _mean_above(y, x)
    moved_x, moved_y = (v**2 + 2 * _mean_above(v, v) for v in (x, y))
    pull = moved / np.sqrt(spread_x * spread_y) - rho / 2 * (moved_x / spread_x + moved_y / spread_y)
    pull = (pull - pull.mean()) / np.sqrt(n * (n - 3)) / (1 - rho**2)
    return Influence(rho, pull, items)


def _mean_above(at: Array, values: Array) -> Array:
    """For each item the sum of `values` over the items that are higher by `at` (equal ones half), divided by n."""
    _, group = np.unique(at, return_inverse=True)
    of_group = np.bincount(group, values)
    above = of_group[::-1].cumsum()[::-1] - of_group / 2
    return above[group] / len(at)
