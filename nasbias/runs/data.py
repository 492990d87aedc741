"""What a run is trained and scored on, split and cut as its configuration says."""

import torch
from torch import Tensor

from nasbias.datasets import Images, load_images
from nasbias.datasets.augment import cutout, random_crop, random_flip
from nasbias.datasets.indices import read_indices
from nasbias.datasets.text import Text
from nasbias.errors import InputError
from nasbias.runs.config import Training

EVALUATION_COLUMNS = 10  # of validation text: P2's batch size when it evaluates


def load_run_images(config: Training, device: torch.device | str) -> Images:
    """The images of a run, split as its configuration says."""
    return load_images(
        config.dataset,
        resolution=config.resolution,
        train_size=config.train_size,
        valid_size=config.valid_size,
        valid=config.valid_from,
        valid_indices=None if config.valid_indices is None else read_indices(config.valid_indices),
        seed=config.split_seed,
        device=device,
    )


def network_sizes(images: Images) -> dict[str, int]:
    """What a network for these images takes and gives: `inputs` and `classes` of `build_supernet`."""
    return {"inputs": images.channels, "classes": len(images.classes)}


def augment(x: Tensor, images: Images, config: Training, generator: torch.Generator) -> Tensor:
    """uint8 images [n, channels, height, width] cropped, flipped, normalised and cut out as a run is trained on them:
    float32, channels_last."""
    if config.crop:
        x = random_crop(x, config.crop, generator)
    if config.flip:
        x = random_flip(x, generator)
    x = images.normalise(x, memory_format=torch.channels_last)
    side = config.cutout if config.cutout >= 0 else x.shape[-1] // 2
    return cutout(x, side, generator) if side else x


def sized(text: Text, config: Training) -> tuple[Tensor, Tensor]:
    """The first `train_size` words of the training text and the first `valid_size` of the validation text.

    Raises:
        InputError: more words than there are, or none.
    """
    parts = []
    for split, size in (("train", config.train_size), ("valid", config.valid_size)):
        words = getattr(text, split)
        if size is not None and not 1 <= size <= len(words):
            raise InputError(f"{split}_size is {size:,}, but {text.name} has {len(words):,} words there.")
        parts.append(words[:size])
    return parts[0], parts[1]
