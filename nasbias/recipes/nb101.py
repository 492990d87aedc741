"""NAS-Bench-101's study sub-space: the benchmark's network (arXiv 1902.09635), P2's recipe (arXiv 2010.08219)."""

from dataclasses import dataclass
from typing import Any

from nasbias.options import CHANNELS, DEPTH, SHARE, Bounds, check_options, option

RECIPE: dict[str, Any] = {"weight_decay": 1e-4, "nesterov": False}


@dataclass(frozen=True)
class Options:
    """Size and normalisation of the network; the defaults are the benchmark's and P2's."""

    channels: int = option(128, "channels C of the first stack, an even number", CHANNELS)
    stacks: int = option(3, "stacks, each with twice the channels of the one before", Bounds(least=1, most=8))
    cells: int = option(3, "cells in each stack", DEPTH)
    bn_momentum: float = option(
        0.003, "BN momentum of the running statistics; fewer than 1,000 steps alone need 0.1", SHARE
    )

    __post_init__ = check_options
