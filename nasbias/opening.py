"""Other people's files, looked at before they are read: what is a file at all, and how much may come out of it."""

import errno
import gzip
import io
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from nasbias.errors import InputError, shortened

# Bytes that any file may decompress to; how many times its size one may.
_ALWAYS, _SWELLING = 1 << 28, 100
_MOST_DOTS = 100  # in one key of TOML: tomllib takes the square of their number (1.5 s of 10,000)


def checked_path(path: str | os.PathLike) -> Path:
    """`path`, if it can be looked at: a file, a folder, or nothing yet.

    Raises:
        InputError: a device or a pipe (reading one may never end), a loop of links, a way through a file, no
            permission, or no name of a file at all.
    """
    text = os.fspath(path)
    try:
        mode = Path(text).stat().st_mode
    except FileNotFoundError:
        return Path(text)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOTDIR:
            return Path(text)  # as pathlib has it: nothing is there
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{shortened(text)}: can't be opened ({reason}).") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InputError(f"{text}: is a device or a pipe. Give a file.")
    return Path(text)


@contextmanager
def opened(path: str | os.PathLike, gzipped: tuple[str, ...] = (".gz",)) -> Iterator[BinaryIO]:
    """The bytes of a file, gunzipped in bounds (`bounded`) where its ending says so. Errors of reading pass through.

    Raises:
        InputError: there is no such file.
    """
    path = checked_path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    with path.open("rb") as file:
        if path.suffix.lower() in gzipped:
            with gzip.open(file) as inside:
                yield bounded(inside, path)
        else:
            yield file


def read_toml(path: str | os.PathLike) -> dict[str, Any]:
    """What a TOML file holds. Errors of reading it pass through.

    Raises:
        InputError: not TOML, or such as would take for ever.
    """
    path = checked_path(path)
    try:
        text = path.read_text(encoding="utf-8")
        if any(part.count(".") > _MOST_DOTS for part in re.split(r"[,=\n]", text)):
            raise ValueError(f"a key or a value with more than {_MOST_DOTS} dots")
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # bytes that are no text, and numbers too long, among them
        raise InputError(f"{path}: not TOML ({error}).") from None


def bounded(inside: Any, path: Path) -> BinaryIO:
    """A decompressed stream that ends in a ValueError where it swells beyond what numbers and text do: 256 MiB, or 100
    times the size of the file at `path`."""
    return cast(BinaryIO, _Bounded(inside, max(_ALWAYS, _SWELLING * path.stat().st_size)))


class _Bounded(io.RawIOBase):
    def __init__(self, inside: Any, most: int) -> None:
        self.inside, self.most = inside, most

    def read(self, size: int = -1) -> bytes:
        data = self.inside.read(self.most + 1 if size is None or size < 0 else size)
        if self.inside.tell() > self.most:
            raise ValueError(f"it swells to more than {self.most:,} bytes when decompressed")
        return data

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.inside.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.inside.seek(offset, whence)


def home(path: str | os.PathLike) -> Path:
    """`path` with a leading ~ as the user's home; as it is where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
