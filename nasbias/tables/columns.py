"""Columns as people have them: other names for the same thing, architectures in the index, one column per epoch."""

import argparse
import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from nasbias.errors import InputError
from nasbias.notices import say
from nasbias.tables.foreign import tidy_export
from nasbias.tables.measures import MEASURES

_ARCHITECTURE = (
    "architecture", "architecture_str", "arch_str", "arch", "archs", "architectures", "architecture_string",
    "arch_string", "architecture_index", "arch_index", "genotype", "cell", "model_str",
)  # fmt: skip
_PREFIXES = {"": "", "train": "train_", "val": "valid_", "valid": "valid_", "validation": "valid_", "test": "test_"}
_KINDS = {
    "accuracy": ("acc", "accuracy", "top1", "top_1", "top1_acc", "top1_accuracy", "acc1", "acc_1", "acc_top1"),
    "loss": ("loss",),
    "perplexity": ("ppl", "perplexity"),
}
_MEASURE = {
    spelled: f"{prefix}{kind}"
    for short, prefix in _PREFIXES.items()
    for kind, names in _KINDS.items()
    for name in names
    for spelled in ((f"{short}_{name}", f"{name}_{short}", f"{short}{name}") if short else (name,))
}
_UNNAMED = re.compile(r"|Unnamed: 0")
_WIDE = re.compile(r"(?P<stem>.*?)[_@]?(?P<word>(?:epochs?|ep)_?)?(?P<length>\d+)")


@dataclass(frozen=True)
class Reading:
    """How a table of somebody else's is to be read.

    Attributes:
        columns: nasbias's name of a column -> the table's own, such as {"architecture": "mine"}.
        notation: what a list of operation numbers means, where the space has several readings (`Space.notations`).
    """

    columns: dict[str, str] = field(default_factory=dict)
    notation: str | None = None


AS_IS = Reading()


def column_option(text: str) -> tuple[str, str]:
    """`architecture=mine` -> ("architecture", "mine"): the argparse type of `--column`."""
    name, equals, own = text.partition("=")
    if not (name and equals and own):
        raise argparse.ArgumentTypeError(f"{text!r} does not read NAME=COLUMN, such as architecture=mine")
    return name, own


def rename_columns(table: pd.DataFrame, where: str, key: str, reading: Reading) -> pd.DataFrame:
    """The table with nasbias's column names, in long form, its architectures a column; a notice says what was read how.

    Args:
        key: what a training's length is called: `epoch` in predictions, `epochs` in truths.

    Raises:
        InputError: `reading.columns` names a column that the table does not have.
    """
    table = table if reading.columns else tidy_export(table)
    own = _chosen(table, where, reading.columns)
    table = _index_as_column(table, own)
    named = own | _known(table, set(own.values()) | set(own), key)
    renamed = {column: name for name, column in named.items() if column != name}
    if renamed:
        clash = [name for name in renamed.values() if name in table]
        table = table.drop(columns=clash).rename(columns=renamed)
        told = {column: name for column, name in renamed.items() if not _only_spelling(column, name)}
        if told:
            lines = [f"column {column!r} is read as {_meaning(name)}" for column, name in told.items()]
            say(f"{where}: {'; '.join(lines)}.")
    return _lengthened(table, where, key)


def _chosen(table: pd.DataFrame, where: str, columns: dict[str, str]) -> dict[str, Any]:
    by_text = {str(column): column for column in table.columns}
    for name, column in columns.items():
        if column not in by_text:
            raise InputError(f"{where}: no column {column!r} to be read as {name}. Its columns are: {names_of(table)}.")
    return {name: by_text[column] for name, column in columns.items()}


def is_usual(name: object, kind: str | None = None) -> bool:
    """Whether a column is usually called so: one of architectures, or (where no `kind` is asked for) of a measure."""
    plain = _plain(name)
    return plain in _ARCHITECTURE or (kind is None and plain in _MEASURE)


def column_of(table: pd.DataFrame, name: Hashable, where: str) -> pd.Series:
    """One column of a table, by its name.

    Raises:
        InputError: two columns have that name.
    """
    column = table[name]
    if not isinstance(column, pd.Series):
        raise InputError(f"{where}: {column.shape[1]} columns are called {name!r}. Rename all but one.")
    return column


def names_of(table: pd.DataFrame) -> str:
    """The column names of a table, for an error."""
    return ", ".join(map(str, table.columns))


def _index_as_column(table: pd.DataFrame, own: dict[str, Any]) -> pd.DataFrame:
    """A frame whose index holds the architectures, as `df.set_index("arch")` or a dict makes it, or whose file has that
    index as a first column without a name."""
    if "architecture" in own or not {_plain(column) for column in table.columns}.isdisjoint(_ARCHITECTURE):
        return table
    index = table.index
    if isinstance(index, (pd.RangeIndex, pd.MultiIndex)):
        first = table.columns[0] if len(table.columns) else None
        written = isinstance(first, str) and _UNNAMED.fullmatch(first)  # by to_csv, whose index has no name
        texts = written and first not in own.values() and not pd.api.types.is_numeric_dtype(table[first].dtype)
        return table.rename(columns={first: "architecture"}) if texts else table
    if _plain(index.name) in _ARCHITECTURE or not pd.api.types.is_numeric_dtype(index.dtype):
        return table.rename_axis("architecture").reset_index()
    return table


def _known(table: pd.DataFrame, taken: set[Any], key: str) -> dict[str, Any]:
    """nasbias's name -> the table's, of the columns whose name is a known other spelling."""
    plain = {}
    for column in table.columns:
        if column not in taken:
            plain.setdefault(_plain(column), column)
    found: dict[str, Any] = {}
    if "architecture" not in taken:
        column = next((plain[name] for name in _ARCHITECTURE if name in plain), None)
        if column is not None:
            found["architecture"] = column
    for spelled, column in plain.items():
        name = _MEASURE.get(spelled)
        if spelled in ("run", "seed", "step", "bn", "dataset", key):
            name = spelled
        elif spelled in ("epoch", "epochs") and key not in plain:
            name = key
        if name is not None and name not in found and name not in taken and (column == name or name not in table):
            found[name] = column
    return found


def _lengthened(table: pd.DataFrame, where: str, key: str) -> pd.DataFrame:
    """A table with one column per training length in long form; any other as it is."""
    if key in table or "architecture" not in table:
        return table
    stems: dict[str, dict[int, Any]] = {}
    for column in table.columns:
        plain = _plain(column)
        matched = _WIDE.fullmatch(plain)
        if matched is None or plain in _MEASURE:
            continue
        stem = matched["stem"].rstrip("_")
        name = _MEASURE.get(stem, stem)
        if matched["word"] or name in MEASURES or not name:
            stems.setdefault(name or "score", {}).setdefault(int(matched["length"]), column)
    stems = {name: columns for name, columns in stems.items() if len(columns) > 1 and name not in table}
    if not stems:
        return table
    used = [column for columns in stems.values() for column in columns.values()]
    rest = table.drop(columns=used)
    lengths = sorted({length for columns in stems.values() for length in columns})
    parts = [
        rest.assign(
            **{key: length}, **{name: table[columns[length]] for name, columns in stems.items() if length in columns}
        )
        for length in lengths
    ]
    for name, columns in stems.items():
        first, last = min(columns), max(columns)
        say(
            f"{where}: columns {columns[first]!r} to {columns[last]!r} are read as {_meaning(name)} after "
            f"{first:,} to {last:,} epochs."
        )
    return pd.concat(parts, ignore_index=True)


def _plain(column: object) -> str:
    return re.sub(r"[\s\-./]+", "_", str(column).strip().lower())


def _only_spelling(column: object, name: str) -> bool:
    """Whether nobody could take the column for anything else."""
    return _plain(column) == name or name == "architecture"


def _meaning(name: str) -> str:
    measure = MEASURES.get(name)
    return (
        name if measure is None else f"{name} ({measure.unit + ', ' if measure.unit else ''}{measure.better} is better)"
    )
