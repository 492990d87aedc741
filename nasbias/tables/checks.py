"""The two tables in canonical form: columns named and ordered, architectures canonical, values in their units."""

import os
import warnings
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError, quoted
from nasbias.notices import Notice, say
from nasbias.opening import checked_path
from nasbias.spaces import Space, get_space
from nasbias.tables.columns import AS_IS, Reading, column_of, names_of, rename_columns
from nasbias.tables.files import read_about, read_table, table_ending
from nasbias.tables.measures import (
    MEASURES,
    NOT_SCORES,
    PREDICTION_KEYS,
    TRUTH_KEYS,
    extras_of,
    is_junk,
    measures_of,
    numbers_of,
)
from nasbias.tables.shipped import find_shipped, is_shipped
from nasbias.tables.values import mostly_numbers, read_measure, read_numbers

_NAMES = (str, int, float, np.integer, np.floating)  # what names a run or a data set
_LEAST = {"epoch": 0, "epochs": 0, "step": 0, "n_seeds": 1}
_LARGEST = 2.0**53  # up to here a float holds every whole number


def check_truth(
    table: pd.DataFrame, space: str | Space, where: str, reading: Reading = AS_IS, per_cent: bool = False
) -> pd.DataFrame:
    """A truth table in canonical form: columns ordered, architectures canonical, keys typed; columns that are neither
    keys nor measures nor `TRUTH_EXTRAS` are dropped.

    Missing `dataset`, `epochs` and `seed` columns are added as missing. `where` names the source in errors. Columns
    with other names, one column per epoch and fractions are read, with a notice (`nasbias.notices`).

    Args:
        reading: the table's own names of columns, and what a list of operation numbers means.
        per_cent: accuracies are known to be in per cent (a benchmark's own file): none are taken for fractions.

    Raises:
        InputError: no architecture or measure column, an unknown or ambiguous architecture, a duplicate key, a value
            that is no number or outside its unit's range, a row without any measure, or a measure present for only
            some rows of a (dataset, epochs).
    """
    space = get_space(space) if isinstance(space, str) else space
    table = rename_columns(table, where, "epochs", reading)
    _need(table, where)
    measures = measures_of(table)
    if not measures:
        raise InputError(
            f"{where}: no measure among the columns {names_of(table)}. Name one of valid_accuracy, test_accuracy "
            f"(per cent), valid_perplexity, test_perplexity, or say which column is which: "
            f"--column test_accuracy=COLUMN."
        )
    if table.empty:
        raise InputError(f"{where}: the table has no rows.")
    result = pd.DataFrame({"architecture": _canonical(column_of(table, "architecture", where), space, where, reading)})
    result["dataset"] = _texts(table, "dataset", where)
    for key in ("epochs", "seed"):
        result[key] = _integers(table, key, where)
    architectures = column_of(result, "architecture", where)
    factors: dict[str, int] = {}
    for name in measures:
        result[name], factors[f"{name}_std"] = read_measure(
            column_of(table, name, where), MEASURES[name], architectures, where, not per_cent
        )
    empty = result.loc[:, measures].isna().all(axis=1)
    if empty.any():
        raise InputError(
            f"{where}: {empty.sum():,} row(s) have no value in {', '.join(measures)} (first: "
            f"{result['architecture'][empty.idxmax()]!r}). Remove them or fill in what was measured."
        )
    for name in measures:
        present = result[name].notna()
        gap = ~present & present.groupby([result["dataset"], result["epochs"]], dropna=False).transform("any")
        if gap.to_numpy().any():
            raise InputError(
                f"{where}: {name} is missing (NaN) in {gap.sum():,} row(s) whose dataset and epochs have it elsewhere "
                f"(first: {result['architecture'][gap.idxmax()]!r}). Remove these rows or leave the column out."
            )
    for name in extras_of(table):
        result[name] = _extra(column_of(table, name, where), name, where)
        if factors.get(name, 1) != 1:
            result[name] *= factors[name]
    _no_duplicates(result, [*TRUTH_KEYS], where)
    return result


def check_architectures(table: pd.DataFrame, space: str | Space, where: str, reading: Reading = AS_IS) -> np.ndarray:
    """The canonical architectures of any table that has such a column, under any of its usual names.

    Raises:
        InputError: no such column, an empty table, or an unknown or ambiguous architecture.
    """
    space = get_space(space) if isinstance(space, str) else space
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)  # nothing but the architectures is read
        table = rename_columns(table, where, "epoch", reading)
    _need(table, where)
    if table.empty:
        raise InputError(f"{where}: the table has no rows.")
    return _canonical(column_of(table, "architecture", where).drop_duplicates(), space, where, reading)


def check_predictions(
    table: pd.DataFrame,
    space: str | Space,
    where: str,
    run: str = "",
    reading: Reading = AS_IS,
    per_cent: bool = False,
) -> pd.DataFrame:
    """A predictions table in canonical form: every key column present, architectures canonical, numbers after them.

    A column `trained`, where there is one, says whether the step just before the scoring trained that architecture.
    Numbers that `scores_of` does not count as scores (`latency`, ...) stay, for who asks for them by name.

    Args:
        run: names the run where the table has no `run` column.
        where: names the source in errors. Scores may be NaN.
        reading, per_cent: as in `check_truth`.

    Raises:
        InputError: no architecture column or no number, an unknown or ambiguous architecture, a score that is no
            number, or the same prediction twice.
    """
    space = get_space(space) if isinstance(space, str) else space
    per_cent = per_cent or bool(table.attrs.get("canonical"))  # what nasbias wrote or read is in per cent
    table = rename_columns(table, where, "epoch", reading)
    _need(table, where)
    if table.empty:
        raise InputError(f"{where}: the table has no rows.")
    columns: dict[str, Any] = {"run": _texts(table, "run", where) if "run" in table else run or where}
    columns["architecture"] = _canonical(column_of(table, "architecture", where), space, where, reading)
    result = pd.DataFrame(columns)
    for key in ("seed", "epoch", "step"):
        result[key] = _integers(table, key, where)
    result["bn"] = _texts(table, "bn", where)
    result = result.loc[:, list(PREDICTION_KEYS)]
    if "trained" in table:
        result["trained"] = table["trained"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    scores = _read_scores(table, column_of(result, "architecture", where), where, per_cent)
    if not scores:
        raise InputError(
            f"{where}: no numeric score among the columns {names_of(table)}. Beside `architecture` one column such as "
            f"`accuracy` (per cent) or `loss` is needed; --column accuracy=COLUMN says which one it is."
        )
    own = result.drop(columns=[name for name in scores if name in result])
    result = pd.concat([own, pd.DataFrame(scores)], axis=1)  # `assign` takes the square of thousands of columns
    _no_duplicates(result, [*PREDICTION_KEYS], where)
    result.attrs["canonical"] = True
    return result


def _read_scores(table: pd.DataFrame, architectures: pd.Series, where: str, per_cent: bool) -> dict[str, np.ndarray]:
    """Every column of numbers; a declared measure must be one, of the others those that are meant as numbers."""
    scores: dict[str, np.ndarray] = {}
    numeric = set(numbers_of(table))
    for column in table.columns:
        name, values = str(column), column_of(table, column, where)
        if name in MEASURES:
            scores[name], _ = read_measure(values, MEASURES[name], architectures, where, not per_cent)
        elif column in numeric:
            scores[name] = values.to_numpy(dtype=float, na_value=np.nan)
        elif _is_meant_as_score(values):
            scores[name] = read_numbers(values, where)[0]
    return scores


def _is_meant_as_score(column: pd.Series) -> bool:
    name = str(column.name)
    return name.lower() not in NOT_SCORES and not is_junk(name) and mostly_numbers(column)


def load_predictions(path: str | os.PathLike, space: str = "nb201", reading: Reading = AS_IS) -> pd.DataFrame:
    """Predictions from a run folder, a table (see `read_table`) or a name such as `shipped:nb201-whole`, in canonical
    form (see the package's docstring).

    Raises:
        InputError: the path is none of these, can't be read, or fails `check_predictions`.
    """
    path = find_shipped(path) if is_shipped(path) else checked_path(path)
    run, inside = path.name, path
    if path.is_dir():
        inside = path / "predictions.parquet"
        if not inside.exists():
            raise InputError(f"{path}: a folder without predictions.parquet. Run python -m nasbias.score {path} first.")
    else:
        run = path.name.removesuffix(".gz")
        run = run.removesuffix(table_ending(path))
    table = read_table(inside)
    if inside.suffix == ".parquet" and (about := read_about(inside)):
        table.attrs["canonical"] = True
        if "diverged" in about:
            say(f"{path}: {str(about['diverged'])[:300]}")
    return check_predictions(table, space, str(inside), run=run, reading=reading)


def _need(table: pd.DataFrame, where: str) -> None:
    if "architecture" in table.columns:
        return
    texts = [str(name) for name in table.columns if not pd.api.types.is_numeric_dtype(table[name].dtype)]
    raise InputError(
        f"{where}: no column 'architecture'. Its columns are: {names_of(table)}. If one of them holds the "
        f"architectures: --column architecture={texts[0] if texts else 'COLUMN'}."
    )


def _texts(table: pd.DataFrame, name: str, where: str) -> Any:
    """A text key, missing where the table has none."""
    if name not in table:
        return pd.array([pd.NA] * len(table), "str")
    column = column_of(table, name, where)
    odd = next((value for value in column.tolist() if not isinstance(value, _NAMES) and not _is_missing(value)), None)
    if odd is not None:
        raise InputError(f"{where}: {name} is {quoted(odd)}; text or a number is wanted.")
    return column.astype("str").to_numpy()


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT


def _canonical(column: pd.Series, space: Space, where: str, reading: Reading) -> np.ndarray:
    if column.isna().any():
        row = int(np.argmax(column.isna().to_numpy())) + 1
        raise InputError(f"{where}: row {row:,} (of the data, from 1) has no architecture.")
    try:
        return space.parse_all(column.tolist(), reading.notation)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _integers(table: pd.DataFrame, name: str, where: str) -> Any:
    """A key of whole numbers, missing where the table has none."""
    if name not in table:
        return pd.array([pd.NA] * len(table), "Int64")
    return _whole_numbers(column_of(table, name, where), name, where)


def _whole_numbers(column: pd.Series, name: str, where: str) -> pd.api.extensions.ExtensionArray:
    column = column.rename(name)
    if pd.api.types.is_signed_integer_dtype(column.dtype):  # a float would not hold all of its digits
        values, whole = column.to_numpy(dtype=float, na_value=np.nan), column.astype("Int64")
    else:
        values, _ = read_numbers(column, where)
        whole = None
    least = _LEAST.get(name, -_LARGEST)
    broken = ~np.isnan(values) & ((values != np.round(values)) | (values < least) | (values > _LARGEST))
    if broken.any():
        row = int(np.argmax(broken))
        wanted = "whole numbers" if least < 0 else f"whole numbers from {least}"
        raise InputError(f"{where}: {name} is {values[row]:g} in row {row + 1:,}; column {name!r} must hold {wanted}.")
    return pd.array(pd.Series(values).astype("Int64") if whole is None else whole)


def _extra(column: pd.Series, name: str, where: str) -> Any:
    if name == "sample":
        return column.astype("str").to_numpy()
    if name == "n_seeds":
        return _whole_numbers(column, name, where)
    values = read_numbers(column, where)[0]
    if (values < 0).any() or np.isinf(values).any():
        row = int(np.argmax((values < 0) | np.isinf(values)))
        raise InputError(f"{where}: {name} is {values[row]:g} in row {row + 1:,}; it can't be below 0 nor without end.")
    return values


def _no_duplicates(table: pd.DataFrame, keys: list[str], where: str) -> None:
    duplicate = table.duplicated(keys)
    if duplicate.any():
        row = table.loc[duplicate.idxmax()]
        at = ", ".join(f"{key} {row[key]}" for key in keys if key != "architecture" and not pd.isna(row[key]))
        raise InputError(
            f"{where}: {duplicate.sum():,} row(s) repeat an earlier one (first: {row['architecture']!r}"
            f"{', ' + at if at else ''}). Keep one row each."
        )
