"""Fields of configurations that are options on the command line as well: a default, a line of help, and their bounds.

A configuration is checked where it is made, whether from a command line, from a file or in Python:

    @dataclass(frozen=True)
    class Sizes:
        width: int = option(8, "channels of the first layer", COUNT)
        __post_init__ = check_options
"""

import argparse
import dataclasses
import functools
import math
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nasbias.errors import InputError, shortened, unknown

_MOST = 10**9  # of whole numbers that no field bounds: none of ours counts further, and all fit 32 bits
_WRITTEN = {
    int: re.compile(r"[+-]?[0-9]+"),
    float: re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?(nan|inf)", re.IGNORECASE),
}
_KINDS = {int: "whole number", float: "number"}
_LONGEST_NUMBER = 400  # characters


@dataclass(frozen=True)
class Bounds:
    """From `least` to `most`, both included; `below` excludes itself. None: no bound on that side."""

    least: float | None = None
    most: float | None = None
    below: float | None = None

    def complaint(self, value: float) -> str:
        """What is wrong with a number, empty where nothing is: '1 or more is needed'."""
        if isinstance(value, float) and not math.isfinite(value):
            return "a finite number is needed"
        if self.least is not None and value < self.least:
            return f"{self.least:,} or more is needed"
        if self.most is not None and value > self.most:
            return f"{self.most:,} or less is needed"
        if self.below is not None and value >= self.below:
            return f"less than {self.below:,} is needed"
        return ""


ANY = Bounds()
COUNT = Bounds(least=1, most=_MOST)  # how many of something
FROM_ZERO = Bounds(least=0, most=_MOST)  # how many, none included
SEED = Bounds(least=0, most=2**63 - 1)  # what files, numpy and torch all take
SHARE = Bounds(least=0, most=1)
PART = Bounds(least=0, below=1)  # a share of something that must not be all of it
WEIGHT = Bounds(least=0, most=1e30)  # rates, penalties, limits
DRAWS = Bounds(least=1, most=100_000)  # repetitions of a simulation
NOISE = Bounds(least=0, most=1000)  # a standard deviation, of accuracies in per cent or of perplexities
THREADS = Bounds(least=1, most=1024)
CHANNELS = Bounds(least=1, most=4096)  # of a network's first layers
DEPTH = Bounds(least=1, most=256)  # cells, layers


def option(default: Any, text: str, bounds: Bounds = ANY) -> Any:
    """A dataclass field; `terminal.add_fields` makes an option of it, with `text` and the default as its help."""
    return field(default=default, metadata={"help": text, "bounds": bounds})


def check_options(config: Any) -> None:
    """Hold every field of a configuration, a dataclass of options, to its type and its bounds.

    Raises:
        InputError: a field of another type (a truth value is no number), outside its bounds, or not finite.
    """
    hints = _hints(type(config))
    for each in dataclasses.fields(config):
        _check(each.name, getattr(config, each.name), hints[each.name], each.metadata.get("bounds", ANY))


def whole_number(value: Any, name: str, bounds: Bounds = COUNT) -> int:
    """`value` as a whole number within bounds: for arguments of functions that stand in no configuration.

    Raises:
        InputError: it is none; the message calls it `name`.
    """
    _check(name, value, int, bounds)
    return int(value)


@functools.cache
def number(kind: type = int, bounds: Bounds = ANY) -> Callable[[str], Any]:
    """An argparse type for one number within bounds: 4, -1 or 2.5e-3, in plain digits."""

    def parse(text: str) -> Any:
        if not _WRITTEN[kind].fullmatch(text.strip()):
            raise argparse.ArgumentTypeError(f"{shortened(text)!r} is no {_KINDS[kind]}")
        value = kind(text.strip()) if len(text) < _LONGEST_NUMBER else math.inf  # int() itself knows fewer blanks
        if complaint := bounds.complaint(value):
            raise argparse.ArgumentTypeError(f"{shortened(text)}: {complaint}")
        return value

    return parse


@functools.cache
def numbers(kind: type = int, bounds: Bounds = ANY) -> Callable[[str], tuple]:
    """An argparse type for comma-separated numbers: '4,8,16' -> (4, 8, 16)."""
    one = number(kind, bounds)
    return lambda text: tuple(one(part) for part in text.split(",") if part.strip())


@functools.cache
def _hints(config: type) -> dict[str, Any]:
    return typing.get_type_hints(config)


def _check(name: str, value: Any, kind: Any, bounds: Bounds) -> None:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if type(None) in inner:
        if value is not None:
            _check(name, value, next(part for part in inner if part is not type(None)), bounds)
    elif origin is typing.Literal:
        if value not in inner:
            raise unknown(name, value, map(str, inner))
    elif origin is tuple:
        if not isinstance(value, (tuple, list)):
            raise _mistyped(name, value, "a list")
        for item in value:
            _check(name, item, inner[0], bounds)
    elif kind is int or kind is float:
        _check_number(name, value, kind, bounds)
    elif origin is dict:
        if not isinstance(value, dict):
            raise _mistyped(name, value, "a table of names and values")
    elif kind is bool and not isinstance(value, bool):
        raise _mistyped(name, value, "yes or no (true or false)")
    elif kind is str and not (isinstance(value, str) and _is_writable(value)):
        raise _mistyped(name, value, "text")


def _is_writable(text: str) -> bool:
    """Whether a file can hold it: what a shell passes on may be no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_number(name: str, value: Any, kind: type, bounds: Bounds) -> None:
    number = value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value  # numpy's own numbers
    if isinstance(number, bool) or not isinstance(number, int if kind is int else (int, float)):
        raise _mistyped(name, value, "a whole number" if kind is int else "a number")
    if kind is int and bounds.most is None and bounds.below is None:
        bounds = dataclasses.replace(bounds, most=_MOST)
    if complaint := bounds.complaint(number):
        raise InputError(f"{name} is {shortened(number)}: {complaint}.")


def _mistyped(name: str, value: Any, wanted: str) -> InputError:
    return InputError(f"{name} is {shortened(repr(value))}: {wanted} is needed.")
