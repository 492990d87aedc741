"""Reading a pickle without running it.

`unpickle` interprets the opcodes itself: it builds numbers, strings and containers, knows the few names that benchmark
files (`SCALARS`) and image archives (`ARRAYS`) need and calls nothing else, so a hostile file can only fail.
pickle.Unpickler with an allow-list in `find_class` would be a few times faster, but keeps every object it has ever
memoised (21 to 37 GB for NAS-Bench-201's file), can be made to allocate gigabytes by five bytes (LONG_BINPUT), and
hashes whatever a file makes a key. Here memory is bounded by what is kept: with `wanted` (the memo entries that are
fetched later, found by `fetched_entries` in a pass that builds nothing) and a `reduce` that empties each record as soon
as it is whole. Measured on one core with files in the official form: 0.01 CPU-seconds and 0.012 MB an architecture.

`open_pickle` finds the pickle inside a file: torch's zip and legacy containers, bz2, or bare.
"""

import bz2
import struct
import zipfile
import zlib
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from nasbias.errors import InputError
from nasbias.opening import bounded
from nasbias.pickles.opcodes import check_tree, interpret
from nasbias.pickles.source import Source, scan
from nasbias.pickles.values import ARRAYS, SCALARS, Array, Holder

__all__ = [
    "ARRAYS",
    "SCALARS",
    "Array",
    "Holder",
    "check_tree",
    "fetched_entries",
    "is_pickle",
    "open_pickle",
    "readable",
    "unpickle",
]

LEGACY_MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")  # torch's magic number, as a pickle of its own
_PROTOCOLS = (2, 3, 4, 5)
# What a broken or hostile stream makes the interpreter, bz2 or zip trip over.
_BROKEN = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, NotImplementedError, OSError, RuntimeError,
    TypeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def unpickle(
    file: BinaryIO,
    where: str,
    holders: Container[str] = (),
    allowed: Mapping[str, Callable[..., Any]] = SCALARS,
    wanted: Container[int] | None = None,
    reduce: Callable[[dict], None] | None = None,
) -> Any:
    """The object that the next pickle in `file` describes.

    Args:
        where: names the source in errors.
        holders: full names of classes whose instances become `Holder`.
        allowed: full name -> function that may be called: `SCALARS` or `ARRAYS`.
        wanted: memo entries to remember (from `fetched_entries`); default: all.
        reduce: called with each dict that has just been filled from a batch of items; may empty it to save memory.

    Raises:
        InputError: truncated, not a pickle, or naming anything that is not allowed.
    """
    with readable(where):
        return interpret(Source(file), allowed, holders, wanted, reduce)


def fetched_entries(file: BinaryIO, where: str) -> set[int]:
    """The memo entries that the next pickle in `file` refers back to; nothing is built."""
    with readable(where):
        return scan(Source(file))


@contextmanager
def readable(where: str) -> Iterator[None]:
    """Turn what a broken file raises into one line."""
    try:
        yield
    except InputError as error:
        raise error if str(error).startswith(where) else InputError(f"{where}: {error}") from None
    except _BROKEN as error:
        detail = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise InputError(f"{where}: can't be read ({detail}). Is the file whole and of this format?") from None


@contextmanager
def open_pickle(path: Path) -> Iterator[BinaryIO]:
    """The file opened at its main pickle: inside torch's zip or legacy container, inside bz2, or bare."""
    with readable(path.name), path.open("rb") as file:
        head = file.read(16)
        file.seek(0)
        if head.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(file) as archive:
                members = [name for name in archive.namelist() if name.split("/")[1:] == ["data.pkl"]]
                if len(members) != 1:
                    raise InputError("a zip file without a data.pkl: torch did not write it.")
                with archive.open(members[0]) as member:
                    yield bounded(member, path)
        elif head.startswith(b"BZh"):
            with bz2.open(file) as inside:
                yield bounded(inside, path)
        else:
            if head.startswith(LEGACY_MAGIC[: len(head)]):
                _skip_legacy_header(file)
            yield file


def _skip_legacy_header(file: BinaryIO) -> None:
    """Step over what torch's legacy container writes first: magic number, protocol version, system information."""
    source = Source(file)
    for _ in range(3):
        interpret(source, {})
    file.seek(source.offset)


def is_pickle(path: Path) -> bool:
    """Whether a file starts as one of the containers that `open_pickle` opens; a wrong guess fails on reading."""
    with path.open("rb") as file:
        head = file.read(4)
    bare = len(head) > 1 and head[0] == 0x80 and head[1] in _PROTOCOLS
    return bare or head.startswith((b"PK\x03\x04", b"BZh"))
