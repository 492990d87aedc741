"""P1 tables 1 and 2, figures 2 to 6: how much seeds and orders move a ranking, between runs, epochs and mini-batches.

    python -m analysis.orders            # five runs an order, 16 epochs at a quarter of the width
    python -m analysis.orders --paper    # ten runs an order, 200 epochs, scored after each of the last 128 mini-batches

Orders: fixed (cycle; runs differ by seed), one shuffle a run, reshuffled every 64 mini-batches. One more run of the
first and the last order is scored after each of its last mini-batches, for the interference between architectures.
"""

import dataclasses
import sys
from pathlib import Path
from typing import get_args

import pandas as pd

from analysis.study import P1_PAPER, P1_REDUCED, Job, Plan, Tables, run_study
from nasbias.matching import match
from nasbias.runs.config import Order
from nasbias.score import Scoring
from nasbias.stability import analyse_stability
from nasbias.stability.steps import collect_steps, summarise_steps

ORDERS = ("cycle", "shuffled", "reshuffled")
assert set(ORDERS) <= set(get_args(Order))
STEPS = 128


def plan(paper: bool) -> Plan:
    """Runs by order and seed, and the densely scored ones."""
    base, instances, last = (P1_PAPER, 10, 10) if paper else (P1_REDUCED, 5, 5)
    kept = (base.epochs // 4, base.epochs // 2, *range(base.epochs - last + 1, base.epochs + 1))
    jobs: Plan = {}
    for seed in range(instances):
        for order in ORDERS:
            config = dataclasses.replace(base, order=order, seed=seed, checkpoints=kept)
            jobs[f"{order}-{seed}"] = Job(config, Scoring(bn="running", valid_size=None if paper else 500))
    for order in ("cycle", "reshuffled"):
        config = dataclasses.replace(base, order=order, seed=100, dense_steps=STEPS)
        if not paper:  # 128 x 64 scorings: on fewer images
            config = dataclasses.replace(config, valid_size=250)
        jobs[f"dense-{order}"] = Job(config, None)
    return jobs


def evaluate(folders: dict[str, Path], paper: bool) -> Tables:
    """P1's tables, against P1's truth and against our own at this size."""
    instances, epochs, steps, filters, spread = [], [], [], [], []
    for truth in ("deeper-insights-64", "darts64_truth"):
        for order in ORDERS:
            runs = [folder for name, folder in folders.items() if name.startswith(f"{order}-")]
            tables = [folder / "predictions.parquet" for folder in runs]
            study = analyse_stability(match(tables, truth, space="darts64"), score="accuracy", bn="running")
            keys = {"truth": truth, "order": order}
            instances.append({**keys, **study.instances})
            instances += [{**frame, **keys, "order": f"{order}: {frame['name']}"} for frame in study.frames]
            epochs.append(study.last_epochs.assign(**keys))
            filters.append(study.filter.assign(**keys))
            reliable = {name: int(study.ranks.loc[:, name].sum()) for name in ("is_reliably_bad", "is_reliably_good")}
            spread.append({**keys, **reliable, "median_std_rank": float(study.ranks.loc[:, "std_rank"].median())})
        for order in ("cycle", "reshuffled"):
            folder = folders[f"dense-{order}"]
            matched = match([folder / "steps.parquet"], truth, space="darts64", scores=["accuracy"])
            (collected,) = collect_steps(matched, "accuracy", "running")
            summary = summarise_steps(collected, 64)
            gain = {f"gain_{what}": value for what, value in summary.pop("gain").items()}
            flat = {
                f"{what}_{lag}": value
                for what in ("tau_at_lag", "autocorrelation")
                for lag, value in summary.pop(what).items()
            }
            steps.append({"truth": truth, "order": order, **summary, **gain, **flat})
    return {
        "instances": pd.DataFrame(instances),
        "last_epochs": pd.concat(epochs, ignore_index=True),
        "steps": pd.DataFrame(steps),
        "filter": pd.concat(filters, ignore_index=True),
        "rank_spread": pd.DataFrame(spread),
    }


if __name__ == "__main__":
    sys.exit(run_study(sys.argv[1:], "orders", __doc__, plan, evaluate))
