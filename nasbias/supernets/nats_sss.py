"""NATS-Bench's size space: a supernet by channel slicing, or the stand-alone network of one width a layer.

An architecture that gives a layer c channels uses the first c of its 8C (C = `unit`), and of each convolution the block
of its first outputs and first inputs: the slicing of slimmable networks (arXiv 1812.08928) with a width of its own for
every layer, as in AutoSlim (1903.11728); the benchmark's own baselines mask the same channels (2009.00437).

A weight is stored in pieces, cut where an allowed width ends, and put together for each pass. The function is that of
one sliced tensor, but the gradient reaches exactly the pieces in use. In one tensor the rest would get a gradient of
zero, by which weight decay and momentum move it (`move_unsampled` brings that back). With one width a layer there is
one piece, an ordinary convolution, and the parameters are the benchmark's.

BN is sliced like the weights, not private to a layer's width (slimmable networks' switchable BN): what comes out of a
convolution depends on how many channels go in, hence on the layers before, and widths are independent here; BN private
to all combinations would be thousands. So running statistics are a mix over widths, and per-architecture recalibration
(the default in scoring, as in AutoSlim and universally slimmable networks, 1903.05134) is what to trust.
"""

import math
from collections.abc import Sequence
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.recipes.nats_sss import Options
from nasbias.spaces.nats_sss import LAYERS, REDUCTIONS, WIDTHS


def cut(widths: Sequence[int]) -> list[int]:
    """Sizes of the pieces of a dimension of which the first `widths[i]` may be asked for, ascending."""
    return [wide - narrow for narrow, wide in zip([0, *widths], widths)]


def count_pieces(sizes: Sequence[int], width: int) -> int:
    """How many pieces make up the first `width` channels."""
    total, count = 0, 0
    while total < width:
        total, count = total + sizes[count], count + 1
    return count


class SlicedConv(nn.Module):
    """k x k convolution without bias; `rows[i][j]` joins the i-th piece of outputs to the j-th piece of inputs."""

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int], kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.inputs, self.outputs, self.stride, self.padding = cut(inputs), cut(outputs), stride, kernel // 2
        bound = 1 / math.sqrt(inputs[-1] * kernel * kernel)  # torch's default of a convolution this wide

        def piece(rows: int, columns: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(rows, columns, kernel, kernel).uniform_(-bound, bound))

        self.rows = nn.ModuleList(nn.ParameterList(piece(o, i) for i in self.inputs) for o in self.outputs)

    def pieces(self, inputs: int, outputs: int) -> list[list[Tensor]]:
        """The weights between the first `inputs` and the first `outputs` channels."""
        columns = count_pieces(self.inputs, inputs)
        rows = list(self.rows)[: count_pieces(self.outputs, outputs)]
        return [list(islice(row.parameters(), columns)) for row in rows]

    def forward(self, x: Tensor, outputs: int) -> Tensor:
        rows = self.pieces(x.shape[1], outputs)
        weight = torch.cat([torch.cat(row, 1) if len(row) > 1 else row[0] for row in rows]) if rows[1:] else None
        if weight is None:
            weight = torch.cat(rows[0], 1) if len(rows[0]) > 1 else rows[0][0]
        return F.conv2d(x, weight, None, self.stride, self.padding)


class SlicedBN(nn.BatchNorm2d):
    """BN of the first channels of the widest: scale and shift in pieces, statistics sliced."""

    def __init__(self, widths: Sequence[int], momentum: float) -> None:
        super().__init__(widths[-1], affine=False, momentum=momentum)
        self.sizes = cut(widths)
        self.scales = nn.ParameterList(nn.Parameter(torch.ones(size)) for size in self.sizes)
        self.shifts = nn.ParameterList(nn.Parameter(torch.zeros(size)) for size in self.sizes)

    def pieces(self, width: int) -> list[Tensor]:
        """Scales and shifts of the first `width` channels."""
        count = count_pieces(self.sizes, width)
        return [*list(self.scales)[:count], *list(self.shifts)[:count]]

    def forward(self, x: Tensor) -> Tensor:
        width = x.shape[1]
        pieces = self.pieces(width)
        half = len(pieces) // 2
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        return F.batch_norm(
            x,
            self.running_mean[:width],
            self.running_var[:width],
            torch.cat(pieces[:half]),
            torch.cat(pieces[half:]),
            self.training,
            self.momentum,
            self.eps,
        )


class ConvBN(nn.Module):
    """Convolution, BN; ReLU is the caller's."""

    def __init__(
        self, inputs: Sequence[int], outputs: Sequence[int], kernel: int, momentum: float, stride: int = 1
    ) -> None:
        super().__init__()
        self.conv = SlicedConv(inputs, outputs, kernel, stride)
        self.bn = SlicedBN(outputs, momentum)

    def forward(self, x: Tensor, outputs: int) -> Tensor:
        return self.bn(self.conv(x, outputs))

    def pieces(self, inputs: int, outputs: int) -> list[Tensor]:
        """The weights in use with so many channels in and out."""
        return [piece for row in self.conv.pieces(inputs, outputs) for piece in row] + self.bn.pieces(outputs)


class Cell(nn.Module):
    """The benchmark's one cell: a 3x3 on every edge but 0->3, which is a skip, projected where it changes width."""

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int], momentum: float, *, same: bool) -> None:
        """`same`: the input is always as wide as the output (the first cell), so the skip is never projected."""
        super().__init__()
        self.from_input = nn.ModuleList(ConvBN(inputs, outputs, 3, momentum) for _ in range(2))  # 0->1, 0->2
        self.inner = nn.ModuleList(ConvBN(outputs, outputs, 3, momentum) for _ in range(3))  # 1->2, 1->3, 2->3
        always_same = same or (len(inputs) == len(outputs) == 1 and inputs[0] == outputs[0])
        self.projection = None if always_same else ConvBN(inputs, outputs, 1, momentum)

    def forward(self, x: Tensor, width: int) -> Tensor:
        rectified = F.relu(x)
        first, second = (conv(rectified, width) for conv in self.from_input)
        onward = F.relu(first)
        second = second + self.inner[0](onward, width)
        skip = x if self.projection is None or x.shape[1] == width else self.projection(x, width)
        return skip + self.inner[1](onward, width) + self.inner[2](F.relu(second), width)

    def pieces(self, inputs: int, width: int) -> list[Tensor]:
        """The weights in use."""
        used: list[tuple[nn.Module, int]] = [(conv, inputs) for conv in self.from_input]
        used += [(conv, width) for conv in self.inner]
        if self.projection is not None and inputs != width:
            used.append((self.projection, inputs))
        return [piece for conv, wide in used for piece in conv.pieces(wide, width)]  # pyright: ignore[reportCallIssue]


class Reduction(nn.Module):
    """NAS-Bench-201's residual block of stride 2 (arXiv 2001.00326 section 2.1), sliced."""

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int], momentum: float) -> None:
        super().__init__()
        self.conv_a = ConvBN(inputs, outputs, 3, momentum, stride=2)
        self.conv_b = ConvBN(outputs, outputs, 3, momentum)
        self.shortcut = SlicedConv(inputs, outputs, 1)

    def forward(self, x: Tensor, width: int) -> Tensor:
        # ceil_mode only matters at odd sizes, where the two branches would not meet without it.
        shortcut = self.shortcut(F.avg_pool2d(x, 2, stride=2, ceil_mode=True), width)
        return shortcut + self.conv_b(F.relu(self.conv_a(F.relu(x), width)), width)

    def pieces(self, inputs: int, width: int) -> list[Tensor]:
        """The weights in use."""
        shortcut = [piece for row in self.shortcut.pieces(inputs, width) for piece in row]
        return self.conv_a.pieces(inputs, width) + self.conv_b.pieces(width, width) + shortcut


class Network(nn.Module):
    """The supernet; with one allowed width per layer, the stand-alone network of that architecture."""

    def __init__(
        self, options: Options, *, inputs: int = 3, classes: int = 10, allowed: Sequence[Sequence[int]] | None = None
    ) -> None:
        super().__init__()
        self.options, self.images = options, inputs
        allowed = allowed or [range(len(WIDTHS))] * LAYERS
        widths = [sorted((value + 1) * options.unit for value in values) for values in allowed]
        momentum = options.bn_momentum
        self.stem = ConvBN([inputs], widths[0], 3, momentum)
        self.blocks = nn.ModuleList()
        for layer, (before, after) in enumerate(zip([widths[0], *widths], widths)):
            if layer in REDUCTIONS:
                self.blocks.append(Reduction(before, after, momentum))
            else:
                self.blocks.append(Cell(before, after, momentum, same=layer == 0))
        self.last = SlicedBN(widths[-1], momentum)
        bound = 1 / math.sqrt(widths[-1][-1])
        self.columns = nn.ParameterList(
            nn.Parameter(torch.empty(classes, size).uniform_(-bound, bound)) for size in cut(widths[-1])
        )
        self.bias = nn.Parameter(torch.empty(classes).uniform_(-bound, bound))

    def forward(self, x: Tensor, choice: Sequence[int]) -> Tensor:
        """Logits [batch, classes] of images [batch, inputs, height, width]."""
        widths = self.widths_of(choice)
        x = self.stem(x.contiguous(memory_format=torch.channels_last), widths[0])
        for block, width in zip(self.blocks, widths):
            x = block(x, width)
        features = F.relu(self.last(x)).mean((2, 3))
        weight = torch.cat(list(self.columns)[: count_pieces(self.last.sizes, widths[-1])], 1)
        return F.linear(features, weight, self.bias)

    def widths_of(self, choice: Sequence[int]) -> list[int]:
        """Channels of the five layers."""
        return [(value + 1) * self.options.unit for value in choice]

    def parameters_of(self, choice: Sequence[int]) -> list[nn.Parameter]:
        """The pieces within the widths chosen."""
        widths = self.widths_of(choice)
        found = self.stem.pieces(self.images, widths[0])
        for block, before, after in zip(self.blocks, [widths[0], *widths], widths):
            assert isinstance(block, (Cell, Reduction))
            found += block.pieces(before, after)
        found += self.last.pieces(widths[-1])
        return [*found, *list(self.columns)[: count_pieces(self.last.sizes, widths[-1])], self.bias]  # type: ignore[list-item]
