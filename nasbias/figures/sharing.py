"""Figures of how weights are shared: groups, prefixes, folds, copies, pruned spaces, and tuning alone."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nasbias.figures.registry import figure
from nasbias.figures.style import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    RED,
    colour_of,
    draw_interval,
    draw_published,
    plain,
    say_missing,
)

_STATISTICS = {"gt_tau_mean": "GT-Tau: mean of last steps", "gt_tau_std": "GT-Tau: std of last steps"}


@figure()
def groups(
    plans: pd.DataFrame, published: pd.DataFrame | None = None, *, ax: Any = None, value: str = "gt_tau_mean"
) -> Axes:
    """Sharing among fewer: GT-Tau over the last mini-batches of m groups, parted at random or by similarity.

    Args:
        plans: `Density.plans` of one k: `plan` (all, groups:m, similar:m, none), `gt_tau_mean, low, high, gt_tau_std`.
        value: "gt_tau_mean" or "gt_tau_std".
    """
    kinds = {"groups": ("at random", BLUE, "o"), "similar": ("similar together", RED, "s")}
    whole = {"all": 1, "none": 64}
    ticks: set[float] = set()
    for i, (kind, (label, colour, marker)) in enumerate(kinds.items()):
        chosen = plans[[plan in whole or plan.partition(":")[0] == kind for plan in plans["plan"]]]
        m = np.array([whole[plan] if plan in whole else int(plan.partition(":")[2]) for plan in chosen["plan"]])
        if len(m) < 2:
            continue
        part = chosen.iloc[np.argsort(m)].assign(m=np.sort(m)).dropna(subset=[value])
        if value == "gt_tau_mean":
            draw_interval(ax, part["m"], part["low"].astype(float), part["high"].astype(float), colour)
        ax.plot(part["m"], part[value], color=colour, marker=marker, label=label, zorder=3)
        ticks |= set(part["m"])
        if published is not None:
            known = published[published["plan"] == kind]
            draw_published(ax, known["m"], known[value], colour, "hollow: P1, published" if not i else None)
            ticks |= set(known["m"])
    if not ticks:
        return say_missing(ax, "No plan with groups. Train with --sharing groups:4 and similar:4.")
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.set_xscale("log", base=2)
    ax.set_xticks(sorted(ticks), [f"{m:g}" for m in sorted(ticks)])
    ax.set_xlabel("groups (supernets)")
    ax.set_ylabel(_STATISTICS[value])
    return ax


@figure()
def prefixes(
    plans: pd.DataFrame, published: pd.DataFrame | None = None, *, ax: Any = None, value: str = "gt_tau_mean"
) -> Axes:
    """Sharing the first k cells only: GT-Tau over the last mini-batches.

    Args:
        plans: as for `groups`; the plans prefix:k.
        published: `k, gt_tau_mean, gt_tau_std`.
    """
    chosen = plans[[plan.startswith("prefix:") for plan in plans["plan"]]]
    if chosen.empty:
        return say_missing(ax, "No plan shares a prefix. Train with --sharing prefix:2.")
    part = chosen.assign(k=[int(plan.partition(":")[2]) for plan in chosen["plan"]]).sort_values("k")
    ax.axhline(0, color=GREY, linewidth=0.6)
    if value == "gt_tau_mean":
        draw_interval(ax, part["k"], part["low"].astype(float), part["high"].astype(float), BLUE)
    ax.plot(part["k"], part[value], color=BLUE, marker="o", label="ours", zorder=3)
    ticks = set(part["k"])
    if published is not None:
        draw_published(ax, published["k"], published[value], BLUE, "hollow: P1, published (of 4 cells)")
        ticks |= set(published["k"])
    ax.set_xticks(sorted(ticks))
    ax.set_xlabel("first cells shared")
    ax.set_ylabel(_STATISTICS[value])
    return ax


@figure()
def finetuning(curve: pd.DataFrame, published: pd.DataFrame | None = None, *, ax: Any = None) -> Axes:
    """Does training alone mend the ranking: GT-Tau after mini-batches of each architecture's own.

    Args:
        curve: `follow_finetuning`: `epoch` of the checkpoint, `step`, `gt_tau, low, high`.
        published: `epoch, step, gt_tau`.
    """
    if curve.empty:
        return say_missing(ax, "No architecture was tuned. See python -m nasbias.finetune.")
    ax.axhline(0, color=GREY, linewidth=0.6)
    for i, (epoch, part) in enumerate(curve.groupby("epoch", dropna=False)):
        part = part.sort_values("step")
        x = part["step"].to_numpy(float)
        ax.vlines(x, part["low"].astype(float), part["high"].astype(float), colors=colour_of(i), linewidth=3, alpha=0.2)
        ax.plot(part["step"], part["gt_tau"], color=colour_of(i), marker="os^D"[i % 4], label=f"from epoch {epoch:g}")
    if published is not None and len(published):
        draw_published(ax, published["step"], published["gt_tau"], GREY, "P1, from epochs 100, 200")
    ax.set_xscale("symlog", linthresh=1)
    ticks = sorted({*curve["step"], *(published["step"] if published is not None else ())})
    ax.set_xticks(ticks, [f"{step:g}" for step in ticks])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("mini-batches trained alone")
    ax.set_ylabel("GT-Tau")
    return ax


@figure()
def folds(each: pd.DataFrame, gains: pd.DataFrame | None = None, *, ax: Any = None) -> Axes:
    """A supernet for a part of the space: tau inside each fold, by its own supernet minus by the whole space's.

    Args:
        each: a row per fold: `way` it was parted, `fold_tau, whole_tau`.
        gains: a row per `way`: mean `gain` with `low, high`.
    """
    if each.empty:
        return say_missing(ax, "No folds. Train with --sharing groups:5 or decision:0->3.")
    ways = list(dict.fromkeys(each["way"]))
    ax.axvline(0, color=GREY, linewidth=0.7)
    for i, way in enumerate(ways):
        part = each[each["way"] == way]
        ax.plot(
            part["fold_tau"] - part["whole_tau"], np.full(len(part), i + 0.18), linestyle="none", marker="o",
            markersize=3, markerfacecolor="white", color=GREY, label="one fold" if not i else None,
        )  # fmt: skip
        known = [] if gains is None else gains.loc[gains["way"] == way].to_dict("records")
        for row in known:
            ax.hlines(i - 0.1, row["low"], row["high"], colors=BLUE, linewidth=1.4)
            ax.plot(row["gain"], i - 0.1, "o", color=BLUE, label="mean, 95 % interval" if not i else None)
    ax.set_yticks(range(len(ways)), [f"by {plain(way)}" if way != "random" else "at random" for way in ways])
    ax.set_ylim(len(ways) - 0.5, -0.5)
    ax.set_xlabel("gain in tau inside the fold")
    return ax


@figure()
def pruning(spaces: pd.DataFrame, *, ax: Any = None, unit: str = "%") -> Axes:
    """Supernets of a part of the space: the best truth there, what is found there, and the mean.

    Args:
        spaces: `space, mean_truth, best, found` (truth of the one ranked first, mean over runs) with `found_low,
            found_high` over runs, `found_top` (best of the ten ranked first), `gt_tau`, `n`.
    """
    if spaces.empty:
        return say_missing(ax, "No supernets to compare. See python -m nasbias.pruning.")
    at = np.arange(len(spaces))
    low, high = (pd.to_numeric(spaces[f"found_{end}"]) for end in ("low", "high"))  # lines may leave the frame
    least, most = float(spaces.loc[:, "mean_truth"].min()), float(spaces.loc[:, "best"].max())
    least = min(least, float(spaces.loc[:, "found"].min()))
    margin = 0.08 * (most - least)
    ax.hlines(at, low, high, colors=BLUE, linewidth=0.8, alpha=0.5)
    for name, marker, colour, fill, label in (
        ("mean_truth", "|", GREY, GREY, "mean of the space"),
        ("found", "o", BLUE, BLUE, "ranked first"),
        ("found_top", "^", ORANGE, ORANGE, "best of the first ten"),
        ("best", "D", GREEN, "none", "best there is"),
    ):
        ax.plot(spaces[name], at, linestyle="none", marker=marker, color=colour, markerfacecolor=fill, label=label)
    ax.set_yticks(at, [plain(name) for name in spaces["space"]])
    ax.set_ylim(len(spaces) - 0.5, -0.5)
    ax.set_xlim(least - margin, most + margin)
    ax.set_xlabel(f"truth ({unit})")
    return ax


@figure()
def replicated(spread: pd.DataFrame, *, ax: Any = None) -> Axes:
    """Copies of one operation instead of different ones: the spread of scores that sharing alone makes.

    Args:
        spread: `supernet`, `spread` (standard deviation of the scores, points) with `low, high` over runs,
            `counting_error` (what a finite number of validation images makes).
    """
    if spread.empty:
        return say_missing(ax, "No replicated supernets. Train with --sharing copies.")
    at = np.arange(len(spread))
    ax.bar(at, spread["spread"], 0.5, color=[COLOURS[0], *[PALE] * (len(spread) - 1)])
    ax.vlines(at, spread["low"], spread["high"], colors="#222222", linewidth=1.1)
    ax.hlines(
        spread["counting_error"], at - 0.32, at + 0.32, colors=RED, linewidth=1.2,
        label="from the number of validation images alone",
    )  # fmt: skip
    ax.set_xticks(
        at, [plain(name) if name == "ordinary" else f"copies of {plain(name)}" for name in spread["supernet"]]
    )
    ax.set_ylabel("spread of the scores (points)")
    return ax
