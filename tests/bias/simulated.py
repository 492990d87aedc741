"""Simulated panels of NAS-Bench-201: what was planted is known."""

import numpy as np
import pandas as pd

from nasbias.bias.effects import percentiles
from nasbias.matching import match, select_panel
from nasbias.spaces import get_space

EDGE, OPERATION = "0->3", "nor_conv_1x1"
SPACE = get_space("nb201")


def simulate(seed, n=800, runs=3, noise=20.0, delta=0.0, gamma=0.0, seeds=0, truth_noise=0.0):
    """Predictions and truth: score = true percentile + noise + delta on one operation + gamma * size percentile; the
    truth in units of five percentile points."""
    rng = np.random.default_rng(seed)
    names = SPACE.sample(n, seed=seed)
    described, choices = SPACE.describe(names), SPACE.decide(names)
    quality = np.log(described["params"].to_numpy()) * 2 + rng.normal(size=n)
    quality += (choices["0->1"] == "nor_conv_3x3").to_numpy() - 2.0 * (choices["0->3"] == "none").to_numpy()
    true = percentiles(quality)
    shift = delta * (choices[EDGE] == OPERATION).to_numpy()
    shift = shift + gamma * percentiles(described["params"].to_numpy()) / 100
    predictions = pd.concat(
        pd.DataFrame({"run": f"s{run}", "seed": run, "epoch": 8, "architecture": names}).assign(
            rank_score=true + shift + noise * rng.normal(size=n)
        )
        for run in range(runs)
    )
    repeats = [
        pd.DataFrame(
            {"architecture": names, "seed": k, "test_accuracy": 50 + (true + truth_noise * rng.normal(size=n)) / 5}
        )
        for k in range(max(seeds, 1))
    ]
    return predictions, pd.concat(repeats).drop(columns=[] if seeds else "seed")


def panel_of(*arguments, **options):
    return select_panel(match(*simulate(*arguments, **options)))
