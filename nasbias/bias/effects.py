"""Which architectures a supernet misjudges at EQUAL truth: effects of operations and of size, with intervals.

Noise alone shrinks ranks towards the middle, so the raw rank difference makes everything good look underestimated. Two
effects compare architectures of the same truth instead. In points of the score (`fit_at_truth`): percentile of the
score = G(percentile of the truth) + effects. In points of the truth (`fit_equal_truth`): percentile of the score =
F(percentile of the truth + effects), "scored as if its true rank were so much better"; that one is free of the score's
scale and of how much noise flattens it, but it can be larger than the scale. F and G are smooth and unknown.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used

Array = np.ndarray
KNOTS = 6  # inner knots of F, at quantiles: a straight line leaves half a point of false effects, a spline a tenth
_ROUNDS = 4
_MIN_SLOPE = 0.1


@dataclass(frozen=True)
class EqualTruth:
    """One run's fit: `effect` [K] in percentile points of truth, `pull` [n, K] (each column sums in squares to its
    variance), and `slope`, the points of score that a point of truth is worth. NaN where the slope is too flat."""

    effect: Array
    pull: Array
    slope: float


def percentiles(values: Array) -> Array:
    """Ranks as percentiles, 0 to 100, the best highest, ties at their mean; along the last axis."""
    ranks = scipy.stats.rankdata(values, axis=-1)
    return 100 * (ranks - 0.5) / np.shape(values)[-1]


def fit_equal_truth(score: Array, truth: Array, design: Array) -> EqualTruth:
    """Fit percentile of score = F(truth + design @ effect) by least squares (Gauss-Newton, F a cubic spline).

    Args:
        score, truth: percentiles [n].
        design: [n, K], full column rank beside a constant.
    """
    slope = float(np.polyfit(truth, score, 1)[0])
    n, k = design.shape
    if slope < _MIN_SLOPE:
        return EqualTruth(np.full(k, np.nan), np.full((n, k), np.nan), slope)
    effect = np.zeros(k)
    gradient = np.full(n, slope)
    basis, _ = spline_basis(truth)
    for step in range(_ROUNDS):
        moved = gradient[:, None] * design
        matrix = np.hstack([basis, moved])
        solution, *_ = np.linalg.lstsq(matrix, score + moved @ effect, rcond=None)
        residual = score + moved @ effect - matrix @ solution
        effect = solution[basis.shape[1] :]
        if step == _ROUNDS - 1:
            break
        index = truth + design @ effect
        basis, _ = spline_basis(index)
        # The slope of F from a single cubic: with knots it follows the noise and the intervals come out a third too
        # narrow (simulated). F rises by assumption; where the fit says it does not, that is noise about a flat piece.
        cubic, derivative = spline_basis(index, knots=0)
        shape, *_ = np.linalg.lstsq(cubic, score, rcond=None)
        gradient = np.maximum(derivative @ shape, 0.2 * slope)
    residual = residual * np.sqrt(n / max(n - matrix.shape[1], 1))
    pull = (np.linalg.pinv(matrix) * residual)[basis.shape[1] :].T
    return EqualTruth(effect, pull, slope)


def fit_at_truth(scores: Array, truth: Array, design: Array) -> tuple[Array, Array]:
    """Effects [runs, K] in points of score at equal truth, and their pulls [runs, n, K]: each run's score percentiles
    [runs, n] on spline(truth) and design. Nothing leaves the scale, as nothing is moved along it."""
    basis, _ = spline_basis(truth)
    matrix = np.hstack([basis, design])
    inverse = np.linalg.pinv(matrix)
    solution = scores @ inverse.T
    residual = (scores - solution @ matrix.T) * np.sqrt(len(truth) / max(len(truth) - matrix.shape[1], 1))
    own = inverse[basis.shape[1] :].T
    return solution[:, basis.shape[1] :], residual[:, :, None] * own


def spline_basis(values: Array, knots: int = KNOTS) -> tuple[Array, Array]:
    """Cubic B-splines [n, knots + 4] with knots at quantiles of the values, and their derivatives; rows sum to one."""
    inner = np.unique(np.quantile(values, np.linspace(0, 1, knots + 2)))
    places = np.concatenate([np.repeat(inner[0], 3), inner, np.repeat(inner[-1], 3)])
    spline = scipy.interpolate.BSpline(places, np.eye(len(places) - 4), 3)
    return spline(values), spline.derivative()(values)


def contrast_decisions(codes: Array, n_values: int) -> Array:
    """Indicator columns [n, values - 1] of a decision's present values but the first, centred."""
    present = [value for value in range(n_values) if (codes == value).any()]
    columns = np.stack([(codes == value).astype(float) for value in present[1:]], axis=1) if len(present) > 1 else None
    return np.zeros((len(codes), 0)) if columns is None else columns - columns.mean(axis=0)


def compare_with_others(n_values: int, estimate: Array) -> Array:
    """Weights [values, values] that turn values' levels into each one minus the median of the others' `estimate`.

    Only differences between the values of a decision can be seen; the median leaves a bias of one operation with it,
    where the mean would spread the opposite over the others.
    """
    weights = np.eye(n_values)
    for value in range(n_values):
        others = np.delete(np.arange(n_values), value)
        ordered = others[np.argsort(estimate[others], kind="stable")]
        middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
        weights[value, middle] -= 1 / len(middle)
    return weights
