"""The reference engine: one architecture after the other, each through the network's own modules.

Works for every image network of `nasbias.supernets`; what other engines compute must equal it (1e-4). BN modes: P2's
recalibration re-estimates the statistics per architecture, as the cumulative average of batch mean and (unbiased)
variance over the recalibration batches (arXiv 2010.08219, released code); `running` keeps those of training; `batch`
uses the statistics of each scored batch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from nasbias.scoring.data import BN, ScoringData
from nasbias.supernets import Choice


@torch.inference_mode()
def score(network: nn.Module, choices: Sequence[Choice], data: ScoringData, bn: BN) -> dict[str, np.ndarray]:
    """`accuracy` [n] in per cent and `loss` [n], mean cross entropy in nats, of n architectures; the network is left as
    it was."""
    forward = getattr(network, "plain", network)
    correct, loss = np.zeros(len(choices)), np.zeros(len(choices))
    with _borrowed_statistics(network) as layers:
        for i, choice in enumerate(choices):
            if bn == "recalibrated":
                _recalibrate(layers, [partial(forward, x, choice) for x in data.recalibration])
            _train_only(layers, bn == "batch")
            for x, y in data.valid:
                logits = forward(x, choice)
                correct[i] += (logits.argmax(1) == y).sum().item()
                loss[i] += F.cross_entropy(logits, y, reduction="sum").item()
    return {"accuracy": 100 * correct / data.n_valid, "loss": loss / data.n_valid}


@contextmanager
def _borrowed_statistics(network: nn.Module) -> Iterator[list[_BatchNorm]]:
    """The network in eval mode and its BN layers; statistics, momenta and modes are put back at the end."""
    layers = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    modes = {module: module.training for module in network.modules()}
    momenta = [layer.momentum for layer in layers]
    buffers = [(buffer, buffer.clone()) for layer in layers for buffer in layer.buffers()]
    network.eval()
    try:
        yield layers
    finally:
        for layer, momentum in zip(layers, momenta):
            layer.momentum = momentum
        for buffer, before in buffers:
            buffer.copy_(before)
        for module, mode in modes.items():
            module.training = mode


def _recalibrate(layers: Sequence[_BatchNorm], passes: Sequence[Callable[[], object]]) -> None:
    """Running statistics that are the mean over the batches of these passes."""
    _train_only(layers, True)
    for k, go in enumerate(passes):
        for layer in layers:
            layer.momentum = 1 / (k + 1)
        go()


def _train_only(layers: Sequence[_BatchNorm], training: bool) -> None:
    for layer in layers:
        layer.training = training
