"""Run folders as the analysing half sees them: a configuration beside tables, read without torch."""

import tomllib
from pathlib import Path
from typing import Any

from nasbias.errors import InputError


def read_run(run: Path, space: str) -> dict[str, Any]:
    """The fields of a run's config.toml.

    Raises:
        InputError: no run folder, or a run of another space.
    """
    try:
        config = tomllib.loads((run / "config.toml").read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise InputError(f"{run}: no run folder: it has no readable config.toml.") from None
    if config.get("space") != space:
        raise InputError(f"{run} is a run of {config.get('space')}, not of {space}. Set --space.")
    return config
