"""P1's 64 architectures: its network and recipe (arXiv 2001.01431 and its released code)."""

from dataclasses import dataclass
from typing import Any, Literal

from nasbias.options import CHANNELS, DEPTH, SHARE, check_options, option

# P1 anneals from .025 to .001 once per epoch; here it is once per step. Its validation images are the test split.
RECIPE: dict[str, Any] = {
    "epochs": 200,
    "learning_rate": 0.025,
    "final_learning_rate": 0.001,
    "nesterov": False,
    "weight_decay": 1e-3,
    "clip": 0.0,
    "order": "cycle",
    "last_batch": "keep",
    "valid_from": "test",
}


@dataclass(frozen=True)
class Options:
    """Size and readings of the network; the defaults are those of P1's code."""

    channels: int = option(16, "channels C in the cells; the stem has 3C", CHANNELS)
    cells: int = option(4, "cells", DEPTH)
    output: Literal["concat", "sum"] = option(
        "concat", "a cell's output: x1 and x2 concatenated (P1's code) or added (P1's paper)"
    )
    dilated: Literal["dil_conv_5x5", "dil_conv_3x3"] = option(
        "dil_conv_5x5", "the fourth operation: 5x5 (P1's code) or 3x3 (P1's paper)"
    )
    bn_momentum: float = option(0.4, "BN momentum of the running statistics", SHARE)

    __post_init__ = check_options
