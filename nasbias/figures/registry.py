"""The list of figures: what is decorated with `@figure` is one, under the function's name."""

import functools
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nasbias.errors import unknown

THEMES = ("correlation", "scores", "stability", "steps", "bias", "size", "sharing")


@dataclass(frozen=True)
class Entry:
    """A figure: its function (tables in, Axes out), one line about it, and the size in mm of one panel."""

    name: str
    draw: Callable[..., Any]
    title: str
    width: float
    height: float

    @property
    def sentence(self) -> str:
        """The title with its full stop or question mark."""
        return self.title if self.title.endswith("?") else f"{self.title}."


_ENTRIES: dict[str, Entry] = {}


def figure(width: float = 88.0, height: float = 60.0) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a drawing function `(tables..., *, ax, ...) -> Axes`; without `ax` it gets a figure of its own.

    Args:
        width, height: in mm, of that figure.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def drawn(*tables: Any, ax: Any = None, **options: Any) -> Any:
            if ax is not None:
                return function(*tables, ax=ax, **options)
            from nasbias.figures.style import new_axes, styled

            with styled():
                return function(*tables, ax=new_axes(1, width, height)[0], **options)

        title = (inspect.getdoc(function) or "").split("\n")[0].rstrip(".")
        _ENTRIES[function.__name__] = Entry(function.__name__, drawn, title, width, height)
        return drawn

    return register


def list_figures() -> dict[str, Entry]:
    """Every figure by name, in the order of the themes."""
    for theme in THEMES:
        importlib.import_module(f"nasbias.figures.{theme}")
    return dict(_ENTRIES)


def get_figure(name: str) -> Entry:
    """The figure of that name.

    Raises:
        InputError: there is none; the message names the nearest.
    """
    entries = list_figures()
    if name not in entries:
        raise unknown("figure", name, entries)
    return entries[name]
