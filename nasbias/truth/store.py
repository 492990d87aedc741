"""The store: one Parquet file per imported table, with where it came from in the file's own metadata.

It lives in `$NASBIAS_DATA` (else the user's data folder) as `truth/<space>/<name>.parquet`. A file is whole or absent;
loading the 125,000 rows of NAS-Bench-201 takes milliseconds.
"""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from nasbias.errors import InputError
from nasbias.files import data_folder
from nasbias.notices import say
from nasbias.seals import check_seal
from nasbias.spaces import get_space, list_spaces
from nasbias.tables import read_about, read_table, write_parquet

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def stored_path(space: str, name: str) -> Path:
    """The file of a stored table, whether or not it exists.

    Raises:
        InputError: unknown space, or a name that could not be a file's.
    """
    get_space(space)
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} can't name a truth. Use letters, digits, '.', '_' and '-', first a letter or a digit."
        )
    return data_folder() / "truth" / space / f"{name}.parquet"


def list_stored(space: str | None = None) -> list[dict[str, Any]]:
    """The provenance of every stored table (of one space), by space and name. A notice names those that are damaged."""
    folder = data_folder() / "truth"
    spaces = list_spaces() if space is None else [get_space(space).name]
    paths = [path for each in spaces for path in sorted((folder / each).glob("[!.]*.parquet"))]
    found = []
    for path in paths:
        try:
            check_seal(path.read_bytes(), str(path))
            found.append(_known(read_about(path)) | {"space": path.parent.name, "name": path.stem})
        except (InputError, OSError) as error:
            say(f"{error} It is left out; python -m nasbias.truth remove {path.stem} removes it.")
    return found


def read_stored(space: str, name: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A stored table and its provenance.

    Raises:
        InputError: no such name (the message lists what there is), or a damaged file.
    """
    path = stored_path(space, name)
    if not path.is_file():
        known = ", ".join(about["name"] for about in list_stored(space)) or "none yet"
        raise InputError(f"no truth called {name!r} is stored for {space}. Stored: {known}.")
    return read_table(path), _known(read_about(path)) | {"space": space, "name": name}


def has_stored(space: str, name: str) -> bool:
    """Whether there is a file for a table of that name, damaged or not."""
    return _NAME.fullmatch(name) is not None and stored_path(space, name).is_file()


def remove_stored(space: str, name: str) -> None:
    """Remove a stored table.

    Raises:
        InputError: no such name, or it can't be removed.
    """
    path = stored_path(space, name)
    try:
        path.unlink()
    except OSError as error:
        raise InputError(f"can't remove {path} ({error.strerror}).") from None


def write_stored(space: str, name: str, table: pd.DataFrame, about: dict[str, Any]) -> Path:
    """Store a checked truth table, replacing one of the same name."""
    path = stored_path(space, name)
    try:
        write_parquet(table, path, about)
    except InputError as error:
        raise InputError(f"{error} NASBIAS_DATA names another folder for the store.") from None
    return path


def _known(about: dict[str, Any]) -> dict[str, Any]:
    """What a stored table says of itself, without what is not of its kind."""
    kinds = {"architectures": int, "rows": int, "columns": dict}
    return {key: value for key, value in about.items() if isinstance(value, kinds.get(key, str | None))}
