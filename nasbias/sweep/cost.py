"""What a plan would cost here, by a few steps of each kind of its runs."""

import dataclasses
import os
import time
from pathlib import Path
from typing import Any

import pandas as pd

from nasbias.campaigns import companions_of
from nasbias.progress import progress
from nasbias.provenance import count_cores
from nasbias.runs import RunFolder, Training
from nasbias.score import Scoring, list_to_score
from nasbias.scoring import load_scoring_data, score_architectures
from nasbias.sweep import work
from nasbias.sweep.plan import Plan
from nasbias.threads import use_threads
from nasbias.training import estimate_seconds
from nasbias.training.run import Run

_TRIED = 16  # architectures that tell what scoring costs
# Fields that change nothing, or next to nothing, of what a step costs.
_FREE: dict[str, Any] = {
    "seed": 0,
    "init_seed": None,
    "order_seed": None,
    "data_seed": None,
    "split_seed": 0,
    "checkpoints": (),
}


def estimate(plan: Plan, out: str | os.PathLike, processes: int | None = None) -> pd.DataFrame:
    """A row per run: `run`, `state`, `minutes` of one process that are left, of which `scoring` are for the scores.
    `attrs` has how many `processes` there would be. Writes nothing.

    Runs that differ by seeds alone are measured once; of those that differ by their length the first is.
    """
    use_threads(1)
    runs = Path(out).resolve() / "runs"
    steps: dict[str, float] = {}
    scores: dict[str, float] = {}
    rows = []
    for item in progress(plan.items, "trying a few steps of each kind of run"):
        folder = item.folder(runs)
        is_done = work.is_done(item, folder)
        config = dataclasses.replace(item.config, **_FREE, epochs=4, order="uniform", dense_steps=0)
        if item.config.order == "fair":
            config = dataclasses.replace(config, order="fair")
        key = config.identity
        if not is_done and key not in steps:
            steps[key] = estimate_seconds(config, companions_of) / config.epochs
        seconds = steps.get(key, 0.0) * item.config.epochs
        done = RunFolder(folder).log if RunFolder(folder).is_claimed else []
        left = seconds * (1 - (done[-1]["epoch"] if done else 0) / item.config.epochs)
        scoring = 0.0
        if item.score is not None and not is_done:
            if key not in scores:
                scores[key] = _seconds_of_scoring(config, item.score)
            scoring = scores[key] * len(item.score.checkpoints or item.config.kept_epochs)
        rows.append(
            {
                "run": item.name,
                "state": "done" if is_done else "begun" if done else "waiting",
                "minutes": 0.0 if is_done else (left + scoring) / 60,
                "scoring": 0.0 if is_done else scoring / 60,
            }
        )
    table = pd.DataFrame(rows)
    table.attrs["processes"] = processes or max(1, count_cores() // plan.devices)
    return table


def _seconds_of_scoring(config: Training, options: Scoring) -> float:
    """Of one checkpoint, by an untrained network."""
    run = Run(config)
    names = list_to_score(config, options)
    device = run.fabric.device
    data = load_scoring_data(config, options.recalibration_images, options.valid_size, device, options.bn)
    some = names[:: max(1, len(names) // _TRIED)][:_TRIED]
    score_architectures(run.network, some[:1], data, config.space, options.bn, options.engine)  # allocates
    began = time.perf_counter()
    score_architectures(run.network, some, data, config.space, options.bn, options.engine)
    return (time.perf_counter() - began) / len(some) * len(names)
