"""What long work tells whoever waits for it, on standard error so that standard output stays the answer."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from nasbias.errors import printable

_quiet = False


@contextmanager
def silenced(quiet: bool = True) -> Iterator[None]:
    """Within it nothing is noted and no bar shown: `--quiet`. What a command refuses is said nevertheless."""
    global _quiet
    before, _quiet = _quiet, quiet or _quiet
    try:
        yield
    finally:
        _quiet = before


def note(message: str) -> None:
    """One line for the person who waits; control characters are shown, not obeyed."""
    if _quiet:
        return
    print(printable(message), file=sys.stderr)


def progress(items: Iterable, description: str, total: int | None = None) -> Iterable:
    """Iterate with a progress bar; silent where standard error is not a terminal."""
    if _quiet or not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import track

    described = escape(printable(description))
    return track(items, described, total=total, console=Console(stderr=True), transient=True)


@contextmanager
def bar() -> Iterator[Callable[[float, float, str], None]]:
    """A progress bar for work that counts itself: `show(done, total, text)`; silent where standard error is not a
    terminal. Notes given meanwhile appear above it."""
    if _quiet or not sys.stderr.isatty():
        yield lambda done, total, text: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn

    columns = BarColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as screen:
        task = screen.add_task("", total=None)

        def show(done: float, total: float, text: str) -> None:
            screen.update(task, completed=done, total=total, description=escape(printable(text)))

        yield show


def duration(seconds: float) -> str:
    """A span of time as one says it: 40 s, 12 min, 3.4 h, 2.1 days."""
    for unit, length in (("days", 86_400), ("h", 3600)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
