"""Figures of size bias: `deciles` of `measure_size_bias`."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nasbias.figures.registry import figure
from nasbias.figures.style import BLUE, GREY, say_missing


@figure()
def size_deciles(deciles: pd.DataFrame, *, ax: Any = None, cost: str = "params") -> Axes:
    """Is size misjudged: mean rank difference of each tenth of the architectures by size, with 95 % intervals.

    Args:
        deciles: `decile, n, smallest, largest` (parameters), `rank_difference, low, high` in percentile points.
    """
    if deciles.empty:
        return say_missing(ax, f"{cost} of these architectures do not vary: size says nothing here.")
    table = deciles.sort_values("decile")
    ax.axhline(0, color=GREY, linewidth=0.7)
    at = np.arange(len(table))
    ax.vlines(at, table["low"], table["high"], colors=BLUE, linewidth=1.2)
    ax.plot(at, table["rank_difference"], linestyle="none", marker="o", color=BLUE)
    ax.set_xticks(at, [f"{value / 1e6:.2g}" for value in table["largest"]])
    word = "parameters" if cost == "params" else "multiply-accumulates"
    ax.set_xlabel(f"tenths by size, up to (million {word})")
    ax.set_ylabel("rank difference (points)\nunderrated < 0 < overrated")
    return ax
