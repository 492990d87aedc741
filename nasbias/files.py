"""Files that are whole or absent, and JSON that any reader takes: everything nasbias writes passes through here."""

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from nasbias.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def written_atomically(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, remove it on any error.

    Creates the parent folder. A reader never sees half a file, and a failed write leaves what was there.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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
        ".parquet": lambda temporary: table.to_parquet(temporary, index=False),
    }
    if path.suffix not in writers:
        raise InputError(f"can't write {path.name!r}: the ending must be one of {', '.join(writers)}.")
    with written_atomically(path) as temporary:
        writers[path.suffix](temporary)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
