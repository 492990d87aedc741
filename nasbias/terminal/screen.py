"""Tables and sentences on a screen: what fits its width, 80 columns where there is none.

Text from files and users is shown as it is: markup is no markup, control characters are written out.
"""

import math
import shlex
import shutil
import textwrap
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nasbias.errors import printable
from nasbias.files import to_plain

if TYPE_CHECKING:
    import pandas as pd

Form = str | Callable[[Any], str]  # a format specification such as "+.2f", or a function of the value
_GAP = 2  # blanks between columns
_LEAST = 12  # characters that a column of sentences keeps


def say(text: str = "") -> None:
    """Print sentences, wrapped; a line break in `text` stays one, and what follows it keeps its indentation."""
    for line in text.split("\n"):
        print("\n".join(_wrap(printable(line))))


def suggest(arguments: Sequence[Any], purpose: str = "next") -> None:
    """Print a command to copy: `purpose: python -m ...`, whole on a line of its own, quoted as a shell needs it."""
    print(f"{purpose}: {printable(shlex.join(str(argument) for argument in arguments))}")


def print_facts(facts: Mapping[str, Any]) -> None:
    """Names and values in two columns, values wrapped."""
    width = max(map(len, facts), default=0) + _GAP
    for name, value in facts.items():
        print("\n".join(_wrap(f"{name:<{width}}{printable(_readable(value))}", " " * width)))


def print_table(
    table: "pd.DataFrame",
    title: str = "",
    digits: int = 3,
    *,
    columns: Sequence[str] | None = None,
    wide: bool | None = None,
    forms: Mapping[str, Form] | None = None,
    names: Collection[str] = (),
    legend: Mapping[str, str] | None = None,
) -> None:
    """Print a table that fits the screen: '-' where a value is missing, numbers to the right.

    Too wide a table loses columns from its right end; those left out are listed. Columns of sentences are wrapped
    first, and what a user must type (`names`) is neither wrapped, cut nor left out.

    Args:
        title: a sentence above it.
        digits: decimals of a float below ten; fewer of larger ones, none where all are whole.
        columns: those shown, in order (default: all).
        wide: every column, however wide; None: the command has no such option.
        forms: column -> how its values are written, in place of `digits`.
        names: columns that hold names to type.
        legend: column -> one line about it, printed below for the columns shown.
    """
    known = [str(name) for name in table.columns]
    chosen = known if wide or columns is None else [name for name in columns if name in known]
    if wide and columns is not None:
        chosen = [*(name for name in columns if name in known), *(name for name in known if name not in columns)]
    forms = forms or {}
    values = {str(name): column for name, column in table.items()}
    cells = {name: _cells(values[name], digits, forms.get(name)) for name in chosen}
    is_number = {name: _is_number(values[name]) for name in chosen}
    needed = {name: max(_width(text) for text in (name, *cells[name])) for name in chosen}
    rigid = {name for name in chosen if is_number[name] or name in names}
    least = {name: width if name in rigid else min(width, _least(name, cells[name])) for name, width in needed.items()}
    shown = list(chosen)
    limit = 10**6 if wide else screen_width()
    while _total(least[name] for name in shown) > limit:
        dropped = next((name for name in reversed(shown[1:]) if name not in names), None)
        if dropped is None:
            break
        shown.remove(dropped)
    if title:
        say(title)
    _draw(cells, shown, is_number, _share_out(needed, least, shown, limit))
    for name in shown:
        if legend and name in legend:
            indent = max(len(other) for other in shown if other in legend) + _GAP
            print("\n".join(_wrap(f"{name:<{indent}}{printable(legend[name])}", " " * indent)))
    hidden = [name for name in known if name not in shown]
    if hidden:
        how = "all columns: --wide" if wide is not None else "--format json has them"
        say(f"not shown: {', '.join(hidden)} ({how}).")


def screen_width() -> int:
    """Columns of the terminal (or $COLUMNS); 80 where standard output is none."""
    return shutil.get_terminal_size((80, 24)).columns


def _draw(cells: Mapping[str, list[str]], shown: list[str], is_number: Mapping[str, bool], widths: list[int]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    view = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for name, width in zip(shown, widths):
        view.add_column(Text(printable(name)), justify="right" if is_number[name] else "left", width=width)
    for row in zip(*(cells[name] for name in shown)):
        view.add_row(*map(Text, row))
    console = Console(highlight=False, width=_total(widths) + _GAP)
    console.print(view, crop=False)


def _share_out(needed: Mapping[str, int], least: Mapping[str, int], shown: Sequence[str], limit: int) -> list[int]:
    """Widths of the columns shown: what each needs, less what the widest that may be wrapped give up for the limit."""
    widths = {name: needed[name] for name in shown}
    while _total(widths.values()) > limit:
        yielding = [name for name in shown if widths[name] > least[name]]
        if not yielding:
            break
        widths[max(yielding, key=lambda name: widths[name])] -= 1
    return list(widths.values())


def _total(widths: Iterable[int]) -> int:
    widths = list(widths)
    return sum(widths) + _GAP * (len(widths) - 1)


def _least(name: str, cells: Sequence[str]) -> int:
    """How narrow a column of sentences may become: no word of an ordinary length is broken."""
    words = (_width(word) for text in (name, *cells) for word in text.split())
    return max(_LEAST, min(max(words, default=0), 2 * _LEAST))


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _wrap(line: str, indent: str | None = None) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())] if indent is None else indent
    options = {"subsequent_indent": indent, "break_long_words": False, "break_on_hyphens": False}
    return textwrap.wrap(line, screen_width(), drop_whitespace=True, **options) or [""]


def _is_number(column: "pd.Series") -> bool:
    import pandas as pd

    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _cells(column: "pd.Series", digits: int, form: Form | None) -> list[str]:
    values = [to_plain(value) for value in column]
    if form is None:
        form = _form_of([value for value in values if isinstance(value, float)], digits)
    return ["-" if value is None else printable(_cell(value, form)) for value in values]


def _form_of(values: Sequence[float], digits: int) -> str:
    """As many decimals as keep numbers short; none where all are whole; powers of ten where all would look like 0."""
    largest = max(map(abs, values), default=0.0)
    if all(value.is_integer() for value in values):
        return ",.0f"
    if largest < 0.5 * 10**-digits:
        return ".1e"
    return f",.{max(digits - max(math.floor(math.log10(largest)), 0), 0)}f"


def _cell(value: Any, form: Form) -> str:
    if callable(form):
        return form(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(round(value) if form.endswith("d") else value, form)
    if isinstance(value, int) and not form.endswith("f"):
        return format(value, form)
    return str(value)


def _readable(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        shown = [f"{item:.4f}" if isinstance(item, float) else str(item) for item in value]
        return ", ".join(shown[:12]) + (f", ... ({len(shown)})" if len(shown) > 12 else "")
    return f"{value:,}" if isinstance(value, int) else str(value)
