"""Where a figure's tables come from: our own studies as they are shipped, or somebody's predictions, analysed now.

`make(name, given)` gives the parts of a figure (a title and the tables of each) and its caption. No statistic is
computed here: a table that a study does not offer is not drawn.
"""

import importlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nasbias.errors import InputError, unknown
from nasbias.figures.registry import Entry
from nasbias.figures.style import plain
from nasbias.matching import Matched, MatchOptions, match
from nasbias.tables import read_table

THEMES = ("rankings", "stability", "bias", "sharing")
ORDERS = {"cycle": "fixed order", "shuffled": "one shuffle a run", "reshuffled": "reshuffled each cycle"}
INTERVAL = "95 % intervals for other architectures and other seeds"


@dataclass(frozen=True)
class Given:
    """What a user names: predictions and truth as in `nasbias.correlate`; all None = our own studies."""

    space: str | None = None
    predictions: Any = None
    truth: Any = None
    score: str | None = None
    epoch: int | None = None
    bn: str | None = None
    match: MatchOptions = field(default_factory=MatchOptions)  # further arguments of `match`

    @property
    def is_ours(self) -> bool:
        return self.space is None and self.predictions is None and self.truth is None

    @property
    def home(self) -> str:
        return self.space or "nb201"

    def matched(self) -> Matched:
        """What `match` joins of it."""
        return match(self.predictions, self.truth, **self.options)

    @property
    def options(self) -> MatchOptions:
        """What `match` is asked, space and score included."""
        scores = None if self.score is None else [self.score]
        return self.match | MatchOptions(space=self.home, scores=scores)


@dataclass(frozen=True)
class Part:
    """One panel: its title, the tables by the drawing function's argument names, and its further options."""

    tables: dict[str, Any]
    title: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """The parts of a figure in reading order, how many stand side by side, the caption."""

    parts: Sequence[Part]
    caption: str
    columns: int | None = None


Source = Callable[[Given], Made]
SOURCES: dict[str, Source] = {}


def source(*names: str) -> Callable[[Callable[..., Made]], Callable[..., Made]]:
    """Register where the tables of these figures come from; of several names the function gets the one asked for."""

    def register(function: Callable[..., Made]) -> Callable[..., Made]:
        for name in names:
            SOURCES[name] = (lambda given, name=name: function(given, name)) if len(names) > 1 else function
        return function

    return register


def make(name: str, given: Given) -> Made:
    """Tables and caption of the figure called `name`.

    Raises:
        InputError: what the studies raise for these predictions, or a study that is only ours.
    """
    for theme in THEMES:
        importlib.import_module(f"nasbias.figures.sources.{theme}")
    if name not in SOURCES:
        raise unknown("figure", name, SOURCES)
    return SOURCES[name](given)


def make_from_table(entry: Entry, path: str | Path) -> Made:
    """One panel of somebody's own tidy table, given to the figure's first argument.

    Raises:
        InputError: no such file, no table, or one without the columns that the figure draws.
    """
    table = read_table(path)
    name = next(iter(inspect.signature(entry.draw).parameters))
    try:
        entry.draw(table)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{Path(path).name} is no table for {entry.name}: {error}. It has the columns "
            f"{', '.join(map(str, table))}; help(nasbias.figures.get_figure({entry.name!r}).draw) says what it needs."
        ) from None
    return Made([Part({name: table})], f"{plain(Path(path).name)}: {len(table):,} rows.")


def say_runs(count: int) -> str:
    """`1 run`, `3 runs`."""
    return f"{count:,} run{'' if count == 1 else 's'}"


def say_truth(truth: dict[str, Any]) -> str:
    """`truth: NAME (cifar10, test_accuracy, 200 epochs)`."""
    epochs = None if truth["epochs"] is None else f"{truth['epochs']} epochs"
    what = ", ".join(str(part) for part in (truth["dataset"], truth["split"], epochs) if part)
    return f"truth: {truth['name']} ({what})"
