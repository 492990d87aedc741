"""A run's checkpoints scored by single-threaded worker processes: on a CPU two of them beat two threads.

Each worker loads the images and the network once and scores contiguous parts of the architectures, in the order in
which they share prefixes. The scores do not depend on the number of workers.
"""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbias.runs import RunFolder
from nasbias.runs.checkpoints import read_tensors
from nasbias.runs.network import make_network
from nasbias.scoring import BN, Precision, load_scoring_data, score_architectures
from nasbias.spaces import get_space
from nasbias.threads import use_threads

PART = 256  # architectures a worker takes at a time


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


class Scorer:
    """A run's network and images, ready to score any of its checkpoints."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.folder = settings, RunFolder(settings.run)
        self.config = self.folder.config
        self.data = load_scoring_data(
            self.config, settings.recalibration_images, settings.valid_size, settings.device, settings.bn
        )
        self.network = make_network(self.config, self.data.sizes).to(settings.device)
        self.epoch: int | None = None

    def score(self, epoch: int, architectures: Sequence[str] | np.ndarray) -> pd.DataFrame:
        """As `score_architectures`, with the weights of the checkpoint of `epoch`."""
        if epoch != self.epoch:
            weights, _ = read_tensors(self.folder.checkpoint(epoch), "network.")
            self.network.load_state_dict(weights)
            self.epoch = epoch
        settings = self.settings
        how = (settings.bn, settings.engine, settings.precision)
        return score_architectures(self.network, architectures, self.data, self.config.space, *how)


def score_checkpoints(
    settings: Settings, epochs: Sequence[int], architectures: Sequence[str] | np.ndarray, processes: int
) -> Iterator[tuple[int, pd.DataFrame]]:
    """(epoch, scores of all architectures) per checkpoint, in order."""
    if processes <= 1:
        scorer = Scorer(settings)
        for epoch in epochs:
            yield epoch, scorer.score(epoch, architectures)
        return
    space = get_space(RunFolder(settings.run).config.space)
    order = np.lexsort(space.encode(architectures).T[::-1])
    parts = [order[i : i + PART] for i in range(0, len(order), PART)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_start, initargs=(settings,)) as pool:
        for epoch in epochs:
            tables = pool.map(_score, [epoch] * len(parts), [np.asarray(architectures)[part] for part in parts])
            scores = pd.concat(list(tables), ignore_index=True)
            yield epoch, scores.iloc[np.argsort(order)].reset_index(drop=True)


_scorer: Any = None  # one per worker process


def _start(settings: Settings) -> None:
    global _scorer
    use_threads(1)
    _scorer = Scorer(settings)


def _score(epoch: int, architectures: np.ndarray) -> pd.DataFrame:
    return _scorer.score(epoch, architectures)
