"""Pruning while training: every so many epochs the supernet itself says which architectures it goes on with.

`halve` scores all that are left and drops the worse half. `shrink:...` (P2, arXiv 2010.08219, experiment 8) scores a
sample, finds the best (decision = value) and fixes it; `nasbias.pruning` has the three ways to find it. The number of
training steps is that of a run that prunes nothing: the cost is equal but for the scoring, which the log counts.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nasbias.errors import InputError, unknown
from nasbias.files import written_atomically
from nasbias.pruning import CHOOSERS, choose_value, keep_better_half
from nasbias.runs import Training
from nasbias.runs.choosing import REMAINING
from nasbias.runs.sampling import Sampler
from nasbias.scoring import load_scoring_data, score_architectures
from nasbias.spaces import get_space
from nasbias.streams import stream
from nasbias.supernets import Choice
from nasbias.training.task import Task

RULES = ("none", "halve", *(f"shrink:{by}" for by in CHOOSERS))


class Pruner:
    """Narrows a sampler's population; the rounds and what is left are part of a run's state."""

    name = "pruning"

    def __init__(self, config: Training, sampler: Sampler, task: Task) -> None:
        """
        Raises:
            InputError: no such rule, no list of architectures to prune, or an order or sharing plan that needs one
                list all along.
        """
        if config.prune not in RULES:
            raise unknown("pruning", config.prune, RULES)
        if config.prune_every < 1 or config.prune_sample < 1:
            raise InputError(
                f"prune_every ({config.prune_every}) and prune_sample ({config.prune_sample}) must be 1 or more."
            )
        if config.order != "uniform" or config.sharing != "all" or config.standalone:
            raise InputError("--prune goes with --order uniform, --sharing all and no --standalone.")
        if sampler.population is None:
            raise InputError(f"{config.space} is too large to list, so it can't be pruned. Give --architectures.")
        self.config, self.sampler, self.space = config, sampler, get_space(config.space)
        self.data = load_scoring_data(config, device=task.device, images=task.loaded_images)

    def after_step(self, step: int, left: int, network: nn.Module, trained: Sequence[Choice]) -> None:
        """Nothing: rounds are between epochs."""

    def is_due(self, epoch: int) -> bool:
        """After this epoch? Never after the last: nothing would be trained in what is left."""
        return epoch % self.config.prune_every == 0 and epoch < self.config.epochs

    def after_epoch(self, epoch: int, network: nn.Module) -> dict[str, Any]:
        """A round, if one is due; returns entries of the epoch's log record: `remaining`, `fixed`, `scored`,
        `scoring_seconds`."""
        if not self.is_due(epoch):
            return {}
        started = time.perf_counter()
        population, config = self.sampler.population, self.config
        assert population is not None
        fixed = None
        if config.prune == "halve":
            candidates = population
            scores = self._score(network, candidates)["accuracy"].to_numpy()
            kept = keep_better_half(scores)
        else:
            rng = stream("shrink", config.seed_of("order"), epoch)
            n = min(config.prune_sample, len(population))
            candidates = population[np.sort(rng.choice(len(population), size=n, replace=False))]
            scores = self._score(network, candidates)
            params = self.space.describe(scores["architecture"].tolist())["params"].to_numpy(dtype=float)
            by = config.prune.partition(":")[2]
            found = choose_value(candidates, scores["accuracy"].to_numpy(), params, by)
            kept = np.ones(len(population), dtype=bool)
            if found is not None:
                kept = population[:, found[0]] == found[1]
                decision = self.space.decisions[found[0]]
                fixed = f"{decision.name}={decision.values[found[1]]}"
        self.sampler.population = population[kept]
        seconds = round(time.perf_counter() - started, 3)
        return {"remaining": int(kept.sum()), "fixed": fixed, "scored": len(candidates), "scoring_seconds": seconds}

    def _score(self, network: nn.Module, codes: np.ndarray):
        architectures = list(self.space.decode(codes))
        return score_architectures(network, architectures, self.data, self.config.space, "recalibrated")

    def state(self) -> dict[str, Tensor]:
        """Tensors for a checkpoint."""
        return {"population": torch.from_numpy(np.ascontiguousarray(self.sampler.population, dtype=np.int64))}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on where `state` was taken."""
        self.sampler.population = tensors["population"].numpy()

    def write(self, folder: Path, steps_per_epoch: int) -> None:
        """`folder`/remaining.txt: what was left in the last epochs, one architecture a line."""
        with written_atomically(folder / REMAINING) as temporary:
            temporary.write_text("".join(f"{name}\n" for name in self.space.decode(self.sampler.population)))  # type: ignore[arg-type]
