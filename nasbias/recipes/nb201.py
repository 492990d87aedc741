"""NAS-Bench-201: the benchmark's network (arXiv 2001.00326), P2's protocol (arXiv 2010.08219)."""

from dataclasses import dataclass

from nasbias.options import CHANNELS, DEPTH, SHARE, check_options, option


@dataclass(frozen=True)
class Options:
    """Size and normalisation of the network; the defaults are the benchmark's."""

    channels: int = option(16, "channels C of the first stage", CHANNELS)
    cells: int = option(5, "cells N in each of the three stages", DEPTH)
    affine: bool = option(True, "learn BN scale and shift in the cells")
    bn_momentum: float = option(0.1, "BN momentum of the running statistics", SHARE)

    __post_init__ = check_options
