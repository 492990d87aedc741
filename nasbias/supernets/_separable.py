"""What DARTS-like networks share: depthwise separable convolutions and 3x3 poolings, the stride given at call time.

Source: DARTS, arXiv 1806.09055, and its released operations.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.supernets.nb201 import average_pool


class SeparableRound(nn.Module):
    """ReLU, depthwise k x k, pointwise, BN."""

    def __init__(self, channels: int, kernel: int, dilation: int, affine: bool, momentum: float) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.depthwise = nn.Conv2d(
            channels, channels, kernel, padding=padding, dilation=dilation, groups=channels, bias=False
        )
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels, affine=affine, momentum=momentum)

    def forward(self, x: Tensor, stride: int) -> Tensor:
        conv = self.depthwise
        x = F.conv2d(F.relu(x), conv.weight, None, stride, conv.padding, conv.dilation, conv.groups)
        return self.bn(self.pointwise(x))


class SeparableConv(nn.Module):
    """One round if dilated, else two, the stride being that of the first."""

    def __init__(self, channels: int, kernel: int, dilation: int, affine: bool, momentum: float) -> None:
        super().__init__()
        self.rounds = nn.ModuleList(
            SeparableRound(channels, kernel, dilation, affine, momentum) for _ in range(2 if dilation == 1 else 1)
        )

    def forward(self, x: Tensor, stride: int = 1) -> Tensor:
        for part in self.rounds:
            x, stride = part(x, stride), 1
        return x


def pool(x: Tensor, kind: str, stride: int = 1) -> Tensor:
    """3x3 "max" or "avg" pooling; padding does not count in averages."""
    if kind == "max":
        return F.max_pool2d(x, 3, stride, padding=1)
    pooled = average_pool(x)  # a depthwise convolution: 10 times faster than avg_pool2d on a CPU
    return pooled if stride == 1 else pooled[:, :, ::stride, ::stride]
