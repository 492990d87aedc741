"""One run: which architecture next, which weights it moves, and a folder that says what happened.

`Training` is the run's whole configuration, `train` carries it out, `RunFolder` is what it leaves: `config.toml`,
`checkpoints/`, `log.jsonl`, `provenance.json`. A stand-alone training is the same loop with one architecture. `train`
and `RunFolder` need torch, which is imported when they are first asked for."""

import importlib
from typing import TYPE_CHECKING

from nasbias.training.config import Training, read_config

if TYPE_CHECKING:
    from nasbias.training.folder import RunFolder
    from nasbias.training.loop import train

__all__ = ["RunFolder", "Training", "read_config", "train"]

_HOMES = {"RunFolder": "nasbias.training.folder", "train": "nasbias.training.loop"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
