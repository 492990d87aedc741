"""Reading a file of truth as the store would take it in."""

import importlib
from pathlib import Path

import pandas as pd

from nasbias.tables import check_truth


def read(space: str, path: Path) -> tuple[pd.DataFrame, str]:
    """The truth of a file by the first format that recognises it, as the store would take it in."""
    formats = importlib.import_module(f"nasbias.truth.{space.replace('-', '_')}").FORMATS
    chosen = next(each for each in formats if each.recognises(path))
    return check_truth(chosen.read(path), space, path.name), chosen.name
