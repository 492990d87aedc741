"""The image classification task: batches of augmented images, cross entropy."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.datasets import Images
from nasbias.datasets.sending import send
from nasbias.errors import InputError
from nasbias.runs import Training
from nasbias.runs.data import augment, load_run_images, network_sizes
from nasbias.supernets import Choice
from nasbias.training.ranks import ALONE, Rank
from nasbias.training.task import Task

AUXILIARY_WEIGHT = 0.4  # of the auxiliary head's loss, where a network has one (DARTS)


class ImageTask(Task):
    """Training images on the device; an epoch is a random permutation cut into batches.

    A step takes one batch, which all its architectures see, or one for each (`Training.step_images`).
    """

    def __init__(self, config: Training, device: torch.device, rank: Rank = ALONE) -> None:
        """`rank`: this process takes its part of every batch.

        Raises:
            InputError: fewer images than a step takes, or a batch that can't be parted equally.
        """
        self.config, self.rank = config, rank
        self.device, self.images = device, load_run_images(config, device)
        self.per_step = config.per_step if config.step_images == "own" else 1
        n = len(self.images.train_y)
        self.batch_size = min(config.batch_size, n // self.per_step)
        if not self.batch_size:
            raise InputError(f"{n:,} training images are too few for {self.per_step:,} architectures a step.")
        rank.part(self.batch_size)
        in_step = self.batch_size * self.per_step
        self.steps = n // in_step
        self.examples = self.steps * self.batch_size  # of one architecture
        if config.last_batch == "keep" and n % in_step >= self.per_step:
            last = n % in_step // self.per_step
            rank.part(last)
            self.examples += last
            self.steps += 1
        self.sizes = network_sizes(self.images)

    @property
    def data(self) -> tuple[Tensor, ...]:
        images = self.images
        return images.train_x, images.train_y, images.valid_x, images.valid_y

    @property
    def loaded_images(self) -> Images:
        return self.images

    def begin_epoch(self, generator: torch.Generator) -> None:
        """Shuffle the training images."""
        order = torch.randperm(len(self.images.train_y), generator=generator)
        self.order = send(order, self.images.train_x.device)

    def loss(
        self, network: nn.Module, choice: Choice, step: int, generator: torch.Generator, number: int = 0
    ) -> Tensor:
        """Mean cross entropy of a batch of the epoch's step number `step` under its architecture `number`.

        Raises:
            InputError: one image alone, where a map of the network has one pixel: BN has nothing to normalise by.
        """
        indices = self.batch(step, number)
        x, y = augment(self.images.train_x[indices], self.images, self.config, generator), self.images.train_y[indices]
        mine = self.rank.part(len(y))  # after the augmentation, whose draws are those of the whole batch
        x, y = x[mine], y[mine]
        try:
            output = network(x, choice)
        except ValueError as error:
            if len(x) > 1 or isinstance(error, InputError):
                raise
            raise InputError(
                f"a step on one image: {error}. Give 2 or more (--batch-size, --last-batch drop)."
            ) from None
        if isinstance(output, tuple):
            logits, auxiliary = output
            return F.cross_entropy(logits, y) + AUXILIARY_WEIGHT * F.cross_entropy(auxiliary, y)
        return F.cross_entropy(output, y)

    def batch(self, step: int, number: int) -> Tensor:
        """Places of the training images that the architecture `number` of a step sees."""
        in_step = self.batch_size * self.per_step
        taken = self.order[step * in_step : (step + 1) * in_step]
        size = len(taken) // self.per_step  # a last, smaller step is shared out evenly
        return taken if self.per_step == 1 else taken[number * size : (number + 1) * size]
