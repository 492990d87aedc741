"""DARTS' CIFAR-10 space: P2's network and recipe (arXiv 2010.08219 and its code; arXiv 1806.09055)."""

from dataclasses import dataclass, field
from typing import Any

# P2 trains on 4 GPUs with 112 images and a rate of .025 each, cuts out 16 of 32 pixels, validates on the test split.
RECIPE: dict[str, Any] = {
    "batch_size": 448,
    "learning_rate": 0.1,
    "nesterov": False,
    "weight_decay": 3e-4,
    "cutout": -1,
    "valid_from": "test",
}


@dataclass(frozen=True)
class Options:
    """Size and regularisation of the network; the defaults are P2's and DARTS'."""

    layers: int = field(default=20, metadata={"help": "cells, two of them reductions"})
    channels: int = field(default=36, metadata={"help": "channels C of the first cells, an even number"})
    auxiliary: bool = field(default=True, metadata={"help": "train an auxiliary head on the second reduction"})
    drop_path: float = field(default=0.2, metadata={"help": "drop-path probability at the end of training"})
    bn_momentum: float = field(default=0.1, metadata={"help": "BN momentum of the running statistics"})
