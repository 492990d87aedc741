"""How wrong the truth itself is by chance, and what it would most likely be without that.

Among architectures of equal MEASURED truth the better operation truly is better, so a noisy truth makes a fair supernet
look as if it overrated what is good: at a noise of one point of accuracy by up to nine points of score (NAS-Bench-201).
The noise comes from the truth's repeats, from the user, or from what is known of its source.
"""

import numpy as np

from nasbias.bias.effects import percentiles
from nasbias.errors import InputError
from nasbias.matching import Panel, Truth

Array = np.ndarray
# Standard deviation of one value, in points of accuracy, by the format of the source.
KNOWN = {
    # Robust sd of its difference from the benchmark's own means, median over deciles; a little of it is the mean's.
    "analog-nasbench": 0.25,
    # Its own column: sd .44 of one seed, pooled over the 64, by sqrt(10).
    "p1-64": 0.14,
}
# Of the correction for noise .16 to .29 stayed wrong when simulated on NAS-Bench-201; a quarter (one sd)
# goes into the interval. Chosen on three draws at which .2 was too little; checked on others: analysis.bias_coverage.
DOUBT = 0.25
_CELLS, _PER_CELL, _GRID, _ROUNDS = 20, 50, 200, 30
_REPEATED = 10  # architectures with repeats from which a noise is estimated


def known_noise(truth: Truth) -> float | None:
    """The noise (sd, in the truth's unit) that is known of the truth's source; None where nothing is."""
    return KNOWN.get(str(truth.about.get("format")))


def noise_of(panel: Panel, stated: float | None = None, known: float | None = None) -> Array | None:
    """Standard deviation [n] of each architecture's truth by chance, in its unit; None where it is not known.

    Args:
        stated: what the user says; it goes before the truth's repeats.
        known: what is known of the source, for a truth without repeats.

    Raises:
        InputError: a stated noise that is negative or no number.
    """
    if stated is not None:
        if not 0 <= stated < np.inf:
            raise InputError(f"the truth's noise is a standard deviation of 0 or more, not {stated:g}.")
        return np.full(panel.n, float(stated))
    from_repeats = noise_from_repeats(panel.truth, panel.repeats)
    if from_repeats is None and known is not None:
        return np.full(panel.n, float(known))
    return from_repeats


def noise_from_repeats(truth: Array, repeats: Array) -> Array | None:
    """Standard deviation [n] of the mean of an architecture's repeats [n, seeds, missing = NaN].

    Pooled over architectures of similar truth, since bad ones vary more. None with fewer than ten that have two.
    """
    repeats = np.asarray(repeats, dtype=float)
    counts = (~np.isnan(repeats)).sum(axis=1)
    repeated = np.flatnonzero(counts > 1)
    if len(repeated) < _REPEATED:
        return None
    spread = np.nanvar(repeats[repeated], axis=1, ddof=1)
    bands = np.array_split(repeated[np.argsort(truth[repeated], kind="stable")], max(1, min(10, len(repeated) // 20)))
    variance_of = dict(zip(repeated.tolist(), spread))
    freedom_of = counts - 1
    pooled = [np.average([variance_of[i] for i in band], weights=freedom_of[band]) for band in bands]
    middle = [truth[band].mean() for band in bands]
    return np.sqrt(np.interp(truth, middle, pooled) / np.maximum(counts, 1))


def noise_of_percentiles(truth: Array, noise: Array) -> Array:
    """Variance [n] of the truth's percentile that its noise [n] makes, in squared percentile points."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    moved = truth[:, None] + np.asarray(noise)[:, None] * nodes
    ordered = np.sort(truth)
    # Between the ranks from left and right, so that ties do not count as noise.
    below, upto = (np.searchsorted(ordered, moved, side=side) for side in ("left", "right"))
    places = 50 * (below + upto) / len(truth)
    weights = weights / weights.sum()
    return (places - (places @ weights)[:, None]) ** 2 @ weights


def calibrate_truth(truth: Array, noise: Array | None, design: Array) -> Array:
    """Percentiles [n] that the truth is expected to have without its noise, given its decisions.

    Empirical Bayes: architectures whose decisions predict a similar truth share a distribution of true values, found
    by deconvolution (EM on a grid); each percentile becomes its posterior mean. Putting E[truth | measured, decisions]
    in the truth's place is regression calibration: it takes the false effects away.

    Args:
        truth: as measured [n], higher = better; its `noise` [n] (sd, same unit), None = unknown: left as it is.
        design: [n, K] the decisions whose effects will be asked for.
    """
    plain = percentiles(truth)
    if noise is None or not np.any(noise > 0):
        return plain
    n = len(truth)
    matrix = np.hstack([np.ones((n, 1)), design])
    solution, *_ = np.linalg.lstsq(matrix, plain, rcond=None)
    order = np.argsort(matrix @ solution, kind="stable")
    grid = np.unique(np.quantile(truth, np.linspace(0, 1, _GRID)))
    sd = np.maximum(noise, 1e-9 + 1e-6 * np.ptp(truth))
    posterior, overall = np.empty((n, len(grid))), np.zeros(len(grid))
    for cell in np.array_split(order, max(1, min(_CELLS, n // _PER_CELL))):
        distance = ((truth[cell][:, None] - grid) / sd[cell][:, None]) ** 2
        likelihood = np.exp(-0.5 * (distance - distance.min(axis=1, keepdims=True)))
        # EM is slow to narrow a prior: it starts from the measured values, drawn together as far as noise spread them.
        middle, variance = truth[cell].mean(), max(float(truth[cell].var()), 1e-12)
        narrow = np.sqrt(np.clip(1 - (sd[cell] ** 2).mean() / variance, 0.05, 1))
        places = np.searchsorted(grid, middle + narrow * (truth[cell] - middle))
        prior = np.bincount(np.minimum(places, len(grid) - 1), minlength=len(grid)) + 0.1
        for _ in range(_ROUNDS):
            share = likelihood * prior
            share /= share.sum(axis=1, keepdims=True)
            prior = share.mean(axis=0)
        posterior[cell] = share
        overall += prior * len(cell) / n
    return posterior @ (100 * (np.cumsum(overall) - overall / 2))
