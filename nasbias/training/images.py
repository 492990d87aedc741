"""The image classification task: batches of augmented images, cross entropy."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.datasets import Images
from nasbias.datasets.augment import cutout, random_crop, random_flip
from nasbias.runs import Training
from nasbias.runs.data import load_run_images, network_sizes
from nasbias.supernets import Choice
from nasbias.training.ranks import ALONE, Rank
from nasbias.training.task import Task

AUXILIARY_WEIGHT = 0.4  # of the auxiliary head's loss, where a network has one (DARTS)


class ImageTask(Task):
    """Training images on the device; an epoch is a random permutation cut into whole batches."""

    def __init__(self, config: Training, device: torch.device, rank: Rank = ALONE) -> None:
        """`rank`: this process takes its part of every batch.

        Raises:
            InputError: a batch can't be parted equally.
        """
        self.config = config
        self.device, self.images = device, load_run_images(config, device)
        self.batch_size = min(config.batch_size, len(self.images.train_y))
        self.part = rank.part(self.batch_size)
        self.steps = len(self.images.train_y) // self.batch_size
        self.examples = self.steps * self.batch_size
        self.cutout = config.cutout if config.cutout >= 0 else self.images.train_x.shape[-1] // 2
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
        self.order = order.to(self.images.train_x.device)

    def loss(self, network: nn.Module, choice: Choice, step: int, generator: torch.Generator) -> Tensor:
        """Mean cross entropy of the epoch's batch number `step` under one architecture."""
        indices = self.order[step * self.batch_size : (step + 1) * self.batch_size]
        x, y = self.augment(self.images.train_x[indices], generator), self.images.train_y[indices]
        x, y = x[self.part], y[self.part]  # after the augmentation, whose draws are those of the whole batch
        output = network(x, choice)
        if isinstance(output, tuple):
            logits, auxiliary = output
            return F.cross_entropy(logits, y) + AUXILIARY_WEIGHT * F.cross_entropy(auxiliary, y)
        return F.cross_entropy(output, y)

    def augment(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Normalised float images [n, channels, height, width], channels_last, of uint8 ones."""
        if self.config.crop:
            x = random_crop(x, self.config.crop, generator)
        if self.config.flip:
            x = random_flip(x, generator)
        x = self.images.normalise(x, memory_format=torch.channels_last)
        return cutout(x, self.cutout, generator) if self.cutout else x
