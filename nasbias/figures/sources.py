"""Where a figure's tables come from: our own studies as they are shipped, or somebody's predictions, analysed now.

`make(name, given)` gives the parts of a figure (a title and the tables of each) and its caption. No statistic is
computed here: a table that a study does not offer is not drawn.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from nasbias.bias import analyse_bias
from nasbias.correlation import analyse_correlation
from nasbias.cross_run import cross_run, map_lengths
from nasbias.errors import InputError
from nasbias.figures import published
from nasbias.figures.registry import Entry
from nasbias.figures.studies import read_study, shipped_table
from nasbias.figures.style import plain
from nasbias.finetune import follow_finetuning
from nasbias.matching import Matched, describe_truth, match
from nasbias.matching.joined import join
from nasbias.spaces import get_space
from nasbias.stability import Stability, analyse_stability
from nasbias.steps import Steps, collect_steps, follow_lags, follow_steps
from nasbias.tables import read_table

SPACES = ("nb201", "nb101", "darts64", "darts", "ptb")
ORDERS = {"cycle": "fixed order", "shuffled": "one shuffle a run", "reshuffled": "reshuffled each cycle"}
_OWN_TRUTH = {"darts64": "darts64_truth"}  # of several truths in a study the one that most of its runs are about


@dataclass(frozen=True)
class Given:
    """What a user names: predictions and truth as in `nasbias.correlate`; all None = our own studies."""

    space: str | None = None
    predictions: Any = None
    truth: Any = None
    score: str | None = None
    epoch: int | None = None
    bn: str | None = None
    match: dict[str, Any] = field(default_factory=dict)  # further arguments of `match`

    @property
    def is_ours(self) -> bool:
        return self.space is None and self.predictions is None and self.truth is None

    @property
    def home(self) -> str:
        return self.space or "nb201"

    def matched(self) -> Matched:
        """What `match` joins of it."""
        scores = None if self.score is None else [self.score]
        return match(self.predictions, self.truth, space=self.home, scores=scores, **self.match)


@dataclass(frozen=True)
class Part:
    """One panel: its title, the tables by the drawing function's argument names, and its further options."""

    tables: dict[str, Any]
    title: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """The parts of a figure in reading order, how many stand side by side, the caption."""

    parts: Sequence[Part]
    caption: str
    columns: int | None = None


Source = Callable[[Given], Made]
SOURCES: dict[str, Source] = {}


def source(*names: str) -> Callable[[Callable[..., Made]], Callable[..., Made]]:
    """Register where the tables of these figures come from; of several names the function gets the one asked for."""

    def register(function: Callable[..., Made]) -> Callable[..., Made]:
        for name in names:
            SOURCES[name] = (lambda given, name=name: function(given, name)) if len(names) > 1 else function
        return function

    return register


def make(name: str, given: Given) -> Made:
    """Tables and caption of the figure called `name`.

    Raises:
        InputError: what the studies raise for these predictions, or a study that is only ours.
    """
    return SOURCES[name](given)


def make_from_table(entry: Entry, path: str | Path) -> Made:
    """One panel of somebody's own tidy table, given to the figure's first argument.

    Raises:
        InputError: no such file, no table, or one without the columns that the figure draws.
    """
    table = read_table(path)
    name = next(iter(inspect.signature(entry.draw).parameters))
    try:
        entry.draw(table)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{Path(path).name} is no table for {entry.name}: {error}. It has the columns {', '.join(map(str, table))}; "
            f"what it needs is said in help(nasbias.figures.get_figure({entry.name!r}).draw)."
        ) from None
    return Made([Part({name: table})], f"{plain(Path(path).name)}: {len(table):,} rows.")


def say_runs(count: int) -> str:
    """`1 run`, `3 runs`."""
    return f"{count:,} run{'' if count == 1 else 's'}"


def say_truth(truth: dict[str, Any]) -> str:
    """`truth: NAME (cifar10, test_accuracy, 200 epochs)`."""
    epochs = None if truth["epochs"] is None else f"{truth['epochs']} epochs"
    what = ", ".join(str(part) for part in (truth["dataset"], truth["split"], epochs) if part)
    return f"truth: {truth['name']} ({what})"


_INTERVAL = "95 % intervals for other architectures and other seeds"


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
        runs = int(lengths["n_runs"].max())
        said.append(f"{space} n = {int(lengths['n'].max()):,}, {say_runs(runs)}, truth {truth}")
    what = {
        "training_length": f"Band: {_INTERVAL}. Grey: random rankings (95 % of them).",
        "corr_gt": "Mean over runs. Grey: random rankings (95 % of them). Hollow: P2 (arXiv 2010.08219).",
        "top_k": "Mean over runs. Grey: random rankings (95 % of them).",
        "run_taus": f"Bars: {_INTERVAL}.",
    }
    columns = 3 if len(parts) > 2 else None
    return Made(parts, f"{what[name]} {'; '.join(said)}.", columns)


def _length_tables(given: Given):
    """Per space: its name, lengths, baselines, (tau's, Spearman's) ceiling, the truth's name and unit."""
    if not given.is_ours:
        scores = None if given.score is None else [given.score]
        result = analyse_correlation(given.predictions, given.truth, space=given.home, scores=scores, **given.match)
        lengths = result.lengths[result.lengths["score"] == result.lengths["score"].iloc[0]]
        modes = list(lengths["bn"].dropna().unique())
        if modes:
            mode = given.bn or ("recalibrated" if "recalibrated" in modes else modes[0])
            lengths = lengths[lengths["bn"] == mode]
        lengths = lengths[lengths["n"] == lengths["n"].max()]
        baselines = result.baselines[result.baselines["n"] == lengths["n"].max()]
        ceiling = (result.ceiling or {}).get("gt_tau"), (result.ceiling or {}).get("spearman")
        unit = f"truth, {result.truth['unit']}" if result.truth["unit"] else "low is good"
        yield given.home, lengths, baselines, ceiling, plain(result.truth["name"]), unit
        return
    study = read_study("length")
    for space in SPACES:
        lengths = study["by training length"].query("space == @space")
        lengths = lengths[lengths["truth"] == _OWN_TRUTH.get(space, lengths["truth"].iloc[0])]
        truth = str(lengths["truth"].iloc[0])
        baselines = study["baselines"].query("space == @space and truth == @truth")
        unit = "low is good" if space == "ptb" else "truth, %"
        name = truth.removesuffix(".parquet")
        yield space, lengths, baselines, (lengths["ceiling"].iloc[0], None), name, unit


@source("cross_run_map")
def _cross_run(given: Given) -> Made:
    if not given.is_ours:
        scores = None if given.score is None else [given.score]
        grid = map_lengths(cross_run(given.predictions, space=given.home, scores=scores))
        if len(grid):
            grid = grid[grid["score"] == grid["score"].iloc[0]]
        return Made([Part({"grid": grid}, get_space(given.home).title)], "Mean tau between different runs, by length.")
    table = read_study("length")["between lengths (mean over pairs of runs)"].query("value == 'gt_tau'")
    parts = [
        Part({"grid": table[table["space"] == space].dropna(axis=1, how="all")}, get_space(space).title)
        for space in ("nb201", "nb101")
    ]
    return Made(parts, "Mean tau between runs of different seeds, by the training length of each. No truth is needed.")


@source("score_against_truth", "size_against")
def _joined(given: Given, name: str) -> Made:
    path = shipped_table("nb201_predictions_whole") if given.is_ours else given.predictions
    keys = {"score": given.score, "epoch": given.epoch, "bn": given.bn}
    table = join(path, given.truth, space=given.home, **keys, **given.match)
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


def _stabilities(given: Given) -> dict[str, Stability]:
    """A stability study per order of training; of somebody's predictions one."""
    if not given.is_ours:
        keys = {"score": given.score, "epoch": given.epoch, "bn": given.bn}
        return {"": analyse_stability(given.matched(), **keys)}
    path = shipped_table("darts64_small_orders")
    table = pd.read_parquet(path)
    result = {}
    for order in ORDERS:
        runs = table[table["run"].str.contains(f"-{order}-")]
        if runs["run"].nunique() > 1:
            result[order] = analyse_stability(match(runs, "darts64_truth", space="darts64", scores=["accuracy"]))
    return result


@source("s_tau_over_epochs", "rank_boxes", "filter_curve", "order_agreement")
def _stability(given: Given, name: str) -> Made:
    studies = _stabilities(given)
    known = published.published_instances()
    about = next(iter(studies.values())).about
    runs = ", ".join(
        f"{ORDERS.get(order, '') + ': ' if order else ''}{say_runs(study.instances['n'])}"
        for order, study in studies.items()
    )
    caption = f"{about['space']}: {about['n_architectures']:,} architectures, {runs}"
    caption += "" if about["epoch"] is None else f" of {about['epoch']} epochs"
    caption += f"; {say_truth(about['truth'])}. "
    if name == "order_agreement":
        if not given.is_ours:
            raise InputError("order_agreement compares our three orders of training: it takes no predictions.")
        table = pd.DataFrame([{"order": order, **study.instances} for order, study in studies.items()])
        return Made([Part({"instances": table, "published": known})], caption + f"Lines: {_INTERVAL}.")
    parts = []
    for order, study in studies.items():
        tables: dict[str, Any] = {"rank_boxes": {"ranks": study.ranks}, "filter_curve": {"loss": study.filter}}.get(
            name, {"epochs": study.epochs, "frames": pd.DataFrame(study.frames)}
        )
        if name == "s_tau_over_epochs" and order:
            tables["published"] = known[known["order"] == order]
        parts.append(Part(tables, ORDERS.get(order, order)))
    caption += {
        "s_tau_over_epochs": "Band: S-Tau's 95 % interval (jackknife over runs). Hollow: P1 (arXiv 2001.01431).",
        "rank_boxes": "Bars: the middle half of the runs; lines: all of them.",
        "filter_curve": "Band: 95 % interval over runs, of the widest top.",
    }[name]
    if name == "rank_boxes":
        parts = parts[:2] if len(parts) > 2 else parts
        return Made(parts, caption, columns=1)
    return Made(parts, caption)


def _dense(given: Given) -> dict[str, Steps]:
    """One run's dense steps per order of training; of somebody's predictions every run's."""
    if given.is_ours:
        matched = match(shipped_table("darts64_small_steps"), "darts64_truth", space="darts64", scores=["accuracy"])
    else:
        matched = given.matched()
    first = matched.rows[0].keys
    steps = collect_steps(matched, given.score or first["score"], given.bn or first["bn"])
    if not steps:
        raise InputError("no run was scored after two steps or more. Train with --dense-steps 128.")
    names = {each: next((order for order in ORDERS if f"-{order}" in each.run), each.run) for each in steps} \
        if given.is_ours else {}
    return {ORDERS.get(names.get(each, ""), each.run): each for each in steps}


@source("last_minibatches", "autocorrelation", "gt_tau_over_steps")
def _steps(given: Given, name: str) -> Made:
    runs = _dense(given)
    matched_n = len(next(iter(runs.values())).items)
    count = len(next(iter(runs.values())).step)
    caption = f"{given.space or 'darts64'}: {matched_n:,} architectures scored after each of the last {count:,} "
    caption += f"mini-batches, {say_runs(len(runs))}"
    period = matched_n if given.is_ours else None
    if name == "autocorrelation":
        table = pd.concat([follow_lags(steps).assign(order=order) for order, steps in runs.items()])
        parts = [Part({"lags": table}, "", {"value": value, "period": period}) for value in ("autocorrelation", "tau")]
        return Made(parts, f"{caption}. Orange: multiples of {period}." if period else f"{caption}.")
    if name == "gt_tau_over_steps":
        table = pd.concat([follow_steps(steps).assign(order=order) for order, steps in runs.items()])
        return Made([Part({"steps": table})], f"{caption}; truth: trained alone by this project." if period else caption)
    parts = [
        Part({"scores": _long(steps)}, order, {"period": period if order == ORDERS["cycle"] else None})
        for order, steps in runs.items()
    ]
    return Made(parts, f"{caption}, coloured by truth.", columns=1)


def _long(steps: Steps) -> pd.DataFrame:
    """`step, architecture, score, truth` of dense steps."""
    wide = pd.DataFrame(steps.scores, index=pd.Index(steps.step, name="step"), columns=steps.items)
    long = wide.melt(ignore_index=False, var_name="architecture", value_name="score").reset_index()
    return long.merge(pd.DataFrame({"architecture": steps.items, "truth": steps.truth}), on="architecture")


@source("effects_map", "effect_intervals", "top_shares", "decomposition", "correction_curve", "operation_means",
        "size_deciles")  # fmt: skip
def _bias(given: Given, name: str) -> Made:
    caption, studies, top = _bias_tables(given)
    last = list(studies)[-1]
    operators, parts, correction, deciles = studies[last]
    made: list[Part] = []
    if name == "effects_map":
        made = [Part({"operators": each[0]}, f"by {score}" if score else "") for score, each in studies.items()]
        caption += " Hatched: not certain (5 % false findings over all cells)."
    elif name == "effect_intervals":
        made = [Part({"operators": operators}, f"by {last}" if last else "")]
        caption += " Lines: 95 % intervals."
    elif name == "operation_means":
        label = "mean score (%)" if "accuracy" in studies else f"mean score ({last})"
        truth = "truth (%)" if "accuracy" in caption else "truth"
        first = next(iter(studies.values()))[0]
        made = [
            Part({"operators": first}, "truth", {"value": "mean_truth", "label": f"mean {truth}"}),
            Part({"operators": first}, "supernet", {"value": "mean_score", "label": label}),
        ]
    elif name == "top_shares":
        known = published.published_top() if given.is_ours else None
        made = [Part({"operators": operators, "published": known}, f"by {last}" if last else "", {"top": top})]
        caption += " Hollow: counted on the benchmark's own table (P2)." if given.is_ours else ""
    elif name == "decomposition":
        made = [Part({"parts": each[1]}, f"by {score}" if score else "") for score, each in studies.items()]
        return Made(made, caption, columns=1)
    elif name == "correction_curve":
        made = [Part({"correction": each[2]}, f"by {score}" if score else "") for score, each in studies.items()]
        caption += " Band: 95 % of the draws of the ridge with the supernet."
    else:
        made = [Part({"deciles": each[3]}, f"by {score}" if score else "") for score, each in studies.items()]
        caption += " Lines: 95 % intervals."
    return Made(made, caption)


def _bias_tables(given: Given) -> tuple[str, dict[str, tuple[pd.DataFrame, ...]], int]:
    """Caption, and per score: operators, decomposition, correction, deciles of the parameters."""
    if given.is_ours:
        study = read_study("operators")
        tables = {
            score: tuple(
                study[f"{what} by {score}"] for what in ("operators", "decomposition", "correction", "deciles of parameters")
            )
            for score in ("accuracy", "loss")
        }
        n = int(tables["loss"][0].groupby("decision")["n"].sum().iloc[0])
        return f"nb201: {n:,} architectures, 3 runs of 64 epochs; truth: analog-nasbench (test accuracy).", tables, 100
    bias = analyse_bias(given.matched(), score=given.score, epoch=given.epoch, bn=given.bn)
    about = bias.about
    deciles = pd.DataFrame(bias.size["params"].get("deciles", []))
    caption = f"{about['space']}: {about['n']:,} architectures, {say_runs(about['runs'])}"
    caption += "" if about["epoch"] is None else f" of {about['epoch']} epochs"
    tables = {about["score"]: (bias.operators, bias.decomposition, bias.correction, deciles)}
    return f"{caption}; {say_truth(about['truth'])}.", tables, about["top"]


@source("groups", "prefixes", "finetuning", "folds", "pruning", "replicated")
def _shared(given: Given, name: str) -> Made:
    if name == "finetuning" and not given.is_ours:
        matched = given.matched()
        truth = describe_truth(matched.truth)
        return Made([Part({"curve": follow_finetuning(matched)})], f"{given.home}; {say_truth(truth)}.")
    if not given.is_ours:
        raise InputError(
            f"{name} compares runs that share weights in different ways: predictions do not say how. Give the study's "
            f"own table with --table FILE."
        )
    return _SHARED[name]()


def _of_plans(name: str) -> Made:
    plans = read_study("sharing")["plans against darts64_truth"].query("k > 1")
    known = published.published_groups() if name == "groups" else published.published_prefixes()
    steps, runs = int(plans["k"].max()), int(plans["runs"].max())
    parts = [
        Part({"plans": plans, "published": known}, title, {"value": value})
        for value, title in (("gt_tau_mean", "mean"), ("gt_tau_std", "standard deviation"))
    ]
    caption = f"darts64: 64 architectures, {say_runs(runs)} a plan, last {steps} mini-batches (P1: 64); truth: "
    return Made(parts, caption + "trained alone by this project, as small; hollow: P1 (arXiv 2001.01431).")


def _of_finetuning() -> Made:
    curve = read_study("finetuning")["curve"]
    parts = [
        Part({"curve": curve[curve["truth"] == truth], "published": known}, title)
        for truth, title, known in (
            ("darts64_truth", "truth of this size", None),
            ("deeper-insights-64", "P1's truth", published.published_finetuning()),
        )
    ]
    caption = f"darts64: 64 architectures, {say_runs(int(curve['runs'].max()))}. Bars: {_INTERVAL}; with two runs they "
    return Made(parts, caption + "mostly bound nothing. Hollow: P1 (arXiv 2001.01431).")


def _of_folds() -> Made:
    study = read_study("folds")
    names = {"each": "folds", "gains": "gain in tau inside folds"}
    parts = []
    for space in ("nb201", "nb101"):
        tables = {name: study[table][study[table]["space"] == space] for name, table in names.items()}
        parts.append(Part(tables, get_space(space).title))
    return Made(parts, "Supernets of a fold against the whole space's, inside the fold; one seed; 95 % over folds.")


def _of_pruning() -> Made:
    study = read_study("pruned")
    parts = [
        Part({"spaces": study["thirds, inside the space trained on"]}, "thirds of NAS-Bench-201"),
        Part({"spaces": study["pruned by the supernet itself"]}, "pruned by the supernet itself"),
    ]
    return Made(parts, "nb201. Lines: 95 % over two runs, which leave the frame; thirds: one run each.")


def _of_copies() -> Made:
    table = read_study("replicated")["spread of scores"]
    n, runs = int(table["n"].max()), int(table["runs"].max())
    return Made([Part({"spread": table})], f"nb201: {n} networks, {say_runs(runs)}. Lines: 95 % over runs.")


_SHARED: dict[str, Callable[[], Made]] = {
    "groups": lambda: _of_plans("groups"),
    "prefixes": lambda: _of_plans("prefixes"),
    "finetuning": _of_finetuning,
    "folds": _of_folds,
    "pruning": _of_pruning,
    "replicated": _of_copies,
}
