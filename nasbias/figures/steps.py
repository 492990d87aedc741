"""Figures of the last mini-batches: one supernet scored after each of them (`--dense-steps`)."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize

from nasbias.figures.registry import figure
from nasbias.figures.style import GREY, MARKERS, ORANGE, SMALL, colour_of, draw_published, plain, say_missing

_FEW_LAGS = 20  # up to which each one measured is marked
_MOST = 200  # lines that are still lines


@figure(width=180.0, height=62)
def last_minibatches(
    scores: pd.DataFrame, *, ax: Any = None, period: int | None = None, label: str = "accuracy (%)"
) -> Axes:
    """Every architecture's score after each of the last mini-batches, coloured by its truth: is there a period?

    Args:
        scores: `step, architecture, score, truth` of one run; more than 200 architectures are thinned by true rank.
        period: steps of one cycle through the architectures, marked by lines.
    """
    if len(set(scores["step"])) < 2:
        return say_missing(ax, "One step only. Train with --dense-steps 128 to score after each of the last ones.")
    wide = scores.pivot_table(index="architecture", columns="step", values="score")
    truth = scores.groupby("architecture")["truth"].first().reindex(wide.index).to_numpy(float)
    order = np.argsort(truth, kind="stable")
    if len(order) > _MOST:
        order = order[np.linspace(0, len(order) - 1, _MOST).astype(int)]
    steps = wide.columns.to_numpy(float)
    lines = [np.column_stack([steps, row]) for row in wide.to_numpy(float)[order]]
    scale = Normalize(*np.quantile(truth, [0.02, 0.98]))
    bundle = LineCollection(lines, cmap=mpl.colormaps["viridis"], norm=scale, linewidths=0.5, alpha=0.8)
    bundle.set_array(truth[order])
    ax.add_collection(bundle)
    ax.set_xlim(steps.min(), steps.max())
    low, high = np.nanmin(wide.to_numpy(float)), np.nanmax(wide.to_numpy(float))
    ax.set_ylim(low - 0.03 * (high - low), high + 0.03 * (high - low))
    if period:
        for i, at in enumerate(np.arange(steps.max() - period, steps.min(), -period)):
            ax.axvline(
                at, color=ORANGE, linewidth=1, linestyle=(0, (3, 2)), label=f"one cycle: {period}" if not i else None
            )  # fmt: skip
    bar = ax.figure.colorbar(bundle, ax=ax, pad=0.01)
    bar.set_label("truth (%)")
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)
    ax.set_xlabel("mini-batch")
    ax.set_ylabel(f"supernet: {label}")
    return ax


@figure()
def autocorrelation(
    lags: pd.DataFrame, *, ax: Any = None, value: str = "autocorrelation", period: int | None = None
) -> Axes:
    """How alike are a supernet's scores a number of mini-batches apart?

    Args:
        lags: `order, lag` (mini-batches) and `value`: "autocorrelation" of the scores, or "tau" between the rankings.
        period: marked by vertical lines.
    """
    if lags.empty:
        return say_missing(ax, "No two steps to compare. Train with --dense-steps 128.")
    ax.axhline(0, color=GREY, linewidth=0.6)
    if period:
        for at in range(period, int(lags.loc[:, "lag"].max()) + 1, period):
            ax.axvline(at, color=ORANGE, linewidth=0.8, linestyle=(0, (2, 2)))
    for i, (order, part) in enumerate(lags.groupby("order", sort=False)):
        part = part.sort_values("lag")
        ax.plot(
            part["lag"], part[value], color=colour_of(i), label=plain(order), linestyle=("-", (0, (4, 1.5)))[i % 2],
            marker=MARKERS[i % len(MARKERS)] if len(part) <= _FEW_LAGS else "",
        )  # fmt: skip
    ax.set_xlim(0, None)
    ax.set_xlabel("lag (mini-batches)")
    ax.set_ylabel("autocorrelation of the scores" if value == "autocorrelation" else "tau between the rankings")
    return ax


@figure()
def gt_tau_over_steps(steps: pd.DataFrame, *, ax: Any = None, published: float | None = None) -> Axes:
    """GT-Tau after each of the last mini-batches: how far a ranking swings within one epoch.

    Args:
        steps: `follow_steps`: `order, step, gt_tau`.
        published: P1's mean over the last 64, in fixed order.
    """
    if len(set(steps["step"])) < 2:
        return say_missing(ax, "One step only. Train with --dense-steps 128 to score after each of the last ones.")
    ax.axhline(0, color=GREY, linewidth=0.6)
    for i, (order, part) in enumerate(steps.groupby("order", sort=False)):
        part = part.sort_values("step")
        ax.plot(part["step"], part["gt_tau"], color=colour_of(i), linewidth=1, label=plain(order))
    if published is not None:
        draw_published(ax, [steps.loc[:, "step"].max()], [published], colour_of(0), "P1, published mean of 64")
    ax.set_xlabel("mini-batch")
    ax.set_ylabel("GT-Tau")
    return ax
