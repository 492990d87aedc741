"""What supernets misjudge, and how much of it is bias: size, operations, decomposition, correction.

    python -m nasbias.bias --space nb201 --predictions runs/* --truth NAME

Every study takes a `Panel` (the same architectures scored by several runs at one training length) and returns a tidy
table. Two figures are given for each operation: the raw rank difference, which noise alone moves, and the effect at
equal truth (`nasbias.effects`), the only one to be called bias. Effects are percentile points, positive =
overestimated. No sign is assumed anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from nasbias.correction import SIZES, correct_scores
from nasbias.decomposition import decompose_error
from nasbias.effects import (
    calibrate_truth,
    compare_with_others,
    contrast_decisions,
    fit_at_truth,
    fit_equal_truth,
    noise_variance,
    percentiles,
)
from nasbias.files import records, to_json
from nasbias.matching import Matched, add_match_options, describe_truth, match, match_options
from nasbias.metrics import best_places, tau_given
from nasbias.panel import Panel, add_panel_options, select_panel
from nasbias.statistics import Combined, adjust_p_values, combine_runs, influence, mean_over_runs, spearman_over_runs
from nasbias.terminal import Parser, add_format, command, numbers, print_table

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


@command
def main(argv: Sequence[str]) -> int:
    parser = Parser(
        prog="python -m nasbias.bias",
        description="What supernets misjudge: size, operations, how much is bias and how much noise, what corrects it.",
        example="python -m nasbias.bias --space nb201 --predictions runs/seed0 runs/seed1 runs/seed2",
    )
    add_match_options(parser)
    add_panel_options(parser)
    parser.add_argument(
        "--top",
        type=int,
        default=100,
        help="size of the top for shares (default: 100; at most a tenth if there are no more architectures than that)",
    )
    parser.add_argument("--sizes", type=numbers(), default=SIZES, help="stand-alone trainings to correct with")
    parser.add_argument("--draws", type=int, default=40, help="draws of these trainings (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draws (default: 0)")
    add_format(parser)
    given = parser.parse_args(argv)
    scores = None if given.score is None else [given.score]
    matched = match(given.predictions, given.truth, scores=scores, **match_options(given))
    bias = analyse_bias(
        matched,
        score=given.score,
        epoch=given.epoch,
        bn=given.bn,
        top=given.top,
        sizes=given.sizes,
        draws=given.draws,
        seed=given.seed,
    )
    if given.format == "json":
        print(to_json(bias.to_plain()))
    else:
        _print(bias)
    return 0


def _print(bias: Bias) -> None:
    about, operators = bias.about, bias.operators
    found = [row for row in records(operators) if row["p_adjusted"] is not None and row["p_adjusted"] < 0.05]
    when = "" if about["epoch"] is None else f" after {about['epoch']} epochs"
    where = f"{about['space']}: {about['score']}{when}, {about['runs']} run(s), {about['n']:,} architectures"
    if found:
        worst = max(found, key=lambda row: abs(row["effect"]))
        print(
            f"{where}: {len(found)} of {len(operators)} operations are misjudged at equal truth (5 % false findings); "
            f"the worst is {worst['operation']} on {worst['decision']}: {worst['effect']:+.1f} percentile points "
            f"({worst['effect_low']:+.1f} to {worst['effect_high']:+.1f}), + = overestimated."
        )
    else:
        print(f"{where}: no operation is found to be misjudged at equal truth.")
    for name, size in bias.size.items():
        if "effect" in size:
            print(
                f"{name}: tau with score {size['score_tau']:.2f}, with truth {size['truth_tau']:.2f}; at equal truth "
                f"the largest against the smallest: {size['effect']:+.1f} points ({size['effect_low']:+.1f} to "
                f"{size['effect_high']:+.1f})"
            )
    print()
    columns = ["decision", "operation", "n", "mean_truth", "mean_score", "rank_difference", "low", "high", "effect"]
    columns += ["effect_low", "effect_high", "p_adjusted", "top_share_truth", "top_share_score"]
    print_table(operators.filter(columns), f"operations (shares among the top {about['top']} by truth and by score)", 2)
    print()
    print_table(bias.decomposition, "where the rank difference comes from (shares in %)", 2)
    print()
    print_table(bias.correction, "corrected with n stand-alone trainings (regret in the truth's unit; 95 % of draws)")
    if np.isnan(about["truth_reliability"]):
        print("\nthis truth has no repeats: where it is wrong by chance, the supernet seems to overrate what is good.")
    if about["runs"] == 1:
        print("\none run: intervals are about this supernet; its seed's part is unknown. Give several runs.")


if __name__ == "__main__":
    raise SystemExit(main())
