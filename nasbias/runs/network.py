"""The network of a configuration, and the order in which its architectures are trained."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


def make_network(config: Training, sizes: dict[str, int], copies: int = 1) -> nn.Module:
    """A run's network before training, channels_last; its weights hang on the seed of the stream `weights` alone.

    Args:
        copies: how often memory must hold each weight; 3 to train it: with its gradient and its momentum.

    Raises:
        InputError: the sharing plan does not fit the space or its list of architectures, or the network is larger than
            this machine's memory; it is not built then.
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

    build = _Builder(config.space, options, sizes, copies)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed("weights", config.seed_of("weights")))
        if config.standalone and choices is not None:
            network = build([(value,) for value in choices[0].tolist()])
        else:
            network = share(config.sharing, config.space, choices, build, lambda given: _truth_of(config.space, given))
    return network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] torch documents it, untyped


class _Builder:
    """Builds a run's networks while memory holds them: the first is built without memory before, to see its size."""

    def __init__(self, space: str, options: Any, sizes: dict[str, int], copies: int) -> None:
        self.space, self.options, self.sizes, self.copies = space, options, sizes, copies
        self.held, self.last = 0, 0  # bytes of all networks so far and of the last one

    def __call__(self, allowed: Sequence[Sequence[int]] | None) -> nn.Module:
        if not self.last:
            with torch.device("meta"):
                self.last = count_bytes(self._build(allowed))
        self._refuse_too_large(self.held + self.last)
        network = self._build(allowed)
        self.last = count_bytes(network)
        self.held += self.last
        return network

    def _build(self, allowed: Sequence[Sequence[int]] | None) -> nn.Module:
        return build_supernet(self.space, self.options, allowed=allowed, **self.sizes)

    def _refuse_too_large(self, n_bytes: int) -> None:
        needed, there = self.copies * n_bytes / 1e9, total_memory() / 1e9
        if needed > there:
            parts = "weights, gradients and momentum" if self.copies > 1 else "weights"
            raise InputError(
                f"the network's {parts} alone would take {needed:,.1f} GB of this machine's {there:,.1f} GB. Ask for a "
                f"smaller one (its options: python -m nasbias.train --space {self.space} --help) or for fewer groups."
            )


def count_bytes(network: nn.Module) -> int:
    """What a network's weights take."""
    return sum(parameter.numel() * parameter.element_size() for parameter in network.parameters())


def total_memory() -> int:
    """Bytes that this process could have at most: the machine's, or the limit of its control group."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")] if hasattr(os, "sysconf") else []
    with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
        limits.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return min(limits, default=1 << 62)


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
