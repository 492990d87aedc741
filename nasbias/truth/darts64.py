"""Ground truth of P1's 64 architectures: each trained alone 200 epochs on CIFAR-10 with 10 seeds (arXiv 2001.01431).

P1 validates on the test split, so the numbers are `test_accuracy`; the file holds the mean over seeds and their
standard deviation as fractions, hence no `seed`, `n_seeds` = 10 and `test_accuracy_std` in percentage points.
"""

from pathlib import Path

import pandas as pd

from nasbias.errors import InputError
from nasbias.spaces.darts64 import SPACE
from nasbias.tables import read_table
from nasbias.truth.formats import Format, columns_of


def _recognises(path: Path) -> bool:
    return {"code", "gt_mean", "gt_std"} <= columns_of(path)


def _read(path: Path) -> pd.DataFrame:
    table = read_table(path)
    if not table["gt_mean"].between(0, 1).all():
        raise InputError(f"{path}: gt_mean should hold fractions from 0 to 1, as P1's figures do.")
    return pd.DataFrame(
        {
            "architecture": table["code"],
            "dataset": "cifar10",
            "epochs": 200,
            "sample": "uniform",  # the whole space
            "n_seeds": 10,
            "test_accuracy": 100 * table["gt_mean"],
            "test_accuracy_std": 100 * table["gt_std"],
        }
    )


FORMATS = (
    Format(
        name="p1-64",
        describes=(
            "CIFAR-10 test accuracy of all 64, each trained alone for 200 epochs by the authors of arXiv 2001.01431; "
            "mean and standard deviation of 10 seeds; the test split is what P1 validates on"
        ),
        recognises=_recognises,
        read=_read,
        licence="MIT (ultmaster/deeper-insights-weight-sharing)",
        architectures=SPACE.size,
    ),
)
