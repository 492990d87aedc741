"""Figures of the joined table (`nasbias.join`): every architecture's score beside its truth, its size, its operations.

`joined` has a row per architecture: `truth` and `score` (mean over runs) in their own units, costs, and a column per
decision. Up to 2,000 points are drawn as points; of more the density.
"""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, to_rgb

from nasbias.figures.registry import figure
from nasbias.figures.style import BLUE, COLOURS, SEQUENCE, SMALL, colour_of, say_missing, short
from nasbias.streams import stream

MANY = 2000  # points from which the density is drawn


@figure(height=66)
def score_against_truth(
    joined: pd.DataFrame,
    *,
    ax: Any = None,
    decision: str | None = None,
    score: str = "accuracy",
    score_unit: str = "%",
    truth: str = "accuracy",
    truth_unit: str = "%",
) -> Axes:
    """Score against truth, one point an architecture (their density where they are thousands).

    Args:
        decision: colour the points by the operation there, such as "0->3".
        score, truth: names for the axes.
    """
    table = joined.dropna(subset=["score", "truth"])
    if len(table) < 2:
        return say_missing(ax, "Fewer than two architectures have a score and a truth: nothing to set side by side.")
    x, y = table["truth"].to_numpy(float), table["score"].to_numpy(float)
    if decision is not None:
        _draw_by_operation(ax, x, y, table.loc[:, decision])
        ax.set_title(f"by the operation on {decision}")
    else:
        _draw_points(ax, x, y)
        ax.set_title("each architecture" if len(table) <= MANY else "how many architectures")
    ax.set_xlabel(f"truth: {truth} ({truth_unit})" if truth_unit else f"truth: {truth}")
    ax.set_ylabel(f"supernet: {score} ({score_unit})" if score_unit else f"supernet: {score}")
    _zoom(ax, x, y)
    return ax


@figure()
def size_against(
    joined: pd.DataFrame,
    *,
    ax: Any = None,
    value: str = "truth",
    cost: str = "params",
    label: str = "accuracy (%)",
    tau: tuple[float, float, float] | None = None,
) -> Axes:
    """Size against score, or against truth: does the supernet prefer large architectures more than it should?

    Args:
        value: "truth" or "score".
        tau: of cost and value with its interval, as `measure_size_bias` gives it: said in the title.
    """
    table = joined.dropna(subset=[value, cost])
    if len(table) < 2 or bool(table[cost].min() == table[cost].max()):
        return say_missing(ax, f"{cost} of these architectures do not vary: size says nothing here.")
    x, y = table[cost].to_numpy(float) / 1e6, table[value].to_numpy(float)
    _draw_points(ax, x, y)
    ax.set_xlabel("parameters (millions)" if cost == "params" else "multiply-accumulates (millions)")
    ax.set_ylabel(f"{'supernet' if value == 'score' else value}: {label}")
    if tau is not None and not np.isnan(tau[0]):
        ax.set_title(f"tau {tau[0]:.2f} [{tau[1]:.2f} to {tau[2]:.2f}]")
    _zoom(ax, None, y)
    return ax


def _draw_points(ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
    if len(x) <= MANY:
        ax.plot(x, y, linestyle="none", marker="o", markersize=2.2, color=BLUE, alpha=0.5, markeredgewidth=0)
        return
    limits = (*_limits(x), *_limits(y))
    cells = ax.hexbin(
        x, y, gridsize=46, bins=None, norm=LogNorm(), mincnt=1, cmap=f"{SEQUENCE}_r", linewidths=0.1,
        extent=limits, rasterized=True,
    )  # fmt: skip
    bar = ax.figure.colorbar(cells, ax=ax, pad=0.02)
    bar.set_label("architectures")
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)


def _draw_by_operation(ax: Axes, x: np.ndarray, y: np.ndarray, operation: pd.Series) -> None:
    names = list(operation.cat.categories) if isinstance(operation.dtype, pd.CategoricalDtype) else None
    names = names or list(dict.fromkeys(operation))
    place = pd.Index(names).get_indexer(pd.Index(operation.astype(object)))
    order = stream("drawing", 0).permutation(len(x))  # so that no operation covers another
    colours = mpl.colormaps["viridis"](np.linspace(0, 1, len(names))) if len(names) > len(COLOURS) else None
    paint = np.array([to_rgb(colour_of(i)) if colours is None else colours[i][:3] for i in range(len(names))])
    size = 10 if len(x) <= MANY else 2
    ax.scatter(x[order], y[order], c=paint[place[order]], s=size, alpha=0.55, linewidths=0, rasterized=True)
    for i, name in enumerate(names):
        ax.plot([], [], linestyle="none", marker="o", color=paint[i], label=short(name))
    ax.legend(handletextpad=0.1, labelspacing=0.25, loc="upper left", frameon=True, framealpha=0.85, edgecolor="none")


def _limits(values: np.ndarray) -> tuple[float, float]:
    """The range of nearly all values: a few at chance level would squeeze all others into a corner."""
    low, middle, high = np.quantile(values, [0.03, 0.5, 1.0])
    least = float(values.min())
    if middle > low and low - least > 0.8 * (high - low):
        least = float(low - 0.3 * (high - low))
    margin = 0.03 * (high - least) or 1.0
    return least - margin, float(high) + margin


def _zoom(ax: Axes, x: np.ndarray | None, y: np.ndarray) -> None:
    """Limits that show nearly all; what lies beyond is counted in a corner."""
    outside = np.zeros(len(y), dtype=bool)
    for values, limit in ((x, ax.set_xlim), (y, ax.set_ylim)):
        if values is not None:
            low, high = _limits(values)
            limit(low, high)
            outside |= (values < low) | (values > high)
    if outside.any():
        ax.text(
            0.98, 0.02, f"{outside.sum():,} outside the frame", transform=ax.transAxes, fontsize=SMALL, color="#555555",
            ha="right",
        )  # fmt: skip
