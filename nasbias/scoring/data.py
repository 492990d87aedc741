"""The images a network is scored on: the same ones for every architecture, run and engine."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from nasbias.errors import InputError
from nasbias.runs import Training
from nasbias.runs.data import load_run_images, network_sizes


@dataclass(frozen=True)
class ScoringData:
    """Batches on the device. `recalibration`: images [b, channels, h, w]; `valid`: (images, labels [b]) pairs."""

    recalibration: list[Tensor]
    valid: list[tuple[Tensor, Tensor]]
    sizes: dict[str, int] = field(default_factory=dict)  # of a network for these images, where it is to be built

    @property
    def n_valid(self) -> int:
        """Number of scored images."""
        return sum(len(labels) for _, labels in self.valid)


def load_image_data(
    config: Training,
    recalibration_images: int = 512,
    valid_images: int | None = None,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> ScoringData:
    """The first training images, unaugmented, for recalibration and the first validation images for scoring.

    Raises:
        InputError: a number below 1, or more images than the data set has.
    """
    images = load_run_images(config, device)
    valid_images = len(images.valid_y) if valid_images is None else valid_images
    recalibration_images = min(recalibration_images, len(images.train_y))
    for name, asked, there in (
        ("recalibration images", recalibration_images, len(images.train_y)),
        ("validation images", valid_images, len(images.valid_y)),
    ):
        if not 1 <= asked <= there:
            raise InputError(f"{asked} {name} asked for, {images.name} has {there:,}. Ask for 1 to {there:,}.")

    def batches(x: Tensor, n: int) -> list[Tensor]:
        whole = images.normalise(x[:n]).contiguous(memory_format=torch.channels_last)
        return list(whole.split(batch_size))

    return ScoringData(
        recalibration=batches(images.train_x, recalibration_images),
        valid=list(zip(batches(images.valid_x, valid_images), images.valid_y[:valid_images].split(batch_size))),
        sizes=network_sizes(images),
    )
