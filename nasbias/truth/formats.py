"""What a reader of one benchmark format is: a name, a recogniser and a reading function.

Every space has a module `nasbias.truth.<space>` (dashes as underscores) whose `FORMATS` lists the files and objects it
can read, in the order in which they are tried. What a reader returns is checked by `tables.check_truth`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from nasbias.tables import read_columns


@dataclass(frozen=True)
class Format:
    """One official form of a space's ground truth.

    Attributes:
        name: short identifier, e.g. "tfrecord"; stored with the table.
        describes: one line for `show`: what the numbers are and which split is which.
        recognises: a cheap look at a path (name, magic bytes, column names); never raises on a readable path.
        read: the truth table of a path that was recognised; `InputError` for what is wrong with the file.
        takes_object: whether an object that the user holds (an official API) is of this form.
        read_object: the truth table of such an object.
        licence: what is known of the numbers' licence.
        retrained: whether these are somebody's retraining rather than the benchmark's own numbers; chosen last.
        installed: where an installed package ships such a file, which then needs no import.
        extra: the extra of nasbias that installs that package.
        architectures: how many the whole published file holds.
        rows: how many rows the tables of whole published files have, where that is fixed.
    """

    name: str
    describes: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path], pd.DataFrame]
    takes_object: Callable[[object], bool] | None = None
    read_object: Callable[[object], pd.DataFrame] | None = None
    licence: str = "not stated by the source"
    retrained: bool = False
    installed: Callable[[], Path | None] | None = None
    extra: str | None = None
    architectures: int | None = None
    rows: tuple[int, ...] = ()

    def what_is_missing(self, table: pd.DataFrame) -> str:
        """How much a truth table of this form has where it is not the whole published file's, else nothing."""
        n, rows = len(set(table["architecture"])), len(table)
        if self.architectures and n < self.architectures:
            return f"{n:,} of the {self.architectures:,} architectures"
        if self.rows and rows not in self.rows:
            return f"{rows:,} rows where whole files have {' or '.join(f'{each:,}' for each in self.rows)}"
        return ""


def columns_of(path: Path) -> set[str]:
    """Column names of a table, read from the head of its file (`tables.read_columns`); none where there are none."""
    return read_columns(path) if path.is_file() else set()


def seed_in_name(file: object) -> int:
    """The seed of P2's files: the second is in a file's name (darts-cifar10-seed43.csv); 42 is their code's default."""
    named = re.search(r"seed(\d+)", str(file))
    return int(named.group(1)) if named else 42
