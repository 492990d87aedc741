"""P1, fine-tuning: how many mini-batches of its own does an architecture need until the inherited ranking is mended?

    python -m analysis.finetuning            # from epochs 4 and 8 of two supernets, 16 mini-batches each
    python -m analysis.finetuning --paper    # from epochs 1, 5, 20, 50, 100, 200, 64 mini-batches

Each architecture inherits the weights and is tuned alone: constant learning rate of that moment, fresh momentum.
"""

import dataclasses
import sys
from pathlib import Path

import pandas as pd

from analysis.study import P1_PAPER, P1_REDUCED, Job, Plan, Tables, run_study
from nasbias.finetune import Tuning, finetune_run, follow_finetuning
from nasbias.matching import match


def plan(paper: bool) -> Plan:
    """The supernets that are tuned from."""
    base, kept, seeds = (P1_PAPER, (1, 5, 20, 50, 100), 10) if paper else (P1_REDUCED, (4, 8), 2)
    jobs = {}
    for seed in range(seeds):
        jobs[f"cycle-{seed}"] = Job(dataclasses.replace(base, seed=seed, checkpoints=kept), None)
    return jobs


def evaluate(folders: dict[str, Path], paper: bool) -> Tables:
    """GT-Tau after each mini-batch, by checkpoint."""
    epochs, steps = ((1, 5, 20, 50, 100, 200), 64) if paper else ((4, 8), 16)
    curves = []
    for epoch in epochs:
        tables = [folder / f"finetune-{epoch:04d}.parquet" for folder in folders.values()]
        for folder, table in zip(folders.values(), tables):
            if not table.exists():
                finetune_run(folder, Tuning(epoch=epoch, steps=steps, sample=64, valid_size=250), truth="none")
        for truth in ("deeper-insights-64", "darts64_truth"):
            matched = match(tables, truth, space="darts64", scores=["accuracy"])
            curves.append(follow_finetuning(matched).assign(truth=truth))
    curve = pd.concat(curves, ignore_index=True)
    return {"curve": curve.loc[curve["step"].isin([0, 1, 2, 5, 10, 16, 32, 64])]}


if __name__ == "__main__":
    sys.exit(run_study(sys.argv[1:], "finetuning", __doc__, plan, evaluate))
