"""Figures of `nasbias.bias`: which operations a supernet misjudges, where its error comes from, what corrects it.

`operators`, `decomposition` and `correction` are the tables of `analyse_bias`. Points are percentile points of score
(0 = worst, 100 = best of the architectures), positive where the supernet overestimates.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from nasbias.figures.registry import figure
from nasbias.figures.style import (
    BALANCE,
    BLUE,
    DARK,
    GREY,
    ORANGE,
    PALE,
    RED,
    SEQUENCE,
    SMALL,
    colour_of,
    draw_interval,
    draw_map,
    plain,
    readable_on,
    say_missing,
    short,
)

_NOISES = {"by noise": "////", "truth noise": "....", "seed noise": "\\\\\\\\"}  # how each kind is hatched
_MOST_ROWS = 60  # (decision, operation) pairs that one column of intervals holds


@figure(height=74)
def operation_means(
    operators: pd.DataFrame, *, ax: Any = None, value: str = "mean_truth", label: str = "mean truth (%)"
) -> Axes:
    """Mean truth, or mean score, of all architectures with an operation on an edge.

    Args:
        value: "mean_truth" or "mean_score"; a colour scale of its own each, as they are in different units.
    """
    return _draw_grid(ax, operators, value, label, SEQUENCE, form="{:.1f}")


@figure(height=74)
def effects_map(operators: pd.DataFrame, *, ax: Any = None, value: str = "score_effect") -> Axes:
    """What is overrated on which edge: effect at equal truth, hatched where nothing is certain.

    Args:
        value: "score_effect" (hatched unless `found`, the test that allows for how many operations are looked at) or
            "rank_difference" (hatched where its interval holds 0).
    """
    labels = {
        "score_effect": "overrated at equal truth\n(points of score)",
        "rank_difference": "raw rank difference (points)",
        "effect": "overrated at equal truth\n(points of true rank)",
    }
    grid = _draw_grid(ax, operators, value, labels.get(value, value), BALANCE, form="{:+.1f}", balanced=True)
    low, high = ("low", "high") if value == "rank_difference" else (f"{value}_low", f"{value}_high")
    rows, columns = _places(operators)
    for row in operators.to_dict("records"):
        open_question = bool(row[low] <= 0 <= row[high]) or pd.isna(row[value])
        if value == "score_effect":
            open_question = not row["found"]
        if open_question:
            corner = (columns[row["decision"]], rows[row["operation"]])
            cells = grid.collections[0] if grid.collections else None
            dark = cells is not None and readable_on(cells.cmap(cells.norm(row[value]))) == "white"
            colour = "#e4e4e4" if dark else "#5f5f5f"  # seen on every ground
            ax.add_patch(Rectangle(corner, 1, 1, fill=False, hatch="////", edgecolor=colour, linewidth=0))
    return grid


@figure(width=180.0, height=110)
def effect_intervals(operators: pd.DataFrame, *, ax: Any = None) -> Axes:
    """Per edge and operation the raw rank difference and the effect at equal truth, with 95 % intervals."""
    table = operators.dropna(subset=["score_effect"]).reset_index(drop=True)
    if table.empty:
        return say_missing(ax, "No operation's effect could be fitted: too few architectures.")
    if len(table) > _MOST_ROWS:
        table = table.sort_values("score_effect", key=np.abs, ascending=False)[:_MOST_ROWS].sort_index()
        ax.set_title(f"the {_MOST_ROWS} largest of {len(operators)} effects")
        table = table.reset_index(drop=True)
    gaps = (table["decision"] != table.loc[:, "decision"].shift()).cumsum().to_numpy() - 1
    y = np.arange(len(table)) + 0.8 * gaps
    ax.axvline(0, color=GREY, linewidth=0.7)
    ax.hlines(y + 0.2, table["low"], table["high"], colors=PALE, linewidth=1.6)
    ax.plot(
        table["rank_difference"], y + 0.2, linestyle="none", marker="o", markersize=2.6, markerfacecolor="white",
        color=GREY, markeredgewidth=0.8, label="raw rank difference",
    )  # fmt: skip
    sure = table.loc[:, "found"].to_numpy(bool)
    for chosen, colour, label in (
        (sure, RED, "effect at equal truth: misjudged"),
        (~sure, BLUE, "effect at equal truth: not certain"),
    ):
        if chosen.any():
            part = table[chosen]
            ax.hlines(
                y[chosen] - 0.15, part["score_effect_low"], part["score_effect_high"], colors=colour, linewidth=1.1
            )
            ax.plot(part["score_effect"], y[chosen] - 0.15, "o", color=colour, markersize=3, label=label)
    names = [
        f"{plain(decision)}  {short(operation)}" for decision, operation in zip(table["decision"], table["operation"])
    ]
    ax.set_yticks(y, names, fontsize=SMALL)
    ax.set_ylim(y[-1] + 0.9, -0.9)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("underrated   <   percentile points   >   overrated")
    return ax


@figure(width=180.0, height=62)
def top_shares(
    operators: pd.DataFrame, published: pd.DataFrame | None = None, *, ax: Any = None, top: int = 100
) -> Axes:
    """Operations at the top: share among the best by truth (left bar of each edge) and among those picked (right).

    Args:
        published: `decision, operation, share` by the benchmark's own truth: hollow marks where segments would end.
    """
    rows, columns = _places(operators)
    names = list(rows)
    below = {(decision, side): 0.0 for decision in columns for side in ("truth", "score")}
    known: dict[Any, float] = {}
    if published is not None:
        known = {(row["decision"], row["operation"]): row["share"] for row in published.to_dict("records")}
    for i, operation in enumerate(names):
        label = short(operation)
        for row in operators.loc[operators["operation"] == operation].to_dict("records"):
            decision = row["decision"]
            if (decision, operation) in known:
                ax.plot(
                    columns[decision] - 0.41, below[decision, "truth"] + 100 * known[decision, operation], marker=">",
                    markersize=3.5, markerfacecolor="none", color=colour_of(i), linestyle="none", clip_on=False,
                )  # fmt: skip
            for side, shift in (("truth", -0.19), ("score", 0.19)):
                share = 100 * row[f"top_share_{side}"]
                ax.bar(
                    columns[decision] + shift, share, 0.34, bottom=below[decision, side], color=colour_of(i),
                    edgecolor="white", linewidth=0.3, hatch="" if side == "truth" else "////", label=label,
                )  # fmt: skip
                below[decision, side] += share
                label = None
    ax.set_xticks(list(columns.values()), [plain(name) for name in columns])
    ax.tick_params(axis="x", length=0)
    ax.set_ylim(0, 100)
    ax.set_xlim(-0.6, len(columns) - 0.4)
    ax.set_xlabel("edge: left by truth, right (hatched) by supernet")
    ax.set_ylabel(f"of the top {top} (%)")
    return ax


@figure(width=180.0, height=40)
def decomposition(parts: pd.DataFrame, *, ax: Any = None) -> Axes:
    """Where the squared rank difference comes from, in per cent: what is bias, what is noise, what is unexplained."""
    table = parts.reset_index(drop=True)
    if not bool(table["share"].notna().any()):
        return say_missing(ax, "The supernet ranks as the truth does: there is no difference to take apart.")
    start = 0.0
    for i, row in table.iterrows():
        share = float(row.loc["share"])
        part = str(row["part"])
        if share < 0.05:
            continue
        noise = "noise" in part
        hatch = next((sign for word, sign in _NOISES.items() if word in part), "")
        colour = PALE if noise else ("#eeeeee" if "unexplained" in part else colour_of(int(str(i))))
        ax.barh(
            0, share, 0.6, left=start, color=colour, edgecolor="white", linewidth=0.5,
            hatch=hatch, label=plain(part),
        )  # fmt: skip
        if share >= 4:
            ax.text(
                start + share / 2, 0, f"{share:.0f}", ha="center", va="center", fontsize=8, color=DARK,
                bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1},
            )  # fmt: skip
        start += share
    ax.set_xlim(0, 100)
    ax.set_ylim(-0.34, 0.34)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("share of the squared rank difference (%)")
    return ax


@figure()
def correction_curve(correction: pd.DataFrame, *, ax: Any = None) -> Axes:
    """What n stand-alone trainings buy: tau on the rest, by two predictors, each with and without the supernet.

    The band is the table's: the range of 95 % of the draws of the ridge with the supernet.
    """
    table = correction.dropna(subset=["gt_tau"]).sort_values("n")
    bare = table[table["n"] == 0]
    fitted = table[table["n"] > 0]
    if fitted.empty:
        return say_missing(ax, "Too few architectures have a truth to train some and rank the rest.")
    if len(bare):
        ax.axhline(
            bare.loc[:, "gt_tau"].iloc[0], color=GREY, linewidth=0.9, linestyle=(0, (3, 2)), label="the score as it is"
        )
    draw_interval(ax, fitted["n"], fitted["low"], fitted["high"], BLUE)
    for name, colour, marker, dash, label in (
        ("gp_tau", ORANGE, "s", "-", "Gaussian process with the supernet"),
        ("gp_tau_without_supernet", ORANGE, "s", (0, (2, 1.5)), "Gaussian process without"),
        ("gt_tau", BLUE, "o", "-", "ridge with the supernet"),
        ("gt_tau_without_supernet", BLUE, "o", (0, (2, 1.5)), "ridge without"),
    ):
        if name in fitted and bool(fitted.loc[:, name].notna().any()):
            hollow = "white" if "without" in name else colour
            ax.plot(
                fitted["n"], fitted[name], color=colour, marker=marker, linestyle=dash, markerfacecolor=hollow,
                label=label,
            )  # fmt: skip
    ax.set_xscale("log")
    ax.set_xticks(fitted["n"].tolist(), [f"{n:g}" for n in fitted["n"]])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("stand-alone trainings")
    ax.set_ylabel("Kendall's tau on the rest")
    return ax


def _places(operators: pd.DataFrame) -> tuple[dict[Any, int], dict[Any, int]]:
    """Rows (operations) and columns (decisions) of the grid, in the table's order."""
    rows = {name: i for i, name in enumerate(dict.fromkeys(operators["operation"]))}
    columns = {name: i for i, name in enumerate(dict.fromkeys(operators["decision"]))}
    return rows, columns


def _draw_grid(
    ax: Axes, operators: pd.DataFrame, value: str, label: str, colours: str, form: str, balanced: bool = False
) -> Axes:
    rows, columns = _places(operators)
    if operators.empty or bool(operators[value].isna().all()):
        return say_missing(ax, f"{label}: none could be measured on these architectures.")
    values = pd.DataFrame(np.nan, index=[short(name) for name in rows], columns=[plain(name) for name in columns])
    for row in operators.to_dict("records"):
        values.iat[rows[row["operation"]], columns[row["decision"]]] = row[value]
    most = float(values.abs().max(axis=None)) or 1.0
    limits = (-most, most) if balanced else (float(values.min(axis=None)), float(values.max(axis=None)))
    draw_map(ax, values, label, colours, limits, form.format)
    if len(columns) > 8:
        ax.tick_params(axis="x", labelrotation=90)
    ax.set_xlabel("edge" if all("->" in str(name) for name in columns) else "decision")
    ax.set_ylabel("")
    return ax
