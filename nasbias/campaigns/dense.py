"""Dense scoring: all architectures after each of a run's last mini-batches (P1, GT-Tau-Mean-k and -Std-k).

With `dense_steps` k in the configuration the run folder gets `steps.parquet`, a predictions table with a `step` column.
P1 scores with the running BN statistics as they are, so that is the default here.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from nasbias.errors import InputError
from nasbias.provenance import describe_provenance
from nasbias.runs import Training
from nasbias.runs.sampling import Sampler
from nasbias.scoring import load_scoring_data, score_architectures
from nasbias.spaces import get_space
from nasbias.streams import stream
from nasbias.supernets import Choice, task_of
from nasbias.tables import check_predictions, write_parquet
from nasbias.training.task import Task

STEPS = "steps.parquet"


class DenseScores:
    """Accuracy, loss and which one was just trained, [steps, architectures], so far; part of a run's state."""

    name = "dense"

    def __init__(self, config: Training, sampler: Sampler, task: Task) -> None:
        """Scored are the architectures trained on, or `dense_sample` of them where they are more.

        Raises:
            InputError: the task is not images.
        """
        if task_of(config.space) != "images":
            raise InputError(f"--dense-steps scores image networks; {config.space} reads text.")
        self.config, space = config, get_space(config.space)
        rng = stream("dense", 0)  # the same architectures in every run
        population = sampler.population
        if population is None:
            population = space.draw(config.dense_sample, rng, config.subset)
        population = np.unique(population, axis=0)
        if len(population) > config.dense_sample:
            population = population[np.sort(rng.choice(len(population), size=config.dense_sample, replace=False))]
        self.architectures = space.decode(population)
        self.data = load_scoring_data(config, device=task.device, bn=config.dense_bn, images=task.loaded_images)
        self.rows: dict[int, np.ndarray] = {}  # step -> accuracy, loss, trained: [3, architectures]

    def after_step(self, step: int, left: int, network: nn.Module, trained: Sequence[Choice]) -> None:
        """Score, if this is one of the last `dense_steps`."""
        if left >= self.config.dense_steps:
            return
        scores = score_architectures(
            network, list(self.architectures), self.data, self.config.space, self.config.dense_bn
        )
        just = np.isin(self.architectures, get_space(self.config.space).decode(np.array(trained)))
        self.rows[step] = np.vstack([scores[["accuracy", "loss"]].to_numpy().T, just])

    def after_epoch(self, epoch: int, network: nn.Module) -> dict[str, Any]:
        """Nothing: only steps count."""
        return {}

    def state(self) -> dict[str, Tensor]:
        """Tensors for a checkpoint."""
        if not self.rows:
            return {}
        steps = sorted(self.rows)
        return {"steps": torch.tensor(steps), "scores": torch.tensor(np.stack([self.rows[step] for step in steps]))}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on where `state` was taken."""
        if tensors:
            self.rows = dict(zip(tensors["steps"].tolist(), tensors["scores"].numpy()))

    def write(self, folder: Path, steps_per_epoch: int) -> None:
        """`folder`/steps.parquet."""
        config = self.config
        tables = [
            pd.DataFrame(
                {
                    "architecture": self.architectures,
                    "step": step,
                    "epoch": (step - 1) // steps_per_epoch + 1,
                    "accuracy": accuracy,
                    "loss": loss,
                    "trained": trained > 0,
                }
            )
            for step, (accuracy, loss, trained) in sorted(self.rows.items())
        ]
        table = pd.concat(tables, ignore_index=True)
        table = table.assign(run=folder.resolve().name, seed=config.seed, bn=config.dense_bn)
        about = describe_provenance(
            run=config.identity,
            space=config.space,
            bn=config.dense_bn,
            sharing=config.sharing,
            n_valid=self.data.n_valid,
        )
        write_parquet(check_predictions(table, config.space, str(folder / STEPS), per_cent=True), folder / STEPS, about)
