"""NATS-Bench's size space (arXiv 2009.00437): its network."""

from dataclasses import dataclass

from nasbias.options import CHANNELS, SHARE, check_options, option


@dataclass(frozen=True)
class Options:
    """Size and normalisation of the network; the defaults are the benchmark's."""

    unit: int = option(8, "channels C of the narrowest width; a layer has C, 2C, ... or 8C", CHANNELS)
    bn_momentum: float = option(0.1, "BN momentum of the running statistics", SHARE)

    __post_init__ = check_options
