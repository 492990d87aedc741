"""What costs nothing, on the same architectures: parameters, FLOPs, and the shipped proxies of the space.

A supernet has to beat the best of them. Which one is best is chosen on the truth itself, so its lead over the others is
a little flattered, and the more are tried the more.
"""

from typing import Any

import numpy as np
import pandas as pd

from nasbias.matching import Matched
from nasbias.statistics import influence, mean_over_runs
from nasbias.statistics.metrics import why_undefined
from nasbias.tables import list_shipped, load_predictions, numbers_of, sign_of

COSTS = ("params", "flops")
_MOST_MISSING = 0.1  # of the architectures: a baseline with more NaN is not judged


def rank_free(matched: Matched, items: np.ndarray | None = None) -> pd.DataFrame:
    """Every free baseline's tau on the architectures of `matched`, best first.

    Args:
        items: rows of `matched.architectures` (default: those of the first score's row that has most).

    Returns:
        `baseline`, `n` architectures, `gt_tau` with its 95 % interval `gt_tau_low`, `gt_tau_high`. What is constant, or
        NaN for more than a tenth, is left out; without shipped proxies the costs alone are there.
    """
    if items is None:
        score = matched.rows[0].keys["score"]
        items = max((row.items for row in matched.rows if row.keys["score"] == score), key=len)
    architectures = matched.architectures.iloc[items]
    truth = architectures["truth"].to_numpy(dtype=float)
    values = {name: architectures[name].to_numpy(dtype=float) for name in COSTS}
    values |= free_values(matched.space.name, architectures["architecture"].tolist())
    rows = []
    for name, value in values.items():
        known = ~np.isnan(value)
        if known.mean() < 1 - _MOST_MISSING or why_undefined(value[known], truth[known]):
            continue
        estimate = mean_over_runs([influence(value[known], truth[known], items[known])])
        rows.append([name, int(known.sum()), estimate.value, estimate.low, estimate.high])
    table = pd.DataFrame(rows, columns=["baseline", "n", "gt_tau", "gt_tau_low", "gt_tau_high"])
    return table.sort_values("gt_tau", ascending=False, kind="stable", ignore_index=True)


def say_free(table: pd.DataFrame) -> str:
    """One line on the best of `rank_free`; empty where none is judged, or on so few architectures that none has an
    interval: among twenty rankings of three architectures one is always right."""
    best: Any = table.dropna(subset="gt_tau_low").to_dict("records")[:1]
    if not best:
        return ""
    name, tau, low, high = (best[0][key] for key in ("baseline", "gt_tau", "gt_tau_low", "gt_tau_high"))
    return (
        f"best free baseline of {len(table)} tried on these: {name}, tau {tau:.2f} ({low:.2f} to {high:.2f}); "
        f"chosen on this truth."
    )


def free_values(space: str, architectures: list[str]) -> dict[str, np.ndarray]:
    """Name -> values [n], higher = better, of the space's shipped proxies; NaN where one was not measured."""
    path = list_shipped(space).get(f"{space.replace('-', '_')}_proxies")
    if path is None:
        return {}
    table = load_predictions(path, space).drop_duplicates("architecture").set_index("architecture")
    found = table.reindex(architectures)
    return {name: sign_of(name) * found[name].to_numpy(dtype=float) for name in numbers_of(table)}
