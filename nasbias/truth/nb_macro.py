"""Ground truth of NAS-Bench-Macro: CIFAR-10 test accuracy of three trainings per architecture (arXiv 2103.11922).

The released trainer keeps each training's best epoch of 50 by the test split itself, so the numbers are a little
optimistic. Isomorphic strings were trained once and carry the same numbers: 6,561 rows, 3,969 trainings.
"""

import json
from pathlib import Path

import pandas as pd

from nasbias.errors import InputError
from nasbias.spaces.nb_macro import SPACE
from nasbias.tables import read_table
from nasbias.truth.formats import Format, columns_of

_SEEDS = (0, 1, 2)
_COLUMNS = {"arch", *(f"test_acc_{seed}" for seed in _SEEDS)}


def _recognises_table(path: Path) -> bool:
    return columns_of(path) >= _COLUMNS


def _read_table(path: Path) -> pd.DataFrame:
    table = read_table(path)
    return _tidy(table["arch"].tolist(), table[[f"test_acc_{seed}" for seed in _SEEDS]].to_numpy().tolist())


def _recognises_json(path: Path) -> bool:
    if not path.is_file() or path.suffix != ".json":
        return False
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return False
    return b'"test_acc"' in start and b'"mean_acc"' in start


def _read_json(path: Path) -> pd.DataFrame:
    """The official `nas-bench-macro_cifar10.json`: {architecture: {"test_acc": [a, b, c], ...}}."""
    try:
        content = json.loads(path.read_bytes())
        architectures, accuracies = list(content), [[float(a) for a in row["test_acc"]] for row in content.values()]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: not NAS-Bench-Macro's JSON of {{architecture: {{'test_acc': [...]}}}} ({type(error).__name__}: "
            f"{error}). Is the file whole?"
        ) from None
    return _tidy(architectures, accuracies)


def _tidy(architectures: list, accuracies: list[list[float]]) -> pd.DataFrame:
    rows = [(a, seed, value) for a, values in zip(architectures, accuracies) for seed, value in enumerate(values)]
    table = pd.DataFrame(rows, columns=["architecture", "seed", "test_accuracy"])
    return table.assign(dataset="cifar10", epochs=50)


_DESCRIBES = (
    "CIFAR-10 test accuracy of three trainings of 50 epochs, each the best of its epochs by the test split; "
    "seed = the position among the three; no validation split"
)
_LICENCE = "Apache-2.0 (xiusu/NAS-Bench-Macro)"
FORMATS = (
    Format("nb-macro-json", _DESCRIBES, _recognises_json, _read_json, licence=_LICENCE, architectures=SPACE.size),
    Format("nb-macro-table", _DESCRIBES, _recognises_table, _read_table, licence=_LICENCE, architectures=SPACE.size),
)
