"""How a result looks on a prompt and in a notebook: a line that says what it is, its tables, and the figures of it.

A result of a study holds tables of hundreds of rows; printing them all tells nothing. `Outlined` prints their sizes,
and in a notebook their first rows. It names figures without importing them: `nasbias.figures.plot(result)` draws.
"""

import html
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar

from nasbias.errors import printable

_ROWS = 8  # of a table in a notebook


class Outlined:
    """For frozen dataclasses with `repr=False`. `figures`: name of a figure -> what it is given, argument ->
    attribute (dots lead into dictionaries); the first is drawn if none is named."""

    figures: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    def headline(self) -> str:
        """One line: what was studied."""
        return ""

    def __repr__(self) -> str:
        lines = [self._title()]
        tables = self._tables()
        width = max(map(len, tables), default=0)
        lines += [f"  {name:<{width}}  {_size(table)}" for name, table in tables.items()]
        if self.figures:
            lines.append(f"  nasbias.figures.plot draws: {', '.join(self.figures)}")
        return printable_lines(lines)

    def _repr_html_(self) -> str:
        parts = [f"<p><b>{html.escape(printable(self._title()))}</b></p>"]
        for name, table in self._tables().items():
            shown = table.head(_ROWS).to_html(index=False, border=0, float_format=lambda value: f"{value:.4g}")
            parts.append(f"<details><summary>{html.escape(name)} ({_size(table)})</summary>{shown}</details>")
        if self.figures:
            names = ", ".join(f"<code>{name}</code>" for name in self.figures)
            parts.append(f"<p><code>nasbias.figures.plot(result, name)</code> draws: {names}</p>")
        return "\n".join(parts)

    def _title(self) -> str:
        said = self.headline()
        return f"{type(self).__name__}: {said}" if said else type(self).__name__

    def _tables(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in values.items() if hasattr(value, "to_html")}


def printable_lines(lines: list[str]) -> str:
    """Lines with what a terminal would act upon written out."""
    return "\n".join(map(printable, lines))


def _size(table: Any) -> str:
    rows, columns = table.shape
    return f"{rows:,} x {columns}"
