"""What the loop asks of a task: data, loss, and a word after every step and epoch."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from nasbias.datasets import Images
from nasbias.supernets import Choice


class Task:
    """The data and the loss of a run; images and text are its two kinds. What most tasks don't need has a default."""

    unit = "images"
    steps: int  # of the epoch that has begun
    examples: int  # images or words that one architecture sees in that epoch
    sizes: dict[str, int]  # `inputs` and `classes` of the network
    device: torch.device  # where its data are

    @property
    def data(self) -> tuple[Tensor, ...]:
        """What is trained and validated on, as it is on the device."""
        raise NotImplementedError

    @property
    def can_go_back(self) -> bool:
        """Whether a loss that is no number is mended at the end of the epoch, and so ends no run."""
        return False

    @property
    def loaded_images(self) -> Images | None:
        """Those of an image task: what else looks at them need not load them again."""
        return None

    def begin_epoch(self, generator: torch.Generator) -> None:
        """Put the epoch's data in order."""
        raise NotImplementedError

    def loss(
        self, network: nn.Module, choice: Choice, step: int, generator: torch.Generator, number: int = 0
    ) -> Tensor:
        """What the epoch's step number `step` minimises, under its architecture `number`, `choice`."""
        raise NotImplementedError

    def rate_scale(self, step: int) -> float:
        """Factor of the learning rate in that step."""
        return 1.0

    def after_step(self, network: nn.Module) -> None:
        """Called when the weights have moved."""

    def within_epoch(self) -> dict[str, Tensor]:
        """Tensors that going on after the steps so far of this epoch needs, beside the epoch's own data."""
        return {}

    def restore_within(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Go on after so many steps of the epoch that has begun, where `within_epoch` was taken."""

    def end_epoch(self, network: nn.Module, epoch: int, loss: float) -> dict[str, Any]:
        """Called with the epoch's mean loss; returns more entries for its log record.

        Raises:
            FloatingPointError: what is not finite, and can't be mended.
        """
        if not math.isfinite(loss):
            raise FloatingPointError(f"the training loss is {loss}")
        return {}

    def weights(self, network: nn.Module) -> dict[str, Tensor]:
        """The weights by which a checkpoint is to be judged."""
        return network.state_dict()

    def state(self, network: nn.Module) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Tensors and JSON that resuming needs beside `weights`."""
        return {}, {}

    def restore(self, network: nn.Module, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Go on where `state` was taken; the network holds `weights`."""
