"""One process at a time in a folder: a lock that says who holds it and that no dead process keeps.

The lock is the kernel's (`flock`), which lets go of it however its holder ends; the file only carries it and names the
holder. It is removed with the last hold, so that a folder at rest has none.
"""

import contextlib
import json
import os
import platform
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from nasbias.errors import InputError
from nasbias.files import held, make_folder, unwritable
from nasbias.notices import say

try:
    import fcntl
except ImportError:  # pragma: no cover: Windows has none, and goes without
    fcntl = None

LOCK = ".lock"  # its name in the folder
_ATTEMPTS = 50


class InUse(InputError):
    """Another process is at work there."""


class Lock:
    """A lock that this process holds on a folder."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path, self.handle = path, handle

    def check(self) -> None:
        """
        Raises:
            InputError: the folder, or the lock in it, was removed or replaced meanwhile.
        """
        if not _is_the_same(self.path, self.handle):
            raise InputError(
                f"{self.path.parent} was removed or replaced while this process worked in it; nothing more is written "
                f"there. Run the same command again."
            )


@contextlib.contextmanager
def locked(folder: str | os.PathLike) -> Iterator[Lock]:
    """Hold the lock of a folder, which is made where it is missing, and removed again if it stays empty.

    Should the folder be removed or replaced meanwhile, this process writes nothing there any more (`files.held`).

    Raises:
        InUse: another process holds it: which one, where and since when.
        InputError: the folder can't be written.
    """
    folder = Path(folder)
    try:
        handle = _enter(folder)
    except OSError as error:
        raise unwritable(folder, error) from None
    lock = Lock(folder / LOCK, handle)
    try:
        with held(folder, lock.check):
            yield lock
    except InputError:
        lock.check()  # what can't be read or written may not be there any more
        raise
    finally:
        with contextlib.suppress(OSError):
            if _is_the_same(lock.path, handle):
                lock.path.unlink()
                folder.rmdir()  # succeeds only where nothing else is there
        os.close(handle)


def _enter(folder: Path) -> int:
    """The lock of a folder that whoever held it last may be removing at this moment."""
    for attempt in range(_ATTEMPTS):
        try:
            make_folder(folder)
            return _take(folder / LOCK)
        except (FileExistsError, FileNotFoundError, NotADirectoryError):
            if _is_something_else(folder):
                raise InputError(f"{folder} is no folder. Choose another path.") from None
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def _is_something_else(folder: Path) -> bool:
    """Whether there is something that is no folder: one look, between two it may be removed."""
    try:
        return not stat.S_ISDIR(folder.stat().st_mode)
    except OSError:
        return False


def find_holder(folder: str | os.PathLike) -> str | None:
    """Who holds the lock of a folder, as one says it; None where nobody does."""
    path = Path(folder) / LOCK
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        _hold(path, handle)
    except InUse:
        return _read_holder(path)
    finally:
        os.close(handle)
    return None


def _take(path: Path) -> int:
    """The open lock file, held."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _hold(path, handle)
            if _is_the_same(path, handle):
                os.ftruncate(handle, 0)
                os.write(handle, _holder().encode())
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its last holder removed it between our opening and our holding


def _hold(path: Path, handle: int) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUse(f"{path.parent} is in use by {_read_holder(path)}. Wait for it, or stop it first.") from None
    except OSError as error:  # some network file systems
        say(f"{path.parent}: this file system has no locks ({error.strerror}); see that no other process works there.")


def _holder() -> str:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"pid": os.getpid(), "host": platform.node(), "since": since})


def _read_holder(path: Path) -> str:
    try:
        about = json.loads(path.read_text())
        return f"process {about['pid']} on {about['host']} since {about['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # it has just come, or just gone
        return "another process"


def _is_the_same(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except OSError:
        return False
