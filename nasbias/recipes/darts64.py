"""P1's 64 architectures: its network and recipe (arXiv 2001.01431 and its released code)."""

from dataclasses import dataclass, field
from typing import Any, Literal

# P1 anneals from .025 to .001 once per epoch; here it is once per step. Its validation images are the test split.
RECIPE: dict[str, Any] = {
    "epochs": 200,
    "learning_rate": 0.025,
    "final_learning_rate": 0.001,
    "nesterov": False,
    "weight_decay": 1e-3,
    "clip": 0.0,
    "order": "cycle",
    "valid_from": "test",
}


@dataclass(frozen=True)
class Options:
    """Size and readings of the network; the defaults are those of P1's code."""

    channels: int = field(default=16, metadata={"help": "channels C in the cells; the stem has 3C"})
    cells: int = field(default=4, metadata={"help": "cells"})
    output: Literal["concat", "sum"] = field(
        default="concat", metadata={"help": "a cell's output: x1 and x2 concatenated (P1's code) or added (P1's paper)"}
    )
    dilated: Literal["dil_conv_5x5", "dil_conv_3x3"] = field(
        default="dil_conv_5x5", metadata={"help": "the fourth operation: 5x5 (P1's code) or 3x3 (P1's paper)"}
    )
    bn_momentum: float = field(default=0.4, metadata={"help": "BN momentum of the running statistics"})
