"""How sure a rank correlation is: intervals, runs, ceilings, tests.

Two things vary when a supernet is judged: which architectures were scored and which seed the supernet had. Intervals
of one run cover the first only (the seed part is unknown and said to be); intervals over runs cover both. Everything
deterministic rests on the exact leave-one-out jackknife of tau-b (`nasbias.kendall`), on the arctanh scale, where tau's
distribution is close to normal; the bootstraps take an explicit generator. Low and high are always the 95 % interval.
Coverage is measured in analysis/coverage.py.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # its parts are imported when they are first used

from nasbias.errors import InputError, unknown
from nasbias.kendall import count_concordance, dense_ranks, tau_of_table
from nasbias.metrics import spearman, why_undefined

Array = np.ndarray
LEVEL = 0.95
_BIT = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; `reason` says why something is NaN, or what the interval does not cover.

    `error_architectures` and `error_runs` are standard errors on the value's scale; `error_runs` is NaN with one run.
    """

    value: float
    low: float = np.nan
    high: float = np.nan
    error_architectures: float = np.nan
    error_runs: float = np.nan
    n_runs: int = 1
    reason: str = ""


@dataclass(frozen=True)
class Influence:
    """tau of one run and what each architecture contributes to its error.

    `pull` [n] sums in squares to the jackknife variance of arctanh(tau); `items` [n] are integers that name the
    architectures, so that runs scored on the same ones can be compared pair by pair.
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
    if n < 4 or 1 - abs(tau) < _BIT:
        return Influence(tau, np.zeros(n), items)
    without = np.nan_to_num(concordance.leave_one_out(), nan=tau)
    pull = (without.mean() - without) * np.sqrt((n - 1) / n) / (1 - tau**2)
    return Influence(tau, pull, items)


def tau_interval(score: Array, truth: Array) -> Estimate:
    """Kendall's tau-b of one run with the interval that other architectures of the space would move it in.

    The seed of the supernet is not in it: with one run its part is unknown.
    """
    reason = why_undefined(score, truth)
    return mean_over_runs([influence(score, truth)]) if not reason else Estimate(np.nan, reason=reason)


def mean_over_runs(runs: Sequence[Influence]) -> Estimate:
    """Mean tau over runs with an interval for new seeds AND new architectures (for one run: new architectures only).

    On the arctanh scale, as a crossed design of runs x architectures: the variance of the mean is s^2 / R (the spread
    between runs, which holds the run-by-architecture interaction) plus the mean covariance between runs (what all runs
    owe to the same architectures). s^2 is never taken below what the architectures alone make runs differ, which
    each run tells. Each part has a Student's t of its own, with few runs s is itself uncertain, and the two half-widths
    add in squares (Cochran; Satterthwaite's common t covers only 92 % with three runs: `analysis.coverage`). Two runs
    are too few for 95 %: the simulation finds 88 to 97. Runs whose tau is NaN make the mean NaN.
    """
    taus = np.array([run.tau for run in runs])
    if not len(taus) or np.isnan(taus).any():
        bad = int(np.isnan(taus).sum())
        return Estimate(np.nan, n_runs=len(taus), reason=f"{bad} of {len(taus)} runs have no tau" if bad else "no runs")
    value, n_runs = float(taus.mean()), len(taus)
    n = min(len(run.pull) for run in runs)
    if n < 4:
        return Estimate(value, n_runs=n_runs, reason=f"{n} architectures: an interval needs four")
    z = np.arctanh(np.clip(taus, -1 + _BIT, 1 - _BIT))
    if n_runs == 1:
        shared, between, free = runs[0].variance, 0.0, n - 1.0
        reason = "one run: the part of the seed is unknown"
    else:
        pairs = [first.covariance(second) for first, second in itertools.combinations(runs, 2)]
        shared = max(float(np.mean(pairs)), 0.0)
        least = max(float(np.mean([run.variance for run in runs])) - shared, 0.0) / n_runs
        between, free = float(z.var(ddof=1)) / n_runs, n_runs - 1.0
        if between < least:
            between, free = least, n - 1.0
        reason = ""
    wide, wider = scipy.stats.t.ppf(0.5 + LEVEL / 2, [n - 1, free])
    half = np.sqrt(wide**2 * shared + wider**2 * between)  # 0 where tau is +-1 everywhere: nothing is left to vary
    # The mean of taus is the value; the interval is laid around it on the arctanh scale.
    centre = np.arctanh(np.clip(value, -1 + _BIT, 1 - _BIT))
    slope = 1 - value**2
    return Estimate(
        value,
        *map(float, np.tanh([centre - half, centre + half])),
        error_architectures=slope * float(np.sqrt(shared)),
        error_runs=slope * float(np.sqrt(between)) if n_runs > 1 else np.nan,
        n_runs=n_runs,
        reason=reason,
    )


def spearman_over_runs(scores: Array, truth: Array) -> Estimate:
    """Mean Spearman correlation of scores [runs, n] with truth [n]; interval for new seeds and new architectures.

    On the arctanh scale (Bonett and Wright 2000): (1 + rho^2 / 2) / (n - 3) for the architectures, Student's t for the
    spread between runs, the half-widths added in squares as in `mean_over_runs`. That spread holds a part of what the
    architectures do, so the interval is rather too wide.
    """
    rhos = np.array([spearman(score, truth) for score in scores])
    value, n, n_runs = float(rhos.mean()), len(truth), len(rhos)
    if np.isnan(value) or n < 4:
        return Estimate(value, n_runs=n_runs, reason="constant" if np.isnan(value) else "an interval needs four")
    z = np.arctanh(np.clip([value, *rhos], -1 + _BIT, 1 - _BIT))
    squared = (scipy.stats.norm.ppf(0.5 + LEVEL / 2)) ** 2 * (1 + value**2 / 2) / (n - 3)
    if n_runs > 1:
        squared += scipy.stats.t.ppf(0.5 + LEVEL / 2, n_runs - 1) ** 2 * z[1:].var(ddof=1) / n_runs
    low, high = np.tanh(z[0] + np.array([-1, 1]) * np.sqrt(squared))
    reason = "" if n_runs > 1 else "one run: the part of the seed is unknown"
    return Estimate(value, float(low), float(high), n_runs=n_runs, reason=reason)


def mean_interval(values: Sequence[float] | Array, low: float, high: float) -> tuple[float, float, float]:
    """Mean over runs and its 95 % interval (Student's t) within [low, high], which for one run is unknown (NaN)."""
    values = np.asarray(values, dtype=float)
    mean, n = float(values.mean()), len(values)
    if n < 2:
        return mean, np.nan, np.nan
    half = float(scipy.stats.t.ppf(0.5 + LEVEL / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return mean, max(mean - half, low), min(mean + half, high)


def resample_tau(score: Array, truth: Array, n_resamples: int, generator: np.random.Generator) -> Array:
    """tau-b [n_resamples] of architectures drawn with replacement, exact in each resample.

    Where the distinct values are few a resample is a multinomial over the cells of the joint histogram.
    """
    score, truth = np.asarray(score, dtype=float), np.asarray(truth, dtype=float)
    if why_undefined(score, truth):
        return np.full(n_resamples, np.nan)
    rank_score, rank_truth = dense_ranks(score), dense_ranks(truth)
    shape = (int(rank_score.max()) + 1, int(rank_truth.max()) + 1)
    n, result = len(score), np.empty(n_resamples)
    if shape[0] * shape[1] > 4 * n + 65_536:
        for i in range(n_resamples):
            chosen = generator.integers(0, n, n)
            result[i] = count_concordance(score[chosen], truth[chosen]).tau
        return result
    cells = np.sort(rank_score * shape[1] + rank_truth)
    first = np.flatnonzero(np.concatenate(([True], cells[1:] != cells[:-1])))
    table = np.zeros(shape, dtype=np.int64)
    for i in range(n_resamples):
        times = np.bincount(generator.integers(0, n, n, dtype=np.int32), minlength=n)  # how often each was drawn
        table.ravel()[cells[first]] = np.add.reduceat(times, first)
        result[i] = tau_of_table(table)
    return result


def two_level_bootstrap(
    methods: Sequence[Array], truth: Array, n_resamples: int, generator: np.random.Generator
) -> Array:
    """Mean tau [n_resamples, methods] with runs (outer) and architectures (inner) drawn with replacement.

    Args:
        methods: one array [runs, n] of scores per method, higher = better, columns = the architectures of `truth` [n].

    All methods see the same architectures in a resample, so differences of columns are paired. Where two methods have
    equally many runs the runs are drawn together as well (run i of each is taken to share its seed).

    Raises:
        InputError: arrays of other shapes, or a NaN.
    """
    truth = np.asarray(truth, dtype=float)
    methods = [np.atleast_2d(np.asarray(scores, dtype=float)) for scores in methods]
    for scores in methods:
        if scores.shape[1] != len(truth) or np.isnan(scores).any() or np.isnan(truth).any():
            raise InputError(f"a method's scores must be [runs, {len(truth)}] without NaN, not {scores.shape}.")
    result = np.empty((n_resamples, len(methods)))
    for i in range(n_resamples):
        chosen = generator.integers(0, len(truth), len(truth))
        uniform = generator.random(max(len(scores) for scores in methods))
        for j, scores in enumerate(methods):
            runs = (uniform[: len(scores)] * len(scores)).astype(int)
            unique, counts = np.unique(runs, return_counts=True)
            taus = [count_concordance(scores[run, chosen], truth[chosen]).tau for run in unique]
            result[i, j] = np.average(taus, weights=counts)
    return result


@dataclass(frozen=True)
class Combined:
    """Means over runs of K quantities estimated on the same architectures; every array is [K]."""

    value: Array
    low: Array
    high: Array
    error: Array
    p_value: Array


def combine_runs(values: Array, pulls: Array) -> Combined:
    """Means over runs with intervals for new runs and new architectures, as `mean_over_runs`, for any estimates.

    Args:
        values: [runs, K] estimates.
        pulls: [runs, n, K] what each architecture contributes to the error of each estimate: they sum in squares to its
            variance.

    With many estimates of one kind (K of eight or more) the spread between runs, in units of what the architectures
    make it, is moderated towards what the K have in common (Smyth 2004, empirical Bayes as in limma): three runs alone
    know their spread too badly to find anything.
    """
    n_runs, n = pulls.shape[:2]
    own = (pulls**2).sum(axis=1).mean(axis=0)
    value = values.mean(axis=0)
    if n_runs == 1:
        shared, between, free = own, np.zeros_like(own), np.ones_like(own)
    else:
        together = (pulls.sum(axis=0) ** 2).sum(axis=0)
        shared = np.maximum((together - n_runs * own) / (n_runs * (n_runs - 1)), 0)
        least = np.maximum(own - shared, 0) / n_runs
        between = values.var(axis=0, ddof=1) / n_runs
        between, freedom_runs = _moderate(between, least, n_runs - 1.0)
        free = np.where(between < least, n - 1.0, freedom_runs)
        between = np.maximum(between, least)
    variance = shared + between
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = variance**2 / (shared**2 / (n - 1) + between**2 / free)
        freedom = np.where(variance > 0, freedom, n - 1.0)
        error = np.sqrt(variance)
        p_value = 2 * scipy.stats.t.sf(np.abs(value) / error, freedom)
    half = scipy.stats.t.ppf(0.5 + LEVEL / 2, freedom) * error
    return Combined(value, value - half, value + half, error, np.where(error > 0, p_value, np.nan))


def _moderate(variances: Array, units: Array, freedom: float) -> tuple[Array, float]:
    """Variances [K] of `freedom` degrees each, shrunk towards a common multiple of `units`; their new freedom."""
    ratios = variances / np.where(units > 0, units, 1.0)
    if len(ratios) < 8 or not ((units > 0) & (ratios > 0)).all():
        return variances, freedom
    polygamma = scipy.special.polygamma
    logs = np.log(ratios) - polygamma(0, freedom / 2) + np.log(freedom / 2)
    spread = logs.var(ddof=1) - polygamma(1, freedom / 2)
    if spread <= polygamma(1, 5e5):
        return np.exp(logs.mean()) * units, freedom * len(ratios)
    root: Any = scipy.optimize.brentq(lambda half: polygamma(1, half) - spread, 1e-3, 1e6)
    prior = 2 * float(root)
    common = np.exp(logs.mean() + polygamma(0, prior / 2) - np.log(prior / 2))
    return (prior * common * units + freedom * variances) / (prior + freedom), prior + freedom


@dataclass(frozen=True)
class Comparison:
    """`difference` = mean tau of A - mean tau of B, its 95 % interval and two-sided p-value."""

    difference: float
    low: float
    high: float
    p_value: float
    reason: str = ""


def compare_runs(first: Sequence[Influence], second: Sequence[Influence]) -> Comparison:
    """Is supernet A better than B on this space? Paired over the architectures that both were scored on.

    The variance of the difference of the mean taus has a part from each method's runs and a part from the architectures
    (what helps both cancels). With one run of either the answer is about these trained supernets, not their recipe.
    """
    one, other = mean_over_runs(first), mean_over_runs(second)
    difference = one.value - other.value
    if np.isnan(difference):
        return Comparison(np.nan, np.nan, np.nan, np.nan, one.reason or other.reason)
    n = min(len(run.pull) for run in (*first, *second))
    if n < 4:
        return Comparison(difference, np.nan, np.nan, np.nan, f"{n} architectures: an interval needs four")
    slopes = (1 - one.value**2, 1 - other.value**2)
    shared = _shared(first) * slopes[0] ** 2 + _shared(second) * slopes[1] ** 2
    crossed = np.mean([a.covariance(b) for a in first for b in second])
    parts = [(max(shared - 2 * slopes[0] * slopes[1] * float(crossed), 0.0), n - 1.0)]
    parts += [(e.error_runs**2, e.n_runs - 1.0) for e in (one, other) if e.n_runs > 1]
    variance = sum(part for part, _ in parts)
    reason = "" if min(one.n_runs, other.n_runs) > 1 else "one run: the part of the seed is unknown"
    if variance <= 0:
        return Comparison(difference, difference, difference, float(difference == 0), reason)
    freedom = variance**2 / sum(part**2 / free for part, free in parts)
    error = np.sqrt(variance)
    half = scipy.stats.t.ppf(0.5 + LEVEL / 2, freedom) * error
    p_value = 2 * scipy.stats.t.sf(abs(difference) / error, freedom)
    return Comparison(difference, float(difference - half), float(difference + half), float(p_value), reason)


def _shared(runs: Sequence[Influence]) -> float:
    """Variance of the mean arctanh(tau) that all runs owe to the architectures."""
    if len(runs) == 1:
        return runs[0].variance
    return max(float(np.mean([a.covariance(b) for a, b in itertools.combinations(runs, 2)])), 0.0)


def ceiling_of(repeats: Array) -> Estimate:
    """The truth against itself: mean tau over pairs of repeats (columns of [n, seeds]; missing = NaN).

    No predictor of one seed's truth can be expected to rank better. Each pair over the architectures that have both;
    the interval is over architectures.
    """
    repeats = np.asarray(repeats, dtype=float)
    pairs = []
    for i, j in itertools.combinations(range(repeats.shape[1]), 2):
        both = np.flatnonzero(~np.isnan(repeats[:, [i, j]]).any(axis=1))
        if len(both) > 1:
            pairs.append(influence(repeats[both, i], repeats[both, j], both))
    pairs = [pair for pair in pairs if not np.isnan(pair.tau)]
    if not pairs:
        return Estimate(np.nan, n_runs=0, reason="no architecture has two repeats of its truth")
    value = float(np.mean([pair.tau for pair in pairs]))
    variance = np.mean([a.covariance(b) for a, b in itertools.product(pairs, repeat=2)])
    half = scipy.stats.norm.ppf(0.5 + LEVEL / 2) * np.sqrt(max(float(variance), 0.0))
    centre = np.arctanh(np.clip(value, -1 + _BIT, 1 - _BIT))
    return Estimate(value, *map(float, np.tanh([centre - half, centre + half])), n_runs=len(pairs))


def correct_for_noise(tau: float, ceiling: float, n_seeds: float = 1) -> float:
    """tau against a truth without seed noise, from tau against the mean of `n_seeds` repeats and the tau between two.

    Spearman's disattenuation on the normal scale r = sin(pi tau / 2); the reliability of a mean of seeds is Spearman
    and Brown's. NaN where the ceiling is not positive; never beyond +-1.
    """
    between = np.sin(np.pi / 2 * ceiling)
    if not between > 0:
        return np.nan
    reliability = n_seeds * between / (1 + (n_seeds - 1) * between)
    return float(2 / np.pi * np.arcsin(np.clip(np.sin(np.pi / 2 * tau) / np.sqrt(reliability), -1, 1)))


def adjust_p_values(p_values: Array, method: str = "holm") -> Array:
    """p-values [n] adjusted for being many; NaN stays NaN and does not count.

    Args:
        method: "holm" (no false finding at all) or "bh" (Benjamini and Hochberg: few among the findings).

    Raises:
        InputError: another method.
    """
    p_values = np.asarray(p_values, dtype=float)
    result, tested = np.full(p_values.shape, np.nan), ~np.isnan(p_values)
    p = p_values[tested]
    if method == "bh":
        result[tested] = scipy.stats.false_discovery_control(p) if len(p) else p
    elif method == "holm":
        order = np.argsort(p)
        stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
        adjusted = np.empty_like(p)
        adjusted[order] = np.minimum(stepped, 1)
        result[tested] = adjusted
    else:
        raise unknown("method", method, ("holm", "bh"))
    return result
