"""What a reader must know to take a number rightly, and that is no error: how a column was read, what was left out.

A notice is a Python warning, so that in a notebook it appears once, can be filtered, and is an error under `-W error`.
The commands print it as one line on standard error.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from nasbias.progress import note


class Notice(UserWarning):
    """How something was read, or what was counted out."""


def say(text: str) -> None:
    """Give a notice: one line."""
    warnings.warn(" ".join(text.split()), Notice, stacklevel=3)


@contextmanager
def printed_notices() -> Iterator[None]:
    """After it every notice within it is a line on standard error, each text once; none where it ended in an error,
    which is then the one line."""
    seen: dict[str, None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("always", Notice)
        other = warnings.showwarning

        def show(message, category, *where, **more) -> None:
            if not issubclass(category, Notice):
                other(message, category, *where, **more)
            else:
                seen[str(message)] = None

        warnings.showwarning = show
        yield
    for text in seen:
        note(f"nasbias: {text}")
