"""The joined table: every architecture that was scored and has a truth, in one row with all that is known of it."""

from collections.abc import Mapping
from typing import Unpack

import pandas as pd

from nasbias.matching.inputs import Predictions
from nasbias.matching.joining import MatchOptions, match
from nasbias.matching.panel import Panel, select_panel
from nasbias.matching.truth_column import TruthSource
from nasbias.tables import Reading

_DESCRIBED = ("params", "flops", "is_valid", "isomorphism_class")


def join(
    predictions: Predictions = None,
    truth: TruthSource = None,
    *,
    score: str | None = None,
    epoch: int | None = None,
    bn: str | None = None,
    columns: Mapping[str, str] | None = None,
    notation: str | None = None,
    **options: Unpack[MatchOptions],
) -> pd.DataFrame:
    """Predictions beside truth: one row per architecture that all runs of one training length scored.

    Args:
        score: the score column; default the first (accuracy, else a loss).
        epoch, bn: training length and BN mode; default the longest, and recalibrated where there is such.
        columns, notation, options: as in `nasbias.correlate`; space is "nb201" where none is named.

    Returns:
        `architecture`, `truth` in its own unit, `score` (mean over runs) in its own unit, `params`, `flops`
        (multiply-accumulates), `is_valid`, `isomorphism_class`, then a column per decision with its value
        (categorical), then `score_<run>` per run. `attrs` say which: `space, score, epoch, bn, runs` and of the truth
        `truth` (its name), `truth_column`.

    Raises:
        InputError: what `correlate` raises, or no such score, epoch or BN mode.
    """
    if score is not None:
        options["scores"] = [score]
    if columns or notation:
        options["reading"] = Reading(dict(columns or {}), notation)
    matched = match(predictions, truth, **options)
    panel = select_panel(matched, score, epoch, bn, least=1)
    return tabulate(panel).pipe(_describe, panel, matched.truth.name, matched.truth.column)


def tabulate(panel: Panel) -> pd.DataFrame:
    """`join`'s table of one panel."""
    about = panel.architectures
    own = panel.scores * panel.score_sign
    table = pd.DataFrame(
        {
            "architecture": about["architecture"],
            "truth": panel.truth * panel.truth_sign,
            "score": own.mean(axis=0),
            **{name: about[name] for name in _DESCRIBED},
        }
    )
    choices = panel.space.decide(about["architecture"].tolist())
    runs = pd.DataFrame(dict(zip(_names_of(panel), own)))
    return pd.concat([table, choices, runs], axis=1)


def _names_of(panel: Panel) -> list[str]:
    """A column's name per run; runs of one name are told apart by their seed, else by their place."""
    names = [str(run["run"]) for run in panel.runs]
    if len(set(names)) < len(names):
        names = [f"{name}-{run['seed']}" for name, run in zip(names, panel.runs)]
    if len(set(names)) < len(names):
        names = [f"{name}-{place}" for place, name in enumerate(names)]
    return [f"score_{name}" for name in names]


def _describe(table: pd.DataFrame, panel: Panel, truth: str, column: str) -> pd.DataFrame:
    keys = {"space": panel.space.name, "score": panel.score, "epoch": panel.epoch, "bn": panel.bn}
    table.attrs = {**keys, "runs": len(panel.runs), "truth": truth, "truth_column": column}
    return table
