"""Figures of `nasbias.correlation`: how well supernets rank, how that grows with training, and how sure it is.

Tables: `lengths` and `baselines` of `analyse_correlation`, one score and BN mode; `grid` of `map_lengths`.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nasbias.figures.registry import figure
from nasbias.figures.style import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    RED,
    SEQUENCE,
    draw_interval,
    draw_map,
    draw_published,
    say_missing,
    use_log_epochs,
)
from nasbias.numerals import short

_LABELS = {
    "gt_tau": "tau with the truth",
    "spearman": "Spearman with the truth",
    "best_at_10": "best of ten",
}
_LINES = {"params": (RED, "-", "parameters"), "flops": (ORANGE, (0, (1, 1.2)), "FLOPs")}


@figure()
def training_length(
    lengths: pd.DataFrame,
    baselines: pd.DataFrame | None = None,
    ceiling: float | None = None,
    published: pd.DataFrame | None = None,
    *,
    ax: Any = None,
    value: str = "gt_tau",
    unit: str = "",
) -> Axes:
    """Rank correlation with the truth against training length, beside parameters, FLOPs, chance and the ceiling.

    Args:
        lengths: rows of one score with `epoch`, `value` and, where known, `<value>_low`, `<value>_high`.
        baselines: rows `score` = params, flops, random with `value`; random with `_low`, `_high` (95 % of rankings).
        ceiling: what the truth's own repeats reach.
        published: `epoch` and `value`, as hollow marks.
        value: "gt_tau", "spearman" or "best_at_10".
    """
    return _draw_lengths(ax, lengths, baselines, ceiling, published, value, unit)


def _draw_lengths(
    ax: Axes,
    lengths: pd.DataFrame,
    baselines: pd.DataFrame | None,
    ceiling: float | None,
    published: pd.DataFrame | None,
    value: str,
    unit: str = "",
) -> Axes:
    table = lengths.dropna(subset=["epoch", value]).sort_values("epoch")
    if table.empty:
        return say_missing(ax, f"No training length with a {value}: the predictions say no epoch, or rank nothing.")
    x, y = table["epoch"].to_numpy(float), table[value].to_numpy(float)
    _draw_lines(ax, baselines, ceiling, value)
    if f"{value}_low" in table:
        draw_interval(ax, x, table[f"{value}_low"], table[f"{value}_high"], BLUE)
    ax.plot(x, y, color=BLUE, marker="o", label="supernet", zorder=3)
    ticks = x
    if published is not None and len(published):
        draw_published(ax, published["epoch"], published[value], BLUE, "P2, published")
        ticks = np.concatenate([x, published["epoch"].to_numpy(float)])
    use_log_epochs(ax, ticks)
    ax.set_ylabel(_LABELS.get(value, value) + (f" ({unit})" if unit else ""))
    return ax


@figure()
def corr_gt(
    lengths: pd.DataFrame,
    baselines: pd.DataFrame | None = None,
    ceiling: float | None = None,
    published: pd.DataFrame | None = None,
    *,
    ax: Any = None,
) -> Axes:
    """P2's Corr-GT: Spearman's correlation with the truth against training length; hollow: the paper's numbers."""
    return _draw_lengths(ax, lengths, baselines, ceiling, published, "spearman")


@figure()
def top_k(lengths: pd.DataFrame, baselines: pd.DataFrame | None = None, *, ax: Any = None, unit: str = "%") -> Axes:
    """What is found: the best truth among the ten ranked first, against training length."""
    return _draw_lengths(ax, lengths, baselines, None, None, "best_at_10", unit)


def _draw_lines(ax: Axes, baselines: pd.DataFrame | None, ceiling: float | None, value: str) -> None:
    """What a supernet is held against, as horizontal lines: chance as a grey band."""
    if baselines is not None and value in baselines:
        rows: dict[Any, dict[str, Any]] = {row["score"]: row for row in baselines.to_dict("records")}
        chance: dict[str, Any] = rows.get("random", {})
        if _is_known(chance.get(value)):
            if _is_known(chance.get(f"{value}_low")):
                ax.axhspan(chance[f"{value}_low"], chance[f"{value}_high"], color=PALE, alpha=0.6, linewidth=0)
            ax.axhline(chance[value], color=GREY, linewidth=0.7, label="random rankings")
        for name, (colour, dash, label) in _LINES.items():
            if name in rows and _is_known(rows[name][value]):
                ax.axhline(rows[name][value], color=colour, linestyle=dash, linewidth=1, label=label)
    if ceiling is not None and _is_known(ceiling):
        ax.axhline(ceiling, color=GREEN, linestyle=(0, (4, 2)), linewidth=1, label="ceiling: truth repeated")


def _is_known(value: Any) -> bool:
    return value is not None and not np.isnan(float(value))


@figure()
def run_taus(lengths: pd.DataFrame, *, ax: Any = None) -> Axes:
    """Every run's own tau behind the mean and its interval, per training length.

    Args:
        lengths: `epoch`, `gt_tau`, `gt_tau_low`, `gt_tau_high` and `taus`, a list of the runs' own; or `correlate`'s
            table, a row per run, of its first score: then each run with its own interval over architectures.
    """
    table = lengths.dropna(subset=["gt_tau"]).sort_values("epoch")
    if table.empty:
        return say_missing(ax, "No ranking to judge: tau is undefined in every run.")
    if "taus" not in table:
        return _draw_each_run(ax, table.loc[table["score"] == lengths["score"].iloc[0]])
    place = np.arange(len(table))
    low, high = table["gt_tau_low"].to_numpy(float), table["gt_tau_high"].to_numpy(float)
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.vlines(place, low, high, colors=BLUE, linewidth=4, alpha=0.25, label="95 % interval of the mean")
    ax.plot(place, table["gt_tau"], linestyle="none", marker="_", markersize=11, color=BLUE, label="mean over runs")
    for at, taus in zip(place, table["taus"]):
        spread = np.linspace(-0.12, 0.12, len(taus)) if len(taus) > 1 else [0.0]
        ax.plot(
            at + np.asarray(spread), taus, linestyle="none", marker="o", markersize=3, color=DARK, zorder=3,
            label="one run" if at == 0 else None,
        )  # fmt: skip
    _name_lengths(ax, table["epoch"].tolist())
    return ax


def _draw_each_run(ax: Axes, rows: pd.DataFrame) -> Axes:
    lengths = list(rows["epoch"].drop_duplicates())
    ax.axhline(0, color=GREY, linewidth=0.6)
    for at, epoch in enumerate(lengths):
        part = rows.loc[rows["epoch"].isna() if pd.isna(epoch) else rows["epoch"] == epoch]
        x = at + (np.linspace(-0.2, 0.2, len(part)) if len(part) > 1 else np.zeros(1))
        low, high = part["gt_tau_low"].to_numpy(float), part["gt_tau_high"].to_numpy(float)
        ax.vlines(x, low, high, colors=BLUE, linewidth=1, alpha=0.5, label="" if at else "95 % over architectures")
        ax.plot(x, part["gt_tau"], linestyle="none", marker="o", color=DARK, label=None if at else "one run")
    _name_lengths(ax, lengths)
    return ax


def _name_lengths(ax: Axes, epochs: list[Any]) -> None:
    ax.set_xticks(range(len(epochs)), ["-" if pd.isna(epoch) else f"{epoch:g}" for epoch in epochs])
    ax.set_xlim(-0.6, len(epochs) - 0.4)
    ax.set_xlabel("training length (epochs)")
    ax.set_ylabel(_LABELS["gt_tau"])


@figure(height=72)
def cross_run_map(grid: pd.DataFrame, *, ax: Any = None, limits: tuple[float, float] = (0, 1)) -> Axes:
    """Do supernets of other lengths and seeds agree: mean tau between different runs, by the length of each.

    Args:
        grid: `map_lengths` of `cross_run`, one score: `epoch` and a column per other epoch, named by its number.
    """
    epochs = [int(value) for value in grid["epoch"]]
    columns = {str(column): column for column in grid.columns}
    shown = [epoch for epoch in epochs if str(epoch) in columns]
    if not shown:
        return say_missing(ax, "No two runs with a training length each. Give several runs.")
    values = grid.set_index("epoch").loc[shown, [columns[str(epoch)] for epoch in shown]].astype(float)
    draw_map(ax, values, "tau between runs", SEQUENCE, limits, short, square=True)
    ax.invert_yaxis()  # lengths grow upwards, as they do to the right
    ax.set_xlabel("training length (epochs)")
    ax.set_ylabel("training length (epochs)")
    return ax
