"""NAS-Bench-201: the benchmark's network (arXiv 2001.00326), P2's protocol (arXiv 2010.08219)."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """Size and normalisation of the network; the defaults are the benchmark's."""

    channels: int = field(default=16, metadata={"help": "channels C of the first stage"})
    cells: int = field(default=5, metadata={"help": "cells N in each of the three stages"})
    affine: bool = field(default=True, metadata={"help": "learn BN scale and shift in the cells"})
    bn_momentum: float = field(default=0.1, metadata={"help": "BN momentum of the running statistics"})
