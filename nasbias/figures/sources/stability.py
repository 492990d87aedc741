"""Tables of how stable rankings are: between runs, between epochs, after each of the last mini-batches."""

from typing import Any

import pandas as pd

from nasbias.errors import InputError
from nasbias.figures import published
from nasbias.figures.sources import ORDERS, Given, Made, Part, say_runs, say_truth, source
from nasbias.figures.studies import read_study, shipped_table
from nasbias.matching import match
from nasbias.spaces import get_space
from nasbias.stability import analyse_stability
from nasbias.stability.steps import Steps, collect_steps, follow_lags, follow_steps

_TRUTH = "deeper-insights-64"  # P1's own: the study of orders holds its runs against it
_SMALL = "darts64: 64 architectures"


@source("s_tau_over_epochs", "rank_boxes", "filter_curve")
def _stability(given: Given, name: str) -> Made:
    if given.is_ours and name == "filter_curve":
        return _filter_of_orders()
    study = analyse_stability(given.matched(), score=given.score, epoch=given.epoch, bn=given.bn)
    about = study.about
    caption = f"{about['space']}: {about['n_architectures']:,} architectures, {say_runs(study.instances['n_runs'])}"
    caption += "" if about["epoch"] is None or name == "s_tau_over_epochs" else f" of {about['epoch']} epochs"
    caption += f"; {say_truth(about['truth'])}. "
    tables: dict[str, Any]
    if name == "rank_boxes":
        tables, said = {"ranks": study.ranks}, "Bars: the middle half of the runs; lines: all of them."
    elif name == "filter_curve":
        tables, said = {"loss": study.filter}, "Band: 95 % interval over runs, of the widest top."
    else:
        tables = {"epochs": study.epochs, "frames": pd.DataFrame(study.frames)}
        said = "Band: S-Tau's 95 % interval (jackknife over runs)."
    return Made([Part(tables, get_space(about["space"]).title)], caption + said)


def _filter_of_orders() -> Made:
    study = read_study("orders")
    loss = study["filter"][study["filter"]["truth"] == _TRUTH]
    parts = [Part({"loss": loss[loss["order"] == order]}, title) for order, title in ORDERS.items()]
    runs = int(_instances().loc[:, "n_runs"].max())
    caption = f"{_SMALL}, {runs} runs an order; truth: P1's. Band: 95 % interval over runs, of the widest top."
    return Made(parts, caption)


@source("order_agreement")
def _orders(given: Given) -> Made:
    if not given.is_ours:
        raise InputError("order_agreement compares our three orders of training: it takes no predictions.")
    table = _instances()
    caption = f"{_SMALL}, {int(table.loc[:, 'n_runs'].max())} runs an order (P1: 10 of 200 epochs); truth: P1's. "
    caption += "Lines: 95 % intervals, of S-Tau by jackknife over runs."
    tables = {
        name: each.assign(order=each["order"].replace({"cycle": "fixed"}))
        for name, each in (("instances", table), ("published", published.published_instances()))
    }
    return Made([Part(tables)], caption)


def _instances() -> pd.DataFrame:
    table = read_study("orders")["instances"]
    return table.loc[(table["truth"] == _TRUTH) & table["order"].isin(list(ORDERS))]


def _dense(given: Given) -> dict[str, Steps]:
    """One run's dense steps per order of training; of somebody's predictions every run's."""
    if given.is_ours:
        matched = match(shipped_table("darts64_steps"), "darts64_truth", space="darts64", scores=["accuracy"])
    else:
        matched = given.matched()
    first = matched.rows[0].keys
    steps = collect_steps(matched, given.score or first["score"], given.bn or first["bn"])
    if not steps:
        raise InputError("no run was scored after two steps or more. Train with --dense-steps 128.")
    if not given.is_ours:
        return {each.run: each for each in steps}
    return {ORDERS[next(order for order in ORDERS if f"-{order}-" in each.run)]: each for each in steps}


@source("autocorrelation")
def _lags(given: Given) -> Made:
    runs = _dense(given)
    table = pd.concat([follow_lags(steps).assign(order=run) for run, steps in runs.items()])
    caption, period = _say_steps(given, runs), 64 if given.is_ours else None
    parts = [Part({"lags": table}, "", {"value": value, "period": period}) for value in ("autocorrelation", "tau")]
    return Made(parts, f"{caption}. Orange: a cycle of 64." if period else f"{caption}.")


@source("last_minibatches", "gt_tau_over_steps")
def _steps(given: Given, name: str) -> Made:
    runs = _dense(given)
    caption = _say_steps(given, runs)
    if name == "gt_tau_over_steps":
        table = pd.concat([follow_steps(steps).assign(order=order) for order, steps in runs.items()])
        return Made(
            [Part({"steps": table})],
            f"{caption}; truth: our own, each alone for 4 epochs." if given.is_ours else f"{caption}.",
        )
    period = 64 if given.is_ours else None
    parts = [
        Part({"scores": _long(steps)}, order, {"period": period if order == ORDERS["cycle"] else None})
        for order, steps in runs.items()
    ]
    return Made(parts, f"{caption}, coloured by truth.", columns=1)


def _say_steps(given: Given, runs: dict[str, Steps]) -> str:
    first = next(iter(runs.values()))
    n, count = len(first.items), len(first.step)
    home = "darts64" if given.is_ours else given.home
    return f"{home}: {n:,} architectures scored after each of the last {count:,} mini-batches, {say_runs(len(runs))}"


def _long(steps: Steps) -> pd.DataFrame:
    """`step, architecture, score, truth` of dense steps."""
    wide = pd.DataFrame(steps.scores, index=pd.Index(steps.step, name="step"), columns=steps.items)
    long = wide.melt(ignore_index=False, var_name="architecture", value_name="score").reset_index()
    return long.merge(pd.DataFrame({"architecture": steps.items, "truth": steps.truth}), on="architecture")
