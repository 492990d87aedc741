"""What a worker of a sweep does: each function is one task, and each task is whole or can be done again.

Workers see the same files as whoever started the sweep, by the same paths.
"""

import contextlib
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nasbias.errors import InputError
from nasbias.notices import Notice
from nasbias.runs import RunFolder
from nasbias.score import Scoring, list_scoring, score_run
from nasbias.sweep.plan import Item
from nasbias.tables import read_about
from nasbias.threads import use_threads

if TYPE_CHECKING:
    from nasbias.scoring.workers import Shard

PREDICTIONS = "predictions.parquet"
_stopped: set["Caller"] = set()  # whose work this worker does no more; it may serve another sweep


@dataclass(frozen=True)
class Caller:
    """The call of `sweep` that a task is for: the folder it works in, and a name of its own."""

    cwd: str
    name: str


def ask_to_stop(caller: Caller) -> None:
    """Have what this worker trains for `caller` save its state and end."""
    _stopped.add(caller)


def is_done(item: Item, folder: Path) -> bool:
    """Whether a run is trained, and scored as the plan has it."""
    run = RunFolder(folder)
    if not (run.is_claimed and run.is_settled and run.failure is None):
        return False
    return item.score is None or _is_scored(item.score, folder)


def _is_scored(options: Scoring, folder: Path) -> bool:
    path = folder / PREDICTIONS
    with contextlib.suppress(InputError):
        return path.exists() and read_about(path).get("options") == options.to_plain()
    return False


def train_item(item: Item, folder: Path, caller: Caller) -> "list[Shard] | None":
    """Train a run, from where it stands; returns the shards that its scoring comes to, none where that is done. None:
    `ask_to_stop` was called; the state is saved.

    Raises:
        InputError: as `train_run` and `score_run`. `InUse` where another worker is at it.
    """
    from nasbias.campaigns import train_run  # late: whoever asks how far a sweep is needs no torch

    _settle(caller)
    try:
        train_run(item.config, folder, stop=lambda: caller in _stopped)
    except KeyboardInterrupt:  # which would end the worker's thread
        return None
    if item.score is None or _is_scored(item.score, folder):
        return []
    return list_scoring(folder, item.score)


def score_part(item: Item, folder: Path, shard: "Shard", caller: Caller) -> None:
    """Score a shard of a run, unless it is there or was put together with the others."""
    from nasbias.scoring.workers import score_shard

    _settle(caller)
    assert item.score is not None
    if caller in _stopped or shard.read() is not None or _is_scored(item.score, folder):
        return
    shard.path.parent.mkdir(exist_ok=True)
    score_shard(shard)


def finish_item(item: Item, folder: Path, caller: Caller) -> list[str]:
    """Put the shards of a run together; one that was lost is scored here. Returns the notices that were given."""
    _settle(caller)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Notice)
        if item.score is not None and not _is_scored(item.score, folder):
            score_run(folder, item.score.on_one_process())
    return [str(each.message) for each in caught if issubclass(each.category, Notice)]


def _settle(caller: Caller) -> None:
    """As in the process that started the sweep: paths of a plan are relative to its folder."""
    os.chdir(caller.cwd)
    use_threads(1)
