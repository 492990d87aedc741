"""Files that are whole or absent, and JSON that any reader takes: everything nasbias writes passes through here.

A file is written under a hidden name beside its own (`.log.jsonl.5f0c2a91.jsonl`), handed to the disk and renamed, and
the folder is handed to the disk after it: a kill or a power cut leaves the old file or the new one. What a killed
process leaves behind is such a hidden file, which no reader looks at and `sweep_temporaries` removes.

Who works in a folder for long holds it (`held`): should it be removed or replaced meanwhile, nothing is written there
any more, and no part of it comes back.
"""

import contextlib
import errno
import hashlib
import json
import math
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from nasbias.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


# Folders that this process works in, absolute, and what raises when one is not the same any more.
_HELD: list[tuple[Path, Callable[[], None]]] = []
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-z_]{8}(?P<suffix>\.[^.]*)?")  # also tempfile's, of earlier versions


@contextmanager
def written_atomically(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, remove it on any error.

    Creates the folder it lies in. A reader never sees half a file, and a failed write leaves what was there. Where
    `path` is a link, what it points to is replaced.

    Raises:
        InputError: it can't be written: no space, no permission, a folder, a device, a way that leads through a file,
            or through a folder that is held and was removed.
    """
    path = Path(path)
    try:
        target = writable_target(path)
        make_folder(target.parent)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}{target.suffix}")
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield temporary
            _hand_to_disk(temporary)
            _check_held(target)
            temporary.replace(target)
            _hand_to_disk(target.parent)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        _check_held(path)  # what can't be written may not be there any more
        raise unwritable(path, error) from None


@contextmanager
def held(folder: str | os.PathLike, check: Callable[[], None]) -> Iterator[None]:
    """Until the end, this process writes below `folder` only while `check`, called last before each rename, does not
    raise; and it does not make the folder again once that is gone."""
    entry = (_absolute(folder), check)
    _HELD.append(entry)
    try:
        yield
    finally:
        _HELD.remove(entry)


def make_folder(path: str | os.PathLike) -> None:
    """Make a folder and what is missing above it, but for a folder that is held: where that is gone, FileNotFoundError.

    Raises:
        OSError: as `mkdir` does.
    """
    path = _absolute(path)
    _check_held(path)
    around = [folder for folder, _ in _HELD if path.is_relative_to(folder)]
    if not around:
        path.mkdir(parents=True, exist_ok=True)
        return
    inner = max(around, key=lambda folder: len(folder.parts))
    inside = path.relative_to(inner)
    for part in reversed((inside, *inside.parents)):
        if part.parts:
            (inner / part).mkdir(exist_ok=True)


def _check_held(path: Path) -> None:
    for folder, check in _HELD:
        if _absolute(path).is_relative_to(folder):
            check()


def _absolute(path: str | os.PathLike) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 (resolve() follows links)


def writable_target(path: str | os.PathLike) -> Path:
    """The file that writing to `path` replaces: what it points to where it is a link.

    Raises:
        InputError: it is a folder, a device or a pipe, or a loop of links, or a way through a file, or no name of one.
    """
    path = Path(path)
    try:
        target = path.resolve() if path.is_symlink() else path
        if stat.S_ISREG(target.stat().st_mode):
            return target
        kind = "a folder" if target.is_dir() else "a device or a pipe"
        raise InputError(f"{path} is {kind}, not a file that can be written as a whole. Give the path of a file.")
    except FileNotFoundError:
        return target
    except InputError:
        raise
    except RuntimeError:  # pathlib's, up to Python 3.12
        raise unwritable(path, OSError(errno.ELOOP, "a loop of links")) from None
    except (OSError, ValueError) as error:  # ValueError: a null character
        raise unwritable(path, error) from None


def unwritable(path: str | os.PathLike, error: Exception) -> InputError:
    """The error for a file that the system does not let us write, with its reason."""
    number = getattr(error, "errno", None)
    reason = os.strerror(number) if number else str(error) or type(error).__name__
    is_full = number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return InputError(
        f"{path}: can't be written ({reason}). {'Free space, or choose' if is_full else 'Choose'} another path."
    )


def sweep_temporaries(folder: str | os.PathLike, of: str = "") -> None:
    """Remove what killed writers left in a folder, or what those of the file named `of` did; only for who knows that no
    other process writes there."""
    for path in list_temporaries(folder):
        if not of or path.name.startswith(f".{of}."):
            path.unlink(missing_ok=True)


def list_temporaries(folder: str | os.PathLike) -> list[Path]:
    """The temporary files in a folder, of killed writers and of those at work; none where there is no folder."""
    try:
        names = sorted(path.name for path in Path(folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = [(name, _TEMPORARY.fullmatch(name)) for name in names]
    return [Path(folder) / name for name, match in found if match and match["name"].endswith(match["suffix"] or "")]


def data_folder() -> Path:
    """The folder nasbias keeps things in: $NASBIAS_DATA, else the platform's user data folder. Not created here."""
    own = os.environ.get("NASBIAS_DATA")
    return Path(own).expanduser() if own else Path(platformdirs.user_data_dir("nasbias", appauthor=False))


def sha256(path: str | os.PathLike) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(value: Any) -> str:
    """JSON text; NaN and missing become null, so that any reader takes it."""
    return json.dumps(to_plain(value), indent=2, allow_nan=False)


def records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows of a table as plain dictionaries, missing values as None."""
    return [to_plain(row) for row in table.to_dict("records")]


def to_plain(value: Any) -> Any:
    """`value` in Python's own types, all the way down: arrays as lists, missing and not finite as None."""
    import numpy as np
    import pandas as pd

    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [to_plain(item) for item in value]
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_table(table: "pd.DataFrame", path: str | os.PathLike) -> None:
    """Write a table as CSV, JSON records or Parquet, by the ending of `path`.

    Raises:
        InputError: another ending.
    """
    path = Path(path)
    writers: dict[str, Callable[[Path], Any]] = {
        ".csv": lambda temporary: table.to_csv(temporary, index=False),
        ".json": lambda temporary: temporary.write_text(to_json(records(table))),
        ".parquet": lambda temporary: temporary.write_bytes(table.to_parquet(index=False)),
    }
    if path.suffix not in writers:
        raise InputError(f"can't write {path.name!r}: the ending must be one of {', '.join(writers)}.")
    with written_atomically(path) as temporary:
        writers[path.suffix](temporary)


def _hand_to_disk(path: Path) -> None:
    """Have the system write a file, or the names in a folder, before anything that comes after."""
    if path.is_dir() and os.name == "nt":  # pragma: no cover: Windows opens no folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that has no such thing
            raise
    finally:
        os.close(handle)
