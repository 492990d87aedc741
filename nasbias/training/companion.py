"""What goes along with a training: scoring after its last steps, pruning between its epochs.

The loop calls it and keeps its state in checkpoints. It knows nothing of scoring: companions are made above it, by
`nasbias.campaigns`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from nasbias.errors import InputError
from nasbias.runs import Training
from nasbias.runs.sampling import Sampler
from nasbias.supernets import Choice
from nasbias.training.task import Task


class Companion(Protocol):
    """Called after every step and epoch; a run that is resumed restores it with the rest."""

    name: str  # of its tensors in a checkpoint

    def after_step(self, step: int, left: int, network: nn.Module, trained: Sequence[Choice]) -> None:
        """After step `step` (1 = the first of the run), which trained these architectures; `left` are to come."""

    def after_epoch(self, epoch: int, network: nn.Module) -> dict[str, Any]:
        """Called when `epoch` is finished; returns more entries for its log record."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Tensors for a checkpoint."""
        ...

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on where `state` was taken."""

    def write(self, folder: Path, steps_per_epoch: int) -> None:
        """Leave the result in the run's folder, when the last epoch is finished."""


MakeCompanions = Callable[[Training, Sampler, Task], list[Companion]]


def no_companions(config: Training, sampler: Sampler, task: Task) -> list[Companion]:
    """
    Raises:
        InputError: the configuration asks for some.
    """
    if config.dense_steps or config.prune != "none":
        raise InputError("dense_steps and prune score while they train: use nasbias.campaigns.train_run.")
    return []
