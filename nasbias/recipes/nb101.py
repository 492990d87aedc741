"""NAS-Bench-101's study sub-space: the benchmark's network (arXiv 1902.09635), P2's recipe (arXiv 2010.08219)."""

from dataclasses import dataclass, field
from typing import Any

RECIPE: dict[str, Any] = {"weight_decay": 1e-4, "nesterov": False}


@dataclass(frozen=True)
class Options:
    """Size and normalisation of the network; the defaults are the benchmark's and P2's."""

    channels: int = field(default=128, metadata={"help": "channels C of the first stack, an even number"})
    stacks: int = field(default=3, metadata={"help": "stacks, each with twice the channels of the one before"})
    cells: int = field(default=3, metadata={"help": "cells in each stack"})
    bn_momentum: float = field(
        default=0.003, metadata={"help": "BN momentum of the running statistics; fewer than 1,000 steps alone need 0.1"}
    )
