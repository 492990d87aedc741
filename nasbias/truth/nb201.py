"""NAS-Bench-201's ground truth: the official file, NATS-Bench, wide tables, and the analog-nasbench wheel.

Which number is which: `nasbias.truth.nats`. Trainings are of 12 and 200 epochs.
"""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.pickles import is_pickle, open_pickle, readable, unpickle
from nasbias.spaces import get_space
from nasbias.spaces.nb201 import NASLIB_EDGES, NASLIB_OPERATIONS, SPACE
from nasbias.tables import read_table
from nasbias.truth.formats import Format, columns_of
from nasbias.truth.nats import SPLITS_SAID, is_api, is_folder, read_api, read_file, read_folder

_WIDE_COLUMN = re.compile(r"(c10|c100|in16)_(val|test)_(\d+)")
_WIDE_DATASETS = {"c100": "cifar100", "in16": "ImageNet16-120"}

_ANALOG_CLASSES = ("analognasbench.data.Architecture", "analognasbench.data.DriftMeasurement")


def read_official(path: Path) -> pd.DataFrame:
    """NAS-Bench-201's one file in any container, or NATS-Bench's."""
    return read_file(path, "nb201")


def is_wide(path: Path) -> bool:
    return path.is_file() and _has_wide_columns(columns_of(path))


def _has_wide_columns(columns: set[str]) -> bool:
    return not columns.isdisjoint({"arch_str", "arch_index", "architecture"}) and any(
        _WIDE_COLUMN.fullmatch(str(name)) for name in columns
    )


def read_wide(path: Path) -> pd.DataFrame:
    """One row per architecture, one column per dataset, split and budget, such as `c100_val_200`."""
    return melt_wide(read_table(path), path.name)


def melt_wide(table: pd.DataFrame, where: str = "table") -> pd.DataFrame:
    """The long form of a wide table. `c10_val` is dataset cifar10-valid, `c10_test` is dataset cifar10."""
    column = next(name for name in ("architecture", "arch_str", "arch_index") if name in table)
    architectures = get_space("nb201").parse_all(table[column])
    if column != "arch_index" and "arch_index" in table:
        disagree = architectures != get_space("nb201").parse_all(table["arch_index"])
        if disagree.any():
            first = int(np.argmax(disagree))
            raise InputError(
                f"{where}: arch_index {table['arch_index'].iloc[first]} is not {architectures[first]!r} "
                f"in the official order."
            )
    parts: dict[tuple[str, int], dict[str, np.ndarray]] = {}
    for name in table.columns:
        if matched := _WIDE_COLUMN.fullmatch(str(name)):
            short, split, epochs = matched.groups()
            dataset = _WIDE_DATASETS.get(short) or {"val": "cifar10-valid", "test": "cifar10"}[split]
            measure = {"val": "valid_accuracy", "test": "test_accuracy"}[split]
            parts.setdefault((dataset, int(epochs)), {})[measure] = table[name].to_numpy()
    long = [
        pd.DataFrame({"architecture": architectures, "dataset": dataset, "epochs": epochs, **measures})
        for (dataset, epochs), measures in parts.items()
    ]
    return pd.concat(long, ignore_index=True)


def analog_file() -> Path | None:
    """The data file of the installed analog-nasbench wheel, without importing the package."""
    spec = importlib.util.find_spec("analognasbench")
    folders = list(spec.submodule_search_locations or []) if spec else []
    files = [Path(folder) / "data.anb" for folder in folders]
    return next((file for file in files if file.is_file()), None)


def read_analog(path: Path) -> pd.DataFrame:
    """analog-nasbench's data file: a pickle of {six digits: Architecture}."""
    with open_pickle(path) as file:
        whole = unpickle(file, path.name, holders=_ANALOG_CLASSES)
    with readable(path.name):
        digits = np.array(list(whole), dtype=np.int64)
        if digits.ndim != 2 or digits.shape[1] != 6 or digits.min() < 0 or digits.max() > 4:
            raise InputError("its architectures are not tuples of six digits from 0 to 4.")
        space = get_space("nb201")
        column_of = [NASLIB_EDGES.index((int(d.name[0]), int(d.name[-1]))) for d in space.decisions]
        operation_of = np.array([space.decisions[0].values.index(name) for name in NASLIB_OPERATIONS])
        return pd.DataFrame(
            {
                "architecture": space.decode(operation_of[digits[:, column_of]]),
                "dataset": "cifar10",
                "test_accuracy": [float(holder.state["baseline_accuracy"]) for holder in whole.values()],
            }
        )


_WHICH = f"top-1 accuracy (%) after the last of 12 or 200 epochs; {SPLITS_SAID}"
FORMATS = (
    Format(
        name="nas-bench-201",
        describes=f"NAS-Bench-201's official records, one per training seed: {_WHICH}",
        recognises=lambda path: path.suffix != ".anb" and path.is_file() and is_pickle(path),
        read=read_official,
        takes_object=is_api,
        read_object=lambda api: read_api(api, "nb201"),
        licence="MIT (NAS-Bench-201 / NATS-Bench)",
        architectures=SPACE.size,
    ),
    Format(
        name="nats-bench",
        describes=f"NATS-Bench's official topology records, one per training seed: {_WHICH}",
        recognises=is_folder,
        read=lambda path: read_folder(path, "nb201"),
        licence="MIT (NATS-Bench)",
        architectures=SPACE.size,
    ),
    Format(
        name="wide",
        describes=f"NAS-Bench-201's accuracies as means over seeds: {_WHICH}",
        recognises=is_wide,
        read=read_wide,
        takes_object=lambda thing: isinstance(thing, pd.DataFrame) and _has_wide_columns(set(map(str, thing.columns))),
        read_object=lambda table: melt_wide(table),  # pyright: ignore[reportArgumentType]
    ),
    Format(
        name="analog-nasbench",
        describes=(
            "CIFAR-10 accuracy (%) of every architecture in an independent retraining (`baseline_accuracy`; the "
            "package states neither its budget nor its seed; Spearman .991 with the benchmark's own after 200 epochs)"
        ),
        recognises=lambda path: path.name == "data.anb" or path.suffix == ".anb",
        read=read_analog,
        licence="not stated by analog-nasbench 0.1.3",
        retrained=True,
        architectures=SPACE.size,
        installed=analog_file,
        extra="analog",
    ),
)
