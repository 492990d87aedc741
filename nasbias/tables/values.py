"""Numbers as they are written: text that is a number, a per cent sign, fractions; the rest is refused by its row."""

import re
import sys
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError, quoted
from nasbias.notices import say
from nasbias.tables.measures import Measure

_AS_EQUAL = 2e-5  # of a loss: measured on four of twelve ptb cells, 275.219 to 275.222, the next one at 268.3
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?inf(inity)?", re.IGNORECASE)
_MISSING = {"", "-", "nan", "none", "null", "n/a", "na", "<na>"}


def read_numbers(column: pd.Series, where: str) -> tuple[np.ndarray, bool]:
    """The values [n] of a column as floats, missing ones NaN; and whether some were written with a per cent sign.

    Raises:
        InputError: a value that is no number; the message gives its row (of the data, from 1) and the value.
    """
    for kind, holds in (("bool", "truth values"), ("complex", "complex numbers")):
        if getattr(pd.api.types, f"is_{kind}_dtype")(column.dtype):
            raise InputError(f"{where}: column {str(column.name)!r} holds {holds}, not numbers.")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan), False
    values, signed = np.empty(len(column)), False
    for row, value in enumerate(column.tolist()):
        number = as_number(value)
        if number is None:
            raise InputError(
                f"{where}: {column.name} is {quoted(value)} in row {row + 1:,} (of the data, from 1); a number is "
                f"wanted. Leave it empty where nothing was measured."
            )
        values[row] = number
        signed = signed or (isinstance(value, str) and value.rstrip().endswith("%"))
    return values, signed


def is_number(text: str) -> bool:
    """Whether text is a number as one writes it, without a sign of its unit."""
    return _NUMBER.fullmatch(text.strip()) is not None


def as_number(value: Any) -> float | None:
    """One value as a float: '91.2 %' is 91.2, what says that nothing is there is NaN, what is no number None."""
    if isinstance(value, str):
        text = value.strip().removesuffix("%").rstrip()
        if text.lower() in _MISSING:
            return np.nan
        return float(text) if _NUMBER.fullmatch(text) else None
    if value is None or value is pd.NA or value is pd.NaT:
        return np.nan
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    return None if isinstance(value, int) and abs(value) > sys.float_info.max else float(value)


def mostly_numbers(column: pd.Series) -> bool:
    """Whether a text column is meant as numbers: half of what it holds at least. A column of truth values is not."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return False
    found = [as_number(value) for value in column.tolist()]
    numbers = sum(value is not None and not np.isnan(value) for value in found)
    return numbers > 0 and numbers >= sum(value is None for value in found)


def read_measure(
    column: pd.Series, measure: Measure, architectures: pd.Series, where: str, fractions: bool
) -> tuple[np.ndarray, int]:
    """A declared measure's values [n] in its unit, and what they were multiplied by: accuracies that all lie within
    0 and 1 are fractions, if `fractions`.

    Raises:
        InputError: no number, or outside the measure's range.
    """
    values, signed = read_numbers(column, where)
    factor = 1
    if fractions and not signed and measure.unit == "%" and are_fractions(values):
        say(f"{where}: {measure.name} lies within 0 and 1: read as fractions, times 100.")
        factor = 100
        values = values * factor
    bad = ~np.isnan(values) & ((values < measure.low) | (values > measure.high))
    if bad.any():
        first = int(np.argmax(bad))
        raise InputError(
            f"{where}: {measure.name} is {values[first]:g} for {architectures.iloc[first]!r}; it must lie in "
            f"{measure.low:g} to {measure.high:g}{' ' + measure.unit if measure.unit else ''}."
        )
    return values, factor


def are_fractions(values: np.ndarray) -> bool:
    """Whether all accuracies lie within 0 and 1, and not all are 0."""
    known = values[~np.isnan(values)]
    return bool(len(known) and known.min() >= 0 and 0 < known.max() <= 1)


def name_dead(values: np.ndarray, coarse: bool) -> str:
    """One line on outcomes that say nothing of an architecture: all equal, or many at one value, as networks end that
    learnt nothing; empty where there are none. `values` [n] in any direction, NaN left out.

    A tenth of them, three at least, must end together. Accuracies (`coarse`) tie by counting: they must be exactly
    equal, and three times as many as at any other value. A loss or a perplexity is as good as equal within 2e-5 of
    itself: networks whose state does not depend on the input agree so closely, not exactly.
    """
    known = np.sort(values[~np.isnan(values)])
    if len(known) < 2:
        return ""
    if known[0] == known[-1]:
        return f"all {len(known):,} are {known[0]:g}: nothing is ranked"
    first = np.searchsorted(known, known - (0 if coarse else _AS_EQUAL * np.abs(known)))
    counts = np.arange(len(known)) - first + 1  # so many end at a value or just below it
    at = int(counts.argmax())
    most = int(counts[at])
    rest = np.delete(known, np.s_[first[at] : at + 1])
    second = int(np.unique(rest, return_counts=True)[1].max()) if coarse and len(rest) else 0
    if most < max(3, 0.1 * len(known)) or most < 3 * second:
        return ""
    return f"{most:,} of {len(known):,} are {known[at]:g}, as networks end that learnt nothing"
