"""Predictions and a truth that several tests of correlation share."""

import numpy as np
import pandas as pd

from nasbias.spaces import get_space

# Columns of every row of a correlation.
KEYS = [
    "run",
    "seed",
    "epoch",
    "score",
    "n",
    "gt_tau",
    "gt_tau_low",
    "gt_tau_high",
    "gt_tau_connected",
    "spearman",
    "sparse_tau",
    "top1_rank",
    "top3_rank",
    "p_at_5",
    "p_at_10",
    "best_at_1",
    "best_at_10",
    "tau_given_params",
]


def make_table() -> pd.DataFrame:
    """300 architectures, 20 of them disconnected, a made-up truth of two seeds, and what a run says of them."""
    rng = np.random.default_rng(0)
    space = get_space("nb201")
    everything = space.architectures()
    dead = everything[~everything["is_valid"]]["architecture"].sample(20, random_state=0)
    names = [*space.sample(280, seed=0), *dead]
    described = space.describe(names)
    quality = np.log(described["params"].to_numpy()) + 0.5 * rng.normal(size=300)
    quality[~described["is_valid"].to_numpy()] = 0
    table = described.assign(valid_accuracy=80 + quality - quality.max() / 2)
    table["noise"] = rng.normal(size=300)
    return table


def make_truth(table: pd.DataFrame) -> pd.DataFrame:
    """Two seeds of it."""
    rng = np.random.default_rng(1)
    rows = [
        pd.DataFrame(
            {"architecture": table["architecture"], "dataset": "cifar10", "epochs": 200, "seed": seed}
            | {"valid_accuracy": table["valid_accuracy"] + 0.1 * rng.normal(size=300)}
        )
        for seed in (777, 888)
    ]
    return pd.concat(rows, ignore_index=True)


def runs_of(table, seeds=(0, 1), epochs=(4, 8)):
    rng = np.random.default_rng(2)
    rows = [
        pd.DataFrame({"run": f"s{seed}", "seed": seed, "epoch": epoch, "architecture": table["architecture"]}).assign(
            accuracy=(table["valid_accuracy"] / 2 + rng.normal(size=len(table)) * 4 / epoch).round(1),
            loss=9 - table["valid_accuracy"] / 20 + rng.normal(size=len(table)) / epoch,
        )
        for seed in seeds
        for epoch in epochs
    ]
    return pd.concat(rows, ignore_index=True)
