"""P2, replicated operations: what the size of a space does to scores when all its architectures are the same.

    python -m analysis.replicated            # NAS-Bench-201, five copies of conv3x3 an edge; 8 epochs
    python -m analysis.replicated --paper    # 2000 epochs

A supernet whose slots hold copies of one operation scores "architectures" that differ by their copies alone. The spread
of these scores is the supernet's own doing; it is held against the spread among real architectures in an ordinary
supernet of the same budget. Copies of two supernets have nothing in common but their numbers: tau between runs is 0 if
nothing but training made them differ.
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.study import P2_PAPER, P2_REDUCED, Job, Plan, Tables, run_study
from nasbias.score import Scoring
from nasbias.stability.steps import tau_matrix
from nasbias.statistics import mean_interval
from nasbias.tables import load_predictions

PLANS = {"ordinary": "all", "conv3x3": "copies:nor_conv_3x3", "conv1x1": "copies:nor_conv_1x1"}
SEEDS = (0, 1)
IMAGES = 1000  # scored on


def plan(paper: bool) -> Plan:
    """An ordinary supernet and two of copies, per seed; on the whole space, as every pick of copies is connected."""
    base = P2_PAPER if paper else dataclasses.replace(P2_REDUCED, epochs=8)
    return {
        f"{name}-{seed}": Job(
            dataclasses.replace(base, sharing=sharing, seed=seed, subset="all"),
            Scoring(sample=100, valid_size=IMAGES),
        )
        for seed in SEEDS
        for name, sharing in PLANS.items()
    }


def evaluate(folders: dict[str, Path], paper: bool) -> Tables:
    """Spread of scores by plan, and tau between runs."""
    rows = []
    for name in PLANS:
        tables = [load_predictions(folders[f"{name}-{seed}"], "nb201") for seed in SEEDS]
        scores = np.stack([table.sort_values("architecture")["accuracy"].to_numpy() for table in tables])
        spread, low, high = mean_interval(scores.std(axis=1), 0.0, np.inf)
        between = tau_matrix(scores)[np.triu_indices(len(SEEDS), 1)]
        chance = float(np.mean(np.sqrt(scores * (100 - scores) / IMAGES)))  # of counting right answers
        rows.append(
            {
                "supernet": name, "n_runs": len(SEEDS), "n": scores.shape[1], "mean_accuracy": float(scores.mean()),
                "spread": spread, "low": low, "high": high, "counting_error": chance,
                "range": float(np.mean(np.ptp(scores, axis=1))), "s_tau": float(between.mean()),
            }
        )  # fmt: skip
    return {"spread of scores": pd.DataFrame(rows)}


if __name__ == "__main__":
    sys.exit(run_study(sys.argv[1:], "replicated", __doc__, plan, evaluate))
