"""What is in a truth table: which datasets, budgets, seeds and splits, the best architecture, and how well it repeats.

`ceiling` is the truth's agreement with itself: no predictor of one training's outcome can be expected to rank
architectures better than a second training does (study.md 2, "ground truth against itself").
"""

import itertools
from typing import Any, cast

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.statistics import ceiling_of, count_repeated
from nasbias.tables import MEASURES, Split, choose_split, measures_of, select_truth


def ceiling(
    table: pd.DataFrame,
    dataset: str | None = None,
    epochs: int | None = None,
    split: Split | None = None,
    sample: str | None = None,
) -> dict[str, Any] | None:
    """Kendall's tau-b between repeats of the truth, over the architectures that have both; None where none has.

    The same function as the correlation's (`nasbias.statistics.ceiling_of`), here over the truth's architectures where
    the correlation takes those of them that were scored.

    Args:
        table: all rows of a truth (`read_truth`), one per seed.
        dataset, epochs, split: which numbers; defaults as in `load_truth` and `tables.choose_split`.
        sample: rows by how they were chosen, where the truth says (default: "uniform" if there; "all" for all).

    Returns:
        `gt_tau`: mean over the pairs of seeds, with its 95 % interval, `n`: architectures with at least two seeds,
        `pairs`: `seeds`, `gt_tau` and `n` of each pair, and what was compared: `dataset`, `epochs`, `measure` and
        `sample`.
    """
    if sample is None and "sample" in table and "uniform" in set(table["sample"].dropna()):
        sample = "uniform"
    selected = select_truth(table, dataset, epochs, seed="all", sample=None if sample == "all" else sample)
    measure = choose_split(selected, split)
    selected = selected[selected[measure].notna() & selected["seed"].notna()]
    by_seed = selected.pivot(index="architecture", columns="seed", values=measure)
    repeats = by_seed.to_numpy(dtype=float)
    found = ceiling_of(repeats)
    if np.isnan(found.value):
        return None
    pairs = []
    for i, j in itertools.combinations(range(repeats.shape[1]), 2):
        pair = repeats[:, [i, j]]
        tau, seeds = ceiling_of(pair).value, [int(by_seed.columns[i]), int(by_seed.columns[j])]
        if not np.isnan(tau):
            pairs.append({"seeds": seeds, "gt_tau": tau, "n": count_repeated(pair)})
    chosen = selected.iloc[0]
    return {
        "gt_tau": found.value,
        "gt_tau_low": found.low,
        "gt_tau_high": found.high,
        "n": count_repeated(repeats),
        "pairs": pairs,
        "dataset": None if pd.isna(chosen["dataset"]) else str(chosen["dataset"]),
        "epochs": None if pd.isna(chosen["epochs"]) else int(chosen["epochs"]),
        "measure": measure,
        "sample": sample,
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
    keys = [key for key in ("architecture", "dataset", "epochs", "seed", "sample") if key in rows]
    try:
        found = ceiling(rows.filter([*keys, measure]), split=split)
    except InputError:
        return None
    return found and {key: found[key] for key in ("gt_tau", "gt_tau_low", "gt_tau_high", "n", "pairs", "sample")}
