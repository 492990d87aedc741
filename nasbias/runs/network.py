"""The network of a configuration, and the order in which its architectures are trained."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from nasbias.errors import InputError
from nasbias.matching import read_truth_column
from nasbias.runs.choosing import list_architectures
from nasbias.runs.config import Training
from nasbias.runs.sampling import Sampler
from nasbias.spaces import get_space
from nasbias.streams import stream, torch_seed
from nasbias.supernets import build_supernet, options_from
from nasbias.supernets.sharing import share
from nasbias.tables import join_keys


def make_network(config: Training, sizes: dict[str, int]) -> nn.Module:
    """A run's network before training, channels_last; its weights hang on the seed of the stream `weights` alone.

    Raises:
        InputError: the sharing plan does not fit the space or its list of architectures.
    """
    space = get_space(config.space)
    options = options_from(config.space, config.network)
    choices: np.ndarray | None = None
    if config.standalone:
        if config.sharing != "all":
            raise InputError(f"sharing plan {config.sharing!r} is for supernets, not for an architecture alone.")
        choices = space.encode([space.parse(config.standalone)])
    elif config.sharing != "all":
        choices = make_sampler(config).population

    def build(allowed: Sequence[Sequence[int]] | None) -> nn.Module:
        return build_supernet(config.space, options, allowed=allowed, **sizes)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed("weights", config.seed_of("weights")))
        if config.standalone and choices is not None:
            network = build([(value,) for value in choices[0].tolist()])
        else:
            network = share(config.sharing, config.space, choices, build, lambda given: _truth_of(config.space, given))
    return network.to(memory_format=torch.channels_last)


def _truth_of(space: str, architectures: list[str]) -> np.ndarray:
    """The best truth present [n], higher = better.

    Raises:
        InputError: some have none.
    """
    known = read_truth_column(None, space)
    place = pd.Index(known.keys).get_indexer(pd.Index(join_keys(space, architectures)))
    if (place < 0).any():
        raise InputError(
            f"{(place < 0).sum():,} of {len(architectures):,} architectures have no truth in {known.name}, so they "
            f"can't be sorted by it. List those that have with --architectures."
        )
    return known.sign * known.value[place]


def make_sampler(config: Training, rng: np.random.Generator | None = None) -> Sampler:
    """The order in which a run trains its architectures; `rng` in place of the run's own stream `order`."""
    space = get_space(config.space)
    only: np.ndarray | None = None
    if config.standalone:
        only = space.encode([space.parse(config.standalone)])
    elif config.architectures:
        only = space.encode(list_architectures(config.architectures, space))
    rng = stream("order", config.seed_of("order")) if rng is None else rng
    return Sampler(space, config.order, config.per_step, rng, config.subset, only)
