"""Where a supernet's rank error comes from: shrinkage, size, decisions, their pairs, seed noise, what is unexplained.

The rank difference (percentile points, score minus truth) of every run and architecture is split, part after part, and
the shares add up to 100 %. What the truth's level alone predicts comes first: ranks shrink towards the middle. Noise
does that, but so does a bias that has nothing to do with the truth (without any noise a pure bias of decisions puts
14 % there), so only what the known noise makes is called noise. What the fits would explain of pure noise is taken off
(by degrees of freedom).
"""

import itertools

import numpy as np
import pandas as pd

from nasbias.bias.effects import contrast_decisions, percentiles, spline_basis
from nasbias.bias.truth_noise import noise_of_percentiles
from nasbias.matching import Panel
from nasbias.statistics.metrics import kendall_tau

Array = np.ndarray
_PER_COLUMN = 4  # architectures that a fitted column must have


def decompose_error(panel: Panel, noise: Array | None = None) -> pd.DataFrame:
    """Shares of the mean squared rank difference, in this order, each after the ones before it.

    Args:
        noise: standard deviation [n] of the truth by chance (`truth_noise.noise_of`); None = not known.

    Returns:
        `part`, `share` (per cent, adding up to 100), `points` (root mean square in percentile points), `n_columns`,
        `gt_tau_without` (mean tau over runs with only this part taken off the scores, by leave-one-out predictions;
        missing for what says nothing about a correction), `note`.
    """
    score, truth = percentiles(panel.scores), percentiles(panel.truth)
    difference = score - truth
    runs, n = difference.shape
    mean = difference.mean(axis=0)
    total = float((difference**2).mean())
    seed = float(difference.var(axis=0, ddof=1).mean()) if runs > 1 else np.nan
    blocks = _blocks(panel, truth)
    fitted, matrix, before = [np.zeros(n)], np.ones((n, 1)), mean - mean.mean()
    sums, columns = [], []
    residual = before
    for _, block in blocks:
        matrix = np.hstack([matrix, block])
        predicted, left, rank = _leave_one_out(matrix, mean)
        sums.append(float((residual**2).sum() - (left**2).sum()))
        columns.append(rank)
        fitted.append(predicted)
        residual = left
    spare = max(n - columns[-1], 1)
    left_over = float((residual**2).sum()) / spare
    gained = np.diff([1, *columns])
    explained = np.maximum((np.array(sums) - gained * left_over) / n, 0)
    truth_noise = np.nan if noise is None else float(noise_of_percentiles(panel.truth, noise).mean())
    rows = []
    for i, (name, _) in enumerate(blocks):
        without = _mean_tau(score - (fitted[i + 1] - fitted[i]), panel.truth) if i else np.nan
        if i == 0:
            rows += _shrinkage(float(explained[0]), int(gained[0]), truth, seed, truth_noise)
            continue
        rows.append([name, explained[i], int(gained[i]), without, ""])
    for name in ("size", "decisions", "pairs of decisions"):
        if name not in dict(blocks):
            rows.append([name, 0.0, 0, np.nan, f"not fitted: it does not vary, or {n:,} architectures are too few"])
    left = max(total - float(explained.sum()), 0.0)
    if runs == 1:
        note = "one run: seed noise and consistent bias can't be told apart"
        rows.append(["unexplained", left, 0, np.nan, note])
    else:
        consistent = min(max(float((mean**2).mean()) - float(explained.sum()) - seed / runs, 0.0), left)
        if not np.isnan(truth_noise):
            wrong_truth = min(truth_noise, consistent)
            consistent -= wrong_truth
            left -= wrong_truth
            rows.append(["truth noise", wrong_truth, 0, np.nan, "seed noise of the truth, the same for all runs"])
        keep = consistent / (consistent + seed / runs) if consistent > 0 else 0.0
        without = _mean_tau(score - keep * (mean - fitted[-1]), panel.truth)
        rows.append(["consistent, unexplained", consistent, 0, without, "the same in all runs"])
        averaged = kendall_tau(score.mean(axis=0), panel.truth)
        rows.append(["seed noise", left - consistent, 0, averaged, f"gt_tau_without: of the mean of {runs} runs"])
    table = pd.DataFrame(rows, columns=["part", "points", "n_columns", "gt_tau_without", "note"])
    table.insert(1, "share", 100 * table["points"] / table["points"].sum())
    return table.assign(points=np.sqrt(table["points"]))


def _shrinkage(explained: float, columns: int, truth: Array, seed: float, truth_noise: float) -> list[list]:
    """Rows of what the truth's level predicts, split by what the known noise makes.

    Were there nothing but noise, the score's percentile would regress to the middle by 1 - r, r^2 = the product of the
    shares of the score's and of the truth's variance that are not noise. What is beyond that is bias, or noise that is
    the same in all runs.
    """
    name, without = "shrinkage to the middle", np.nan
    if np.isnan(seed):
        return [[name, explained, columns, without, "noise or bias: one run can't tell"]]
    variance = float(truth.var())
    of_score, of_truth = (min(part / variance, 1.0) for part in (seed, np.nan_to_num(truth_noise)))
    by_noise = min((1 - np.sqrt((1 - of_score) * (1 - of_truth))) ** 2 * variance, explained)
    return [
        [f"{name}: by noise", by_noise, 0, without, "what the noise that is known makes"],
        [f"{name}: the rest", explained - by_noise, columns, without, "bias, or noise that all runs share"],
    ]


def _blocks(panel: Panel, truth: Array) -> list[tuple[str, Array]]:
    n = len(truth)
    blocks = [("shrinkage", spline_basis(truth)[0][:, 1:])]
    used = blocks[0][1].shape[1]
    size = panel.architectures["params"].to_numpy(dtype=float)
    if size.min() < size.max():
        blocks.append(("size", spline_basis(percentiles(size))[0][:, 1:]))
        used += blocks[-1][1].shape[1]
    decisions = [
        contrast_decisions(panel.codes[:, i], len(decision.values)) for i, decision in enumerate(panel.space.decisions)
    ]
    main = np.hstack(decisions)
    if main.shape[1] and n >= _PER_COLUMN * (used + main.shape[1]):
        blocks.append(("decisions", main))
        used += main.shape[1]
        width = sum(a.shape[1] * b.shape[1] for a, b in itertools.combinations(decisions, 2))
        if width and n >= _PER_COLUMN * (used + width):
            pairs = [(a[:, :, None] * b[:, None, :]).reshape(n, -1) for a, b in itertools.combinations(decisions, 2)]
            blocks.append(("pairs of decisions", np.hstack(pairs)))
    return blocks


def _leave_one_out(matrix: Array, target: Array) -> tuple[Array, Array, int]:
    """Predictions [n] of each row from the others, residuals [n] of the fit itself, and the matrix's rank."""
    left, values, _ = np.linalg.svd(matrix, full_matrices=False)
    left = left[:, values > 1e-9 * values[0]]
    residual = target - left @ (left.T @ target)
    leverage = np.minimum((left**2).sum(axis=1), 1 - 1e-6)
    return target - residual / (1 - leverage), residual, left.shape[1]


def _mean_tau(scores: Array, truth: Array) -> float:
    return float(np.mean([kendall_tau(score, truth) for score in scores]))
