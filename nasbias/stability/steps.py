"""What the last mini-batches do to a ranking: one supernet scored after each of its last steps.

P1 (arXiv 2001.01431): every step trains one architecture and disturbs the others, so the ranking swings within an
epoch; in a fixed order it swings with the order's period, and the architecture just trained looks best.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy  # its parts are imported when they are first used

from nasbias.matching import Matched, Scored, align_scores
from nasbias.statistics.kendall import dense_ranks
from nasbias.statistics.metrics import METRICS, kendall_tau

Array = np.ndarray
LAGS = (1, 2, 4, 8, 16, 32, 48, 64, 96, 128)
_SMALL = 512  # architectures up to which all pairs of rankings are one matrix product


@dataclass(frozen=True)
class Steps:
    """One run's scores [steps, n] after each of its steps (ascending), higher = better, and the truth [n]."""

    run: str
    seed: int | None
    step: Array
    items: Array
    scores: Array
    truth: Array
    trained: Sequence[int | None] | None = None  # per step the place of the architecture it trained


def collect_steps(matched: Matched, score: str, bn: str | None) -> list[Steps]:
    """The runs that were scored after two steps or more, over the architectures that every step scored."""
    runs: dict[tuple, dict[int, Scored]] = {}
    for row in matched.rows:
        if row.keys["score"] == score and row.keys["bn"] == bn and row.keys["step"] is not None:
            runs.setdefault((row.keys["run"], row.keys["seed"]), {})[int(row.keys["step"])] = row
    result = []
    for (run, seed), rows in runs.items():
        if len(rows) < 2:
            continue
        step = np.array(sorted(rows))
        items, scores = align_scores([rows[at] for at in step.tolist()])
        truth = matched.architectures["truth"].to_numpy(dtype=float)[items]
        trained = [_place_of_trained(rows[at], items) for at in step.tolist()]
        known = trained if any(place is not None for place in trained) else None
        result.append(Steps(str(run), seed, step, items, scores, truth, known))
    return result


def summarise_steps(steps: Steps, last: int = 64) -> dict[str, Any]:
    """The last `last` steps of one run.

    Returns:
        `run, seed`, `k` steps used (fewer where fewer are given) from `first_step` to `last_step`, `gt_tau_mean`,
        `gt_tau_std` (population), `t1r`, `t3r` (means), and over ALL steps given `tau_at_lag` and `autocorrelation` (of
        every architecture's score, mean), keyed by the lag in steps; lags that no two steps have are left out. `gain`
        of the architecture just trained (see `measure_gain`), missing where the predictions do not say which it was.
    """
    scores = steps.scores[-last:]
    taus = np.array([kendall_tau(row, steps.truth) for row in scores])
    return {
        "run": steps.run,
        "seed": steps.seed,
        "k": len(scores),
        "first_step": int(steps.step[-len(scores)]),
        "last_step": int(steps.step[-1]),
        "gt_tau_mean": float(taus.mean()),
        "gt_tau_std": float(taus.std()),
        "t1r": float(np.mean([METRICS["top1_rank"](row, steps.truth) for row in scores])),
        "t3r": float(np.mean([METRICS["top3_rank"](row, steps.truth) for row in scores])),
        "tau_at_lag": measure_tau_at_lag(steps),
        "autocorrelation": measure_autocorrelation(steps),
        "gain": measure_gain(steps, steps.trained or []),
    }


def follow_steps(steps: Steps) -> pd.DataFrame:
    """GT-Tau after each step of one run: `run, seed, step, gt_tau`."""
    taus = [kendall_tau(row, steps.truth) for row in steps.scores]
    return pd.DataFrame({"run": steps.run, "seed": steps.seed, "step": steps.step, "gt_tau": taus})


def follow_lags(steps: Steps) -> pd.DataFrame:
    """How alike steps are at every lag up to two thirds of those given: `run, seed, lag, autocorrelation, tau`."""
    lags = range(1, max(2 * len(steps.step) // 3, 1) + 1)
    tau, own = measure_tau_at_lag(steps, lags), measure_autocorrelation(steps, lags)
    keys = {"run": steps.run, "seed": steps.seed}
    return pd.DataFrame(
        [{**keys, "lag": int(lag), "autocorrelation": own.get(lag, np.nan), "tau": tau[lag]} for lag in tau]
    )


def measure_tau_at_lag(steps: Steps, lags: Sequence[int] = LAGS) -> dict[str, float]:
    """Mean tau between the rankings that many steps apart, over all steps."""
    result = {}
    matrix = tau_matrix(steps.scores) if steps.scores.shape[1] <= _SMALL else None
    for lag, first, second in _pairs_at(steps.step, lags):
        if matrix is not None:
            taus = matrix[first, second]
        else:
            taus = [kendall_tau(steps.scores[i], steps.scores[j]) for i, j in zip(first, second)]
        result[str(lag)] = float(np.mean(taus))
    return result


def measure_autocorrelation(steps: Steps, lags: Sequence[int] = LAGS) -> dict[str, float]:
    """Autocorrelation of an architecture's score over the steps, mean over the architectures whose score moves."""
    centred = steps.scores - steps.scores.mean(axis=0)
    variance = centred.var(axis=0)
    moving = variance > 0
    result = {}
    for lag, first, second in _pairs_at(steps.step, lags):
        if moving.any():
            products = (centred[first] * centred[second]).mean(axis=0)
            result[str(lag)] = float((products[moving] / variance[moving]).mean())
    return result


def measure_gain(steps: Steps, trained: Sequence[int | None], window: int = 8) -> dict[str, float]:
    """How much the architecture that a step trained gains there over its own score in the steps around.

    Args:
        trained: per step the place (column of `scores`) of the architecture it trained, None where that was not scored.
        window: steps before and after that make its usual score.

    Returns:
        `gain` in the score's unit, its standard error `error`, `rank_gain` (places gained among the architectures; > 0:
        better), and `n` steps used.
    """
    ranks = (-steps.scores).argsort(axis=1, kind="stable").argsort(axis=1)
    gains, places = [], []
    for i, column in enumerate(trained):
        around = [j for j in range(i - window, i + window + 1) if 0 <= j < len(steps.step) and j != i]
        if column is None or not around:
            continue
        gains.append(steps.scores[i, column] - steps.scores[around, column].mean())
        places.append(ranks[around, column].mean() - ranks[i, column])
    if not gains:
        return {"gain": np.nan, "error": np.nan, "rank_gain": np.nan, "n": 0}
    error = float(np.std(gains, ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else np.nan
    return {"gain": float(np.mean(gains)), "error": error, "rank_gain": float(np.mean(places)), "n": len(gains)}


def tau_matrix(scores: Array) -> Array:
    """tau-b [k, k] between all rows of [k, n]; NaN beside constant rows.

    Up to 512 architectures one matrix product (memory k * n^2 / 2); beyond that 1 ms a pair at n = 15,625.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.shape[1] > _SMALL:
        return _tau_matrix_by_pairs(scores)
    first, second = np.triu_indices(scores.shape[1], 1)
    signs = np.sign(scores[:, first] - scores[:, second])
    balance = signs @ signs.T
    free = np.diag(balance)
    scale = np.sqrt(np.outer(free, free))
    return np.where(scale > 0, np.clip(balance / np.where(scale > 0, scale, 1), -1, 1), np.nan)


def _tau_matrix_by_pairs(scores: Array) -> Array:
    """Pair by pair with scipy's count, on ranks of 16 bits in one row's order: its sorts then take half the time."""
    k = len(scores)
    ranks = [dense_ranks(row) for row in scores]
    if scores.shape[1] <= 2**16:
        ranks = [row.astype(np.uint16) for row in ranks]
    matrix = np.full((k, k), np.nan)
    constant = [bool(row.max() == row.min()) for row in ranks]
    for i in range(k):
        if constant[i]:
            continue
        matrix[i, i] = 1.0
        order = np.argsort(ranks[i], kind="stable")
        ordered = ranks[i][order]
        for j in range(i):
            if not constant[j]:
                tau = scipy.stats.kendalltau(ranks[j][order], ordered).statistic
                matrix[i, j] = matrix[j, i] = float(tau)
    return matrix


def _place_of_trained(row: Scored, items: Array) -> int | None:
    if row.trained is None or not row.trained.any():
        return None
    places = np.flatnonzero(items == row.items[row.trained][0])
    return int(places[0]) if len(places) else None


def _pairs_at(step: Array, lags: Sequence[int]):
    """(lag, places of the earlier, places of the later step) for the lags that occur."""
    place = pd.Index(step)
    for lag in lags:
        later = place.get_indexer(pd.Index(step + lag))
        first = np.flatnonzero(later >= 0)
        if len(first):
            yield lag, first, later[first]
