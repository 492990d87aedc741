"""NATS-Bench's size space (arXiv 2009.00437): its network."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """Size and normalisation of the network; the defaults are the benchmark's."""

    unit: int = field(default=8, metadata={"help": "channels C of the narrowest width; a layer has C, 2C, ... or 8C"})
    bn_momentum: float = field(default=0.1, metadata={"help": "BN momentum of the running statistics"})
