"""What is in a truth table: which datasets, budgets, seeds and splits, the best architecture, and how well it repeats.

`ceiling` is the truth's agreement with itself: no predictor of one training's outcome can be expected to rank
architectures better than a second training does (study.md 2, "ground truth against itself").
"""

import itertools
from typing import Any, cast

import numpy as np
import pandas as pd
import scipy  # its parts are imported when they are first used

from nasbias.errors import InputError
from nasbias.tables import MEASURES, Split, choose_split, measures_of, select_truth


def ceiling(
    table: pd.DataFrame, dataset: str | None = None, epochs: int | None = None, split: Split | None = None
) -> dict[str, Any] | None:
    """Kendall's tau-b between repeats of the truth, over the architectures that have both; None where none has.

    Args:
        table: all rows of a truth (`read_truth`), one per seed.
        dataset, epochs, split: which numbers; defaults as in `load_truth` and `tables.choose_split`.

    Returns:
        `gt_tau`: mean over the pairs of seeds, `n`: architectures with at least two seeds, `pairs`: `seeds`, `gt_tau`
        and `n` of each pair, and what was compared: `dataset`, `epochs`, `measure`.
    """
    selected = select_truth(table, dataset, epochs, seed="all")
    measure = choose_split(selected, split)
    selected = selected[selected[measure].notna() & selected["seed"].notna()]
    by_seed = selected.pivot(index="architecture", columns="seed", values=measure)
    pairs = []
    for one, other in itertools.combinations(by_seed.columns, 2):
        both = by_seed[[one, other]].dropna()
        if len(both) >= 2:
            tau = float(np.asarray(scipy.stats.kendalltau(both[one], both[other]))[0])
            pairs.append({"seeds": [int(one), int(other)], "gt_tau": tau, "n": len(both)})
    if not pairs:
        return None
    chosen = selected.iloc[0]
    return {
        "gt_tau": float(np.mean([pair["gt_tau"] for pair in pairs])),
        "n": int((by_seed.notna().sum(axis=1) >= 2).sum()),
        "pairs": pairs,
        "dataset": None if pd.isna(chosen["dataset"]) else str(chosen["dataset"]),
        "epochs": None if pd.isna(chosen["epochs"]) else int(chosen["epochs"]),
        "measure": measure,
    }


def describe_parts(table: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry per dataset, budget and measure: rows, architectures, seeds, direction, range, best and `ceiling`."""
    parts = []
    for group, rows in table.groupby(["dataset", "epochs"], dropna=False, sort=False):
        dataset, epochs = cast(tuple[Any, Any], group)
        for measure in measures_of(rows):
            values = rows.dropna(subset=[measure])
            if values.empty:
                continue
            means = cast(pd.Series, values.groupby("architecture", sort=False)[measure].mean())
            best = means.idxmax() if MEASURES[measure].sign > 0 else means.idxmin()
            parts.append(
                {
                    "dataset": None if pd.isna(dataset) else dataset,
                    "epochs": None if pd.isna(epochs) else int(epochs),
                    "measure": measure,
                    "unit": MEASURES[measure].unit,
                    "better": MEASURES[measure].better,
                    "architectures": len(means),
                    "rows": len(values),
                    "seeds": sorted({int(seed) for seed in values["seed"] if not pd.isna(seed)}),
                    "min": float(means.min()),
                    "max": float(means.max()),
                    "best": str(best),
                    "ceiling": _ceiling_of(values, measure),
                }
            )
    return parts


def _ceiling_of(rows: pd.DataFrame, measure: str) -> dict[str, Any] | None:
    split = measure.split("_")[0]
    if split not in ("valid", "test"):
        return None
    keys = [key for key in ("architecture", "dataset", "epochs", "seed") if key in rows]
    try:
        found = ceiling(rows.filter([*keys, measure]), split=split)
    except InputError:
        return None
    return found and {key: found[key] for key in ("gt_tau", "n", "pairs")}
