"""Depthwise separable convolutions as steps of a program: what the fast engines of DARTS-like spaces share."""

from dataclasses import dataclass

from torch import Tensor, nn

from nasbias.scoring.program import Program
from nasbias.supernets._separable import SeparableConv, SeparableRound, depthwise


@dataclass(frozen=True)
class Depthwise:
    """A depthwise convolution at a stride."""

    conv: nn.Conv2d
    stride: int

    def __call__(self, x: Tensor) -> Tensor:
        return depthwise(x, self.conv, self.stride)


def describe_separable(program: Program, operation: nn.Module, x: int, stride: int = 1) -> int:
    """All rounds; x is rectified once for all that read it."""
    assert isinstance(operation, SeparableConv)
    for part in operation.rounds:
        assert isinstance(part, SeparableRound)
        x = program.apply(Depthwise(part.depthwise, stride), program.relu(x))
        x, stride = program.normalise(x, [part.pointwise], part.bn), 1
    return x
