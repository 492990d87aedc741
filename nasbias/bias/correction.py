"""How many stand-alone trainings buy how much ranking: the bias fitted on n of them, taken off the rest.

The truth's percentile is regressed on the score's percentile, freely, and on size and decisions with a ridge whose
penalty leave-one-out on the n chooses: with few trainings the score stays as it is. tau and regret are measured on
architectures that were not fitted. The same ridge without the supernet's score is the control: if that ranks as well,
the supernet adds nothing.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nasbias.bias.effects import contrast_decisions, percentiles
from nasbias.metrics import best_places, kendall_tau
from nasbias.panel import Panel

Array = np.ndarray
SIZES = (10, 20, 50, 100, 200)
_PENALTIES = np.geomspace(1e-2, 1e7, 28)
_LEAST_SLOPE = 0.05


def correct_scores(
    panel: Panel, generator: np.random.Generator, sizes: Sequence[int] = SIZES, draws: int = 40
) -> pd.DataFrame:
    """tau and regret of corrected scores on the architectures not used in the fit.

    Every draw takes one run and n random architectures as stand-alone trainings; n up to half of what is there.

    Returns:
        `n` (0 = the score as it is), `gt_tau` mean over draws, `low` and `high` the range that holds 95 % of draws,
        `regret` (best truth of the rest minus the truth of the one ranked first, in the truth's unit, mean over draws),
        and the control `gt_tau_without_supernet`, `regret_without_supernet`.
    """
    score, truth = percentiles(panel.scores), percentiles(panel.truth)
    features = _features(panel)
    rows = []
    for n in (0, *(size for size in sizes if 2 * size <= panel.n)):
        taus, regrets = [], []
        for draw in range(draws if n else len(score)):
            run = score[draw % len(score)]
            order = generator.permutation(panel.n)
            fit, rest = order[:n], order[n:]
            if n:
                predicted = predict_truth(run, features, truth, fit, rest)
                control = predict_truth(None, features, truth, fit, rest)
            else:
                predicted, control = run[rest], np.full(len(rest), np.nan)
            taus.append([kendall_tau(predicted, panel.truth[rest]), kendall_tau(control, panel.truth[rest])])
            regrets.append([_regret(predicted, panel.truth[rest]), _regret(control, panel.truth[rest])])
        low, high = np.quantile([tau for tau, _ in taus], [0.025, 0.975])
        (tau, control), (regret, control_regret) = np.mean(taus, axis=0), np.mean(regrets, axis=0)
        rows.append([n, tau, low, high, regret, control, control_regret])
    columns = ["n", "gt_tau", "low", "high", "regret", "gt_tau_without_supernet", "regret_without_supernet"]
    return pd.DataFrame(rows, columns=columns)


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
