"""What DARTS-like networks share: depthwise separable convolutions and 3x3 poolings, the stride given at call time.

Source: DARTS, arXiv 1806.09055, and its released operations.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.supernets._pointwise import Pointwise
from nasbias.supernets.nb201 import average_pool


class SeparableRound(nn.Module):
    """ReLU, depthwise k x k, pointwise, BN."""

    def __init__(self, channels: int, kernel: int, dilation: int, affine: bool, momentum: float) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.depthwise = nn.Conv2d(
            channels, channels, kernel, padding=padding, dilation=dilation, groups=channels, bias=False
        )
        self.pointwise = Pointwise(channels, channels)
        self.bn = nn.BatchNorm2d(channels, affine=affine, momentum=momentum)

    def forward(self, x: Tensor, stride: int) -> Tensor:
        return self.bn(self.pointwise(depthwise(F.relu(x), self.depthwise, stride)))


def depthwise(x: Tensor, conv: nn.Conv2d, stride: int) -> Tensor:
    """`conv`, depthwise, at another stride: the same sums, on a CPU without oneDNN's slow cases.

    With dilation 2 a pixel only meets pixels that are an even number of rows and columns away. So at stride 2 the
    convolution is an undilated one of every second pixel (3 to 8 times faster, forward and backward), at stride 1 four
    of them, side by side (1.5 to 2.7 times, where the dilated kernel is as large as the image; slower elsewhere).
    """
    kernel, dilation, side = conv.kernel_size[0], conv.dilation[0], max(x.shape[-2:])
    even = not (x.shape[-2] % 2 or x.shape[-1] % 2)
    if dilation == 2 and stride == 2 and even:
        every_second = x[:, :, ::2, ::2].contiguous(memory_format=torch.channels_last)
        return F.conv2d(every_second, conv.weight, None, 1, kernel // 2, 1, conv.groups)
    if dilation == 2 and stride == 1 and even and side <= (4 if kernel == 3 else 8) and x.device.type == "cpu":
        n, c, h, w = x.shape
        parts = x.view(n, c, h // 2, 2, w // 2, 2).permute(3, 5, 0, 2, 4, 1).reshape(4 * n, h // 2, w // 2, c)
        parts = F.conv2d(parts.permute(0, 3, 1, 2), conv.weight, None, 1, kernel // 2, 1, conv.groups)
        parts = parts.permute(0, 2, 3, 1).reshape(2, 2, n, h // 2, w // 2, c)
        return parts.permute(2, 3, 0, 4, 1, 5).reshape(n, h, w, c).permute(0, 3, 1, 2)
    return F.conv2d(x, conv.weight, None, stride, conv.padding, dilation, conv.groups)


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
