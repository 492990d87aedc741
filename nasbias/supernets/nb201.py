"""NAS-Bench-201's network, as supernet or stand-alone.

Macro skeleton of arXiv 2001.00326 section 2.1: stem 3x3; three stages of N cells at C, 2C, 4C channels, a residual
block of stride 2 between them; BN, ReLU, global average pooling, linear. Every cell has its own weights, the
architecture is the same in all.

Two ways to run it. `plain` is the reference and the benchmarks' baseline: one module per edge and operation, as every
peer does. `forward` is equal to it and faster on a CPU (`make speed`): channels_last, only edges that reach the output,
one ReLU and one pooling per node, pooling as a depthwise convolution (avg_pool2d costs several convolutions).
"""

import functools
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.recipes.nb201 import Options
from nasbias.spaces.nb201 import EDGES, OPERATIONS
from nasbias.supernets._pointwise import Pointwise

_NONE, _SKIP, _CONV1, _CONV3, _POOL = range(5)
KERNEL = {_CONV1: 1, _CONV3: 3}


class ReLUConvBN(nn.Module):
    """ReLU, convolution without bias, BN: the benchmark's convolution on an edge."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, affine: bool, momentum: float) -> None:
        super().__init__()
        if kernel == 1:
            self.conv: nn.Conv2d = Pointwise(inputs, outputs, stride)
        else:
            self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs, affine=affine, momentum=momentum)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(F.relu(x)))


class Cell(nn.Module):
    """Four nodes; the weights of edge e's operation o are `edges[e][str(o)]`."""

    def __init__(self, channels: int, allowed: Sequence[Sequence[int]], affine: bool, momentum: float) -> None:
        super().__init__()
        self.edges = nn.ModuleList(
            nn.ModuleDict(
                {
                    str(op): ReLUConvBN(channels, channels, KERNEL[op], 1, affine, momentum)
                    for op in sorted(values)
                    if op in KERNEL
                }
            )
            for values in allowed
        )
        self.pool = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)

    def convolution(self, edge: int, op: int) -> ReLUConvBN:
        """The weights of one edge's operation, one that has some."""
        operations = self.edges[edge]
        assert isinstance(operations, nn.ModuleDict)
        module = operations[str(op)]
        assert isinstance(module, ReLUConvBN)
        return module

    def plain(self, x: Tensor, choice: Sequence[int]) -> Tensor:
        """The cell as the benchmark writes it: every edge runs, in order."""
        nodes: list[Tensor] = [x, torch.zeros_like(x), torch.zeros_like(x), torch.zeros_like(x)]
        for edge, (source, target) in enumerate(EDGES):
            op = choice[edge]
            if op == _SKIP:
                nodes[target] = nodes[target] + nodes[source]
            elif op == _POOL:
                nodes[target] = nodes[target] + self.pool(nodes[source])
            elif op != _NONE:
                nodes[target] = nodes[target] + self.convolution(edge, op)(nodes[source])
        return nodes[3]

    def forward(self, x: Tensor, choice: tuple[int, ...]) -> Tensor:
        def convolve(rectified: Tensor, wanted: Sequence[tuple[int, int]]) -> list[Tensor]:
            modules = [self.convolution(edge, op) for edge, op in wanted]
            return [module.bn(module.conv(rectified)) for module in modules]

        return walk_cell(x, choice, convolve)


class Reduction(nn.Module):
    """Residual block of stride 2 that doubles the channels (arXiv 2001.00326 section 2.1)."""

    def __init__(self, inputs: int, outputs: int, momentum: float) -> None:
        super().__init__()
        self.conv_a = ReLUConvBN(inputs, outputs, 3, 2, True, momentum)
        self.conv_b = ReLUConvBN(outputs, outputs, 3, 1, True, momentum)
        # ceil_mode only matters at odd sizes (7 -> 4), where the two branches would not meet without it.
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, stride=2, ceil_mode=True), Pointwise(inputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.conv_b(self.conv_a(x))


class Network(nn.Module):
    """The supernet; with one allowed operation per edge, the stand-alone network of that architecture."""

    def __init__(
        self, options: Options, *, inputs: int = 3, classes: int = 10, allowed: Sequence[Sequence[int]] | None = None
    ) -> None:
        super().__init__()
        self.options = options
        allowed = allowed or [range(len(OPERATIONS))] * len(EDGES)
        width, momentum = options.channels, options.bn_momentum
        self.stem = nn.Sequential(
            nn.Conv2d(inputs, width, 3, padding=1, bias=False), nn.BatchNorm2d(width, momentum=momentum)
        )
        self.blocks = nn.ModuleList()
        for stage in range(3):
            if stage:
                self.blocks.append(Reduction(width, 2 * width, momentum))
                width *= 2
            self.blocks.extend(Cell(width, allowed, options.affine, momentum) for _ in range(options.cells))
        self.last = nn.Sequential(nn.BatchNorm2d(width, momentum=momentum), nn.ReLU())
        self.classifier = nn.Linear(width, classes)

    def forward(self, x: Tensor, choice: tuple[int, ...]) -> Tensor:
        """Logits [batch, classes] of images [batch, inputs, height, width]; equal to `plain`, faster."""
        x = self.stem(x.contiguous(memory_format=torch.channels_last))
        for block in self.blocks:
            x = block(x, choice) if isinstance(block, Cell) else block(x)
        return self._classify(x)

    def plain(self, x: Tensor, choice: Sequence[int]) -> Tensor:
        """The reference: one module per edge and operation, the layout as it comes."""
        x = self.stem(x)
        for block in self.blocks:
            x = block.plain(x, choice) if isinstance(block, Cell) else block(x)
        return self._classify(x)

    def _classify(self, x: Tensor) -> Tensor:
        return self.classifier(self.last(x).mean((2, 3)))

    def parameters_of(self, choice: tuple[int, ...]) -> list[nn.Parameter]:
        """The weights whose edge reaches the output, and those all architectures share."""
        wanted = {(edge, op) for edge, op in enumerate(choice) if edge in live_edges(choice) and op in KERNEL}
        found: list[nn.Parameter] = []
        for block in self.children():
            if block is not self.blocks:
                found += block.parameters()
        for block in self.blocks:
            if isinstance(block, Cell):
                for edge, op in sorted(wanted):
                    found += block.convolution(edge, op).parameters()
            else:
                found += block.parameters()
        return found


Convolve = Callable[[Tensor, Sequence[tuple[int, int]]], list[Tensor]]


def walk_cell(x: Tensor, choice: tuple[int, ...], convolve: Convolve) -> Tensor:
    """One cell, doing only what reaches its output.

    `convolve(relu(node), [(edge, operation), ...])` gives the normalised outputs of all convolutions that read one
    node: how they are computed (one by one, merged, BN folded) is the caller's business."""
    nodes = [_Sum(x), _Sum(), _Sum(), _Sum()]
    for source, (convolutions, skips, pools) in enumerate(reads(choice)):
        node = nodes[source].value
        if convolutions:
            # A convolution of a node without inputs is the constant that BN makes of zero.
            rectified = F.relu(node) if node is not None else torch.zeros_like(x)
            for (edge, _), output in zip(convolutions, convolve(rectified, convolutions)):
                nodes[EDGES[edge][1]].add(output, is_free=True)
        if node is None:
            continue
        for edge in skips:
            nodes[EDGES[edge][1]].add(node)
        if pools:
            pooled = average_pool(node)
            for edge in pools:
                nodes[EDGES[edge][1]].add(pooled, is_free=len(pools) == 1)
    total = nodes[3].value
    return total if total is not None else torch.zeros_like(x)


class _Sum:
    """A node: the sum of what its edges bring, in place where a term is nobody else's (a third of the adding)."""

    def __init__(self, value: Tensor | None = None) -> None:
        self.value, self.is_free = value, False

    def add(self, term: Tensor, is_free: bool = False) -> None:
        """`is_free`: nobody else reads the term."""
        if self.value is None:
            self.value, self.is_free = term, is_free
            return
        for mine, kept, other in ((self.is_free, self.value, term), (is_free, term, self.value)):
            if mine and kept.is_contiguous(memory_format=torch.channels_last):
                self.value, self.is_free = kept.add_(other), True
                return
        self.value, self.is_free = self.value + term, True


@functools.cache
def live_edges(choice: tuple[int, ...]) -> frozenset[int]:
    """Edges with an operation whose target reaches the output node."""
    alive = {3}
    live = set()
    for edge in reversed(range(len(EDGES))):
        source, target = EDGES[edge]
        if choice[edge] != _NONE and target in alive:
            alive.add(source)
            live.add(edge)
    return frozenset(live)


@functools.cache
def reads(choice: tuple[int, ...]) -> tuple[tuple[tuple[tuple[int, int], ...], tuple[int, ...], tuple[int, ...]], ...]:
    """For nodes 0, 1, 2: the live (edge, operation) convolutions, skip edges and pooling edges that read it."""
    live = live_edges(choice)
    found = []
    for node in range(3):
        edges = [edge for edge in sorted(live) if EDGES[edge][0] == node]
        convolutions = sorted(((edge, choice[edge]) for edge in edges if choice[edge] in KERNEL), key=lambda e: e[::-1])
        found.append(
            (
                tuple(convolutions),
                tuple(edge for edge in edges if choice[edge] == _SKIP),
                tuple(edge for edge in edges if choice[edge] == _POOL),
            )
        )
    return tuple(found)


def average_pool(x: Tensor) -> Tensor:
    """3x3 average of stride 1 that leaves the padding out, as a depthwise convolution times a border correction."""
    kernel, correction = _pooling(x.shape[1], x.shape[2], x.shape[3], x.dtype, x.device)
    return F.conv2d(x, kernel, padding=1, groups=x.shape[1]) * correction


@functools.cache
def _pooling(channels: int, height: int, width: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False), torch.no_grad():  # kept across calls: must not become an inference tensor
        kernel = torch.full((channels, 1, 3, 3), 1 / 9, dtype=dtype, device=device)
        inside = F.conv2d(
            torch.ones(1, 1, height, width, device=device), torch.full((1, 1, 3, 3), 1 / 9, device=device), padding=1
        )
        # With all its channels: an inner loop over a few of them by one number is three times as slow.
        correction = (1 / inside).to(dtype).expand(1, channels, -1, -1).contiguous(memory_format=torch.channels_last)
    return kernel, correction
