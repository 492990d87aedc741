"""Everything that a report tells, studied once: predictions and truth are joined, then each study runs on the join."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, Unpack

import pandas as pd

from nasbias.bias import Bias, analyse_bias
from nasbias.correlation import Correlation, correlate_matched
from nasbias.correlation.comparison import compare_supernets
from nasbias.errors import InputError
from nasbias.matching import Matched, MatchOptions, Panel, Predictions, Scored, TruthSource, match, select_panel
from nasbias.matching.joined import tabulate
from nasbias.stability import Stability, analyse_stability

DRAWS = 10  # of stand-alone trainings: 40 as in the bias command cost 9 s more for 15,625 architectures
LEAST_TOP = 30  # architectures below which a share of the top is hardly one of them

Result = TypeVar("Result")


@dataclass(frozen=True)
class Studied:
    """The studies of one score; a study that these predictions do not allow is the sentence that says why."""

    matched: Matched
    score: str
    correlation: Correlation  # of every score
    panel: Panel | str
    joined: pd.DataFrame | str
    stability: Stability | str
    bias: Bias | str
    comparison: pd.DataFrame | None = None
    other: Correlation | None = None  # what is compared with

    @property
    def lengths(self) -> pd.DataFrame:
        """Its training lengths, those of the largest set of architectures."""
        return _own_lengths(self.correlation, self.score)

    @property
    def last(self) -> dict[str, Any]:
        """The longest training that ranks anything; the longest where none does."""
        rows: list[dict[Any, Any]] = self.lengths.to_dict("records")
        ranked = [row for row in rows if not pd.isna(row["gt_tau"])]
        return {str(name): value for name, value in (ranked or rows)[-1].items()}

    @property
    def baselines(self) -> pd.DataFrame:
        """Parameters, FLOPs (where they order otherwise) and chance on the architectures of `last`."""
        table = self.correlation.baselines
        table = table.loc[(table["n"] == self.last["n"]) & table["same_order_as"].isna()]
        return table.drop_duplicates("score").reset_index(drop=True)

    @property
    def chance(self) -> dict[str, Any]:
        """The row of random rankings."""
        table = self.baselines
        return {str(name): value for name, value in table.loc[table["score"] == "random"].to_dict("records")[0].items()}

    @property
    def unit(self) -> str:
        """The truth's unit, with a blank before it; empty where it has none."""
        return f" {self.correlation.truth['unit']}" if self.correlation.truth["unit"] else ""


def study(
    predictions: Predictions = None,
    truth: TruthSource = None,
    *,
    against: Predictions = None,
    score: str | None = None,
    epoch: int | None = None,
    bn: str | None = None,
    truth_noise: float | None = None,
    draws: int = DRAWS,
    **options: Unpack[MatchOptions],
) -> Studied:
    """Run the studies of a report; the arguments are those of `make_report`.

    Raises:
        InputError: what `match` raises, no such score, epoch or BN mode, or what `compare_supernets` raises.
    """
    if draws < 1:
        raise InputError(f"{draws} draws are none. Give 1 or more; 40 make a smoother correction curve.")
    if score is not None:
        options["scores"] = [score]
    matched = _restrict(match(predictions, truth, **options), epoch, bn)
    name = str(score or matched.rows[0].keys["score"])
    correlation = correlate_matched(matched)
    panel = _try(lambda: select_panel(matched, name, least=2))
    comparison = other = None
    if against is not None:
        comparison = compare_supernets(predictions, against, truth, epoch=epoch, bn=bn, **options)
        rows = match(against, truth, **{**options, "scores": [comparison["score"].iloc[0]]})
        other = correlate_matched(_restrict(rows, epoch, bn))
    return Studied(
        matched=matched,
        score=name,
        correlation=correlation,
        panel=panel,
        joined=panel if isinstance(panel, str) else tabulate(panel),
        stability=_try(lambda: analyse_stability(matched, score=name)),
        bias=_try(lambda: analyse_bias(matched, score=name, draws=draws, truth_noise=truth_noise)),
        comparison=comparison,
        other=other,
    )


def _own_lengths(correlation: Correlation, score: str) -> pd.DataFrame:
    table = correlation.lengths[correlation.lengths["score"] == score]
    return table.loc[table["n"] == table["n"].max()].reset_index(drop=True)


def own_lengths_of(correlation: Correlation) -> pd.DataFrame:
    """The lengths of a correlation's first score, those of the largest set of architectures."""
    return _own_lengths(correlation, str(correlation.lengths["score"].iloc[0]))


def _try(work: Callable[[], Result]) -> Result | str:
    try:
        return work()
    except InputError as error:
        return str(error)


def _restrict(matched: Matched, epoch: int | None, bn: str | None) -> Matched:
    """Up to the training length asked for, and of each score one BN mode: recalibrated where there is such."""
    rows: list[Scored] = []
    for score in dict.fromkeys(row.keys["score"] for row in matched.rows):
        of_score = [row for row in matched.rows if row.keys["score"] == score]
        if epoch is not None or bn is not None:
            _check(of_score, score, epoch, bn)
        modes = sorted({row.keys["bn"] for row in of_score}, key=lambda mode: (mode != "recalibrated", str(mode)))
        mode = bn or modes[0]
        rows += [row for row in of_score if row.keys["bn"] == mode and _is_within(row, epoch)]
    return dataclasses.replace(matched, rows=rows)


def _check(rows: Sequence[Scored], score: Any, epoch: int | None, bn: str | None) -> None:
    for kind, wanted, present in (
        ("epoch", epoch, {row.keys["epoch"] for row in rows}),
        ("BN mode", bn, {row.keys["bn"] for row in rows}),
    ):
        if wanted is not None and wanted not in present:
            known = ", ".join(sorted(map(str, present)))
            raise InputError(f"no {score} at {kind} {wanted!r} in these predictions. There is: {known}.")


def _is_within(row: Scored, epoch: int | None) -> bool:
    return epoch is None or row.keys["epoch"] is None or row.keys["epoch"] <= epoch
