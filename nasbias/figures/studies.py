"""The tables of our own studies, as they are shipped in `data/`."""

import json
from pathlib import Path

import pandas as pd

from nasbias.errors import InputError
from nasbias.tables.shipped import list_shipped, shipped_folders


def read_study(name: str) -> dict[str, pd.DataFrame]:
    """The tables of data/studies/<name>.json by title.

    Raises:
        InputError: that study is not here.
    """
    for folder in shipped_folders():
        path = folder / "studies" / f"{name}.json"
        if path.is_file():
            tables = json.loads(path.read_text())["tables"]
            return {title: pd.DataFrame(rows) for title, rows in tables.items()}
    raise InputError(f"our study {name!r} is not installed: it lies in data/studies of the repository.")


def shipped_table(name: str) -> Path:
    """Where a shipped table lies.

    Raises:
        InputError: it is not shipped.
    """
    tables = list_shipped()
    if name not in tables:
        raise InputError(f"{name}.parquet is not among the shipped tables ({', '.join(tables)}).")
    return tables[name]
