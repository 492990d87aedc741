"""How sure a mean over runs is: one way to lay an interval, for every study.

Two things vary when a supernet is judged: which architectures were scored and which seed the supernet had. Intervals
of one run cover the first only (the seed's part is unknown and said to be); intervals over runs cover both. Low and
high are always the 95 % interval. Coverage is measured in analysis/coverage.py (data/coverage.json).
"""

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used

from nasbias.statistics.influence import BIT, Influence, influence, spearman_influence
from nasbias.statistics.metrics import why_undefined
from nasbias.statistics.spread import Group, Spread, moderate_spread, pool_spread

Array = np.ndarray
LEVEL = 0.95
ONE_RUN = "one run: the part of the seed is unknown"


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; `reason` says why something is NaN, or what the interval does not cover.

    `error_architectures` and `error_runs` are standard errors on the value's scale; `error_runs` is NaN where the
    spread between seeds is unknown.
    """

    value: float
    low: float = np.nan
    high: float = np.nan
    error_architectures: float = np.nan
    error_runs: float = np.nan
    n_runs: int = 1
    reason: str = ""


@dataclass(frozen=True)
class Part:
    """One source of error: its variance, estimated with `freedom` degrees, which is at least `least`, known with
    `least_freedom`. Numbers or arrays of one shape."""

    variance: Array | float
    freedom: Array | float
    least: Array | float = 0.0
    least_freedom: Array | float = 1e9


def half_width(parts: Sequence[Part], p: Array | float = 1 - LEVEL) -> Array:
    """Half the width of the interval that leaves out `p`: each part with a Student's t of its own, added in squares.

    Cochran's way: Satterthwaite's common t covers only 92 % with three runs. A part known to be at least so much is
    never taken for less, with the t of that knowledge: no jump where runs agree by chance.
    """

    def squared(part: Part) -> Array:
        # stdtrit is what scipy.stats.t.isf calls, at a twentieth of its time.
        estimated = scipy.special.stdtrit(part.freedom, np.asarray(p) / 2) ** 2 * part.variance
        known = scipy.special.stdtrit(part.least_freedom, np.asarray(p) / 2) ** 2 * part.least
        return np.maximum(estimated, known)

    return np.sqrt(sum(squared(part) for part in parts))


def two_sided_p(value: Array | float, parts: Sequence[Part]) -> Array:
    """The p at which the interval of `half_width` around the value ends at 0: test and interval never disagree."""
    size = np.abs(np.asarray(value, dtype=float))
    low, high = np.full(size.shape, -100.0), np.zeros(size.shape)  # log10 p: below it t with one degree overflows
    for _ in range(45):
        middle = (low + high) / 2
        wider = half_width(parts, 10.0**middle) > size
        low, high = np.where(wider, middle, low), np.where(wider, high, middle)
    return 10.0**high


def split_error(runs: Sequence[Influence]) -> tuple[float, float]:
    """(shared, least): variances of arctanh(tau) over architectures: of the mean of ever so many runs, which all owe to
    the same architectures, and what architectures alone make one run differ from another. One run: all, 0."""
    own = float(np.mean([run.variance for run in runs]))
    if len(runs) < 2:
        return own, 0.0
    shared = float(np.mean([first.covariance(second) for first, second in itertools.combinations(runs, 2)]))
    shared = max(shared, 0.0)
    return shared, max(own - shared, 0.0)


def spread_of(lengths: Sequence[Sequence[Influence]], names: Sequence[Sequence[Hashable]] = ()) -> Spread | None:
    """The seed's variance of arctanh(tau), pooled over training lengths of one recipe (see `pool_spread`).

    Args:
        lengths: per training length the runs.
        names: per training length the runs' names, so that checkpoints of one run are known as such.

    Runs without a tau, and with +-1, are left out.
    """
    groups = []
    for i, runs in enumerate(lengths):
        kept = [k for k, run in enumerate(runs) if 1 - abs(run.tau) >= BIT]
        if len(kept) > 1:
            chosen = [runs[k] for k in kept]
            labels = tuple(names[i][k] for k in kept) if names else ()
            groups.append(Group(np.arctanh([run.tau for run in chosen]), split_error(chosen)[1], labels))
    return pool_spread(groups)


def mean_over_runs(runs: Sequence[Influence], spread: Spread | None = None) -> Estimate:
    """Mean tau over runs with an interval for new seeds AND new architectures (for one run: new architectures only).

    Args:
        runs: of one training length, from `influence` (or `spearman_influence`).
        spread: the seed's variance from all training lengths of the recipe (`spread_of`). Without it these runs alone
            tell it. With it even a single run has an interval that covers the seed.

    On the arctanh scale, as a crossed design of runs x architectures: the variance of the mean is s^2 / R (the spread
    between runs, which holds the run-by-architecture interaction) plus the mean covariance between runs (what all runs
    owe to the same architectures). s^2 / R is never taken below what the architectures alone make of it. Runs
    whose tau is NaN make the mean NaN.

    Simulated (`analysis.coverage`), 46 of 86 cells cover 93 to 97 %, ties of 100 or 1,000 images and unequal runs
    included. 35 cover more, up to 99.7 %: those with two or three runs, where a t of few degrees is right for the seeds
    and stands beside an error that is known well, those with 20 architectures, and by chance a few of 97 to 98 %. 5
    cover less: one at 92.5 %, and those where one run in five fails: 74 to 97 % with five runs at one length, 86 to 93
    % with four lengths pooled. Runs that all went well cannot know it; one that did not is found by `stand_apart`.
    """
    taus = np.array([run.tau for run in runs])
    if not len(taus) or np.isnan(taus).any():
        bad = int(np.isnan(taus).sum())
        return Estimate(np.nan, n_runs=len(taus), reason=f"{bad} of {len(taus)} runs have no tau" if bad else "no runs")
    value, n_runs = float(taus.mean()), len(taus)
    n = min(len(run.pull) for run in runs)
    if n < 4:
        return Estimate(value, n_runs=n_runs, reason=f"{n} architectures: an interval needs four")
    shared, seeds = error_parts(runs, spread)
    half = half_width([shared] if seeds is None else [shared, seeds])
    # The mean of taus is the value; the interval is laid around it on the arctanh scale.
    centre = np.arctanh(np.clip(value, -1 + BIT, 1 - BIT))
    slope = 1 - value**2
    return Estimate(
        value,
        *map(float, np.tanh([centre - half, centre + half])),
        error_architectures=slope * float(np.sqrt(shared.variance)),
        error_runs=np.nan if seeds is None else slope * float(np.sqrt(max(seeds.variance, seeds.least))),
        n_runs=n_runs,
        reason=ONE_RUN if seeds is None else "",
    )


def error_parts(runs: Sequence[Influence], spread: Spread | None = None) -> tuple[Part, Part | None]:
    """The two parts of the error of a mean arctanh(tau): of the architectures, and of the seeds (None: unknown)."""
    n = min(len(run.pull) for run in runs)
    shared, least = split_error(runs)
    if spread is None and len(runs) > 1:
        # A tau of +-1 has no place on the scale: nothing is left to vary, or it is one of many and far out.
        z = np.arctanh(np.clip([run.tau for run in runs], -1 + BIT, 1 - BIT))
        spread = pool_spread([Group(z, least)])
    if spread is None:
        return Part(shared, n - 1.0), None
    if len(runs) == 1:
        # The run's own jackknife holds its share of the interaction already: only the seed comes on top.
        return Part(shared, n - 1.0), Part(*spread.at(0.0))
    variance, freedom = spread.at(least)
    return Part(shared, n - 1.0), Part(variance / len(runs), freedom, least / len(runs), n - 1.0)


def tau_interval(score: Array, truth: Array) -> Estimate:
    """Kendall's tau-b of one run with the interval that other architectures of the space would move it in.

    The seed of the supernet is not in it: with one run its part is unknown.
    """
    reason = why_undefined(score, truth)
    return mean_over_runs([influence(score, truth)]) if not reason else Estimate(np.nan, reason=reason)


def spearman_over_runs(scores: Array, truth: Array, spread: Spread | None = None) -> Estimate:
    """Mean Spearman correlation of scores [runs, n] with truth [n]: `mean_over_runs` of `spearman_influence`."""
    estimate = mean_over_runs([spearman_influence(score, truth) for score in scores], spread)
    return Estimate(np.nan, n_runs=len(scores), reason="constant") if np.isnan(estimate.value) else estimate


def mean_interval(
    values: Sequence[float] | Array, low: float, high: float, others: Sequence[Sequence[float] | Array] = ()
) -> tuple[float, float, float]:
    """Mean over runs and its 95 % interval (Student's t) within [low, high], which for one run is unknown (NaN).

    Args:
        others: the same quantity at the recipe's other training lengths, other runs each: their spread is pooled
            (`pool_spread`), which must be sound on the values' own scale.
    """
    values = np.asarray(values, dtype=float)
    mean, n = float(values.mean()), len(values)
    spread = pool_spread([Group(np.asarray(group, dtype=float)) for group in (values, *others)])
    if spread is None or np.isnan(mean):
        return mean, np.nan, np.nan
    variance, freedom = spread.at(0.0)
    half = float(half_width([Part(variance / n, freedom)]))
    return mean, max(mean - half, low), min(mean + half, high)


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

    With many estimates of one kind (K of eight or more) the spread between runs is pooled over them as far as they
    agree, in units of what the architectures make it (`moderate_spread`). The p-value is that of the interval.
    Simulated (`analysis.coverage --others`) with 2, 3 and 5 runs, it covers 95 to 96 % with K = 30 and 96 to 99 % with
    K = 1.
    """
    n_runs, n = pulls.shape[:2]
    own = (pulls**2).sum(axis=1).mean(axis=0)
    value = values.mean(axis=0)
    if n_runs == 1:
        parts = [Part(own, n - 1.0)]
        variance = own
    else:
        together = (pulls.sum(axis=0) ** 2).sum(axis=0)
        shared = np.maximum((together - n_runs * own) / (n_runs * (n_runs - 1)), 0)
        least = np.maximum(own - shared, 0) / n_runs
        between, freedom = moderate_spread(values.var(axis=0, ddof=1) / n_runs, least, n_runs - 1.0)
        parts = [Part(shared, n - 1.0), Part(between, freedom, least, n - 1.0)]
        variance = shared + np.maximum(between, least)
    half = half_width(parts)
    p_value = np.where(variance > 0, two_sided_p(value, parts), np.nan)
    return Combined(value, value - half, value + half, np.sqrt(variance), np.where(np.isnan(half), np.nan, p_value))
