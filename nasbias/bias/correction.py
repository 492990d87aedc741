"""How many stand-alone trainings buy how much ranking: a predictor fitted on n of them ranks the rest.

The truth's percentile is regressed on the score's percentile, freely, and on size and decisions with a ridge whose
penalty leave-one-out on the n chooses: with few trainings the score stays as it is. tau and regret are measured on
architectures that were not fitted. Two predictors, each with and without the supernet's score: that ridge, and a
Gaussian process on paths. What ranks as well without the score says that the supernet adds nothing.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nasbias.bias.effects import contrast_decisions, percentiles
from nasbias.bias.gaussian_process import GaussianProcess, has_gaussian_process, path_features
from nasbias.matching import Panel
from nasbias.statistics.metrics import best_places, kendall_tau

Array = np.ndarray
SIZES = (10, 20, 50, 100, 200)
_PENALTIES = np.geomspace(1e-2, 1e7, 28)
_LEAST_SLOPE = 0.05
# Columns of tau: how they are called in a sentence.
WITH = {"gt_tau": "a ridge", "gp_tau": "a Gaussian process"}
WITHOUT = {"gt_tau_without_supernet": "a ridge", "gp_tau_without_supernet": "a Gaussian process"}


def correct_scores(
    panel: Panel, generator: np.random.Generator, sizes: Sequence[int] = SIZES, draws: int = 40
) -> pd.DataFrame:
    """tau and regret of corrected scores on the architectures not used in the fit.

    Every draw takes one run and n random architectures as stand-alone trainings, the same for all four predictors; n up
    to half of what is there.

    Returns:
        `n` (0 = the score as it is), then of the ridge `gt_tau` mean over draws, `low` and `high` the range that holds
        95 % of draws, `regret` (best truth of the rest minus the truth of the one ranked first, in the truth's unit,
        mean over draws), the same `gt_tau_without_supernet`, `regret_without_supernet`; of the Gaussian process
        `gp_tau`, `gp_regret`, `gp_tau_without_supernet`, `gp_regret_without_supernet`: NaN where scikit-learn is not
        installed. A value whose fit ranked nothing in some draw (all predictions equal) is NaN.
    """
    score, truth = percentiles(panel.scores), percentiles(panel.truth)
    features = _features(panel)
    paths = path_features(panel) if has_gaussian_process() else None
    rows = []
    for n in (0, *(size for size in sizes if 2 * size <= panel.n)):
        processes = (GaussianProcess(), GaussianProcess())
        taus, regrets = [], []
        for draw in range(draws if n else len(score)):
            run = score[draw % len(score)]
            order = generator.permutation(panel.n)
            fit, rest = order[:n], order[n:]
            nothing = np.full(len(rest), np.nan)
            predicted = [run[rest], nothing, nothing, nothing]
            if n:
                predicted[:2] = [predict_truth(each, features, truth, fit, rest) for each in (run, None)]
                if paths is not None:
                    predicted[2:] = [
                        process.predict(each, paths, truth, fit, rest) for process, each in zip(processes, (run, None))
                    ]
            taus.append([kendall_tau(each, panel.truth[rest]) for each in predicted])
            regrets.append([_regret(each, panel.truth[rest]) for each in predicted])
        low, high = np.quantile([each[0] for each in taus], [0.025, 0.975])
        (tau, *controls), (regret, *control_regrets) = np.mean(taus, axis=0), np.mean(regrets, axis=0)
        pairs = [value for pair in zip(controls, control_regrets) for value in pair]
        rows.append([n, tau, low, high, regret, *pairs])
    columns = ["n", "gt_tau", "low", "high", "regret", "gt_tau_without_supernet", "regret_without_supernet"]
    columns += ["gp_tau", "gp_regret", "gp_tau_without_supernet", "gp_regret_without_supernet"]
    return pd.DataFrame(rows, columns=columns)


def say_correction(table: pd.DataFrame) -> str:
    """What the table of `correct_scores` says of the supernet's worth, in two sentences; empty where it says nothing.

    Each side is the better of its two predictors.
    """
    bare = float(table.loc[table["n"] == 0, "gt_tau"].iloc[0]) if (table["n"] == 0).to_numpy().any() else np.nan
    fitted = table.astype({"n": int})[table["n"] > 0].dropna(subset=["gt_tau", "gt_tau_without_supernet"])
    if fitted.empty or np.isnan(bare):
        return ""
    last = fitted.to_dict("records")[-1]
    with_it, by = _best(last, WITH)
    without, control_by = _best(last, WITHOUT)
    gain = with_it - without
    verdict = f"its score adds {gain:.2f}" if gain >= 0.005 else "its score adds nothing"
    sentence = (
        f"{last['n']} stand-alone trainings: tau {with_it:.2f} with the supernet ({by}), {without:.2f} without it "
        f"({control_by}): {verdict}."
    )
    beaten = [row["n"] for row in fitted.to_dict("records") if _best(row, WITHOUT)[0] >= bare]
    if not beaten:
        return f"{sentence} No number of trainings tried ranks as well without it as its bare score ({bare:.2f})."
    return f"{sentence} Its bare score ({bare:.2f}) is worth no more than {beaten[0]} trainings without it."


def _best(row: dict[str, float], columns: dict[str, str]) -> tuple[float, str]:
    return max((float(row[name]), how) for name, how in columns.items() if not np.isnan(row[name]))


def predict_truth(score: Array | None, features: Array, truth: Array, fit: Array, rest: Array) -> Array:
    """Predicted truth of the rows `rest` from a regression on the rows `fit`: score free, features under a ridge."""
    centre, scale = features[fit].mean(axis=0), features[fit].std(axis=0)
    standard = np.where(scale > 0, scale, np.inf)
    x, new = (features[fit] - centre) / standard, (features[rest] - centre) / standard
    free = np.ones((len(fit), 1))
    if score is not None and score[fit].std() > 0:
        free = np.column_stack([free, score[fit]])
    own, _ = np.linalg.qr(free)
    y, z = (values - own @ (own.T @ values) for values in (truth[fit], x))
    left, values, right = np.linalg.svd(z, full_matrices=False)
    shrink = values[:, None] ** 2 / (values[:, None] ** 2 + _PENALTIES)
    projected = left.T @ y
    residual = y[:, None] - left @ (shrink * projected[:, None])
    leverage = (left**2) @ shrink + (own**2).sum(axis=1)[:, None]
    error = ((residual / np.maximum(1 - leverage, 1e-6)) ** 2).mean(axis=0)
    penalty = _PENALTIES[int(np.argmin(error))]
    weights = right.T @ (values / (values**2 + penalty) * projected)
    predicted = new @ weights
    if score is not None:
        slope = np.linalg.lstsq(free, truth[fit] - x @ weights, rcond=None)[0][-1] if free.shape[1] > 1 else 0.0
        # A handful of trainings may say that the score is worth nothing, or less: keep its order then.
        predicted = predicted + max(slope, _LEAST_SLOPE) * score[rest]
    return predicted


def _features(panel: Panel) -> Array:
    """Size as log parameters and log FLOPs, where they vary, and every decision's indicators."""
    columns = []
    for name in ("params", "flops"):
        values = panel.architectures[name].to_numpy(dtype=float)
        if np.isfinite(values).all() and (values > 0).all() and values.min() < values.max():
            columns.append(np.log(values)[:, None])
    decisions = [
        contrast_decisions(panel.codes[:, i], len(decision.values)) for i, decision in enumerate(panel.space.decisions)
    ]
    return np.hstack([*columns, *decisions])


def _regret(predicted: Array, truth: Array) -> float:
    if np.isnan(predicted).any():
        return np.nan
    return float(truth.max() - truth[best_places(predicted, 1)[0]])
