"""BN in scoring: convolutions together with the BN behind them, whose statistics are those of whoever asks.

A `Unit` is a convolution and its BN; a `Layer` says where the statistics come from. What has known statistics is one
convolution, the BN folded into its kernel. An owner is a place in an architecture; equal owners have equal statistics.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.scoring.data import BN


@dataclass(frozen=True, eq=False)
class Unit:
    """A convolution (or none) and the BN after it; several of one node stacked along the outputs."""

    weight: Tensor | None
    gamma: Tensor
    beta: Tensor
    mean: Tensor
    variance: Tensor
    eps: float
    stride: int = 1
    padding: int = 0

    def folded(self, mean: Tensor, variance: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        """Kernel times scale, scale, and shift, for given statistics."""
        scale = self.gamma * (variance + self.eps).rsqrt_()
        weight = None if self.weight is None else self.weight * scale.view(-1, 1, 1, 1)
        return weight, scale, torch.addcmul(self.beta, mean, scale, value=-1)


def stack(convolutions: Sequence[nn.Conv2d], norms: Sequence[nn.BatchNorm2d]) -> Unit:
    def together(name: str, default: float) -> Tensor:
        parts: list[Tensor] = []
        for norm in norms:
            part, like = getattr(norm, name), norm.running_mean
            assert like is not None
            parts.append(torch.full_like(like, default) if part is None else part.detach())
        return torch.cat(parts)

    weight, stride, padding = None, 1, 0
    if convolutions:
        weight = torch.cat([module.weight.detach() for module in convolutions])
        weight = weight.contiguous(memory_format=torch.channels_last)
        stride, sides = convolutions[0].stride[0], convolutions[0].padding
        assert not isinstance(sides, str)  # "same" is a word of torch's, none of this network's
        padding = sides[0]
    return Unit(
        weight,
        together("weight", 1.0),
        together("bias", 0.0),
        together("running_mean", 0.0),
        together("running_var", 1.0),
        norms[0].eps,
        stride,
        padding,
    )


Statistics = dict[tuple[Hashable, Unit], tuple[Tensor, Tensor]]


class Layer:
    """How BN is done: `convolve` applies a unit, `normalise` one without a convolution; `owner` has the statistics."""

    def convolve(self, x: Tensor, unit: Unit, owner: Hashable) -> Tensor:
        assert unit.weight is not None
        return self.normalise(F.conv2d(x, unit.weight, None, unit.stride, unit.padding), unit, owner)

    def normalise(self, x: Tensor, unit: Unit, owner: Hashable) -> Tensor:
        raise NotImplementedError


class Batch(Layer):
    """Statistics of the images at hand."""

    def normalise(self, x: Tensor, unit: Unit, owner: Hashable) -> Tensor:
        return F.batch_norm(x, None, None, unit.gamma, unit.beta, True, 0.0, unit.eps)


class Recalibrating(Layer):
    """Statistics of the images at hand, averaged into the owner's."""

    def __init__(self, statistics: Statistics, momentum: float) -> None:
        self.statistics, self.momentum = statistics, momentum

    def normalise(self, x: Tensor, unit: Unit, owner: Hashable) -> Tensor:
        key = (owner, unit)
        if key not in self.statistics:
            self.statistics[key] = (torch.zeros_like(unit.beta), torch.zeros_like(unit.beta))
        mean, variance = self.statistics[key]
        return F.batch_norm(x, mean, variance, unit.gamma, unit.beta, True, self.momentum, unit.eps)


class Recalibrated(Layer):
    """The owner's statistics, folded into the kernel."""

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics

    def _folded(self, unit: Unit, owner: Hashable) -> tuple[Tensor | None, Tensor, Tensor]:
        return unit.folded(*self.statistics[owner, unit])

    def convolve(self, x: Tensor, unit: Unit, owner: Hashable) -> Tensor:
        weight, _, shift = self._folded(unit, owner)
        assert weight is not None
        return F.conv2d(x, weight, shift, unit.stride, unit.padding)

    def normalise(self, x: Tensor, unit: Unit, owner: Hashable) -> Tensor:
        _, scale, shift = self._folded(unit, owner)
        return torch.addcmul(shift.view(-1, 1, 1), x, scale.view(-1, 1, 1))


class Running(Recalibrated):
    """The statistics of training, folded once."""

    def __init__(self) -> None:
        self.kept: dict[Unit, tuple[Tensor | None, Tensor, Tensor]] = {}

    def _folded(self, unit: Unit, owner: Hashable) -> tuple[Tensor | None, Tensor, Tensor]:
        if unit not in self.kept:
            self.kept[unit] = unit.folded(unit.mean, unit.variance)
        return self.kept[unit]


def layer_of(bn: BN, statistics: Statistics) -> Layer:
    """What scores images, once recalibrated `statistics` are there where they are wanted."""
    return {"recalibrated": Recalibrated(statistics), "running": Running(), "batch": Batch()}[bn]
