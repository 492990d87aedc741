"""Watching the loss, step by step: the first step that ends a training is named with its architecture.

A loss is looked at by whoever waits for it anyway: on a CPU after every step, on a GPU, where looking means waiting,
after every 64th and before anything is saved.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nasbias.runs import Diverged
from nasbias.spaces import Space
from nasbias.supernets import Choice

EXPLODED = 1000  # times the loss of guessing; no run of ours that came to something had a step beyond 10
LOOKED_AT = 64  # steps on a GPU


class LossWatch:
    """The losses of the steps since the last look."""

    def __init__(self, space: Space, classes: int, device: torch.device) -> None:
        """`classes` are those (or the words) among which a network that knows nothing guesses."""
        self.space, self.limit = space, EXPLODED * math.log(max(2, classes))
        self.every = 1 if device.type == "cpu" else LOOKED_AT
        self.waiting: list[tuple[int, int, Sequence[Choice], Tensor]] = []

    def add(self, epoch: int, step: int, choices: Sequence[Choice], loss: Tensor, lenient: bool) -> None:
        """Take in the loss of a step; `lenient`: one that is not finite is somebody else's business.

        Raises:
            Diverged: it, or one before it, is the end of the training.
        """
        self.waiting.append((epoch, step, choices, loss))
        if len(self.waiting) >= self.every:
            self.look(lenient)

    def look(self, lenient: bool) -> None:
        """
        Raises:
            Diverged: a loss since the last look is not finite (unless `lenient`) or beyond `EXPLODED`.
        """
        waiting, self.waiting = self.waiting, []
        values = torch.stack([loss for *_, loss in waiting]).tolist() if waiting else []
        for (epoch, step, choices, _), value in zip(waiting, values):
            if (math.isfinite(value) and value > self.limit) or not (math.isfinite(value) or lenient):
                raise self.diverged(f"the training loss is {value:.4g}", epoch, step, choices)

    def diverged(self, what: str, epoch: int, step: int, choices: Sequence[Choice]) -> Diverged:
        """The error, with the architectures by name."""
        return Diverged(what, epoch, step, self.space.decode(np.array(choices)).tolist())
