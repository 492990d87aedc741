"""Networks and images for the proxies: one stand-alone network an architecture, one untrained supernet. Needs torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from nasbias.datasets import load_images
from nasbias.errors import InputError
from nasbias.proxies import Probing
from nasbias.proxies.measures import MEASURES
from nasbias.proxies.probe import Probe
from nasbias.runs.data import network_sizes
from nasbias.scoring import ScoringData, score_architectures
from nasbias.spaces import Space
from nasbias.streams import torch_seed
from nasbias.supernets import build_supernet, standalone_network


class Bench:
    """The batch, and how a network of the space is built for it."""

    def __init__(self, space: Space, options: Probing, network: Any) -> None:
        """Raises:
        InputError: no such data set, or fewer images than asked for.
        """
        images = load_images(options.dataset, resolution=options.resolution, seed=options.split_seed)
        for name in ("batch_size", "untrained_images"):
            asked = getattr(options, name)
            if not 2 <= asked <= len(images.train_y):
                raise InputError(
                    f"{name} is {asked:,}; {images.name} has {len(images.train_y):,} training images, 2 are needed."
                )
        self.space, self.options, self.network = space, options, network
        self.sizes = network_sizes(images)
        x = images.normalise(images.train_x[: max(options.batch_size, options.untrained_images)])
        x = x.contiguous(memory_format=torch.channels_last)
        self.x, self.y = x[: options.batch_size], images.train_y[: options.batch_size]
        y = images.train_y[: options.untrained_images]
        scored = x[: options.untrained_images]
        self.data = ScoringData([scored], [(scored, y)], self.sizes)
        self._supernet: Any = None

    def measure(self, architecture: str) -> dict[str, float]:
        """Every wanted proxy of one architecture's stand-alone network; the same first weights every time."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed("weights", self.options.seed))
            network = standalone_network(self.space.name, architecture, self.network, **self.sizes)
        network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        choice = self.space.encode([architecture])[0].tolist()
        probe = Probe(network, choice, self.x, self.y)
        generator = torch.Generator().manual_seed(torch_seed("data", self.options.seed))
        return {name: MEASURES[name](probe, generator) for name in self.options.wanted}

    def score_untrained(self, architectures: Sequence[str]) -> dict[str, np.ndarray]:
        """`untrained_accuracy` [n] in per cent and `untrained_loss` [n] under a supernet's first weights."""
        if self._supernet is None:
            inputs, classes = self.sizes["inputs"], self.sizes["classes"]
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(torch_seed("weights", self.options.seed))
                supernet: Any = build_supernet(self.space.name, self.network, inputs=inputs, classes=classes)
            self._supernet = supernet.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        scores = score_architectures(self._supernet, list(architectures), self.data, self.space.name)
        return {f"untrained_{name}": scores[name].to_numpy(float) for name in ("accuracy", "loss")}
