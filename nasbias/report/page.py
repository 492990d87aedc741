"""The report as HTML: one file, everything inside, all text escaped."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from nasbias.errors import printable
from nasbias.files import to_plain
from nasbias.report.content import Report, Table

if TYPE_CHECKING:
    from nasbias.report.explorer import Explorer  # which takes operations' short names from where figures are drawn

_TEMPLATES = Path(__file__).parent / "templates"
_MISSING = "–"
_LONG = 30  # characters from which a cell's text is wrapped


def render(report: Report) -> str:
    """The whole page as text."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters |= {
        "shown": _show,
        "sentence": _say,
        "uri": _data_uri,
        "rows": _rows,
        "heads": _heads,
        "facts": _facts,
        "introduce": _introduce,
    }
    return environment.get_template("report.html").render(report=report)


def _introduce(explorer: "Explorer") -> str:
    n, about = len(explorer.table), explorer.about
    return (
        f"{n:,} architecture{'' if n == 1 else 's'}, {about['score']} against {about['truth']}: choose some in the "
        "picture and see what they have in common."
    )


def _show(value: Any) -> str:
    """Somebody's text as it is: what would turn the line around, or not show, is written out."""
    return printable(str(value))


def _say(text: str) -> str:
    """A sentence that begins as one; an error's message does not."""
    return _show(text[:1].upper() + text[1:])


def _data_uri(table: Table) -> str:
    """The table's CSV as a link of its own: it is saved without any script and without any request."""
    return "data:text/csv;charset=utf-8," + quote(table.csv)


def _heads(table: Table) -> list[dict[str, Any]]:
    kinds = {name: table.frame[name].dtype.kind in "iuf" for name in table.shown}
    return [
        {"head": table.columns[name][0] or "what", "is_number": kinds[name], "about": table.columns[name][2]}
        for name in table.shown
    ]


def _rows(table: Table) -> list[list[dict[str, Any]]]:
    """Cells as {text, value, is_number}: `value` is what they are sorted by, empty where there is none."""
    heads = _heads(table)
    forms = [table.columns[name][1] for name in table.shown]
    rows = []
    for values in table.shown.itertuples(index=False, name=None):
        cells = []
        for value, head, form in zip(map(to_plain, values), heads, forms):
            text = format_cell(value, form)
            sort = "" if value is None else repr(value) if head["is_number"] else text
            cells.append({"text": text, "value": sort, "is_number": head["is_number"], "is_long": len(text) > _LONG})
        rows.append(cells)
    return rows


def format_cell(value: Any, form: str) -> str:
    """A cell as it is read: rounded, a dash where there is nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return _MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        text = format(round(value) if form.endswith("d") else value, form)
        return text if any(sign in "123456789" for sign in text) else text.lstrip("+-")  # no -0.000
    return printable(str(value))


def _facts(mapping: dict[str, Any]) -> list[tuple[str, str]]:
    """Nested facts as pairs of a name and a line."""
    pairs = []
    for name, value in mapping.items():
        if isinstance(value, dict):
            pairs += [(f"{name}: {inner}", _show(each)) for inner, each in value.items() if each is not None]
        elif value is not None:
            text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
            pairs.append((name, _show(text)))
    return [(_show(name), text) for name, text in pairs]
