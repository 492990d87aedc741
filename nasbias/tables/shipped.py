"""The reference tables that travel with nasbias: predictions of supernets trained by this project, and small truths.

They live in `data/` of the repository and are installed as the package `nasbias.reference`; both are found here.
In a clone and in a wheel alike `shipped:nb201-whole` names one wherever predictions are taken. A table's file is named
`<space>_<what>.parquet`; beside `predictions` there may be others, such as `predictions_whole`.
"""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

from nasbias.errors import InputError, unknown

PREFIX = "shipped:"


def shipped_folders() -> list[Path]:
    """Folders that may hold reference tables: the installed package, and data/ beside the package in a clone."""
    folders: list[Path] = []
    spec = importlib.util.find_spec("nasbias.reference")
    if spec is not None:
        folders += [Path(location) for location in spec.submodule_search_locations or ()]
    folders.append(Path(__file__).resolve().parents[2] / "data")
    return list(dict.fromkeys(folder for folder in folders if folder.is_dir()))


def list_shipped(space: str | None = None) -> dict[str, Path]:
    """Name (`nb201_predictions`) -> path of every shipped Parquet table, or of those of one space, sorted by name."""
    prefix = "" if space is None else f"{space.replace('-', '_')}_"
    found: dict[str, Path] = {}
    for path in _tables():
        if path.stem.startswith(prefix):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def find_predictions(space: str) -> Path:
    """The shipped predictions of a space.

    Raises:
        InputError: none are shipped; the message says how to bring one's own.
    """
    name = f"{space.replace('-', '_')}_predictions"
    tables = list_shipped(space)
    if name not in tables:
        raise InputError(
            f"no predictions for {space} are shipped with nasbias. Give your own with --predictions PATH: a run "
            f"folder, a Parquet file or a CSV with `architecture` and a score."
        )
    return tables[name]


def is_shipped(path: object) -> bool:
    """Whether this names a shipped table, `shipped:nb201-whole`, and no file."""
    return isinstance(path, (str, Path)) and str(path).startswith(PREFIX)


def find_shipped(name: str | os.PathLike) -> Path:
    """The file of `shipped:NAME`: a table's name with `-` for `_`, `predictions` left out (`nb201`, `nb201-whole`,
    `nb201-proxies`, `nats-sss`).

    Raises:
        InputError: none is called so; the message names those there are.
    """
    known = {_short(stem): path for stem, path in list_shipped().items()}
    short = str(name).removeprefix(PREFIX)
    if short not in known:
        raise unknown("shipped table", short, known)
    return known[short]


def _short(stem: str) -> str:
    return "-".join(part for part in stem.split("_") if part != "predictions")


def _tables() -> Iterator[Path]:
    for folder in shipped_folders():
        yield from sorted(folder.glob("*.parquet"))
