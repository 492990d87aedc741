"""Is supernet A better than B on this space? Their mean taus on the same architectures, tested as pairs."""

from typing import Any, Unpack

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.matching import (
    Matched,
    MatchOptions,
    Predictions,
    Scored,
    TruthSource,
    last_steps,
    match,
    select_panel,
)
from nasbias.statistics import Spread, adjust_p_values, compare_runs, influence, mean_over_runs, spread_of


def compare_supernets(
    first: Predictions,
    second: Predictions,
    truth: TruthSource = None,
    *,
    epoch: int | None = None,
    bn: str | None = None,
    **options: Unpack[MatchOptions],
) -> pd.DataFrame:
    """One row per score that both have, over the architectures that every run of both scored.

    Args:
        first, second: predictions of two recipes, one or more runs each.
        epoch, bn: which training length and BN mode (default: the longest, recalibrated if there), of each.
        options: as in `nasbias.correlation.correlate` (scores, space, dataset, split, epochs, unique, ...).

    Returns:
        `score, n, runs_a, runs_b, epoch_a, epoch_b, gt_tau_a, gt_tau_b`, `difference` = a - b with its 95 % interval
        `low, high`, two-sided `p_value`, `p_adjusted` (Holm over the scores). With fewer than two runs on a side the
        seed is not covered: interval and p-value are missing and `reason` says so.

    Raises:
        InputError: what matching raises, no common score, or too few common architectures.
    """
    one, other = (match(predictions, truth, **options) for predictions in (first, second))
    present = [list(dict.fromkeys(row.keys["score"] for row in matched.rows)) for matched in (one, other)]
    common = [name for name in present[0] if name in present[1]]
    if not common:
        raise InputError(f"no score in common: {', '.join(present[0])} against {', '.join(present[1])}.")
    rows = []
    for name in common:
        panels = [select_panel(matched, name, epoch, bn) for matched in (one, other)]
        names = [panel.architectures["architecture"].to_numpy() for panel in panels]
        _, *places = np.intersect1d(names[0], names[1], return_indices=True)
        if len(places[0]) < 30:
            raise InputError(f"the two have {len(places[0])} scored architectures in common; a comparison needs 30.")
        runs = [
            [influence(scores[place], panel.truth[place]) for scores in panel.scores]
            for panel, place in zip(panels, places)
        ]
        spreads = [_spread(matched, panel.score, panel.bn) for matched, panel in zip((one, other), panels)]
        found = compare_runs(runs[0], runs[1], spreads[0], spreads[1])
        taus = [mean_over_runs(of_recipe).value for of_recipe in runs]
        rows.append(
            {"score": name, "n": len(places[0]), "runs_a": len(runs[0]), "runs_b": len(runs[1])}
            | {"epoch_a": panels[0].epoch, "epoch_b": panels[1].epoch, "gt_tau_a": taus[0], "gt_tau_b": taus[1]}
            | {"difference": found.difference, "low": found.low, "high": found.high, "p_value": found.p_value}
            | {"reason": found.reason}
        )
    table = pd.DataFrame(rows).astype({"epoch_a": "Int64", "epoch_b": "Int64"})
    table.insert(
        table.columns.tolist().index("p_value") + 1, "p_adjusted", adjust_p_values(table["p_value"].to_numpy())
    )
    return table


def _spread(matched: Matched, score: str, bn: str | None) -> Spread | None:
    """The seed's spread of a recipe over all its training lengths; of several steps in an epoch the last."""
    of_recipe = (row for row in matched.rows if row.keys["score"] == score and row.keys["bn"] == bn)
    lengths: dict[Any, dict[tuple, Scored]] = {}
    for (epoch, run), row in last_steps(of_recipe, lambda row: (row.keys["epoch"], row.run)).items():
        lengths.setdefault(epoch, {})[run] = row
    return spread_of(
        [[influence(row.score, row.truth, row.items) for row in runs.values()] for runs in lengths.values()],
        [list(runs) for runs in lengths.values()],
    )
