"""Figures of `nasbias.stability`: do runs agree, which architectures can be told apart, what filtering loses."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nasbias.figures.registry import figure
from nasbias.figures.style import (
    BLUE,
    GREEN,
    GREY,
    PINK,
    RED,
    SKY,
    colour_of,
    draw_interval,
    draw_published,
    plain,
    say_missing,
    use_log_epochs,
)

_MANY = 100  # architectures up to which each gets a box of its own
_MOST = 500  # boxes that a page's width shows; of more than twice as many architectures only so many


@figure()
def s_tau_over_epochs(
    epochs: pd.DataFrame,
    published: pd.DataFrame | None = None,
    frames: pd.DataFrame | None = None,
    *,
    ax: Any = None,
) -> Axes:
    """How well runs agree with each other (S-Tau) and with the truth (GT-Tau), against training length.

    Args:
        epochs: `Stability.epochs`: `epoch, n, s_tau, s_tau_low, s_tau_high, s_tau_min, s_tau_max, gt_tau`.
        published: `epoch, s_tau, gt_tau`, hollow.
        frames: `Stability.frames`; the row "ground truth" is drawn as a line where there is one.
    """
    table = epochs.dropna(subset=["s_tau"]).sort_values("epoch") if "s_tau" in epochs else epochs.iloc[:0]
    if table.empty:
        return say_missing(ax, "One run has nothing to agree with. Give the predictions of several runs.")
    x = table["epoch"].to_numpy(float)
    ax.axhline(0, color=GREY, linewidth=0.6)
    if frames is not None and len(frames):
        truth = frames.loc[frames["name"] == "ground truth"]
        if len(truth) and not pd.isna(truth["s_tau"].iloc[0]):
            ax.axhline(truth["s_tau"].iloc[0], color=GREEN, linestyle=(0, (4, 2)), linewidth=1, label="truth, repeated")
    draw_interval(ax, x, table["s_tau_low"], table["s_tau_high"], BLUE)
    ax.vlines(x, table["s_tau_min"], table["s_tau_max"], colors=BLUE, linewidth=0.7, label="lowest to highest pair")
    ax.plot(x, table["s_tau"], color=BLUE, marker="o", label="S-Tau: run and run", zorder=3)
    ax.plot(x, table["gt_tau"], color=RED, marker="s", label="GT-Tau: run and truth", zorder=3)
    ticks = x
    if published is not None and len(published):
        draw_published(ax, published["epoch"], published["s_tau"], BLUE, "P1, published")
        draw_published(ax, published["epoch"], published["gt_tau"], RED)
        ticks = np.concatenate([x, published["epoch"].to_numpy(float)])
    use_log_epochs(ax, ticks)
    ax.set_ylabel("Kendall's tau")
    return ax


@figure(width=180.0, height=62)
def rank_boxes(ranks: pd.DataFrame, *, ax: Any = None) -> Axes:
    """Each architecture's rank over the runs, in order of the truth: which are reliably bad or good?

    Args:
        ranks: `rank_spread`: `true_rank, min_rank, q1_rank, median_rank, q3_rank, max_rank, is_reliably_bad,
            is_reliably_good`. Of more than 100 architectures bars and lines are drawn without gaps, of more than 1,000
            evenly spaced ones only.
    """
    table = ranks.sort_values("true_rank", kind="stable").reset_index(drop=True)
    n = len(table)
    if n < 2 or bool((table["min_rank"] == table["max_rank"]).all()):
        return say_missing(ax, "One run: every architecture has one rank only. Give the predictions of several runs.")
    step = -(-n // _MOST) if n > 2 * _MOST else 1
    reliable = {name: bool(table[name].any()) for name in ("is_reliably_bad", "is_reliably_good")}
    x, table = np.arange(1, n + 1)[::step], table[::step]
    paint = np.where(table["is_reliably_bad"], RED, np.where(table["is_reliably_good"], GREEN, SKY))
    few = n <= _MANY
    thin = 0.2 if step == 1 else 0.35
    ax.plot([1, n], [1, n], color=GREY, linewidth=0.7, linestyle=(0, (3, 2)), label="as the truth ranks")
    ax.vlines(x, table["min_rank"], table["max_rank"], colors=paint, linewidth=0.6 if few else thin, rasterized=not few)
    height = table["q3_rank"] - table["q1_rank"]
    ax.bar(x, height, 0.66 if few else step, bottom=table["q1_rank"], color=paint, linewidth=0, rasterized=not few)
    ax.plot(
        x, table["median_rank"], linestyle="none", marker="_" if few else ".", color="#222222",
        markersize=4 if few else 3 * thin, markeredgewidth=0.8, label="median", rasterized=not few,
    )  # fmt: skip
    ax.bar([n / 2], [0], 0, color=SKY, label="half of the runs (lines: all)")
    if reliable["is_reliably_bad"]:
        ax.bar([n / 2], [0], 0, color=RED, label="in the worst quarter of every run")
    if reliable["is_reliably_good"]:
        ax.bar([n / 2], [0], 0, color=GREEN, label="in the best quarter of every run")
    ax.set_xlim(0.2, n + 0.8)
    ax.set_ylim(n + 0.02 * n, 1 - 0.02 * n)
    every = "" if step == 1 else f"; one of every {step} is drawn"
    ax.set_xlabel(f"architectures by true rank (1 = best){every}")
    ax.set_ylabel("rank in the runs (1 = best)")
    return ax


@figure()
def filter_curve(loss: pd.DataFrame, *, ax: Any = None) -> Axes:
    """If the worst x % by supernet are dropped, how many of the true top are lost?

    Args:
        loss: `measure_filter`: `dropped, top, lost, low, high, random`, all in per cent.
    """
    if loss.empty:
        return say_missing(ax, "No filter was measured.")
    tops = sorted(loss["top"].unique())
    first = loss.loc[loss["top"] == tops[0]].sort_values("dropped")
    ax.plot(first["dropped"], first["random"], color=GREY, linestyle=(0, (3, 2)), linewidth=0.9, label="at random")
    for i, top in enumerate(tops):
        part = loss.loc[loss["top"] == top].sort_values("dropped")
        if i == len(tops) - 1:  # one band is readable; the others are in the table
            draw_interval(ax, part["dropped"], part["low"], part["high"], colour_of(i))
        ax.plot(
            part["dropped"], part["lost"], color=colour_of(i), marker="osD^v"[i % 5], label=f"the true top {top} %",
            clip_on=False,
        )  # fmt: skip
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 100)
    ax.set_xlabel("worst dropped, by supernet (%)")
    ax.set_ylabel("of the true top lost (%)")
    return ax


@figure()
def order_agreement(instances: pd.DataFrame, published: pd.DataFrame | None = None, *, ax: Any = None) -> Axes:
    """Which order of training makes runs agree: S-Tau and GT-Tau of each, with intervals and the papers' values.

    Args:
        instances: a row per `order` with `s_tau, s_tau_low, s_tau_high, gt_tau, gt_tau_low, gt_tau_high`.
        published: `order, s_tau, gt_tau`.
    """
    if instances.empty:
        return say_missing(ax, "No order has runs.")
    names = list(instances["order"])
    at = np.arange(len(names))
    ax.axhline(0, color=GREY, linewidth=0.6)
    for shift, name, colour, label in ((-0.14, "s_tau", BLUE, "S-Tau"), (0.14, "gt_tau", PINK, "GT-Tau")):
        ax.vlines(at + shift, instances[f"{name}_low"], instances[f"{name}_high"], colors=colour, linewidth=1)
        ax.plot(at + shift, instances[name], linestyle="none", marker="o", color=colour, label=label)
        if published is not None and len(published):
            known = published.set_index("order")[name].reindex(names)
            first = name == "s_tau"
            draw_published(ax, at + shift + 0.09, known, colour, "hollow: P1, published" if first else None)
    ax.set_xticks(at, [plain(name) for name in names])
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.set_ylabel("Kendall's tau")
    return ax
