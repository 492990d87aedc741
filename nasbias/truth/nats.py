"""The records of NAS-Bench-201 and of NATS-Bench's two spaces, which are written alike: one file, a folder, an API.

A record is one architecture's trainings at one budget, per data set and seed. Which number is which (arXiv 2001.00326,
2009.00437, and the official APIs): `cifar10-valid` is trained on half of CIFAR-10's 50,000 training images: valid = the
other half (x-valid), test = the 10,000 test images (ori-test). `cifar10` is trained on all 50,000: test = ori-test, and
there is no validation accuracy. `cifar100` and `ImageNet16-120`: valid = x-valid, test = x-test, two halves of the
official evaluation images. Always after the last epoch of a training.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from nasbias.errors import InputError
from nasbias.pickles import check_tree, fetched_entries, open_pickle, readable, unpickle
from nasbias.progress import progress
from nasbias.spaces import Space, get_space

# dataset -> evaluation sets of (valid, test)
SPLITS: dict[str, tuple[str | None, str]] = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": (None, "ori-test"),
    "cifar100": ("x-valid", "x-test"),
    "ImageNet16-120": ("x-valid", "x-test"),
}
SPLITS_SAID = (
    "valid = x-valid, test = x-test (cifar100, ImageNet16-120) or the 10,000 CIFAR-10 test images (cifar10-valid: "
    "trained on half of the training images; cifar10: on all, no valid)"
)
_FILE = re.compile(r"(\d+)\.pickle\.pbz2")
_META = "meta.pickle.pbz2"
_LARGEST = 1 << 20  # bytes of one record; official ones have some 300 kB


class _Trainings:
    """Rows of the truth table, gathered from ArchResults one after the other."""

    def __init__(self, space: Space, names: list[str]) -> None:
        """`names`: the source's own list of architectures, which results must agree with; empty = not known yet."""
        self.space, self.names = space, names
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
            raise InputError(f"not a {self.space.title} record ({type(error).__name__}: {error}).") from None
        return index

    def _measured(
        self, name: str, dataset: str, seed: int, training: Mapping[str, Any]
    ) -> tuple[int, int, float, float]:
        if dataset not in SPLITS:
            raise InputError(f"{name!r} was trained on {dataset!r}; {self.space.title} has {', '.join(SPLITS)}.")
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


def read_file(path: Path, space: str) -> pd.DataFrame:
    """The one file of a benchmark in any container: never holds more than one architecture's records.

    Two passes: the first finds which memo entries are fetched again, the second builds and forgets the others.
    """
    with open_pickle(path) as file:
        wanted = fetched_entries(file, path.name)
    trainings = _Trainings(get_space(space), [])
    bar = iter(progress(range(trainings.space.size), f"reading {path.name}"))

    def take(filled: dict) -> None:
        # state_dict() is written depth first, so what has all_results here is whole.
        if "all_results" in filled:
            check_tree(filled, _LARGEST)
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
        raise InputError(f"not {trainings.space.title}'s file: meta_archs and arch2infos are wanted, it holds {found}.")
    names, records = whole["meta_archs"], whole["arch2infos"]
    _check_names(names, trainings.space)
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


def _check_names(names: object, space: Space) -> None:
    if not (isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)):
        raise InputError("its list of architectures (meta_archs) is not a list of strings.")
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise InputError(f"its list of architectures (meta_archs) has {twice!r} twice.")
    space.parse_all(names)  # the records of another space are refused before they are read, which takes minutes


def is_folder(path: Path) -> bool:
    """Whether a path is a folder as NATS-Bench writes it, of whichever space."""
    return path.is_dir() and (path / _META).is_file()


def read_folder(folder: Path, space: str) -> pd.DataFrame:
    """NATS-Bench's folder: meta.pickle.pbz2 and one file per architecture."""
    with open_pickle(folder / _META) as file:
        meta = unpickle(file, _META)
    with readable(f"{folder.name}/{_META}"):
        _check_names(meta["meta_archs"], get_space(space))
    trainings = _Trainings(get_space(space), list(meta["meta_archs"]))
    files = sorted(file for file in folder.iterdir() if _FILE.fullmatch(file.name))
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


def read_api(api: Any, space: str) -> pd.DataFrame:
    """The table of an API object. One that reads NATS-Bench file by file (fast mode) has its folder read instead."""
    if isinstance(api, dict):
        names, records = api["meta_archs"], api["arch2infos"]
    else:
        folder = getattr(api, "archive_dir", None)
        if getattr(api, "fast_mode", False) and folder is not None:
            return read_folder(Path(folder), space)
        names, records = api.meta_archs, api.arch2infos_dict
    _check_names(names, get_space(space))
    trainings = _Trainings(get_space(space), list(names))
    for results in records.values():
        for result in results.values():
            trainings.add(state_of(result))
    return trainings.table()
