"""What trains and scores in one go: dense scoring, pruning while training, fine-tuning, a ground truth of one's own.

Training and scoring do not know each other; this room stands on both. `train_run` is `nasbias.training.train` with the
companions that a configuration asks for. Needs torch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nasbias.campaigns.dense import DenseScores
from nasbias.campaigns.pruner import Pruner
from nasbias.runs import RunFolder, Training
from nasbias.runs.sampling import Sampler
from nasbias.training import Pace, train
from nasbias.training.companion import Companion
from nasbias.training.task import Task

__all__ = ["companions_of", "train_run"]


def companions_of(config: Training, sampler: Sampler, task: Task) -> list[Companion]:
    """Dense scoring and pruning, as far as the configuration asks for them."""
    companions: list[Companion] = []
    if config.dense_steps:
        companions.append(DenseScores(config, sampler, task))
    if config.prune != "none":
        companions.append(Pruner(config, sampler, task))
    return companions


def train_run(
    config: Training,
    out: str | Path,
    report: Callable[[dict[str, Any]], None] | None = None,
    stop_after: int | None = None,
    watch: Callable[[Pace], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> RunFolder:
    """As `nasbias.training.train`, with what the configuration asks for beside the training itself."""
    return train(config, out, report, stop_after, companions_of, watch, stop)
