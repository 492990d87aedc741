"""Is one recipe better than another: the difference of mean taus on the same architectures, with interval and test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used

from nasbias.errors import unknown
from nasbias.statistics.influence import Influence
from nasbias.statistics.intervals import (
    ONE_RUN,
    Part,
    combine_runs,
    error_parts,
    half_width,
    mean_over_runs,
    two_sided_p,
)
from nasbias.statistics.spread import Spread

Array = np.ndarray


@dataclass(frozen=True)
class Comparison:
    """`difference` = mean tau of A - mean tau of B, its 95 % interval and two-sided p-value."""

    difference: float
    low: float = np.nan
    high: float = np.nan
    p_value: float = np.nan
    reason: str = ""


def compare_runs(
    first: Sequence[Influence],
    second: Sequence[Influence],
    first_spread: Spread | None = None,
    second_spread: Spread | None = None,
) -> Comparison:
    """Is supernet A better than B on this space? Paired over the architectures that both were scored on.

    Args:
        first_spread, second_spread: of each recipe's seeds, pooled over its training lengths (`spread_of`).

    The variance of the difference of the mean taus has a part from the architectures (what helps both cancels) and a
    part from each recipe's seeds; the seeds' two parts share one t (Welch). With fewer than two runs on a side the seed
    is not covered: the same recipe would be called better than itself in most draws, so there is no interval and no
    p-value. Simulated (`analysis.coverage --others`) with 2, 3 and 5 runs a side, the interval covers 96 to 100 % with
    64 or 1,000 architectures and 98 to 100 % with 20: rather too wide than too narrow.
    """
    if min(len(first), len(second)) < 2:
        difference = mean_over_runs(first).value - mean_over_runs(second).value
        sides = " and of ".join(name for name, runs in (("A", first), ("B", second)) if len(runs) < 2)
        return Comparison(difference, reason=f"fewer than two runs of {sides}: the seed is not covered")
    return _compare(first, second, [first_spread, second_spread])


def compare_same_runs(first: Sequence[Influence], second: Sequence[Influence]) -> Comparison:
    """Mean of tau of A minus tau of B where A and B are the same supernets twice: run i of one is run i of the other.

    Two checkpoints of each run, two ways to score it, two truths: what a seed does to both cancels, which
    `compare_runs` takes for two seeds. The interval is `combine_runs` of the runs' differences. Simulated
    (`analysis.coverage --others`) with 2, 3 and 5 runs, it covers 96 to 100 %.

    Raises:
        ValueError: not as many of one as of the other.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} runs are not the same")
    differences = np.array([one.tau - other.tau for one, other in zip(first, second)])
    difference = float(differences.mean()) if len(differences) else np.nan
    if np.isnan(difference):
        return Comparison(np.nan, reason=mean_over_runs([*first, *second]).reason)
    if len(first) < 2:
        return Comparison(difference, reason="fewer than two runs: the seed is not covered")
    items = np.unique(np.concatenate([run.items for run in (*first, *second)]))
    if len(items) < 4:
        return Comparison(difference, reason=f"{len(items)} architectures: an interval needs four")
    pulls = np.zeros((len(first), len(items)))
    for row, one, other in zip(pulls, first, second):
        row[np.searchsorted(items, one.items)] += (1 - one.tau**2) * one.pull
        row[np.searchsorted(items, other.items)] -= (1 - other.tau**2) * other.pull
    found = combine_runs(differences[:, None], pulls[:, :, None])
    low, high, p_value = (float(each[0]) for each in (found.low, found.high, found.p_value))
    return Comparison(difference, low, high, p_value)


def compare_with_fixed(runs: Sequence[Influence], fixed: Influence, spread: Spread | None = None) -> Comparison:
    """`compare_runs` with something that has no seed, such as the parameter count.

    With one run and no `spread` the interval is about this run, and `reason` says so.
    """
    return _compare(runs, [fixed], [spread])


def _compare(first: Sequence[Influence], second: Sequence[Influence], spreads: Sequence[Spread | None]) -> Comparison:
    """The comparison; a side beyond the given `spreads` has no seeds."""
    one, other = mean_over_runs(first), mean_over_runs(second)
    difference = one.value - other.value
    if np.isnan(difference):
        return Comparison(np.nan, reason=one.reason if np.isnan(one.value) else other.reason)
    n = min(len(run.pull) for run in (*first, *second))
    if n < 4:
        return Comparison(difference, reason=f"{n} architectures: an interval needs four")
    slopes = (1 - one.value**2, 1 - other.value**2)
    sides = [error_parts(first, spreads[0]), error_parts(second, spreads[1] if len(spreads) > 1 else None)]
    crossed = float(np.mean([a.covariance(b) for a in first for b in second]))
    shared = sum(slope**2 * float(side[0].variance) for slope, side in zip(slopes, sides))
    parts = [Part(max(shared - 2 * slopes[0] * slopes[1] * crossed, 0.0), n - 1.0)]
    seeds = [(slope**2, part) for slope, (_, part) in zip(slopes, sides) if part is not None]
    if seeds:
        variances = np.array([scale * float(part.variance) for scale, part in seeds])
        errors = variances**2 / np.array([part.freedom for _, part in seeds], dtype=float)
        freedom = variances.sum() ** 2 / errors.sum() if errors.sum() > 0 else 1.0
        parts.append(Part(variances.sum(), freedom, sum(scale * float(part.least) for scale, part in seeds), n - 1.0))
    half = float(half_width(parts))
    reason = ONE_RUN if sides[0][1] is None else ""
    if half == 0:
        return Comparison(difference, difference, difference, float(difference == 0), reason)
    return Comparison(difference, difference - half, difference + half, float(two_sided_p(difference, parts)), reason)


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
