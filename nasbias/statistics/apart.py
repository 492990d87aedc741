"""Runs that the others do not explain: one that failed, or was trained otherwise, among runs of one recipe."""

from collections.abc import Sequence

import numpy as np
import scipy  # its parts are imported when they are first used

from nasbias.statistics.influence import BIT, Influence
from nasbias.statistics.intervals import LEVEL, split_error

FEWEST = 4  # runs: what is left without one must tell its own spread


def stand_apart(runs: Sequence[Influence]) -> list[int]:
    """Places of the runs whose tau lies apart from the others': where all are alike there is one in 5 % of cases.

    Each run is held against the rest by a t of their spread on the arctanh scale (never taken below what the
    architectures alone make of it), Bonferroni over the runs. With fewer than four nothing is said: each run's tau
    stands beside the mean anyway.
    """
    taus = np.array([run.tau for run in runs])
    if len(taus) < FEWEST or np.isnan(taus).any():
        return []
    z, least = np.arctanh(np.clip(taus, -1 + BIT, 1 - BIT)), split_error(runs)[1]
    found = []
    for place in range(len(z)):
        rest = np.delete(z, place)
        variance = max(float(rest.var(ddof=1)), least, BIT) * (1 + 1 / len(rest))
        away = abs(z[place] - rest.mean()) / np.sqrt(variance)
        p = 2 * scipy.special.stdtr(len(rest) - 1, -away)
        if p < (1 - LEVEL) / len(z):
            found.append(place)
    return found
