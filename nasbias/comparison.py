"""Is supernet A better than B on this space? Their mean taus on the same architectures, tested as pairs."""

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.files import records, to_json, write_table
from nasbias.matching import Predictions, TruthSource, match
from nasbias.panel import select_panel
from nasbias.statistics import adjust_p_values, compare_runs, influence, mean_over_runs
from nasbias.terminal import print_table


def compare_supernets(
    first: Predictions,
    second: Predictions,
    truth: TruthSource = None,
    *,
    scores: Iterable[str] | None = None,
    epoch: int | None = None,
    bn: str | None = None,
    **options: Any,
) -> pd.DataFrame:
    """One row per score that both have, over the architectures that every run of both scored.

    Args:
        first, second: predictions of two recipes, one or more runs each.
        epoch, bn: which training length and BN mode (default: the longest, recalibrated if there), of each.
        options: as in `nasbias.correlation.correlate` (space, dataset, split, epochs, unique, ...).

    Returns:
        `score, n, runs_a, runs_b, epoch_a, epoch_b, gt_tau_a, gt_tau_b`, `difference` = a - b with its 95 % interval
        `low, high`, two-sided `p_value`, `p_adjusted` (Holm over the scores), `reason`: what the interval leaves out.

    Raises:
        InputError: what matching raises, no common score, or too few common architectures.
    """
    one, other = (match(predictions, truth, **options) for predictions in (first, second))
    present = [list(dict.fromkeys(row.keys["score"] for row in matched.rows)) for matched in (one, other)]
    common = [name for name in present[0] if name in present[1] and (scores is None or name in scores)]
    if not common:
        raise InputError(f"no score in common: {', '.join(present[0])} against {', '.join(present[1])}.")
    rows = []
    for name in common:
        panels = [select_panel(matched, name, epoch, bn) for matched in (one, other)]
        names = [panel.architectures["architecture"].to_numpy() for panel in panels]
        _, *places = np.intersect1d(*names, return_indices=True)
        if len(places[0]) < 30:
            raise InputError(f"the two have {len(places[0])} scored architectures in common; a comparison needs 30.")
        runs = [
            [influence(scores[place], panel.truth[place]) for scores in panel.scores]
            for panel, place in zip(panels, places)
        ]
        found = compare_runs(*runs)
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


def print_comparison(table: pd.DataFrame, space: str, format: str, out: str | None) -> None:
    """Print the answer and the rows (JSON, CSV or for people); write the rows to `out`."""
    if out:
        write_table(table, out)
    if format == "json":
        print(to_json({"space": space, "comparison": records(table)}))
        return
    if format == "csv":
        table.to_csv(sys.stdout, index=False)
        return
    row = records(table)[0]
    verdict = "no difference is found between A and B"
    if row["low"] > 0 or row["high"] < 0:
        verdict = f"{'A' if row['difference'] > 0 else 'B'} ranks better"
    print(
        f"{space}: {verdict} by {row['score']} (tau {row['gt_tau_a']:.3f} against {row['gt_tau_b']:.3f}; difference "
        f"{row['difference']:+.3f}, 95 % {row['low']:+.3f} to {row['high']:+.3f}, p {row['p_value']:.2g})."
    )
    print_table(table)
