"""Rank metrics between a predicted and a true score of the same architectures.

Every metric takes two 1-d arrays of equal length, higher = better in both, and returns a float; NaN where it is
undefined: fewer than two architectures, a constant score or truth, or a NaN among the values. Its `better` says which
direction of the METRIC is good. Definitions: arXiv 2001.01431 section 3 (GT-Tau, top-n-rank), 2010.08219 (Spearman,
top-k), 2008.03064 section 3.3 (P@topK, BR@K, WR@K, rank difference), 2003.04276 (sparse Kendall tau).
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy  # its parts are imported when they are first used

from nasbias.errors import InputError, unknown

Array = np.ndarray


@dataclass(frozen=True)
class Metric:
    """A metric's name, which direction is better, its range (None = open), the function of (score, truth), and the size
    of the top that it looks at: a number of architectures or a share of them (None: all are looked at)."""

    name: str
    better: Literal["higher", "lower"]
    range: tuple[float | None, float | None]
    function: Callable[[Array, Array], float]
    top: float | None = None

    def __call__(self, score: Array, truth: Array) -> float:
        return self.function(score, truth)

    @property
    def bounds(self) -> tuple[float, float]:
        """The range with infinity where it is open."""
        low, high = self.range
        return -np.inf if low is None else low, np.inf if high is None else high

    def count(self, n: int) -> int:
        """How many of `n` architectures the top has."""
        if self.top is None:
            return n
        return min(int(self.top), n) if self.top >= 1 else _count(n, self.top)


SPARSE_WIDTH = 0.1  # per cent accuracy that sparse tau does not tell apart
METRICS: dict[str, Metric] = {}


def metric(name: str, better: Literal["higher", "lower"], range: tuple[float | None, float | None], **fixed: float):
    """Register the decorated function, with the arguments `fixed`, as the metric `name`; it stays what it is."""

    def register(function: Callable[..., float]) -> Callable[..., float]:
        top = next(iter(fixed.values()), None)
        METRICS[name] = Metric(name, better, range, functools.partial(function, **fixed) if fixed else function, top)
        return function

    return register


def get_metric(name: str) -> Metric:
    """The metric called `name`.

    Raises:
        InputError: no such metric; the message names the nearest ones.
    """
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    return METRICS[name]


def why_undefined(score: Array, truth: Array) -> str:
    """The reason why rank metrics of this pair are NaN; empty where they are defined."""
    score, truth = _pair(score, truth)
    if len(score) < 2:
        return f"{len(score)} architecture(s): a ranking needs two"
    for name, values in (("score", score), ("truth", truth)):
        if missing := int(np.isnan(values).sum()):
            return f"{missing:,} of {len(values):,} {name}s are NaN"
        if values.min() == values.max():
            return f"the {name} is constant ({values[0]:g})"
    return ""


@metric("gt_tau", better="higher", range=(-1, 1))
def kendall_tau(score: Array, truth: Array) -> float:
    """Kendall's tau-b; ties count in neither direction. O(n log n): scipy's, three times as fast as the item-wise count
    of `nasbias.statistics.kendall` where only the sum is wanted."""
    score, truth = _pair(score, truth)
    if why_undefined(score, truth):
        return np.nan
    return float(scipy.stats.kendalltau(score, truth).statistic)


@metric("spearman", better="higher", range=(-1, 1))
def spearman(score: Array, truth: Array) -> float:
    """Spearman's rank correlation, tied values at their mean rank: P2's Corr-GT."""
    score, truth = _pair(score, truth)
    if why_undefined(score, truth):
        return np.nan
    ranks = scipy.stats.rankdata(np.stack([score, truth]), axis=1)
    return float(np.corrcoef(ranks)[0, 1])


@metric("sparse_tau", better="higher", range=(-1, 1))
def sparse_tau(score: Array, truth: Array, width: float = SPARSE_WIDTH) -> float:
    """tau-b after rounding the truth to bins of `width` (0.1 % accuracy): differences below that are not ranked."""
    return kendall_tau(score, np.round(np.asarray(truth, dtype=float) / width))


@metric("top3_rank", better="lower", range=(1, None), n=3)
@metric("top1_rank", better="lower", range=(1, None), n=1)
def top_rank(score: Array, truth: Array, n: int) -> float:
    """Best true rank (1 = best of all; equals share the better rank) among the `n` architectures scored highest.

    Where scores tie at the top, the mean over all ways to choose among the equal ones.
    """
    score, truth = _pair(score, truth)
    if why_undefined(score, truth):
        return np.nan
    return _mean_best(score, _descending_ranks(truth), n)


@metric("best_at_10", better="higher", range=(None, None), k=10)
@metric("best_at_1", better="higher", range=(None, None), k=1)
def best_at(score: Array, truth: Array, k: int) -> float:
    """The best truth among the `k` architectures scored highest, in the truth's unit (higher = better): P2's top-k.

    Where scores tie at the top, the mean over all ways to choose among the equal ones.
    """
    score, truth = _pair(score, truth)
    if why_undefined(score, truth):
        return np.nan
    return -_mean_best(score, -truth, k)


@metric("p_at_10", better="higher", range=(0, 1), share=0.10)
@metric("p_at_5", better="higher", range=(0, 1), share=0.05)
def precision_at_top(score: Array, truth: Array, share: float) -> float:
    """Share of the predicted top K that is in the true top K; K = `share` of the architectures, at least one.

    Where scores or truths tie at the edge of a top, the mean over all ways to choose among the equal ones.
    """
    score, truth = _pair(score, truth)
    if why_undefined(score, truth):
        return np.nan
    k = _count(len(score), share)
    return float(top_weights(score, k) @ top_weights(truth, k)) / k


@metric("p_bottom_10", better="higher", range=(0, 1), share=0.10)
@metric("p_bottom_5", better="higher", range=(0, 1), share=0.05)
def precision_at_bottom(score: Array, truth: Array, share: float) -> float:
    """Share of the predicted worst K that is among the true worst K."""
    return precision_at_top(-np.asarray(score, dtype=float), -np.asarray(truth, dtype=float), share)


@metric("br_at_5", better="lower", range=(0, 1), share=0.05)
def best_rank_at(score: Array, truth: Array, share: float) -> float:
    """Smallest true rank in the predicted top K, divided by the number of architectures."""
    score, truth = _pair(score, truth)
    if why_undefined(score, truth):
        return np.nan
    return top_rank(score, truth, _count(len(score), share)) / len(score)


@metric("wr_at_5", better="lower", range=(0, 1), share=0.05)
def worst_rank_at(score: Array, truth: Array, share: float) -> float:
    """Largest true rank in the predicted top K, divided by the number of architectures."""
    score, truth = _pair(score, truth)
    if why_undefined(score, truth):
        return np.nan
    return -_mean_best(score, -_descending_ranks(truth), _count(len(score), share)) / len(score)


def rank_difference(score: Array, truth: Array) -> Array:
    """True rank minus predicted rank [n], rank 1 = best, ties at their mean rank; > 0: the score overestimates."""
    score, truth = _pair(score, truth)
    return scipy.stats.rankdata(-truth) - scipy.stats.rankdata(-score)


def tau_given(score: Array, truth: Array, third: Array) -> float:
    """Kendall's partial tau of score and truth given a third quantity such as the parameter count.

    (t_xy - t_xz t_yz) / sqrt((1 - t_xz^2) (1 - t_yz^2)); NaN where the third determines one of the two, and equal to
    tau where the third is constant and so explains nothing.
    """
    third = np.asarray(third, dtype=float)
    plain = kendall_tau(score, truth)
    if np.isnan(plain) or np.isnan(third).any():
        return np.nan
    if third.min() == third.max():
        return plain
    return partial_tau(plain, kendall_tau(score, third), kendall_tau(truth, third))


def partial_tau(xy: float, xz: float, yz: float) -> float:
    """The partial tau of x and y given z from the three pairwise taus."""
    left = (1 - xz**2) * (1 - yz**2)
    return float((xy - xz * yz) / np.sqrt(left)) if left > 1e-12 else np.nan


def similarity(codes: Array, other: Array) -> Array:
    """Share of equal decisions between rows of choices [n, decisions] and [n, decisions] (or one row): P1."""
    return (np.asarray(codes) == np.asarray(other)).mean(axis=-1)


def best_places(values: Array, k: int) -> Array:
    """Places of the `k` highest values, best first, ties by order of appearance."""
    values = -np.asarray(values, dtype=float)
    if k >= len(values):
        return np.argsort(values, kind="stable")
    if k < 1:
        return np.zeros(0, dtype=int)
    # Only what can be among the k is sorted: a full sort of a census for each of ten metrics costs more than its tau.
    candidates = np.flatnonzero(values <= np.partition(values, k - 1)[k - 1])
    return candidates[np.argsort(values[candidates], kind="stable")[:k]]


def top_weights(values: Array, k: int) -> Array:
    """How surely each of [n] is among the `k` highest: 1, 0, or between where equals compete for the last places."""
    values = np.asarray(values, dtype=float)
    if k >= len(values) or k < 1:
        return np.full(len(values), float(k >= 1))
    edge = np.partition(values, len(values) - k)[len(values) - k]
    weights = (values > edge).astype(float)
    tied = values == edge
    weights[tied] = (k - weights.sum()) / tied.sum()
    return weights


def _mean_best(score: Array, cost: Array, k: int) -> float:
    """The lowest `cost` among the `k` highest scores; the mean over ways to choose where scores tie at the edge."""
    k = min(k, len(score))
    edge = np.partition(score, len(score) - k)[len(score) - k]
    certain = cost[score > edge]
    tied = np.sort(cost[score == edge])
    left = k - len(certain)
    if len(certain):
        tied = np.minimum(tied, certain.min())
    if left == len(tied):
        return float(tied[0])
    # The best of `left` drawn from the tied is the j-th lowest with probability C(t - 1 - j, left - 1) / C(t, left).
    after = np.arange(len(tied) - 1, left - 2, -1, dtype=float)  # how many are higher
    chance = np.cumprod(np.concatenate(([left / len(tied)], (after[1:] - left + 2) / after[:-1])))
    return float(chance @ tied[: len(chance)])


def _descending_ranks(values: Array) -> Array:
    """Ranks [n] as floats, 1 = highest, equals share the better rank."""
    ordered = np.sort(-values)
    return np.searchsorted(ordered, -values, side="left") + 1.0


def _count(n: int, share: float) -> int:
    return max(1, round(share * n))


def _pair(score: Array, truth: Array) -> tuple[Array, Array]:
    score, truth = np.asarray(score, dtype=float), np.asarray(truth, dtype=float)
    if score.ndim != 1 or score.shape != truth.shape:
        raise InputError(
            f"score and truth must be 1-d and of equal length, one value per architecture; "
            f"their shapes are {score.shape} and {truth.shape}."
        )
    return score, truth
