"""Predictions in every form that somebody holds them in, as canonical tables with a name each."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.opening import checked_path
from nasbias.tables import AS_IS, RUN_KEYS, Reading, check_predictions, from_mapping, load_predictions
from nasbias.tables.shipped import find_predictions

Array = np.ndarray
Predictions = (
    pd.DataFrame
    | pd.Series
    | Mapping[str, Any]
    | tuple[Sequence[str], Sequence[float]]
    | str
    | os.PathLike
    | Sequence[str | os.PathLike]
    | None
)


_FORMS = "Give a DataFrame, a Series with the architectures as index, a dict, a pair (architectures, scores), or paths."


def runs_of(frame: pd.DataFrame) -> Iterator[tuple[dict[str, Any], Array]]:
    """The (run, seed, epoch, step, bn) of a predictions table, missing as None, and the places of the rows of each, in
    order of appearance."""
    groups = frame.groupby(list(RUN_KEYS), dropna=False).indices
    for group, at in sorted(groups.items(), key=lambda item: item[1][0]):  # by appearance, in every release of pandas
        values: Any = group
        yield dict(zip(RUN_KEYS, (None if pd.isna(value) else value for value in values))), at


def read_predictions(predictions: Predictions, space: str, reading: Reading = AS_IS) -> list[tuple[str, pd.DataFrame]]:
    """(source, canonical table) of each of the given predictions; None = those shipped for the space.

    Args:
        predictions: a table (architectures in a column or in the index), a series whose index holds the architectures,
            a mapping from architectures to scores (or to mappings of several), a pair (architectures, scores), a path,
            or several paths.
        reading: the tables' own names of columns, and what a list of operation numbers means.

    Two files that call their runs the same are told apart by their paths.

    Raises:
        InputError: not predictions, or the same file twice.
    """
    table = _as_table(predictions)
    if table is not None:
        return [("predictions", check_predictions(table, space, "predictions", reading=reading))]
    if predictions is None:
        predictions = [find_predictions(space)]
    if not isinstance(predictions, Iterable | os.PathLike):
        raise InputError(f"predictions can't be read from {type(predictions).__name__}. {_FORMS}")
    paths: list[Any] = [predictions] if isinstance(predictions, (str, os.PathLike)) else list(predictions)
    if not paths:
        raise InputError("no predictions given. Name at least one run folder or table.")
    odd = next((path for path in paths if not isinstance(path, (str, os.PathLike))), None)
    if odd is not None:
        raise InputError(f"predictions can't be read from a list of {type(odd).__name__}. {_FORMS}")
    named, seen, resolved = [], set(), set()
    for path in map(checked_path, paths):
        if path.resolve() in resolved:
            raise InputError(f"{path} is given twice: its runs would count as more than they are.")
        resolved.add(path.resolve())
        frame = load_predictions(path, space=space, reading=reading)
        runs = set(frame["run"].dropna())
        if runs & seen:
            frame["run"] = str(path) + ":" + frame["run"]
        seen |= runs
        named.append((str(path), frame))
    return named


def _as_table(predictions: Any) -> pd.DataFrame | None:
    """What is in memory, as a table; None for paths."""
    if isinstance(predictions, pd.DataFrame):
        return predictions
    if isinstance(predictions, pd.Series):
        name = "score" if predictions.name is None else str(predictions.name)
        return pd.DataFrame({"architecture": predictions.index.to_numpy(), name: predictions.to_numpy()})
    if isinstance(predictions, Mapping):
        try:
            return from_mapping(dict(predictions))
        except ValueError as error:
            raise InputError(f"predictions: {error}.") from None
    if isinstance(predictions, tuple) and len(predictions) == 2 and not isinstance(predictions[1], (str, os.PathLike)):
        architectures, scores = list(predictions[0]), list(predictions[1])
        if len(architectures) != len(scores):
            raise InputError(f"predictions: {len(architectures):,} architectures, but {len(scores):,} scores.")
        return pd.DataFrame({"architecture": architectures, "score": scores})
    return None
