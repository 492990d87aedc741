"""NAS-Bench-201's ground truth: the official file, NATS-Bench, wide tables, and the analog-nasbench wheel.

Which number is which (arXiv 2001.00326, and the official API): `cifar10-valid` is trained on half of CIFAR-10's 50,000
training images: valid = the other half (x-valid), test = the 10,000 test images (ori-test). `cifar10` is trained on all
50,000: test = ori-test, and there is no validation accuracy. `cifar100` and `ImageNet16-120`: valid = x-valid, test =
x-test, two halves of the official evaluation images. Always after the last epoch of a 12- or 200-epoch training.
"""

import importlib.util
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.progress import progress
from nasbias.spaces import get_space
from nasbias.tables import read_table
from nasbias.truth.formats import Format, columns_of
from nasbias.truth.unpickle import fetched_entries, is_pickle, open_pickle, readable, unpickle

# dataset -> evaluation sets of (valid, test)
SPLITS: dict[str, tuple[str | None, str]] = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": (None, "ori-test"),
    "cifar100": ("x-valid", "x-test"),
    "ImageNet16-120": ("x-valid", "x-test"),
}
_NATS_FILE = re.compile(r"(\d+)\.pickle\.pbz2")
_NATS_META = "meta.pickle.pbz2"

_WIDE_COLUMN = re.compile(r"(c10|c100|in16)_(val|test)_(\d+)")
_WIDE_DATASETS = {"c100": "cifar100", "in16": "ImageNet16-120"}

_ANALOG_CLASSES = ("analognasbench.data.Architecture", "analognasbench.data.DriftMeasurement")
_ANALOG_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
_ANALOG_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")


class _Trainings:
    """Rows of the truth table, gathered from ArchResults one after the other."""

    def __init__(self, names: list[str]) -> None:
        """`names`: the source's own list of architectures, which results must agree with; empty = not known yet."""
        self.names = names
        self.rows: list[tuple[str, str, int, int, float, float]] = []
        self.name_of: dict[int, str] = {}

    def add(self, result: Mapping[str, Any]) -> int:
        """Add the trainings of one ArchResults (its state); returns its index."""
        try:
            index, name = int(result["arch_index"]), str(result["arch_str"])
            if self.names:
                _check_listed(index, name, self.names)
            if self.name_of.setdefault(index, name) != name:
                raise InputError(f"architecture {index} is {name!r}, and also {self.name_of[index]!r}.")
            for (dataset, seed), training in result["all_results"].items():
                self.rows.append((name, dataset, *self._measured(name, dataset, int(seed), state_of(training))))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"not a NAS-Bench-201 record ({type(error).__name__}: {error}).") from None
        return index

    @staticmethod
    def _measured(name: str, dataset: str, seed: int, training: Mapping[str, Any]) -> tuple[int, int, float, float]:
        if dataset not in SPLITS:
            raise InputError(f"{name!r} was trained on {dataset!r}; NAS-Bench-201 has {', '.join(SPLITS)}.")
        epochs, accuracies = int(training["epochs"]), training["eval_acc1es"]
        values = []
        for evaluated in SPLITS[dataset]:
            value = accuracies.get(f"{evaluated}@{epochs - 1}") if evaluated else math.nan
            if evaluated and (value is None or not math.isfinite(value)):
                raise InputError(
                    f"{name!r}, {dataset}, {epochs} epochs, seed {seed}: the accuracy on {evaluated} after the last "
                    f"epoch is {'missing' if value is None else value}. The file is not as published."
                )
            values.append(float(value))
        return epochs, seed, values[0], values[1]

    def table(self) -> pd.DataFrame:
        columns = ["architecture", "dataset", "epochs", "seed", "valid_accuracy", "test_accuracy"]
        if not self.rows:
            raise InputError("it holds no trained architecture.")
        return pd.DataFrame(self.rows, columns=columns)


def state_of(thing: object) -> Mapping[str, Any]:
    """The attributes of an official API's ArchResults or ResultsCount, which the files store as a plain dict."""
    return thing if isinstance(thing, Mapping) else vars(thing)


def read_official(path: Path) -> pd.DataFrame:
    """NAS-Bench-201's one file in any container, or NATS-Bench's: never holds more than one architecture's records.

    Two passes: the first finds which memo entries are fetched again, the second builds and forgets the others.
    """
    with open_pickle(path) as file:
        wanted = fetched_entries(file, path.name)
    trainings = _Trainings([])
    bar = iter(progress(range(get_space("nb201").size), f"reading {path.name}"))

    def take(filled: dict) -> None:
        # state_dict() is written depth first, so what has all_results here is whole.
        if "all_results" in filled:
            index = trainings.add(filled)
            filled.clear()
            filled["arch_index"] = index
            if len(trainings.name_of) > seen[0]:
                seen[0] += 1
                next(bar, None)

    seen = [0]
    with open_pickle(path) as file:
        whole = unpickle(file, path.name, wanted=wanted, reduce=take)
    with readable(path.name):
        _check_whole(whole, trainings)
        return trainings.table()


def _check_whole(whole: object, trainings: _Trainings) -> None:
    if not (isinstance(whole, dict) and {"meta_archs", "arch2infos"} <= set(whole)):
        found = f"a dict of {', '.join(map(str, whole))[:80]}" if isinstance(whole, dict) else type(whole).__name__
        raise InputError(f"not NAS-Bench-201's file: meta_archs and arch2infos are wanted, it holds {found}.")
    names, records = whole["meta_archs"], whole["arch2infos"]
    _check_names(names)
    if not isinstance(records, dict):
        raise InputError("it has no records (arch2infos). NATS-Bench in many files: import its folder.")
    for key, results in records.items():
        for result in results.values():
            index = trainings.add(result) if "all_results" in result else result["arch_index"]
            if index != key:
                raise InputError(f"record {key!r} says that it is architecture {index}.")
    for index, name in trainings.name_of.items():
        _check_listed(index, name, names)


def _check_listed(index: int, name: str, names: list[str]) -> None:
    if not 0 <= index < len(names):
        raise InputError(f"architecture {index} is not in its list of {len(names):,} architectures.")
    if names[index] != name:
        raise InputError(f"architecture {index} is {name!r}, but its list of architectures says {names[index]!r}.")


def _check_names(names: object) -> None:
    if not (isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)):
        raise InputError("its list of architectures (meta_archs) is not a list of strings.")
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise InputError(f"its list of architectures (meta_archs) has {twice!r} twice.")


def is_nats_folder(path: Path) -> bool:
    return path.is_dir() and (path / _NATS_META).is_file()


def read_nats(folder: Path) -> pd.DataFrame:
    """NATS-Bench's folder: meta.pickle.pbz2 and one file per architecture."""
    with open_pickle(folder / _NATS_META) as file:
        meta = unpickle(file, _NATS_META)
    with readable(f"{folder.name}/{_NATS_META}"):
        _check_names(meta["meta_archs"])
    trainings = _Trainings(list(meta["meta_archs"]))
    files = sorted(file for file in folder.iterdir() if _NATS_FILE.fullmatch(file.name))
    for path in progress(files, f"reading {folder.name}"):
        with open_pickle(path) as file:
            results = unpickle(file, path.name)
        with readable(path.name):
            for result in results.values():
                index = trainings.add(result)
                if index != int(path.name.split(".")[0]):
                    raise InputError(f"it says that it is architecture {index}.")
    with readable(folder.name):
        return trainings.table()


def is_api(thing: object) -> bool:
    """NASBench201API, or NATS-Bench's API of either kind; or what the official file holds, already loaded."""
    if isinstance(thing, dict):
        return {"meta_archs", "arch2infos"} <= set(thing)
    return hasattr(thing, "meta_archs") and hasattr(thing, "arch2infos_dict")


def read_api(api: Any) -> pd.DataFrame:
    """The table of an API object. One that reads NATS-Bench file by file (fast mode) has its folder read instead."""
    if isinstance(api, dict):
        names, records = api["meta_archs"], api["arch2infos"]
    else:
        if getattr(api, "is_size", False):
            raise InputError("this is NATS-Bench's size space; nb201 is its topology space: create(path, 'tss').")
        folder = getattr(api, "archive_dir", None)
        if getattr(api, "fast_mode", False) and folder is not None:
            return read_nats(Path(folder))
        names, records = api.meta_archs, api.arch2infos_dict
    _check_names(names)
    trainings = _Trainings(list(names))
    for results in records.values():
        for result in results.values():
            trainings.add(state_of(result))
    return trainings.table()


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
        column_of = [_ANALOG_EDGES.index((int(d.name[0]), int(d.name[-1]))) for d in space.decisions]
        operation_of = np.array([space.decisions[0].values.index(name) for name in _ANALOG_OPERATIONS])
        return pd.DataFrame(
            {
                "architecture": space.decode(operation_of[digits[:, column_of]]),
                "dataset": "cifar10",
                "test_accuracy": [float(holder.state["baseline_accuracy"]) for holder in whole.values()],
            }
        )


_WHICH = (
    "top-1 accuracy (%) after the last of 12 or 200 epochs; valid = x-valid, test = x-test (cifar100, ImageNet16-120) "
    "or the 10,000 CIFAR-10 test images (cifar10-valid: trained on half of the training images; cifar10: on all, "
    "no valid)"
)
FORMATS = (
    Format(
        name="nas-bench-201",
        describes=f"NAS-Bench-201's official records, one per training seed: {_WHICH}",
        recognises=lambda path: path.suffix != ".anb" and path.is_file() and is_pickle(path),
        read=read_official,
        takes_object=is_api,
        read_object=read_api,
        licence="MIT (NAS-Bench-201 / NATS-Bench)",
    ),
    Format(
        name="nats-bench",
        describes=f"NATS-Bench's official topology records, one per training seed: {_WHICH}",
        recognises=is_nats_folder,
        read=read_nats,
        licence="MIT (NATS-Bench)",
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
        installed=analog_file,
        extra="analog",
    ),
)
