"""The truth against itself: what no predictor of one training's outcome can be expected to beat."""

import itertools

import numpy as np
import scipy  # its parts are imported when they are first used

from nasbias.statistics.influence import BIT, influence
from nasbias.statistics.intervals import LEVEL, Estimate

Array = np.ndarray


def ceiling_of(repeats: Array) -> Estimate:
    """The truth against itself: mean tau over pairs of repeats (columns of [n, seeds]; missing = NaN).

    No predictor of one seed's truth can be expected to rank better. Each pair over the architectures that have both;
    the interval is over architectures. `n_runs` is the number of pairs.
    """
    repeats = np.asarray(repeats, dtype=float)
    pairs = []
    for i, j in itertools.combinations(range(repeats.shape[1]), 2):
        both = np.flatnonzero(~np.isnan(repeats[:, [i, j]]).any(axis=1))
        pairs.append(influence(repeats[both, i], repeats[both, j], both))
    pairs = [pair for pair in pairs if not np.isnan(pair.tau)]
    if not pairs:
        return Estimate(np.nan, n_runs=0, reason="no architecture has two repeats of its truth")
    value = float(np.mean([pair.tau for pair in pairs]))
    variance = np.mean([a.covariance(b) for a, b in itertools.product(pairs, repeat=2)])
    half = scipy.stats.norm.ppf(0.5 + LEVEL / 2) * np.sqrt(max(float(variance), 0.0))
    centre = np.arctanh(np.clip(value, -1 + BIT, 1 - BIT))
    return Estimate(value, *map(float, np.tanh([centre - half, centre + half])), n_runs=len(pairs))


def count_repeated(repeats: Array) -> int:
    """How many architectures have two repeats or more: those a ceiling stands on."""
    return int(((~np.isnan(np.asarray(repeats, dtype=float))).sum(axis=1) > 1).sum())


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
