"""Ctrl-C and SIGTERM: work that can be saved is saved first, and the exit code says which of them it was.

`deferred` is for loops that save their state: the signal is kept until the loop asks for it, between two steps.
`raised` is for everything else: a SIGTERM ends it as Ctrl-C does. Signals reach the main thread only, so in any other
both do nothing.
"""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """Somebody asked this process to stop, and it did so in good order; its text says what was saved."""

    def __init__(self, text: str = "", number: int = signal.SIGINT) -> None:
        super().__init__(text)
        self.text, self.number = text, number

    @property
    def exit_code(self) -> int:
        """The shell's: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.number


@contextmanager
def deferred() -> Iterator[Callable[[], int | None]]:
    """Within it the first signal is kept: the function that is yielded returns its number, None if there was none. A
    second one raises at once; in a worker process it does not, for a signal to a whole group of processes reaches a
    worker twice, from outside and from its parent, which ends it when it takes too long."""
    came: list[int] = []
    is_worker = multiprocessing.parent_process() is not None

    def keep(number: int, frame: FrameType | None) -> None:
        if came and is_worker:
            return
        if came:
            raise Interrupted("stopped at once, by a second signal", number)
        came.append(number)

    with _handled(keep):
        yield lambda: came[0] if came else None


@contextmanager
def raised() -> Iterator[None]:
    """Within it a SIGTERM raises `Interrupted`, so that what has to be closed is closed."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted("", number)

    with _handled(stop):
        yield


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    taken = [number for number in _SIGNALS if before[number] not in (signal.SIG_IGN, None)]
    for number in taken:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])
