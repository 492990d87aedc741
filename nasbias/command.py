"""What every nasbias command shares: one-line errors, `--format`, tables on a terminal, progress.

A command is a module with a `main(argv=None)` made by `@command`. Exit code 0 on success, 2 with one line on standard
error for what the user can mend (`InputError`), never a traceback for bad input. argparse rather than tyro, because
tyro reports a bad option as a box of several lines.
"""

import argparse
import dataclasses
import functools
import json
import math
import os
import sys
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from nasbias.errors import InputError, missing_extra
from nasbias.notices import printed_notices

_TRAINING_PACKAGES = ("torch", "lightning_fabric", "safetensors", "tomli_w", "PIL", "sklearn")


class Parser(argparse.ArgumentParser):
    """argparse, with errors of one line and an example at the end of `--help`."""

    def __init__(self, *, example: str = "", **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options.setdefault("allow_abbrev", False)
        if example:
            options["epilog"] = f"example:\n  {example}"
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())}. See {self.prog} --help.\n")


def command(main: Callable[[Sequence[str]], int | None]) -> Callable[..., int]:
    """Make `main(argv)` a command: `InputError` becomes one line on standard error and exit code 2."""

    @functools.wraps(main)
    def wrapped(argv: Sequence[str] | None = None) -> int:
        try:
            with printed_notices():
                return main(sys.argv[1:] if argv is None else list(argv)) or 0
        except InputError as error:
            return _refuse(error)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.split(".")[0] not in _TRAINING_PACKAGES:
                raise
            return _refuse(missing_extra(error.name, "train"))
        except KeyboardInterrupt:
            print("nasbias: interrupted", file=sys.stderr)
            return 130
        except BrokenPipeError:  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    return wrapped


def _refuse(error: InputError) -> int:
    print(f"nasbias: {error}", file=sys.stderr)
    return 2


def count_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def add_format(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Add `--format`, the first of `formats` being the default."""
    parser.add_argument("--format", choices=formats or ("table", "json"), default=(formats or ("table",))[0])


def numbers(kind: type = int) -> Callable[[str], tuple]:
    """An argparse type for comma-separated numbers: '4,8,16' -> (4, 8, 16)."""

    def parse(text: str) -> tuple:
        return tuple(kind(part) for part in text.split(",") if part.strip())

    parse.__name__ = f"comma-separated {kind.__name__}"
    return parse


def add_fields(parser: argparse.ArgumentParser, config: type, skip: Iterable[str] = ()) -> None:
    """One option per field of a dataclass: its default is the field's, its help the field's `help` metadata."""
    hints = typing.get_type_hints(config)
    for field in dataclasses.fields(config):
        if field.name in skip:
            continue
        kind, default = hints[field.name], field.default
        alternatives = [part for part in typing.get_args(kind) if part is not type(None)]
        option: dict[str, Any] = {"default": default, "help": f"{field.metadata.get('help', '')} (default: {default})"}
        if kind is bool:
            option["action"] = argparse.BooleanOptionalAction
        elif typing.get_origin(kind) is tuple:
            option["type"] = numbers(alternatives[0])
        elif typing.get_origin(kind) is typing.Literal:
            option["choices"] = typing.get_args(kind)
        else:
            option["type"] = alternatives[0] if alternatives else kind
        option["help"] = option["help"].replace("%", "%%")
        parser.add_argument(f"--{field.name.replace('_', '-')}", **option)


def fields_of(config: type, arguments: argparse.Namespace) -> dict[str, Any]:
    """The parsed options that are fields of the dataclass `config`."""
    return {f.name: getattr(arguments, f.name) for f in dataclasses.fields(config) if hasattr(arguments, f.name)}


def to_json(value: Any) -> str:
    """JSON text; NaN and missing become null, so that any reader takes it."""
    return json.dumps(_plain(value), indent=2, allow_nan=False)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain dictionaries, missing values as None."""
    return [_plain(row) for row in table.to_dict("records")]


def print_table(table: pd.DataFrame, title: str = "", digits: int = 3) -> None:
    """A table for people: right-aligned numbers, '-' where a value is missing."""
    from rich.console import Console
    from rich.table import Table

    view = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in table.columns:
        numeric = pd.api.types.is_numeric_dtype(table[name])
        view.add_column(str(name), justify="right" if numeric else "left", no_wrap=True)
    for row in table.itertuples(index=False):
        view.add_row(*(_cell(value, digits) for value in row))
    console = Console(highlight=False)
    if not console.is_terminal:  # rich assumes 80 columns there and would cut cells: give a pipe the room it needs
        console = Console(highlight=False, width=400)
    console.print(view, crop=False)


def write_table(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write a table as CSV, JSON records or Parquet, by the ending of `path`.

    Raises:
        InputError: another ending.
    """
    from nasbias.files import written_atomically

    path = Path(path)
    writers: dict[str, Callable[[Path], Any]] = {
        ".csv": lambda temporary: table.to_csv(temporary, index=False),
        ".json": lambda temporary: temporary.write_text(to_json(records(table))),
        ".parquet": lambda temporary: table.to_parquet(temporary, index=False),
    }
    if path.suffix not in writers:
        raise InputError(f"can't write {path.name!r}: the ending must be one of {', '.join(writers)}.")
    with written_atomically(path) as temporary:
        writers[path.suffix](temporary)


def note(message: str) -> None:
    """One line for the person at the terminal, on standard error so that standard output stays a table."""
    print(message, file=sys.stderr)


def progress(items: Iterable, description: str, total: int | None = None) -> Iterable:
    """Iterate with a progress bar on standard error; silent where that is not a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if not console.is_terminal:
        return items
    return track(items, description, total=total, console=console, transient=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _cell(value: Any, digits: int) -> str:
    value = _plain(value)
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.{digits}f}"
    return str(value)
