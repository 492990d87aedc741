"""What random rankings get: for each metric the median and the range of 95 % of them, exactly, on the given truths.

A supernet that finds good architectures at the very top must be held against picking them blindly: among ten of a
thousand there is always a good one.
"""

import numpy as np
import scipy  # its parts are imported when they are first used

from nasbias.statistics.intervals import LEVEL
from nasbias.statistics.metrics import METRICS, SPARSE_WIDTH, why_undefined

Array = np.ndarray
QUANTILES = (0.5, 0.5 - LEVEL / 2, 0.5 + LEVEL / 2)


def random_rankings(truth: Array) -> dict[str, tuple[float, float, float]]:
    """Per metric (`statistics.metrics`) median, low and high of random rankings of `truth` [n], higher = better.

    The tops are counted exactly (which place the best of k blindly chosen has); correlations are normal about 0 with
    their variance under independence, ties of the truth counted in (Kendall 1970).
    """
    truth = np.asarray(truth, dtype=float)
    n = len(truth)
    if why_undefined(np.arange(n), truth):
        return dict.fromkeys(METRICS, (np.nan, np.nan, np.nan))
    ordered = np.sort(truth)[::-1]
    normal = scipy.stats.norm.ppf(QUANTILES)
    result = {}
    for name, metric in METRICS.items():
        if name in ("gt_tau", "sparse_tau"):
            values = normal * _tau_error(truth if name == "gt_tau" else np.round(truth / SPARSE_WIDTH))
        elif name == "spearman":
            values = normal / np.sqrt(n - 1)
        else:
            k = metric.count(n)
            if name.startswith("p_"):
                values = scipy.stats.hypergeom(n, k, k).ppf(QUANTILES) / k
            else:
                place = _best_place(n, k)
                at = ordered[n - place] if name.startswith("wr_") else ordered[place - 1]
                values = at if name.startswith("best_") else (ordered[:, None] > at).sum(axis=0) + 1.0
                values = values / n if name.startswith(("br_", "wr_")) else values
        values = np.clip(values, *metric.bounds)  # of few architectures the normal reaches beyond the range
        result[name] = (float(values[0]), float(np.min(values)), float(np.max(values)))
    return result


def _best_place(n: int, k: int) -> Array:
    """Places (1 = best of n) of the best among `k` blindly chosen, at `QUANTILES`."""
    left = np.arange(n, 0.0, -1)  # after 0, 1, ... of the best were found not to be among the k
    beyond = np.cumprod(np.maximum(left - k, 0) / left)  # none of the k among the best p = 1 ... n
    return np.searchsorted(1 - beyond, np.asarray(QUANTILES) - 1e-11) + 1


def _tau_error(truth: Array) -> float:
    """Standard deviation of tau-b between `truth` and random rankings without ties."""
    n = len(truth)
    counts = np.unique(truth, return_counts=True)[1].astype(float)
    pairs = n * (n - 1) / 2
    free = pairs - (counts * (counts - 1)).sum() / 2
    if free <= 0:
        return np.nan
    variance = (n * (n - 1) * (2 * n + 5) - (counts * (counts - 1) * (2 * counts + 5)).sum()) / 18
    return float(np.sqrt(variance / pairs / free))
