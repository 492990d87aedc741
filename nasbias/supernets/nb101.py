"""NAS-Bench-101's network on the study's sub-space, as supernet or stand-alone.

Source: P2 = arXiv 2010.08219 and its released code; skeleton of arXiv 1902.09635: stem 3x3 to C channels; three stacks
of three cells, a 2x2 max pooling between stacks, after which the channels double; global average pooling, linear.

Weights live on vertices: each of the five has a 1x1 projection of the cell's input and, at half of the cell's output
channels, a 3x3 and a 1x1 convolution, whatever its parents are. A vertex applies its operation to the sum of its
parents (the projection standing for the input), the output concatenates its two parents. With one value allowed per
decision, the parameters are those of the benchmark's network for that cell.

Scoring has a fast path (`nasbias.scoring.nb101`); a training step runs only what the cell uses.
"""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.errors import InputError
from nasbias.recipes.nb101 import Options
from nasbias.spaces.nb101 import PARENTS, SPACE
from nasbias.supernets._pointwise import Pointwise

VERTICES = range(1, 6)  # those with an operation; 0 is the input, 6 the output
KERNEL = {0: 3, 1: 1}  # of the operations; the third pools


class ConvBNReLU(nn.Module):
    """Convolution without bias, BN, ReLU: the benchmark's only module with weights."""

    def __init__(self, inputs: int, outputs: int, kernel: int, momentum: float) -> None:
        super().__init__()
        if kernel == 1:
            self.conv: nn.Conv2d = Pointwise(inputs, outputs)
        else:
            self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs, momentum=momentum)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class Halve(nn.Module):
    """The maximum of 2x2 pixels, between two stacks."""

    def forward(self, x: Tensor) -> Tensor:
        """
        Raises:
            InputError: of one pixel there is no half.
        """
        if x.shape[-1] < 2:
            raise InputError("nb101 halves images between stacks: two stacks want 2 pixels a side, three 4, and so on.")
        return F.max_pool2d(x, 2, stride=2)


class Cell(nn.Module):
    """`projections[v]` and `operations[v][o]`: the weights of vertex v, keys as strings."""

    def __init__(self, inputs: int, outputs: int, allowed: Sequence[Sequence[int]], momentum: float) -> None:
        super().__init__()
        width = outputs // 2
        self.projections = nn.ModuleDict(
            {
                str(v): ConvBNReLU(inputs, width, 1, momentum)
                for v in VERTICES
                if any(0 in parents_of(v, pick) for pick in (allowed[v + 3] if v > 1 else (0,)))
            }
        )
        self.operations = nn.ModuleDict(
            {
                str(v): nn.ModuleDict(
                    {
                        str(op): ConvBNReLU(width, width, KERNEL[op], momentum)
                        for op in sorted(allowed[v - 1])
                        if op in KERNEL
                    }
                )
                for v in VERTICES
            }
        )

    def convolution(self, vertex: int, op: int) -> ConvBNReLU:
        """The weights of one vertex's operation, one that has some."""
        operations = self.operations[str(vertex)]
        assert isinstance(operations, nn.ModuleDict)
        module = operations[str(op)]
        assert isinstance(module, ConvBNReLU)
        return module

    def forward(self, x: Tensor, choice: tuple[int, ...]) -> Tensor:
        tensors = [x]
        for v in VERTICES:
            first, *others = [
                self.projections[str(v)](x) if u == 0 else tensors[u] for u in parents_of(v, choice[v + 3])
            ]
            total = sum(others, start=first)
            op = choice[v - 1]
            tensors.append(
                self.convolution(v, op)(total) if op in KERNEL else F.max_pool2d(total, 3, stride=1, padding=1)
            )
        return torch.cat([tensors[u] for u in parents_of(6, choice[9])], dim=1)

    def modules_of(self, choice: Sequence[int]) -> Iterator[nn.Module]:
        """The modules with weights that an architecture uses."""
        for v in VERTICES:
            if 0 in parents_of(v, choice[v + 3]):
                yield self.projections[str(v)]
            if choice[v - 1] in KERNEL:
                yield self.convolution(v, choice[v - 1])


class Network(nn.Module):
    """The supernet; with one allowed value per decision, the stand-alone network of that cell."""

    def __init__(
        self, options: Options, *, inputs: int = 3, classes: int = 10, allowed: Sequence[Sequence[int]] | None = None
    ) -> None:
        super().__init__()
        if options.channels % 2 or options.channels < 2:
            raise InputError(f"nb101 needs an even number of channels, not {options.channels}: a cell halves them.")
        self.options = options
        allowed = allowed or [range(len(decision.values)) for decision in SPACE.decisions]
        width = options.channels
        self.stem = ConvBNReLU(inputs, width, 3, options.bn_momentum)
        self.blocks = nn.ModuleList()
        for stack in range(options.stacks):
            if stack:
                self.blocks.append(Halve())
            for _ in range(options.cells):
                outputs = options.channels << stack
                self.blocks.append(Cell(width, outputs, allowed, options.bn_momentum))
                width = outputs
        self.classifier = nn.Linear(width, classes)
        nn.init.xavier_uniform_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, x: Tensor, choice: tuple[int, ...]) -> Tensor:
        """Logits [batch, classes] of images [batch, inputs, height, width]."""
        x = self.stem(x.contiguous(memory_format=torch.channels_last))
        for block in self.blocks:
            x = block(x, choice) if isinstance(block, Cell) else block(x)
        return self.classifier(x.mean((2, 3)))

    def parameters_of(self, choice: tuple[int, ...]) -> list[nn.Parameter]:
        """The weights of the vertices' chosen operations and used projections, and those all architectures share."""
        found = [*self.stem.parameters(), *self.classifier.parameters()]
        for block in self.blocks:
            if isinstance(block, Cell):
                for module in block.modules_of(choice):
                    found += module.parameters()
        return found


def parents_of(v: int, pick: int) -> tuple[int, ...]:
    """Parents of vertex v from the value of its decision; vertex 1 has only the input."""
    return PARENTS[v][pick if v > 1 else 0]
