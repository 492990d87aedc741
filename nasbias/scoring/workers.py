"""A run's checkpoints scored in shards: parts of the architectures, each one file that is whole or absent.

A shard is scored by whoever is there: this process, single-threaded workers (on a CPU two of them beat two threads), a
worker of a cluster (`nasbias.sweep`). It is named by the digest of all that its numbers depend on, so that a shard that
is there is right, and scoring that was killed goes on with those that are not. The cut into shards is the same for any
number of workers, and so are the scores, to the bit.
"""

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.files import sha256, sweep_temporaries
from nasbias.pool import carry_out
from nasbias.runs import RunFolder
from nasbias.runs.checkpoints import load_weights, read_tensors
from nasbias.runs.contents import describe_contents
from nasbias.runs.data import load_run_images
from nasbias.runs.network import make_network
from nasbias.scoring import BN, Precision, distinct_architectures, load_scoring_data, score_architectures
from nasbias.scoring.data import RECALIBRATION_BATCH
from nasbias.supernets import task_of
from nasbias.tables import read_table, write_parquet

PART = 256  # architectures of a shard


@dataclass(frozen=True)
class Settings:
    """How a run is scored; `device` is a torch device's name."""

    run: Path
    bn: BN = "recalibrated"
    recalibration_images: int = 512
    valid_size: int | None = None
    engine: str | None = None
    device: str = "cpu"
    precision: Precision = "32-true"
    recalibration_batch: int = RECALIBRATION_BATCH
    recalibration_augmented: bool = False


@dataclass(frozen=True)
class Shard:
    """Some architectures under the weights of one checkpoint, and the file that their scores are kept in."""

    settings: Settings
    epoch: int
    architectures: tuple[str, ...]
    path: Path

    def read(self) -> pd.DataFrame | None:
        """The scores, `architecture` first; None where they are not there, or not whole."""
        if not self.path.exists():
            return None
        try:
            table = read_table(self.path)
        except InputError:
            return None
        return table if table["architecture"].tolist() == list(self.architectures) else None


class Scorer:
    """A run's network and images, ready to score any of its checkpoints."""

    def __init__(self, settings: Settings) -> None:
        """
        Raises:
            InputError: no such run, data or engine; or the data or the groups of its sharing plan have other contents
                than when it was trained.
        """
        self.settings, self.folder = settings, RunFolder(settings.run)
        self.config = self.folder.config
        is_images = task_of(self.config.space) == "images"
        images = load_run_images(self.config, settings.device) if is_images else None
        self.data = load_scoring_data(
            self.config,
            settings.recalibration_images,
            settings.valid_size,
            settings.device,
            settings.bn,
            images,
            settings.recalibration_batch,
            settings.recalibration_augmented,
        )
        self.network = make_network(self.config, self.data.sizes).to(settings.device)
        seen = None if images is None else (images.train_x, images.train_y, images.valid_x, images.valid_y)
        self.folder.refuse_changed(describe_contents(self.config, None, self.network, seen))
        self.epoch: int | None = None

    def score(self, epoch: int, architectures: Sequence[str] | np.ndarray) -> pd.DataFrame:
        """As `score_architectures`, with the weights of the checkpoint of `epoch`."""
        if epoch != self.epoch:
            path = self.folder.checkpoint(epoch)
            load_weights(self.network, read_tensors(path, "network.")[0], path)
            self.epoch = epoch
        settings = self.settings
        how = (settings.bn, settings.engine, settings.precision)
        return score_architectures(self.network, architectures, self.data, self.config.space, *how)


def list_shards(
    settings: Settings, epochs: Sequence[int], architectures: Sequence[str] | np.ndarray, parts: Path
) -> tuple[list[Shard], np.ndarray]:
    """The shards of all checkpoints, in order, in the folder `parts`, and for every architecture asked for its place
    [n] among those of a checkpoint's shards, one after the other: equal ones are scored once."""
    folder = RunFolder(settings.run)
    config = folder.config
    fast = settings.engine == "fast" or (settings.engine is None and settings.device == "cpu")
    names, place = distinct_architectures(config, architectures, settings.bn if fast else None)
    how = {**dataclasses.asdict(settings), "run": config.identity}
    shards = []
    for epoch in epochs:
        weights = sha256(folder.checkpoint(epoch))
        for start in range(0, len(names), PART):
            part = tuple(names[start : start + PART])
            text = json.dumps([how, weights, part])
            digest = hashlib.sha256(text.encode()).hexdigest()[:24]
            shards.append(Shard(settings, epoch, part, parts / f"{digest}.parquet"))
    return shards, place


def score_checkpoints(
    settings: Settings,
    epochs: Sequence[int],
    architectures: Sequence[str] | np.ndarray,
    processes: int,
    parts: Path,
    watch: Callable[[int, int], None] | None = None,
    carry: Callable[[Sequence[Shard]], Generator[Shard]] | None = None,
) -> Iterator[tuple[int, pd.DataFrame]]:
    """(epoch, scores of all architectures) per checkpoint, in order.

    Args:
        parts: folder of the shards; those of other settings are removed from it. It stays when all is scored.
        watch: called with how many architectures are scored, and how many there are, over all checkpoints.
        carry: another way than `processes` to get shards done: yields each when its file is there.

    Raises:
        InputError: a worker was killed; what is scored is kept.
    """
    shards, place = list_shards(settings, epochs, architectures, parts)
    sweep_temporaries(parts)
    wanted = {shard.path for shard in shards}
    for path in parts.glob("[!.]*.parquet"):
        if path not in wanted:
            path.unlink()
    waiting = [shard for shard in shards if shard.read() is None]
    total = sum(len(shard.architectures) for shard in shards)
    done = total - sum(len(shard.architectures) for shard in waiting)
    left = {epoch: sum(shard.epoch == epoch for shard in waiting) for epoch in epochs}
    told = list(epochs)
    if watch:
        watch(done, total)
    if carry is None:
        carry = _here if processes <= 1 or len(waiting) < 2 else lambda shards: _by_workers(shards, processes)
    with contextlib.closing(carry(waiting)) as finished:
        for shard in finished:
            done += len(shard.architectures)
            left[shard.epoch] -= 1
            if watch:
                watch(done, total)
            while told and not left[told[0]]:
                yield _assemble(shards, told.pop(0), place, architectures)
    for epoch in told:
        yield _assemble(shards, epoch, place, architectures)


def _assemble(
    shards: Sequence[Shard], epoch: int, place: np.ndarray, architectures: Sequence[str] | np.ndarray
) -> tuple[int, pd.DataFrame]:
    mine = [shard for shard in shards if shard.epoch == epoch]
    tables = [table for shard in mine if (table := shard.read()) is not None]
    assert len(tables) == len(mine), "a shard was removed"
    scores = pd.concat(tables, ignore_index=True).iloc[place].reset_index(drop=True)
    config, settings = RunFolder(mine[0].settings.run).config, mine[0].settings
    bn = settings.bn if task_of(config.space) == "images" else None
    return epoch, scores.assign(architecture=np.asarray(architectures), bn=bn)


def _here(shards: Sequence[Shard]) -> Generator[Shard]:
    for shard in shards:
        score_shard(shard)
        yield shard


def _by_workers(shards: Sequence[Shard], processes: int) -> Generator[Shard]:
    if not shards:
        return
    kept = "What is scored is kept."
    with contextlib.closing(carry_out(score_shard, [(shard,) for shard in shards], processes, kept)) as done:
        for place, _ in done:
            yield shards[place]


_scorers: dict[Settings, Scorer] = {}  # the last one of this process: shards of one run come one after the other


def score_shard(shard: Shard) -> None:
    """Score a shard and write its file.

    Raises:
        InputError: as `Scorer` and `score_architectures`, or the file can't be written.
    """
    scorer = _scorers.get(shard.settings)
    if scorer is None or scorer.config != RunFolder(shard.settings.run).config:
        _scorers.clear()
        scorer = _scorers[shard.settings] = Scorer(shard.settings)
    scores = scorer.score(shard.epoch, shard.architectures)
    write_parquet(scores.drop(columns="bn"), shard.path, {})
