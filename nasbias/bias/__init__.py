"""What supernets misjudge, and how much of it is bias: size, operations, decomposition, correction.

    python -m nasbias.bias --space nb201 --predictions runs/* --truth NAME

Every study takes a `Panel` (the same architectures scored by several runs at one training length) and returns a tidy
table. The figure for each operation is its effect at equal truth in points of the score (`nasbias.bias.effects`), the
only one to be called bias; beside it stand the raw rank difference, which noise alone moves, and the same effect as a
shift of the true rank, missing where that would leave the scale. All are percentile points, positive = overestimated.
No sign is assumed anywhere.

How far a finding goes, simulated on NAS-Bench-201 (`python -m analysis.bias_coverage`: the whole space, three fair
supernets, six draws of 30 operations): with the truth's noise known and taken off (`nasbias.bias.truth_noise`) 96, 94
and 94 % of the intervals hold 0 at .25, .5 and 1 point of accuracy; ignored, 53, 21 and 6 %. So where the noise is
unknown effects under three points are not called bias: enough at .25, not at .5 (5 % of operations found falsely) or 1
(47 %). A bias that lies in PAIRS of operations alone is not held: at 15 points of it 84 % of the intervals hold 0 and
6 % of the operations are found falsely, at 30 points 78 and 14 %, with effects up to 1.5 points (with 1,000
architectures none is found). Effects under one point are never called bias.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from nasbias.bias.correction import SIZES, correct_scores
from nasbias.bias.decomposition import decompose_error
from nasbias.bias.effects import (
    compare_with_others,
    contrast_decisions,
    fit_at_truth,
    fit_equal_truth,
    percentiles,
)
from nasbias.bias.truth_noise import DOUBT, calibrate_truth, known_noise, noise_of, noise_of_percentiles
from nasbias.files import records
from nasbias.matching import Matched, Panel, describe_truth, select_panel
from nasbias.outline import Outlined
from nasbias.statistics import Combined, adjust_p_values, combine_runs, influence, mean_over_runs, spearman_over_runs
from nasbias.statistics.metrics import best_places, tau_given
from nasbias.streams import stream
from nasbias.threads import on_one_thread

Array = np.ndarray
_JOINT = 5  # architectures per column below which decisions are fitted one at a time
LEAST_EFFECT = 1.0  # percentile points of score below which nothing is called bias ...
LEAST_UNADJUSTED = 3.0  # ... and where the noise of the truth is unknown
_OFF_SCALE = 0.25  # share of the architectures that a shift may carry off the scale before it means nothing


@dataclass(frozen=True, repr=False)
class Bias(Outlined):
    """The command's answer: `size` per cost, and three tables; `about` says what was studied."""

    about: dict[str, Any]
    size: dict[str, dict[str, Any]]
    operators: pd.DataFrame
    decomposition: pd.DataFrame
    correction: pd.DataFrame

    figures: ClassVar = {
        "effects_map": {"operators": "operators"},
        "effect_intervals": {"operators": "operators"},
        "operation_means": {"operators": "operators"},
        "top_shares": {"operators": "operators"},
        "size_deciles": {"deciles": "deciles"},
        "decomposition": {"parts": "decomposition"},
        "correction_curve": {"correction": "correction"},
    }

    def headline(self) -> str:
        runs = self.about["n_runs"]
        return f"{self.about['space']}, {self.about['n']:,} architectures, {runs} run{'s' * (runs != 1)}"

    @property
    def deciles(self) -> pd.DataFrame:
        """Tenths of the architectures by parameters; empty where all have as many."""
        return pd.DataFrame(self.size.get("params", {}).get("deciles", []))

    def to_plain(self) -> dict[str, Any]:
        """The command's JSON document."""
        return {
            **self.about,
            "size": self.size,
            "operators": records(self.operators),
            "decomposition": records(self.decomposition),
            "correction": records(self.correction),
        }


@on_one_thread
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
    truth_noise: float | None = None,
) -> Bias:
    """All of the bias study on one panel of what `nasbias.matching.match` joined; `seed` is the correction's.

    Args:
        truth_noise: standard deviation of the truth by chance, in its unit; default: from its repeats, else what is
            known of its source (`truth_noise.KNOWN`), else unknown.

    Raises:
        InputError: what `select_panel` raises, or a negative noise.
    """
    panel = select_panel(matched, score, epoch, bn)
    noise = noise_of(panel, truth_noise, known_noise(matched.truth))
    about = {
        "space": panel.space.name,
        "score": panel.score,
        "epoch": panel.epoch,
        "bn": panel.bn,
        "n": panel.n,
        "n_runs": len(panel.runs),
        "top": top_of(panel, top),
        "truth_noise": np.nan if noise is None else float(np.median(noise)),
        "truth_noise_from": _source_of_noise(noise, truth_noise, panel),
        "truth_reliability": _reliability(panel, noise),
        "least_effect": _least(noise),
        "truth": describe_truth(matched.truth),
    }
    return Bias(
        about=about,
        size=_measure_size_bias(panel, noise),
        operators=_measure_operator_bias(panel, top, noise),
        decomposition=decompose_error(panel, noise),
        correction=correct_scores(panel, stream("correction", seed), sizes, draws),
    )


def top_of(panel: Panel, top: int) -> int:
    """How many make the top: `top`, or a tenth where there are no more than that (all would be no top)."""
    return top if top < panel.n else max(panel.n // 10, 1)


def _reliability(panel: Panel, noise: Array | None) -> float:
    """Share of the truth's percentile variance that is not noise; NaN where the noise is unknown."""
    if noise is None:
        return np.nan
    return 1 - float(noise_of_percentiles(panel.truth, noise).mean() / percentiles(panel.truth).var())


def _source_of_noise(noise: Array | None, stated: float | None, panel: Panel) -> str:
    if noise is None:
        return "unknown"
    if stated is not None:
        return "stated"
    return "repeats" if noise_of(panel) is not None else "known of its source"


def _least(noise: Array | None) -> float:
    return LEAST_UNADJUSTED if noise is None else LEAST_EFFECT


@on_one_thread
def measure_size_bias(panel: Panel, truth_noise: float | None = None) -> dict[str, dict[str, Any]]:
    """Per cost (`params`, `flops`), where it varies: correlations with score and with truth, and the effect of size.

    `score_tau`, `truth_tau`, `score_spearman`, `truth_spearman` (with 95 % intervals), `tau_given` (tau of score and
    truth given the cost), `score_effect`: by how many percentile points of score the largest architecture is
    overestimated against the smallest of the same truth, with `p_value`; `effect`: the same as a shift of the true
    rank, missing where it would leave the scale; and `deciles` of the cost with their mean rank difference.

    Args:
        truth_noise: as in `measure_operator_bias`.
    """
    return _measure_size_bias(panel, noise_of(panel, truth_noise))


def _measure_size_bias(panel: Panel, noise: Array | None) -> dict[str, dict[str, Any]]:
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
        equal, plain = _fit(score, panel.truth, noise, share - share.mean())
        in_score = _within_scale(combine_runs(*plain))
        effect = combine_runs(*equal)
        effect = _drop_off_scale(effect, truth[:, None] + (share - share.mean()) * effect.value, np.ones_like(share))
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
            "score_effect": in_score.value[0],
            "score_effect_low": in_score.low[0],
            "score_effect_high": in_score.high[0],
            "p_value": in_score.p_value[0],
            "effect": effect.value[0],
            "effect_low": effect.low[0],
            "effect_high": effect.high[0],
            "deciles": records(_by_decile(score - truth, cost)),
        }
    return result


@on_one_thread
def measure_operator_bias(panel: Panel, top: int = 100, truth_noise: float | None = None) -> pd.DataFrame:
    """Every value of every decision (an operation on an edge, an input of a node): by means, at the top, and as bias.

    Decisions that are the same in all architectures have no row.

    Args:
        truth_noise: standard deviation of the truth by chance, in its unit; default: from its repeats, else unknown.

    Returns:
        `decision, operation, n`, `mean_truth` and `mean_score` in their own units, `score_effect`: points of score at
        equal truth, against the median of the decision's other values, with `score_effect_low, score_effect_high`,
        `p_value`, `p_adjusted` (Benjamini-Hochberg over all rows) and `found` (p_adjusted below .05 and an effect of at
        least one point, three where the truth's noise is unknown); `rank_difference` (raw) with `low, high`; `effect`:
        the same as a shift of the true rank with `effect_low, effect_high`, missing where it would carry a quarter of
        the operation's architectures off the scale (and where the supernet's score hardly follows the truth);
        `top_share_truth` and `top_share_score` (share among the best `top` by truth and by the mean percentile over
        runs), `fitted` (jointly, or alone where architectures are few).

    Raises:
        InputError: a negative noise.
    """
    return _measure_operator_bias(panel, top, noise_of(panel, truth_noise))


def _measure_operator_bias(panel: Panel, top: int, noise: Array | None) -> pd.DataFrame:
    score, truth = percentiles(panel.scores), percentiles(panel.truth)
    top = top_of(panel, top)
    best_truth = best_places(panel.truth, top)
    best_score = best_places(score.mean(axis=0), top)
    designs = [
        contrast_decisions(panel.codes[:, i], len(decision.values)) for i, decision in enumerate(panel.space.decisions)
    ]
    jointly = panel.n >= _JOINT * sum(design.shape[1] for design in designs)
    together = _fit(score, panel.truth, noise, np.hstack(designs)) if jointly else None
    groups, equal, plain, start = [], [], [], 0
    for i, (decision, design) in enumerate(zip(panel.space.decisions, designs)):
        if not design.shape[1]:  # all have the same there, as the first node of ptb: nothing to hold it against
            continue
        codes = panel.codes[:, i]
        groups += [(decision, value, codes == value) for value in range(len(decision.values)) if (codes == value).any()]
        columns = slice(start, start + design.shape[1]) if jointly else slice(0, design.shape[1])
        start += design.shape[1]
        in_truth, in_score = together or _fit(score, panel.truth, noise, design)
        equal.append(_against_others(*in_truth, columns))
        plain.append(_against_others(*in_score, columns))
    members = np.stack([chosen for *_, chosen in groups], axis=1)
    raw = _mean_difference(score - truth, members)
    effect, in_score = (
        combine_runs(np.hstack([values for values, _ in parts]), np.concatenate([pulls for _, pulls in parts], axis=2))
        for parts in (equal, plain)
    )
    effect, in_score = _drop_off_scale(effect, truth[:, None] + effect.value, members), _within_scale(in_score)
    p_adjusted = adjust_p_values(in_score.p_value, "bh")
    table = pd.DataFrame(
        {
            "decision": [decision.name for decision, *_ in groups],
            "operation": [str(decision.values[value]) for decision, value, _ in groups],
            "n": [int(chosen.sum()) for *_, chosen in groups],
            "mean_truth": [float(panel.truth[chosen].mean()) * panel.truth_sign for *_, chosen in groups],
            "mean_score": [float(panel.scores[:, chosen].mean()) * panel.score_sign for *_, chosen in groups],
            "score_effect": in_score.value,
            "score_effect_low": in_score.low,
            "score_effect_high": in_score.high,
            "p_value": in_score.p_value,
            "p_adjusted": p_adjusted,
            "found": (p_adjusted < 0.05) & (np.abs(in_score.value) >= _least(noise)),
            "rank_difference": raw.value,
            "low": raw.low,
            "high": raw.high,
            "effect": effect.value,
            "effect_low": effect.low,
            "effect_high": effect.high,
            "top_share_truth": [float(chosen[best_truth].mean()) for *_, chosen in groups],
            "top_share_score": [float(chosen[best_score].mean()) for *_, chosen in groups],
        }
    )
    return table.assign(fitted="jointly" if jointly else "alone")


def _spearman(name: str, scores: Array, cost: Array) -> dict[str, float]:
    estimate = spearman_over_runs(scores, cost)
    parts = {"": estimate.value, "_low": estimate.low, "_high": estimate.high}
    return {f"{name}_spearman{part}": value for part, value in parts.items()}


def _within_scale(effect: Combined) -> Combined:
    """Intervals that end where the scale does: no percentile is more than 100 from another."""
    return replace(effect, low=np.maximum(effect.low, -100), high=np.minimum(effect.high, 100))


def _drop_off_scale(effect: Combined, moved: Array, members: Array) -> Combined:
    """Missing where the shifted true ranks `moved` [n, K] of the `members` [n, K] too often leave 0 to 100: no
    architecture has such a rank, so none of equal truth is left to be compared with."""
    outside = (((moved < 0) | (moved > 100)) * members).sum(axis=0) / members.sum(axis=0)
    known = ~np.isnan(effect.value) & (outside <= _OFF_SCALE)
    values = (effect.value, effect.low, effect.high, effect.error, effect.p_value)
    return Combined(*(np.where(known, value, np.nan) for value in values))


def _fit(score: Array, truth: Array, noise: Array | None, design: Array) -> list[tuple[Array, Array]]:
    """(values [runs, K], pulls [runs, n, K]) in points of truth, then in points of score.

    Where the truth was calibrated the pulls have one row more, the same for all runs: the doubt that is left about the
    calibration, a part of what it changed.
    """
    measured = percentiles(truth)
    calibrated = calibrate_truth(truth, noise, design)
    results = []
    for fit in (_shift_of_truth, fit_at_truth):
        values, pulls = fit(score, calibrated, design)
        if noise is not None and np.any(noise > 0):
            doubt = DOUBT * (fit(score, measured, design)[0] - values).mean(axis=0)
            pulls = np.concatenate([pulls, np.broadcast_to(doubt, (len(pulls), 1, len(doubt)))], axis=1)
        results.append((values, pulls))
    return results


def _shift_of_truth(score: Array, truth: Array, design: Array) -> tuple[Array, Array]:
    fits = [fit_equal_truth(run, truth, design) for run in score]
    return np.stack([fit.effect for fit in fits]), np.stack([fit.pull for fit in fits])


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
