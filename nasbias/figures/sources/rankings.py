"""Tables of how well supernets rank: by training length, between runs, architecture by architecture."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from nasbias.correlation import analyse_correlation
from nasbias.correlation.cross_run import cross_run, map_lengths
from nasbias.figures import published
from nasbias.figures.sources import INTERVAL, Given, Made, Part, say_runs, source
from nasbias.figures.studies import read_study, shipped_table
from nasbias.figures.style import plain
from nasbias.matching import join
from nasbias.spaces import get_space

SPACES = ("nb201", "nb101", "darts64", "darts", "ptb")
_OWN_TRUTH = {"darts64": "darts64_truth"}  # of several truths in a study the one that most of its runs are about


@source("training_length", "corr_gt", "top_k", "run_taus")
def _lengths(given: Given, name: str) -> Made:
    parts, said = [], []
    for space, lengths, baselines, ceiling, truth, unit in _length_tables(given):
        tables: dict[str, Any] = {"lengths": lengths}
        if name != "run_taus":
            tables["baselines"] = baselines
        if name in ("training_length", "corr_gt"):
            tables["ceiling"] = ceiling[0 if name == "training_length" else 1]
        if name == "corr_gt":
            tables["published"] = published.published_lengths(space)
        options = {"unit": unit} if name == "top_k" else {}
        parts.append(Part(tables, get_space(space).title, options))
        runs = int(lengths.loc[:, "n_runs"].max())
        said.append(f"{space} n = {int(lengths.loc[:, 'n'].max()):,}, {say_runs(runs)}, truth {truth}")
    what = {
        "training_length": f"Band: {INTERVAL}. Grey: random rankings (95 % of them).",
        "corr_gt": "Mean over runs. Grey: random rankings (95 % of them). Hollow: P2 (arXiv 2010.08219).",
        "top_k": "Mean over runs. Grey: random rankings (95 % of them).",
        "run_taus": f"Bars: {INTERVAL}.",
    }
    columns = 3 if len(parts) > 2 else None
    return Made(parts, f"{what[name]} {'; '.join(said)}.", columns)


def _length_tables(given: Given) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame, tuple[Any, Any], str, str]]:
    """Per space: its name, lengths, baselines, (tau's, Spearman's) ceiling, the truth's name and unit."""
    if not given.is_ours:
        result = analyse_correlation(given.predictions, given.truth, **given.options)
        lengths = result.lengths.loc[result.lengths["score"] == result.lengths["score"].iloc[0]]
        modes = list(lengths["bn"].dropna().unique())
        if modes:
            mode = given.bn or ("recalibrated" if "recalibrated" in modes else modes[0])
            lengths = lengths.loc[lengths["bn"] == mode]
        lengths = lengths.loc[lengths["n"] == lengths["n"].max()]
        baselines = result.baselines.loc[result.baselines["n"] == lengths["n"].max()]
        ceiling = (result.ceiling or {}).get("gt_tau"), (result.ceiling or {}).get("spearman")
        unit = f"truth, {result.truth['unit']}" if result.truth["unit"] else "low is good"
        yield given.home, lengths, baselines, ceiling, plain(result.truth["name"]), unit
        return
    study = read_study("length")
    for space in SPACES:
        lengths = study["by training length"].query("space == @space")
        lengths = lengths.loc[lengths["truth"] == _OWN_TRUTH.get(space, lengths["truth"].iloc[0])]
        truth = str(lengths["truth"].iloc[0])
        baselines = study["baselines"].query("space == @space and truth == @truth")
        unit = "low is good" if space == "ptb" else "truth, %"
        name = truth.removesuffix(".parquet")
        yield space, lengths, baselines, (lengths["ceiling"].iloc[0], None), name, unit


@source("cross_run_map")
def _cross_run(given: Given) -> Made:
    if not given.is_ours:
        scores = None if given.score is None else [given.score]
        lower = given.match.get("lower_is_better", ())
        grid = map_lengths(cross_run(given.predictions, space=given.home, scores=scores, lower_is_better=lower))
        if len(grid):
            grid = grid[grid["score"] == grid["score"].iloc[0]]
        return Made([Part({"grid": grid}, get_space(given.home).title)], "Mean tau between different runs, by length.")
    table = read_study("length")["between lengths (mean over pairs of runs)"].query("value == 'tau'")
    parts = [
        Part({"grid": table[table["space"] == space].dropna(axis=1, how="all")}, get_space(space).title)
        for space in ("nb201", "nb101")
    ]
    return Made(parts, "Mean tau between runs of different seeds, by the training length of each. No truth is needed.")


@source("score_against_truth", "size_against")
def _joined(given: Given, name: str) -> Made:
    path = shipped_table("nb201_predictions_whole") if given.is_ours else given.predictions
    keys = {"score": given.score, "epoch": given.epoch, "bn": given.bn}
    table = join(path, given.truth, **keys, **given.options)
    about = table.attrs
    unit = "%" if "accuracy" in about["score"] else ""
    truth_unit = "%" if "accuracy" in about["truth_column"] else ""
    caption = f"{about['space']}: {len(table):,} architectures, mean over {say_runs(about['runs'])}"
    caption += "" if about["epoch"] is None else f" of {about['epoch']} epochs"
    caption += f"; truth: {plain(about['truth'])} ({about['truth_column']})."
    if name == "size_against":
        score, truth = (f"{each} ({u})" if u else each for each, u in ((about["score"], unit), ("truth", truth_unit)))
        parts = [
            Part({"joined": table}, "", {"value": "truth", "label": truth.replace("truth", about["truth_column"])}),
            Part({"joined": table}, "", {"value": "score", "label": score}),
        ]
        return Made(parts, caption)
    options = {
        "score": about["score"], "score_unit": unit,
        "truth": about["truth_column"].replace("_", " "), "truth_unit": truth_unit,
    }  # fmt: skip
    decisions = [decision.name for decision in get_space(about["space"]).decisions]
    edge = "0->3" if "0->3" in decisions else decisions[0]
    parts = [Part({"joined": table}, "", options), Part({"joined": table}, "", options | {"decision": edge})]
    return Made(parts, caption)
