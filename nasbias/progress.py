"""What long work tells whoever waits for it, on standard error so that standard output stays the answer."""

import sys
from collections.abc import Iterable

from nasbias.errors import printable


def note(message: str) -> None:
    """One line for the person who waits; control characters are shown, not obeyed."""
    print(printable(message), file=sys.stderr)


def progress(items: Iterable, description: str, total: int | None = None) -> Iterable:
    """Iterate with a progress bar; silent where standard error is not a terminal."""
    if not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import track

    described = escape(printable(description))
    return track(items, described, total=total, console=Console(stderr=True), transient=True)
