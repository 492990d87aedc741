"""NAS-Bench-101's ground truth: the official TFRecords, API objects, and a Parquet sample of one run each.

Every cell was trained three times for each budget (`epochs`: 108, in the full file also 4, 12 and 36) on 40,000 of
CIFAR-10's training images; `valid_accuracy` is on the other 10,000, `test_accuracy` on the test split, `train_accuracy`
on the training images, all in per cent after the last epoch. `seed` numbers the runs 0, 1, 2 in the order of the file:
the benchmark does not publish seeds. The same accuracies half-way through a run and before training are
`half_valid_accuracy`, `start_valid_accuracy` and so on; half of a 108-epoch run is not a run of 54 epochs, its learning
rate has not come down yet. A table's `architecture` is the benchmark's own form of the cell.
"""

import base64
import binascii
import functools
import json
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from nasbias.errors import InputError
from nasbias.progress import progress
from nasbias.spaces.nb101 import SPACE
from nasbias.tables import read_table
from nasbias.truth.formats import Format, columns_of
from nasbias.truth.tfrecord import is_tfrecord, read_blocks

MOMENTS = ("start", "half", "end")
_SPLITS = ("train", "valid", "test")
_MEASURES = [f"{moment}_{split}_accuracy".removeprefix("end_") for moment in MOMENTS for split in _SPLITS]
_BROKEN = (ValueError, TypeError, AttributeError, RecursionError, binascii.Error, message.DecodeError)
_SHARED_PREFIX = "val_acc_"
_LICENCE = "Apache-2.0 (google-research/nasbench)"


class _Runs:
    """Rows of the truth table as they come in: a cell by its hash, the repeat counted per cell and budget."""

    def __init__(self, measures: list[str], where: str) -> None:
        self.where = where
        self.measures = measures
        self.number_of_hash: dict[str, int] = {}
        self.forms: list[Any] = []
        self.rows = array("q")  # cell, epochs, repeat
        self.values = array("d")
        self.repeats: dict[tuple[int, int], int] = {}

    def add(self, module_hash: str, form: Any, epochs: int, values: Iterable[float]) -> None:
        """One run; `form` is the cell in any notation that the space parses."""
        number = self.number_of_hash.setdefault(module_hash, len(self.forms))
        if number == len(self.forms):
            self.forms.append(form)
        elif self.forms[number] != form:
            raise InputError(
                f"{self.where}: module hash {module_hash} names two cells, {self.forms[number]} and {form}."
            )
        repeat = self.repeats.get((number, epochs), 0)
        self.repeats[number, epochs] = repeat + 1
        self.rows.extend((number, epochs, repeat))
        self.values.extend(values)

    def table(self) -> pd.DataFrame:
        """The truth table.

        Raises:
            InputError: no runs, a cell outside the space, or a hash that is not its cell's.
        """
        if not self.forms:
            raise InputError(f"{self.where}: no runs in it.")
        try:
            cells = SPACE.parse_all(self.forms)
        except InputError as error:
            raise InputError(f"{self.where}: {error}") from None
        _check_hashes(cells, list(self.number_of_hash), self.where)
        rows = np.frombuffer(self.rows, dtype=np.int64).reshape(-1, 3)
        values = np.frombuffer(self.values, dtype=float).reshape(len(rows), -1) * 100
        return pd.DataFrame(
            {
                "architecture": pd.Categorical.from_codes(rows[:, 0], categories=cells),
                "dataset": "cifar10",
                "epochs": rows[:, 1],
                "seed": rows[:, 2],
                **{name: values[:, i] for i, name in enumerate(self.measures)},
            }
        )


def _check_hashes(cells: np.ndarray, hashes: list[str], where: str) -> None:
    right = SPACE.hashes(cells.tolist())
    wrong = right != np.array(hashes, dtype=object)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InputError(
            f"{where}: {wrong.sum():,} of {len(cells):,} module hashes are unknown or another cell's (first: "
            f"{hashes[first]!r} at {cells[first]!r}, whose hash is {right[first]}). Is this NAS-Bench-101?"
        )


def _read_tfrecord(path: Path) -> pd.DataFrame:
    runs = _Runs(_MEASURES, path.name)
    metrics = _metrics_message()
    triangle = functools.lru_cache(maxsize=None)(_triangle)
    interior = functools.lru_cache(maxsize=None)(_interior)
    number = 0
    for block in progress(read_blocks(path), f"reading {path.name}"):
        for payload in block:
            try:
                module_hash, epochs, adjacency, operations, encoded = json.loads(payload)
                found = metrics.FromString(base64.b64decode(encoded))
                start, half, end = found.evaluation_data
                runs.add(
                    module_hash,
                    f"{triangle(adjacency)}:{interior(operations)}",
                    epochs,
                    (
                        start.train_accuracy,
                        start.validation_accuracy,
                        start.test_accuracy,
                        half.train_accuracy,
                        half.validation_accuracy,
                        half.test_accuracy,
                        end.train_accuracy,
                        end.validation_accuracy,
                        end.test_accuracy,
                    ),
                )
            except InputError:
                raise
            except _BROKEN as error:
                raise InputError(
                    f"{path.name}: record {number:,} is not one of NAS-Bench-101 ({type(error).__name__}: {error})."
                ) from None
            number += 1
    return runs.table()


def _triangle(adjacency: str) -> str:
    """The upper triangle of a matrix written as n x n digits."""
    n = round(len(adjacency) ** 0.5)
    if n * n != len(adjacency) or any("1" in adjacency[n * row : n * row + row + 1] for row in range(n)):
        raise ValueError(f"{adjacency!r} is not an upper triangular matrix")
    return "".join(adjacency[n * row + row + 1 : n * (row + 1)] for row in range(n))


def _interior(operations: str) -> str:
    """The operations without those of input and output."""
    names = operations.split(",")
    if len(names) < 2 or names[0] != "input" or names[-1] != "output":
        raise ValueError(f"{operations!r} does not run from input to output")
    return ",".join(names[1:-1])


@functools.cache
def _metrics_message() -> Any:
    """The benchmark's protobuf `ModelMetrics`, described here because its module needs TensorFlow."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="nasbias/nb101.proto", package="nasbias.nb101", syntax="proto2")
    evaluation = file.message_type.add(name="EvaluationData")
    names = ("current_epoch", "training_time", "train_accuracy", "validation_accuracy", "test_accuracy")
    for number, name in enumerate(names, start=1):
        evaluation.field.add(name=name, number=number, type=field.TYPE_DOUBLE, label=field.LABEL_OPTIONAL)
    evaluation.field.add(name="checkpoint_path", number=6, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    metrics = file.message_type.add(name="ModelMetrics")
    metrics.field.add(
        name="evaluation_data",
        number=1,
        type=field.TYPE_MESSAGE,
        type_name=".nasbias.nb101.EvaluationData",
        label=field.LABEL_REPEATED,
    )
    metrics.field.add(name="trainable_parameters", number=2, type=field.TYPE_INT32, label=field.LABEL_OPTIONAL)
    metrics.field.add(name="total_time", number=3, type=field.TYPE_DOUBLE, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("nasbias.nb101.ModelMetrics"))


def _is_api(api: object) -> bool:
    return all(isinstance(getattr(api, name, None), dict) for name in ("fixed_statistics", "computed_statistics"))


def _read_api(api: Any) -> pd.DataFrame:
    """A `NASBench` object of any port: `computed_statistics[hash][epochs]` lists the runs."""
    where = type(api).__name__
    names = [
        f"{moment}_{split}_accuracy" for moment in ("halfway", "final") for split in ("train", "validation", "test")
    ]
    runs = _Runs(_MEASURES[3:], where)
    try:
        for module_hash, budgets in api.computed_statistics.items():
            fixed = api.fixed_statistics[module_hash]
            digits = "".join(map(str, np.asarray(fixed["module_adjacency"], dtype=int).ravel()))
            cell = f"{_triangle(digits)}:{_interior(','.join(fixed['module_operations']))}"
            for epochs, repeats in budgets.items():
                for run in repeats:
                    runs.add(str(module_hash), cell, int(epochs), [float(run[name]) for name in names])
    except InputError:
        raise
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"{where}: not NAS-Bench-101's statistics ({type(error).__name__}: {error}). "
            f"Each run needs {', '.join(names)}."
        ) from None
    return runs.table()


def _is_shared(path: Path) -> bool:
    names = columns_of(path)
    return {"module_hash", "adjacency", "ops"} <= names and any(name.startswith(_SHARED_PREFIX) for name in names)


def _read_shared(path: Path) -> pd.DataFrame:
    """One run's validation accuracies, a column per budget; which of the three runs is not said, it becomes seed 0."""
    wide = read_table(path)
    repeated = wide["module_hash"].duplicated()
    if repeated.any():
        first = wide["module_hash"][repeated.idxmax()]
        raise InputError(f"{path.name}: {repeated.sum():,} row(s) repeat a module hash (first: {first!r}).")
    runs = _Runs(["valid_accuracy"], path.name)
    for name in [str(name) for name in wide.columns if str(name).startswith(_SHARED_PREFIX)]:
        budget = name.removeprefix(_SHARED_PREFIX)
        if not budget.isdecimal():
            raise InputError(f"{path.name}: column {name!r} names no number of epochs.")
        for module_hash, adjacency, operations, value in wide[["module_hash", "adjacency", "ops", name]].to_numpy():
            runs.add(str(module_hash), f"{adjacency}:{operations}", int(budget), (value,))
    return runs.table()


FORMATS = (
    Format(
        name="tfrecord",
        describes=(
            "accuracy in per cent at the end of each of three runs (seed 0, 1, 2) per budget: valid on 10,000 held-out "
            "training images of CIFAR-10, test on the test split; half_ and start_ columns: half-way and untrained"
        ),
        recognises=is_tfrecord,
        read=_read_tfrecord,
        takes_object=_is_api,
        read_object=_read_api,
        licence=_LICENCE,
        architectures=SPACE.size,
        rows=(3 * SPACE.size, 4 * 3 * SPACE.size),  # three runs of 108 epochs, or of 4, 12, 36 and 108
    ),
    Format(
        name="one-run-parquet",
        describes=(
            "validation accuracy in per cent of ONE of the three runs (stored as seed 0) after 4, 12, 36 and 108 "
            "epochs, on 10,000 held-out training images of CIFAR-10; no test accuracy"
        ),
        recognises=_is_shared,
        read=_read_shared,
        licence=_LICENCE,
    ),
)
