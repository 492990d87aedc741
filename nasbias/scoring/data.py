"""The images a network is scored on: the same ones for every architecture, run and engine."""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from nasbias.datasets import Images
from nasbias.errors import InputError
from nasbias.runs import Training
from nasbias.runs.data import augment, load_run_images, network_sizes
from nasbias.streams import torch_seed

BN = Literal["recalibrated", "batch", "running"]
# Recalibrated statistics are means over batches: another size is another network, by a little. So it is stated.
RECALIBRATION_BATCH = 256
# With known statistics the batch changes nothing but the time: these fit the caches (C=16 N=5: 256 take 1.1 to 1.9
# times as long, by how the allocator does; 16 take 1.1 times). A GPU wants more at once.
VALID_BATCH, VALID_BATCH_ON_GPU = 64, 256


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
    device: torch.device | str = "cpu",
    bn: BN = "recalibrated",
    images: Images | None = None,
    recalibration_batch: int = RECALIBRATION_BATCH,
    augmented: bool = False,
) -> ScoringData:
    """The first training images for recalibration and the first validation images for scoring.

    Args:
        recalibration_batch: images whose statistics are averaged; another size is another network, by a little.
        augmented: recalibrate on images cropped, flipped and cut out as in training, drawn once for all architectures
            (P2 draws anew for each, which adds noise to what is compared).
        images: the run's, where they are loaded already, on the device.
        bn: statistics of the scored batches (`batch`) are those of 256 images; else their size changes no score.

    Raises:
        InputError: a number below 1, or more images than the data set has.
    """
    images = load_run_images(config, device) if images is None else images
    valid_images = len(images.valid_y) if valid_images is None else valid_images
    recalibration_images = min(recalibration_images, len(images.train_y))
    for name, asked, there in (
        ("recalibration images", recalibration_images, len(images.train_y)),
        ("validation images", valid_images, len(images.valid_y)),
    ):
        if not 1 <= asked <= there:
            raise InputError(f"{asked} {name} asked for, {images.name} has {there:,}. Ask for 1 to {there:,}.")

    on_cpu = torch.device(device).type == "cpu"
    valid_batch = RECALIBRATION_BATCH if bn == "batch" else VALID_BATCH if on_cpu else VALID_BATCH_ON_GPU

    def normalised(x: Tensor) -> Tensor:
        return images.normalise(x).contiguous(memory_format=torch.channels_last)

    train = images.train_x[:recalibration_images]
    if augmented:
        generator = torch.Generator().manual_seed(torch_seed("recalibration", 0))
        train = augment(train, images, config, generator)
    else:
        train = normalised(train)
    valid = normalised(images.valid_x[:valid_images])
    return ScoringData(
        recalibration=list(train.split(recalibration_batch)),
        valid=list(zip(valid.split(valid_batch), images.valid_y[:valid_images].split(valid_batch))),
        sizes=network_sizes(images),
    )
