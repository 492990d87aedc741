"""What supernets misjudge, and how much of it is bias: size, operations, decomposition, correction.

    python -m nasbias.bias --space nb201 --predictions runs/* --truth NAME

Every study takes a `Panel` (the same architectures scored by several runs at one training length) and returns a tidy
table. Two figures are given for each operation: the raw rank difference, which noise alone moves, and the effect at
equal truth (`nasbias.bias.effects`), the only one to be called bias. Effects are percentile points, positive =
overestimated. No sign is assumed anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from nasbias.command import Parser, add_format, command, numbers, print_table, records, to_json
from nasbias.bias.correction import SIZES, correct_scores
from nasbias.bias.decomposition import decompose_error
from nasbias.bias.effects import (
    calibrate_truth,
    compare_with_others,
    contrast_decisions,
    fit_at_truth,
    fit_equal_truth,
    noise_variance,
    percentiles,
)
from nasbias.matching import Matched, add_match_options, describe_truth, match, match_options
from nasbias.metrics import best_places, tau_given
from nasbias.panel import Panel, add_panel_options, select_panel
from nasbias.statistics import Combined, adjust_p_values, combine_runs, influence, mean_over_runs, spearman_over_runs

Array = np.ndarray
_JOINT = 5  # architectures per column below which decisions are fitted one at a time


@dataclass(frozen=True)
class Bias:
    """The command's answer: `size` per cost, and three tables; `about` says what was studied."""

    about: dict[str, Any]
    size: dict[str, dict[str, Any]]
    operators: pd.DataFrame
    decomposition: pd.DataFrame
    correction: pd.DataFrame

    def to_plain(self) -> dict[str, Any]:
        """The command's JSON document."""
        return {
            **self.about,
            "size": self.size,
            "operators": records(self.operators),
            "decomposition": records(self.decomposition),
            "correction": records(self.correction),
        }


def analyse_bias(
    matched: Matched,
    *,
    score: str | None = None,
    epoch: int | None = None,
    bn: str | None = None,
    top: int = 100,
    sizes: Sequence[int] = SIZES,
    draws: int = 40,
    seed: int = 0,
) -> Bias:
    """All of the bias study on one panel of what `nasbias.matching.match` joined; `seed` is the correction's.

    Raises:
        InputError: what `select_panel` raises.
    """
    panel = select_panel(matched, score, epoch, bn)
    about = {
        "space": panel.space.name,
        "score": panel.score,
        "epoch": panel.epoch,
        "bn": panel.bn,
        "n": panel.n,
        "runs": len(panel.runs),
        "top": top_of(panel, top),
        "truth_reliability": _reliability(panel),
        "truth": describe_truth(matched.truth),
    }
    return Bias(
        about=about,
        size=measure_size_bias(panel),
        operators=measure_operator_bias(panel, top),
        decomposition=decompose_error(panel),
        correction=correct_scores(panel, np.random.default_rng(seed), sizes, draws),
    )


def top_of(panel: Panel, top: int) -> int:
    """How many make the top: `top`, or a tenth where there are no more than that (all would be no top)."""
    return top if top < panel.n else max(panel.n // 10, 1)


def _reliability(panel: Panel) -> float:
    """Share of the truth's percentile variance that is not seed noise; NaN where the truth has no repeats."""
    return 1 - noise_variance(panel.repeats) / float(percentiles(panel.truth).var())


def measure_size_bias(panel: Panel) -> dict[str, dict[str, Any]]:
    """Per cost (`params`, `flops`), where it varies: correlations with score and with truth, and the effect of size.

    `score_tau`, `truth_tau`, `score_spearman`, `truth_spearman` (with 95 % intervals), `tau_given` (tau of score and
    truth given the cost), `effect`: how many percentile points the largest architecture is overestimated against the
    smallest of the same truth, and `deciles` of the cost with their mean rank difference.
    """
    score, truth = percentiles(panel.scores), percentiles(panel.truth)
    result = {}
    for name in ("params", "flops"):
        cost = panel.architectures[name].to_numpy(dtype=float)
        if not np.isfinite(cost).all() or cost.min() == cost.max():
            result[name] = {"reason": f"{name} do not vary"}
            continue
        of_score = mean_over_runs([influence(run, cost) for run in panel.scores])
        of_truth = mean_over_runs([influence(panel.truth, cost)])
        share = percentiles(cost)[:, None] / 100
        calibrated, _ = calibrate_truth(truth, panel.repeats, share - share.mean())
        fits = [fit_equal_truth(run, calibrated, share - share.mean()) for run in score]
        effect = _drop_impossible(
            combine_runs(np.stack([fit.effect for fit in fits]), np.stack([fit.pull for fit in fits]))
        )
        result[name] = {
            "score_tau": of_score.value,
            "score_tau_low": of_score.low,
            "score_tau_high": of_score.high,
            "truth_tau": of_truth.value,
            "truth_tau_low": of_truth.low,
            "truth_tau_high": of_truth.high,
            **_spearman("score", panel.scores, cost),
            **_spearman("truth", panel.truth[None], cost),
            "tau_given": float(np.mean([tau_given(run, panel.truth, cost) for run in panel.scores])),
            "effect": effect.value[0],
            "effect_low": effect.low[0],
            "effect_high": effect.high[0],
            "p_value": effect.p_value[0],
            "deciles": records(_by_decile(score - truth, cost)),
        }
    return result


def measure_operator_bias(panel: Panel, top: int = 100) -> pd.DataFrame:
    """Every value of every decision (an operation on an edge, an input of a node): by means, at the top, and as bias.

    Returns:
        `decision, operation, n`, `mean_truth` and `mean_score` in their own units, `rank_difference` (raw, percentile
        points) with `low, high`, `effect` at equal truth against the median of the decision's other values with
        `effect_low, effect_high`, `p_value` and `p_adjusted` (Benjamini-Hochberg over all rows), `score_effect` (the
        same in points of the score instead of the truth), `top_share_truth` and `top_share_score` (share among the best
        `top` by truth and by the mean percentile over runs), `fitted` (jointly, or alone where architectures are few).
        An effect beyond 100 points is missing: nothing of equal truth was there to compare with.
    """
    score, truth = percentiles(panel.scores), percentiles(panel.truth)
    top = top_of(panel, top)
    best_truth = best_places(panel.truth, top)
    best_score = best_places(score.mean(axis=0), top)
    designs = [
        contrast_decisions(panel.codes[:, i], len(decision.values)) for i, decision in enumerate(panel.space.decisions)
    ]
    jointly = panel.n >= _JOINT * sum(design.shape[1] for design in designs)
    together = _fit(score, truth, panel.repeats, np.hstack(designs)) if jointly else None
    groups, equal, plain, start = [], [], [], 0
    for i, (decision, design) in enumerate(zip(panel.space.decisions, designs)):
        codes = panel.codes[:, i]
        groups += [(decision, value, codes == value) for value in range(len(decision.values)) if (codes == value).any()]
        columns = slice(start, start + design.shape[1]) if jointly else slice(0, design.shape[1])
        start += design.shape[1]
        in_truth, in_score = together or _fit(score, truth, panel.repeats, design)
        equal.append(_against_others(*in_truth, columns))
        plain.append(_against_others(*in_score, columns))
    raw = _mean_difference(score - truth, np.stack([chosen for *_, chosen in groups], axis=1))
    effect, in_score = (
        combine_runs(np.hstack([values for values, _ in parts]), np.concatenate([pulls for _, pulls in parts], axis=2))
        for parts in (equal, plain)
    )
    effect = _drop_impossible(effect)
    table = pd.DataFrame(
        {
            "decision": [decision.name for decision, *_ in groups],
            "operation": [str(decision.values[value]) for decision, value, _ in groups],
            "n": [int(chosen.sum()) for *_, chosen in groups],
            "mean_truth": [float(panel.truth[chosen].mean()) * panel.truth_sign for *_, chosen in groups],
            "mean_score": [float(panel.scores[:, chosen].mean()) * panel.score_sign for *_, chosen in groups],
            "rank_difference": raw.value,
            "low": raw.low,
            "high": raw.high,
            "effect": effect.value,
            "effect_low": effect.low,
            "effect_high": effect.high,
            "p_value": effect.p_value,
            "p_adjusted": adjust_p_values(effect.p_value, "bh"),
            "score_effect": in_score.value,
            "score_effect_low": in_score.low,
            "score_effect_high": in_score.high,
            "top_share_truth": [float(chosen[best_truth].mean()) for *_, chosen in groups],
            "top_share_score": [float(chosen[best_score].mean()) for *_, chosen in groups],
        }
    )
    return table.assign(fitted="jointly" if jointly else "alone")


def _spearman(name: str, scores: Array, cost: Array) -> dict[str, float]:
    estimate = spearman_over_runs(scores, cost)
    parts = {"": estimate.value, "_low": estimate.low, "_high": estimate.high}
    return {f"{name}_spearman{part}": value for part, value in parts.items()}


def _drop_impossible(effect: Combined) -> Combined:
    """Missing where an effect is beyond 100 percentile points: there the score follows the decisions alone (FLOPs do),
    and no two architectures of equal truth are left to be compared."""
    known = np.abs(effect.value) <= 100
    values = (effect.value, effect.low, effect.high, effect.error, effect.p_value)
    return Combined(*(np.where(known, value, np.nan) for value in values))


def _fit(score: Array, truth: Array, repeats: Array, design: Array) -> list[tuple[Array, Array]]:
    """(values [runs, K], pulls [runs, n, K]) in points of truth, then in points of score."""
    calibrated, _ = calibrate_truth(truth, repeats, design)
    equal = [fit_equal_truth(run, calibrated, design) for run in score]
    plain = [fit_at_truth(run, calibrated, design) for run in score]
    return [
        (np.stack([fit.effect for fit in equal]), np.stack([fit.pull for fit in equal])),
        (np.stack([values for values, _ in plain]), np.stack([pulls for _, pulls in plain])),
    ]


def _against_others(values: Array, pulls: Array, columns: slice) -> tuple[Array, Array]:
    """Each value of a decision minus the median of its others, from fitted indicator columns (the first value is 0)."""
    values, pulls = values[:, columns], pulls[:, :, columns]
    levels = np.concatenate([[0.0], values.mean(axis=0)])
    weights = compare_with_others(len(levels), levels)[:, 1:]
    return values @ weights.T, pulls @ weights.T


def _mean_difference(difference: Array, chosen: Array) -> Combined:
    """Mean rank difference of the groups `chosen` [n, K] over runs, with intervals."""
    counts = chosen.sum(axis=0)
    values = difference @ chosen / counts
    pulls = (difference[:, :, None] - values[:, None, :]) * chosen / counts
    return combine_runs(values, pulls)


def _by_decile(difference: Array, cost: Array) -> pd.DataFrame:
    decile = np.minimum((percentiles(cost) / 10).astype(int), 9)
    present = np.unique(decile)
    mean = _mean_difference(difference, np.stack([decile == value for value in present], axis=1))
    return pd.DataFrame(
        {
            "decile": present + 1,
            "n": [(decile == value).sum() for value in present],
            "smallest": [cost[decile == value].min() for value in present],
            "largest": [cost[decile == value].max() for value in present],
            "rank_difference": mean.value,
            "low": mean.low,
            "high": mean.high,
        }
    )
