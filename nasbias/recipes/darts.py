"""DARTS' CIFAR-10 space: P2's network and recipe (arXiv 2010.08219 and its code; arXiv 1806.09055)."""

from dataclasses import dataclass
from typing import Any

from nasbias.options import CHANNELS, DEPTH, PART, SHARE, check_options, option

# P2 trains on 4 GPUs, each with an architecture and 112 images of its own and a rate of .025, cuts out 16 of 32 pixels,
# validates on the test split.
RECIPE: dict[str, Any] = {
    "batch_size": 112,
    "per_step": 4,
    "step_images": "own",
    "learning_rate": 0.1,
    "nesterov": False,
    "weight_decay": 3e-4,
    "cutout": -1,
    "valid_from": "test",
}


@dataclass(frozen=True)
class Options:
    """Size and regularisation of the network; the defaults are P2's and DARTS'."""

    layers: int = option(20, "cells, two of them reductions", DEPTH)
    channels: int = option(36, "channels C of the first cells, an even number", CHANNELS)
    auxiliary: bool = option(True, "train an auxiliary head on the second reduction")
    drop_path: float = option(0.2, "drop-path probability at the end of training", PART)
    bn_momentum: float = option(0.1, "BN momentum of the running statistics", SHARE)

    __post_init__ = check_options
