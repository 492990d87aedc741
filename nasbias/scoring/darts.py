"""Fast scoring of DARTS' networks: equal to the plain engine (1e-4).

Shared are the stem, both inputs of the first cell and what slots of the first cells have in common; BN with known
statistics is folded; a halving of the image, two strided convolutions side by side, is one 2x2 convolution
(`nasbias.scoring.program`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from nasbias.scoring import program
from nasbias.scoring._separable import describe_separable
from nasbias.scoring.data import BN, ScoringData
from nasbias.scoring.folding import Unit, stack
from nasbias.scoring.program import Classify, Program
from nasbias.spaces.darts import OPERATIONS
from nasbias.supernets import Choice
from nasbias.supernets._separable import SeparableConv, pool
from nasbias.supernets.darts import POOL, SLOTS, Cell, FactorizedReduce, Network, check_side, part_of
from nasbias.supernets.nb201 import ReLUConvBN


def describe(network: Network, choice: Choice, program: Program) -> int:
    """An architecture's logits."""
    s0 = s1 = program.normalise_each(0, network.stem)
    for cell in network.cells:
        assert isinstance(cell, Cell)
        s0, s1 = s1, _describe_cell(program, cell, s0, s1, part_of(choice, cell.is_reduction))
    return program.apply(Classify(network.classifier), s1)


def _describe_cell(program: Program, cell: Cell, s0: int, s1: int, choice: Sequence[int]) -> int:
    states = [_preprocess(program, cell.preprocess0, s0), _preprocess(program, cell.preprocess1, s1)]
    for slot in range(0, SLOTS, 2):
        states.append(program.add(*(_operate(program, cell, k, choice, states) for k in (slot, slot + 1))))
    return program.concatenate(*states[2:])


def _operate(program: Program, cell: Cell, slot: int, choice: Sequence[int], states: Sequence[int]) -> int:
    source, name = choice[2 * slot], OPERATIONS[choice[2 * slot + 1]]
    x, stride = states[source], cell.stride_from(source)
    if name in POOL:
        return program.apply(Pool(POOL[name], stride), x)
    if name == "skip_connect" and stride == 1:
        return x
    operation = cell.get_submodule(f"slots.{slot}.{name}")
    if isinstance(operation, SeparableConv):
        return describe_separable(program, operation, x, stride)
    return _preprocess(program, operation, x)


def _preprocess(program: Program, module: nn.Module, x: int) -> int:
    rectified = program.relu(x)
    if isinstance(module, FactorizedReduce):
        return program.unit(rectified, module, lambda: _halving(module))
    assert isinstance(module, ReLUConvBN)
    return program.normalise(rectified, [module.conv], module.bn)


def _halving(module: FactorizedReduce) -> Unit:
    """Its two strided 1x1 convolutions, the second one pixel further, as corners of a 2x2 kernel."""
    first, second = module.conv_1, module.conv_2
    whole = nn.Conv2d(first.in_channels, first.out_channels + second.out_channels, 2, stride=2, bias=False)
    weight = torch.zeros_like(whole.weight, device=first.weight.device)
    weight[: first.out_channels, :, :1, :1] = first.weight
    weight[first.out_channels :, :, 1:, 1:] = second.weight
    whole.weight = nn.Parameter(weight, requires_grad=False)
    return stack([whole], [module.bn])


@dataclass(frozen=True)
class Engine(program.Engine):
    """As any; images that can't be halved twice are refused."""

    def __call__(
        self, network: nn.Module, choices: Sequence[Choice], data: ScoringData, bn: BN
    ) -> dict[str, np.ndarray]:
        """
        Raises:
            InputError: such images.
        """
        check_side(data.valid[0][0].shape[-1])
        return super().__call__(network, choices, data, bn)


@dataclass(frozen=True)
class Pool:
    """3x3 pooling at a stride."""

    kind: str
    stride: int

    def __call__(self, x: Tensor) -> Tensor:
        if self.kind == "max" and self.stride == 1:
            return program.max_pool(x)
        return pool(x, self.kind, self.stride).contiguous(memory_format=torch.channels_last)


ENGINES = {"fast": Engine(describe)}
