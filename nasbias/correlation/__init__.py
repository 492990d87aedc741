"""How well do supernets rank a space: every run's scores against the ground truth, per training length, with intervals.

    python -m nasbias.correlation --space nb201
    python -m nasbias.correlation --space nb201 --predictions mine.csv --truth my_benchmark.pth --format json

`correlate` gives one row per run, seed, epoch, step, BN mode and score; `summarise_lengths` averages them over runs.
The parameter count and the FLOPs are scored like supernets, on the same architectures, and beside them stands what
random rankings get: a supernet that ranks worse than counting parameters, or finds no more than chance, is seen at a
glance. Metrics: `nasbias.statistics.metrics`; intervals: `nasbias.statistics`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Unpack

import numpy as np
import pandas as pd

from nasbias.correlation.free import rank_free
from nasbias.files import records
from nasbias.matching import (
    Matched,
    MatchOptions,
    Predictions,
    Scored,
    TruthSource,
    describe_truth,
    hint_direction,
    last_steps,
    match,
)
from nasbias.outline import Outlined
from nasbias.progress import progress
from nasbias.statistics import (
    Comparison,
    Estimate,
    Influence,
    Spread,
    ceiling_of,
    compare_with_fixed,
    correct_for_noise,
    count_repeated,
    influence,
    mean_over_runs,
    random_rankings,
    spread_of,
    stand_apart,
)
from nasbias.statistics.kendall import dense_ranks
from nasbias.statistics.metrics import METRICS, kendall_tau, partial_tau, why_undefined
from nasbias.tables import Reading, Split

BASELINES = ("params", "flops")
_OWN_UNIT = ("best_at_1", "best_at_10")  # reported in the truth's own unit and direction
_PLAIN = [name for name in METRICS if name != "gt_tau" and name not in _OWN_UNIT]


@dataclass(frozen=True, repr=False)
class Correlation(Outlined):
    """Everything that the command reports; `ceiling` is None where the truth has no repeats.

    `baselines` has per sample of architectures the rows `params`, `flops` (`same_order_as` says where it orders exactly
    like another) and `random`: the median of random rankings, with 95 % of them in the columns `_low` and `_high`.
    """

    space: str
    truth: dict[str, Any]
    ceiling: dict[str, Any] | None
    baselines: pd.DataFrame
    rows: pd.DataFrame
    lengths: pd.DataFrame
    n_not_joined: dict[str, int]  # source -> predicted architectures without a truth, at worst in one row
    free: pd.DataFrame = field(default_factory=pd.DataFrame)  # `rank_free`: everything that costs nothing, best first

    figures: ClassVar = {
        "training_length": {"lengths": "shown", "baselines": "beside", "ceiling": "ceiling.gt_tau"},
        "run_taus": {"lengths": "shown"},
        "top_k": {"lengths": "shown", "baselines": "beside"},
        "corr_gt": {"lengths": "shown", "baselines": "beside", "ceiling": "ceiling.spearman"},
    }

    def headline(self) -> str:
        return f"{self.space}, {len(self.rows):,} rankings held against {self.truth['name']}"

    @property
    def shown(self) -> pd.DataFrame:
        """What figures draw: the lengths of the first score, in one BN mode, on the most architectures."""
        table = self.lengths.loc[self.lengths["score"] == self.lengths["score"].iloc[0]]
        modes = list(table["bn"].dropna().unique())
        if modes:
            table = table.loc[table["bn"] == ("recalibrated" if "recalibrated" in modes else modes[0])]
        return table.loc[table["n"] == table["n"].max()]

    @property
    def beside(self) -> pd.DataFrame:
        """The baselines of `shown`."""
        return self.baselines.loc[self.baselines["n"] == self.shown["n"].max()]

    def to_plain(self) -> dict[str, Any]:
        """The command's JSON document."""
        return {
            "space": self.space,
            "truth": self.truth,
            "ceiling": self.ceiling,
            "baselines": records(self.baselines),
            "free": records(self.free),
            "rows": records(self.rows),
            "lengths": records(self.lengths),
        }


def correlate(
    predictions: Predictions = None,
    truth: TruthSource = None,
    *,
    space: str = "nb201",
    dataset: str | None = None,
    split: Split | None = None,
    epochs: int | None = None,
    sample: str | None = None,
    unique: bool = False,
    scores: str | Iterable[str] | None = None,
    lower_is_better: str | Iterable[str] = (),
    higher_is_better: str | Iterable[str] = (),
    columns: Mapping[str, str] | None = None,
    notation: str | None = None,
) -> pd.DataFrame:
    """Correlate predictions with truth: one row per run, seed, epoch, step, BN mode and score.

    Args:
        predictions: a DataFrame (architectures in a column or in the index), a Series whose index holds them, a dict, a
            pair (architectures, scores), a path, several paths (run folders, tables), or None for those shipped.
        truth: a table, a stored name, a file, or None for the one present that covers most of the predictions.
        dataset, epochs: which of the truth's data sets and budgets (default: cifar10 if there, the largest budget).
        split: "valid" or "test" (default: valid where the truth has it).
        sample: rows of the truth by how they were chosen, where it says (default: "uniform" if there; "all" for all).
        unique: count isomorphic architectures once (the first of each class).
        scores: the score column or columns to use (default: all, if accuracy or a loss is among them, or the only one).
        lower_is_better, higher_is_better: scores whose direction is not the one that their name says.
        columns: the predictions' own names of columns, such as {"architecture": "mine"}; usual names need none.
        notation: what lists of operation numbers mean, where the field has two orders (nb201: "nats", "naslib").

    Returns:
        `run, seed, epoch, step, bn, score`, `n` architectures with score and truth, `n_not_joined` without truth,
        `n_nan` counted out for a score that is NaN, then `gt_tau` (tau-b over all of the n) with its 95 % interval over
        architectures (simulated it covers 94 to 96 %), `gt_tau_connected` over the `n_connected` valid ones, those of
        `nasbias.statistics.metrics`, `best_at_k` in the truth's own unit, `tau_given_params` (partial tau), and
        `reason` where something is NaN.

    `nasbias.figures.plot(table)` draws it.

    Raises:
        InputError: bad tables, an unknown name, or predictions and truth without a common architecture.
    """
    return analyse_correlation(
        predictions,
        truth,
        space=space,
        dataset=dataset,
        split=split,
        epochs=epochs,
        sample=sample,
        unique=unique,
        scores=scores,
        lower_is_better=lower_is_better,
        higher_is_better=higher_is_better,
        reading=Reading(dict(columns or {}), notation),
    ).rows


def analyse_correlation(
    predictions: Predictions = None, truth: TruthSource = None, **options: Unpack[MatchOptions]
) -> Correlation:
    """`correlate` with what belongs beside it: baselines, ceiling and the summary per training length."""
    return correlate_matched(match(predictions, truth, **options))


def correlate_matched(matched: Matched) -> Correlation:
    """`analyse_correlation` of what `nasbias.matching.match` joined already."""
    measured = _Measured(matched)
    rows = [measured.row(scored, pull) for scored, pull in zip(matched.rows, measured.influences)]
    baselines = [row for sample in measured.samples() for row in measured.baselines(sample)]
    for row, scored in zip(rows, matched.rows):
        hint_direction(row["score"], row["gt_tau"], row["gt_tau_high"], scored.sign)
    ceiling = _describe_ceiling(matched)
    missing: dict[str, int] = {}
    for scored in matched.rows:
        run = str(scored.keys["run"])
        missing[run] = max(missing.get(run, 0), scored.n_not_joined)
    return Correlation(
        space=matched.space.name,
        truth={**describe_truth(matched.truth), "n_not_joined": max(missing.values())},
        ceiling=ceiling,
        baselines=_table(baselines),
        rows=_table(rows),
        lengths=summarise_lengths(measured, rows, ceiling),
        n_not_joined={run: count for run, count in missing.items() if count},
        free=rank_free(matched),
    )


def summarise_matched(matched: Matched) -> pd.DataFrame:
    """`summarise_lengths` alone: no chance, no ceiling. 20 CPU-ms for a score of 1,000 architectures."""
    measured = _Measured(matched)
    rows = [measured.row(scored, pull) for scored, pull in zip(matched.rows, measured.influences)]
    return summarise_lengths(measured, rows, None)


class _Measured:
    """The rows' metrics, with what several rows share worked out once."""

    def __init__(self, matched: Matched) -> None:
        self.matched = matched
        self.sign = matched.truth.sign
        self.costs = {name: matched.architectures[name].to_numpy(dtype=float) for name in BASELINES}
        self.valid = matched.architectures["is_valid"].to_numpy(dtype=bool)
        rows = progress(matched.rows, "correlating", len(matched.rows))
        self.influences = [influence(scored.score, scored.truth, scored.items) for scored in rows]
        self._truth_to_params: dict[bytes, float] = {}

    def samples(self) -> Iterator[Scored]:
        """One row of each distinct set of architectures, in order of appearance."""
        seen = set()
        for scored in self.matched.rows:
            if scored.architectures_id not in seen:
                seen.add(scored.architectures_id)
                yield scored

    def baselines(self, sample: Scored) -> list[dict[str, Any]]:
        """Parameters and FLOPs (more = better) as if they were supernets, and chance, on `sample`."""
        keys = dict.fromkeys(sample.keys) | {"run": "baseline"}
        rows = []
        for name in BASELINES:
            cost = self.costs[name][sample.items]
            scored = Scored(keys | {"score": name}, sample.items, cost, sample.truth, sample.n_not_joined)
            rows.append(self.row(scored, influence(cost, sample.truth, sample.items)) | {"same_order_as": None})
        params, flops = (dense_ranks(self.costs[name][sample.items]) for name in BASELINES)
        if np.array_equal(params, flops):
            rows[1]["same_order_as"] = "params"
        return [*rows, self._random(keys, sample)]

    def _random(self, keys: dict[str, Any], sample: Scored) -> dict[str, Any]:
        """What random rankings of `sample` get: their median, and 95 % of them as `_low` and `_high` of each metric."""
        row: dict[str, Any] = {
            **keys,
            "score": "random",
            "n": len(sample.items),
            "n_not_joined": sample.n_not_joined,
            "n_connected": int(self.valid[sample.items].sum()),
        }
        for name, values in random_rankings(sample.truth).items():
            turned = [value * self.sign if name in _OWN_UNIT else value for value in values]
            row |= {name: turned[0], f"{name}_low": min(turned), f"{name}_high": max(turned)}
        return row | {"reason": why_undefined(np.arange(len(sample.truth)), sample.truth)}

    def row(self, scored: Scored, pull: Influence) -> dict[str, Any]:
        score, truth = scored.score, scored.truth
        reason = why_undefined(score, truth)
        estimate = Estimate(np.nan) if reason else mean_over_runs([pull])
        valid = self.valid[scored.items]
        all_valid = bool(valid.all())
        row: dict[str, Any] = {
            **scored.keys,
            "n": len(score),
            "n_not_joined": scored.n_not_joined,
            "n_nan": scored.n_nan,
            "gt_tau": estimate.value,
            "gt_tau_low": estimate.low,
            "gt_tau_high": estimate.high,
            "n_connected": int(valid.sum()),
            "gt_tau_connected": estimate.value if all_valid else kendall_tau(score[valid], truth[valid]),
        }
        row |= {name: METRICS[name](score, truth) for name in _PLAIN}
        row |= {name: METRICS[name](score, truth) * self.sign for name in _OWN_UNIT}
        row["tau_given_params"] = np.nan if reason else self._given_params(scored, estimate.value)
        return row | {"reason": reason}

    def _given_params(self, scored: Scored, tau: float) -> float:
        params = self.costs["params"][scored.items]
        if not np.isfinite(params).all():
            return np.nan
        if params.min() == params.max():
            return tau
        known = self._truth_to_params
        if scored.architectures_id not in known:
            known[scored.architectures_id] = kendall_tau(scored.truth, params)
        return partial_tau(tau, kendall_tau(scored.score, params), known[scored.architectures_id])


def summarise_lengths(
    measured: _Measured, rows: Sequence[dict[str, Any]], ceiling: dict[str, Any] | None
) -> pd.DataFrame:
    """Means over runs per score, BN mode, training length and set of architectures.

    The length is the epoch (the last step of it, where there are several), else the step. `gt_tau` has the interval of
    `mean_over_runs`, with the seed's spread pooled over the lengths of a score and BN mode (`spread_of`); `taus` are
    the runs' own, `apart` names runs that the others do not explain (`stand_apart`); `over_params` is its lead over the
    parameter count on the same architectures, paired, with interval; `gt_tau_corrected` takes the seed noise out of the
    truth where repeats are known.
    """
    place = {id(row): i for i, row in enumerate(measured.matched.rows)}
    groups: dict[tuple, dict[tuple, int]] = {}
    for (group, run), row in last_steps(measured.matched.rows, lambda row: (_group_of(row), row.run)).items():
        groups.setdefault(group, {})[run] = place[id(row)]
    spreads = _pool_lengths(measured, groups)
    result = []
    for (score, bn, (epoch, step), _), chosen in groups.items():
        of_group = [measured.matched.rows[i] for i in chosen.values()]
        table = pd.DataFrame([rows[i] for i in chosen.values()])
        runs = [measured.influences[i] for i in chosen.values()]
        estimate = mean_over_runs(runs, spreads[score, bn])
        lead = _compare_with_params(measured, of_group[0], runs, spreads[score, bn])
        corrected = np.nan
        if ceiling is not None:
            corrected = correct_for_noise(estimate.value, ceiling["gt_tau"], measured.matched.truth.n_seeds)
        means = table[["gt_tau_connected", *_PLAIN, *_OWN_UNIT, "tau_given_params"]].mean(skipna=False)
        reasons = dict.fromkeys([*(text for text in table["reason"] if text), estimate.reason])
        result.append(
            {"epoch": epoch, "step": step, "score": score, "bn": bn, "n_runs": len(runs), "n": len(of_group[0].items)}
            | {"gt_tau": estimate.value, "gt_tau_low": estimate.low, "gt_tau_high": estimate.high}
            | {"taus": [run.tau for run in runs]}
            | {"apart": [str(of_group[place].keys["run"]) for place in stand_apart(runs)]}
            | {"error_architectures": estimate.error_architectures, "error_runs": estimate.error_runs}
            | {"gt_tau_corrected": corrected}
            | means.to_dict()
            | {"over_params": lead.difference, "over_params_low": lead.low, "over_params_high": lead.high}
            | {"reason": "; ".join(filter(None, reasons))}
        )
    order = list(dict.fromkeys(row["score"] for row in result))
    result.sort(
        key=lambda row: (order.index(row["score"]), row["bn"] or "", row["n"], row["epoch"] or 0, row["step"] or 0)
    )
    return _table(result)


def _group_of(row: Scored) -> tuple:
    """Rows of one group are repeats of each other: score, BN mode, training length, set of architectures."""
    keys = row.keys
    length = (keys["epoch"], None) if keys["epoch"] is not None else (None, keys["step"])
    return keys["score"], keys["bn"], length, row.architectures_id


def _pool_lengths(measured: _Measured, groups: dict[tuple, dict[tuple, int]]) -> dict[tuple, Spread | None]:
    """The seed's spread of each (score, BN mode), over all its training lengths."""
    lengths: dict[tuple, list[dict[tuple, int]]] = {}
    for (score, bn, *_), chosen in groups.items():
        lengths.setdefault((score, bn), []).append(chosen)
    return {
        kind: spread_of(
            [[measured.influences[i] for i in chosen.values()] for chosen in of_kind],
            [list(chosen) for chosen in of_kind],
        )
        for kind, of_kind in lengths.items()
    }


def _compare_with_params(
    measured: _Measured, sample: Scored, runs: list[Influence], spread: Spread | None
) -> Comparison:
    params = measured.costs["params"][sample.items]
    if why_undefined(params, sample.truth):
        return Comparison(np.nan, reason=why_undefined(params, sample.truth))
    return compare_with_fixed(runs, influence(params, sample.truth, sample.items), spread)


def _table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a table whose whole-number keys stay whole where some are missing."""
    table = pd.DataFrame(list(rows))
    return table.astype({key: "Int64" for key in ("seed", "epoch", "step") if key in table})


def _describe_ceiling(matched: Matched) -> dict[str, Any] | None:
    """tau between two repeats of the truth (`ceiling_of`), over the scored architectures that have both.

    `truth show` says the same of all architectures of the truth; `sample` and `n` say on what this one stands.
    """
    repeats = matched.truth.repeats[pd.unique(matched.places)]
    estimate = ceiling_of(repeats)
    if np.isnan(estimate.value):
        return None
    return {
        "gt_tau": estimate.value,
        "gt_tau_low": estimate.low,
        "gt_tau_high": estimate.high,
        "n": count_repeated(repeats),
        "n_pairs": estimate.n_runs,
        "sample": matched.truth.sample,
    }
