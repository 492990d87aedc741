"""P1's network of its 64 architectures (arXiv 2001.01431 and its released code), as supernet or stand-alone.

Two 3x3 convolutions to 3C channels; four cells, the same code in each, weights per cell, no reduction; global average
pooling, linear. In a cell x0 is a 1x1 ReLU-conv-BN of the cell's input, x1 = O01(x0), x2 = O02(x0) + O12(x1). BN in
cells has no scale and shift. Where paper and code differ both readings are options: the cell's output and the kernel of
the dilated convolution.

Scoring has a fast path (`nasbias.scoring.darts64`); training has none: every edge of a cell has work of its own.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.recipes.darts64 import Options
from nasbias.spaces.darts64 import EDGES, OPERATIONS
from nasbias.supernets._pointwise import Pointwise
from nasbias.supernets._separable import SeparableConv, pool

_POOL = OPERATIONS.index("max_pool_3x3")


class PoolBN(nn.Module):
    """3x3 max pooling, BN without scale and shift."""

    def __init__(self, channels: int, momentum: float) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, affine=False, momentum=momentum)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(pool(x, "max"))


class Cell(nn.Module):
    """The weights of edge e's operation o are `edges[e][str(o)]`."""

    def __init__(self, inputs: int, options: Options, allowed: Sequence[Sequence[int]]) -> None:
        super().__init__()
        channels, momentum = options.channels, options.bn_momentum
        self.concatenates = options.output == "concat"
        self.conv = Pointwise(inputs, channels)
        self.bn = nn.BatchNorm2d(channels, affine=False, momentum=momentum)
        dilated = 5 if options.dilated == "dil_conv_5x5" else 3
        kernels = {"sep_conv_3x3": (3, 1), "sep_conv_5x5": (5, 1), "dil_conv": (dilated, 2)}  # kernel, dilation

        def operation(op: int) -> nn.Module:
            if op == _POOL:
                return PoolBN(channels, momentum)
            return SeparableConv(channels, *kernels[OPERATIONS[op]], affine=False, momentum=momentum)

        self.edges = nn.ModuleList(nn.ModuleDict({str(op): operation(op) for op in sorted(ops)}) for ops in allowed)

    def forward(self, x: Tensor, choice: Sequence[int]) -> Tensor:
        first, second, third = (self.get_submodule(f"edges.{edge}.{op}") for edge, op in enumerate(choice))
        x0 = self.bn(self.conv(F.relu(x)))
        x1 = first(x0)
        x2 = second(x0) + third(x1)
        return torch.cat([x1, x2], dim=1) if self.concatenates else x1 + x2


class Network(nn.Module):
    """The supernet; with one allowed operation per edge, the stand-alone network of that architecture."""

    def __init__(
        self, options: Options, *, inputs: int = 3, classes: int = 10, allowed: Sequence[Sequence[int]] | None = None
    ) -> None:
        super().__init__()
        self.options = options
        allowed = allowed or [range(len(OPERATIONS))] * len(EDGES)
        width = 3 * options.channels
        self.stem = nn.Sequential(
            nn.Conv2d(inputs, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width, momentum=options.bn_momentum),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width, momentum=options.bn_momentum),
        )
        self.cells = nn.ModuleList()
        for _ in range(options.cells):
            self.cells.append(Cell(width, options, allowed))
            width = options.channels * (2 if options.output == "concat" else 1)
        self.classifier = nn.Linear(width, classes)

    def forward(self, x: Tensor, choice: Sequence[int]) -> Tensor:
        """Logits [batch, classes] of images [batch, inputs, height, width]."""
        x = self.stem(x.contiguous(memory_format=torch.channels_last))
        for cell in self.cells:
            x = cell(x, choice)
        return self.classifier(x.mean((2, 3)))

    def parameters_of(self, choice: Sequence[int]) -> list[nn.Parameter]:
        """The weights of the chosen operations, and those all architectures share."""
        found = [*self.stem.parameters(), *self.classifier.parameters()]
        for cell in self.cells:
            assert isinstance(cell, Cell)
            found += cell.conv.parameters()
            for edge, op in enumerate(choice):
                found += cell.get_submodule(f"edges.{edge}.{op}").parameters()
        return found
