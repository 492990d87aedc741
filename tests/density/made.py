"""Runs and a truth that the tests of density make up."""

import numpy as np
import pandas as pd

from nasbias.spaces import get_space

CODES = get_space("darts64").architectures()["architecture"].to_numpy()


def make_run(folder, plan, scores, groups=None, steps=True):
    """A run folder with scores [steps, 64]."""
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'space = "darts64"\nsharing = "{plan}"\n')
    tables = [
        pd.DataFrame({"architecture": CODES, "epoch": 2, "step": i, "accuracy": row}) for i, row in enumerate(scores)
    ]
    table = pd.concat(tables).assign(run=folder.name, seed=0)
    if steps:
        table.to_parquet(folder / "steps.parquet")
    else:
        table[table["step"] == len(scores) - 1].drop(columns="step").to_parquet(folder / "predictions.parquet")
    if groups is not None:
        pd.DataFrame({"architecture": CODES, "group": groups}).to_csv(folder / "groups.csv", index=False)
    return folder


def noisy(truth, sd, seed, steps=6):
    rng = np.random.default_rng(seed)
    return truth["valid_accuracy"].to_numpy() - 30 + rng.normal(0, sd, (steps, 64))
