"""Tables of how stable rankings are: between runs, between epochs, after each of the last mini-batches."""

from typing import Any

import pandas as pd

from nasbias.errors import InputError
from nasbias.figures import published
from nasbias.figures.sources import INTERVAL, ORDERS, Given, Made, Part, say_runs, say_truth, source
from nasbias.figures.studies import shipped_table
from nasbias.matching import match
from nasbias.stability import Stability, analyse_stability
from nasbias.stability.steps import Steps, collect_steps, follow_lags, follow_steps


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
        if len(set(runs["run"])) > 1:
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
        return Made([Part({"instances": table, "published": known})], caption + f"Lines: {INTERVAL}.")
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
    if not given.is_ours:
        return {each.run: each for each in steps}
    return {ORDERS[next(order for order in ORDERS if f"-{order}" in each.run)]: each for each in steps}


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
        return Made(
            [Part({"steps": table})], f"{caption}; truth: trained alone by this project." if period else caption
        )
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
