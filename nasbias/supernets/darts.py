"""DARTS' network on CIFAR-10 with P2's shared weights (arXiv 1806.09055, arXiv 2010.08219 and its code).

Stem 3x3 to 3C channels; cells of width C, reductions after one and two thirds of the depth double it; each cell reads
the two before it; global average pooling, linear; in training an auxiliary head on the second reduction. One set of
weights per (cell, node, slot, operation), whatever the input: the stride of an operation follows from the input it is
given. In training, drop-path zeroes an operation's output for whole images, with a probability that grows linearly over
the run; identities are spared.

Scoring has a fast path (`nasbias.scoring.darts`); a training step runs only what the architecture uses.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.datasets.sending import send
from nasbias.errors import InputError
from nasbias.recipes.darts import Options
from nasbias.spaces._darts_costs import Layer, list_layers
from nasbias.spaces.darts import OPERATIONS, SPACE
from nasbias.supernets._pointwise import Pointwise
from nasbias.supernets._separable import SeparableConv, pool
from nasbias.supernets.nb201 import ReLUConvBN

KERNEL = {
    "sep_conv_3x3": (3, 1),
    "sep_conv_5x5": (5, 1),
    "dil_conv_3x3": (3, 2),
    "dil_conv_5x5": (5, 2),
}  # and dilation
POOL = {"max_pool_3x3": "max", "avg_pool_3x3": "avg"}
SLOTS = 8  # of a cell: four nodes with two inputs each


class FactorizedReduce(nn.Module):
    """Half the image: two strided 1x1 convolutions, the second on the image moved by one pixel, side by side; BN."""

    def __init__(self, inputs: int, outputs: int, momentum: float) -> None:
        super().__init__()
        self.conv_1 = Pointwise(inputs, outputs // 2, stride=2)
        self.conv_2 = Pointwise(inputs, outputs // 2, stride=2)
        self.bn = nn.BatchNorm2d(outputs, momentum=momentum)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        moved = x.permute(0, 2, 3, 1)[:, 1:, 1:].permute(0, 3, 1, 2)  # so the gradient keeps the layout, channels last
        return self.bn(torch.cat([self.conv_1(x), self.conv_2(moved)], dim=1))


class Cell(nn.Module):
    """The weights of slot k's operation (two slots a node, in order) are `slots[k][operation]`, where it has any."""

    def __init__(self, layer: Layer, allowed: Sequence[Sequence[int]], momentum: float) -> None:
        """`allowed` are those of this cell's kind: an input and an operation for each slot."""
        super().__init__()
        self.is_reduction = layer.is_reduction

        def project(inputs: int) -> nn.Module:
            return ReLUConvBN(inputs, layer.channels, kernel=1, stride=1, affine=True, momentum=momentum)

        if layer.previous_is_reduction:
            self.preprocess0: nn.Module = FactorizedReduce(layer.channels_before, layer.channels, momentum)
        else:
            self.preprocess0 = project(layer.channels_before)
        self.preprocess1 = project(layer.channels_last)

        def operation(slot: int, name: str) -> nn.Module | None:
            if name in KERNEL:
                return SeparableConv(layer.channels, *KERNEL[name], affine=True, momentum=momentum)
            if name == "skip_connect" and any(self.stride_from(source) == 2 for source in allowed[2 * slot]):
                return FactorizedReduce(layer.channels, layer.channels, momentum)
            return None

        self.slots = nn.ModuleList()
        for slot in range(SLOTS):
            modules = {OPERATIONS[op]: operation(slot, OPERATIONS[op]) for op in sorted(allowed[2 * slot + 1])}
            self.slots.append(nn.ModuleDict({name: module for name, module in modules.items() if module is not None}))

    def stride_from(self, source: int) -> int:
        """A reduction halves what comes from the two cells before."""
        return 2 if self.is_reduction and source < 2 else 1

    def forward(self, s0: Tensor, s1: Tensor, choice: Sequence[int], masks: Tensor | None) -> Tensor:
        """Output [batch, 4C, height, width]; `choice` is this kind's part, `masks` [slots, batch] scale the outputs."""
        states = [self.preprocess0(s0), self.preprocess1(s1)]
        for slot in range(0, SLOTS, 2):
            a, b = (self.operate(k, states, choice, masks) for k in (slot, slot + 1))
            states.append(a + b)
        return torch.cat(states[2:], dim=1)

    def operate(self, slot: int, states: Sequence[Tensor], choice: Sequence[int], masks: Tensor | None) -> Tensor:
        """What a slot adds to its node."""
        source, name = choice[2 * slot], OPERATIONS[choice[2 * slot + 1]]
        x, stride = states[source], self.stride_from(source)
        if name in POOL:
            x = pool(x, POOL[name], stride)
        elif name in KERNEL:
            x = self.get_submodule(f"slots.{slot}.{name}")(x, stride)
        elif stride == 1:
            return x
        else:
            x = self.get_submodule(f"slots.{slot}.{name}")(x)
        return x if masks is None else x * masks[slot].view(-1, 1, 1, 1)

    def modules_of(self, choice: Sequence[int]) -> Iterator[nn.Module]:
        """The modules with weights that an architecture uses."""
        yield from (self.preprocess0, self.preprocess1)
        for slot in range(SLOTS):
            source, name = choice[2 * slot], OPERATIONS[choice[2 * slot + 1]]
            if name in KERNEL or (name == "skip_connect" and self.stride_from(source) == 2):
                yield self.get_submodule(f"slots.{slot}.{name}")


class AuxiliaryHead(nn.Module):
    """Average to 2x2 (5x5 windows of stride 3 on DARTS' 8x8), 1x1 to 128, 2x2 to 768, linear."""

    def __init__(self, inputs: int, classes: int, momentum: float) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, 128, 1, bias=False)
        self.narrow_bn = nn.BatchNorm2d(128, momentum=momentum)
        self.wide = nn.Conv2d(128, 768, 2, bias=False)
        self.wide_bn = nn.BatchNorm2d(768, momentum=momentum)
        self.classifier = nn.Linear(768, classes)

    def forward(self, x: Tensor) -> Tensor:
        stride = max(1, 3 * x.shape[-1] // 8)
        x = F.avg_pool2d(F.relu(x), x.shape[-1] - stride, stride)
        x = F.relu(self.narrow_bn(self.narrow(x)))
        return self.classifier(F.relu(self.wide_bn(self.wide(x))).flatten(1))


class Network(nn.Module):
    """The supernet; with one allowed value per decision, the stand-alone network of that architecture."""

    def __init__(
        self, options: Options, *, inputs: int = 3, classes: int = 10, allowed: Sequence[Sequence[int]] | None = None
    ) -> None:
        super().__init__()
        self.options = options
        allowed = allowed or [range(len(decision.values)) for decision in SPACE.decisions]
        momentum, width = options.bn_momentum, 3 * options.channels
        self.stem = nn.Sequential(
            nn.Conv2d(inputs, width, 3, padding=1, bias=False), nn.BatchNorm2d(width, momentum=momentum)
        )
        layers = list(list_layers(options.layers, options.channels))
        self.cells = nn.ModuleList(Cell(layer, part_of(allowed, layer.is_reduction), momentum) for layer in layers)
        self.auxiliary_at = 2 * options.layers // 3
        channels = 4 * layers[self.auxiliary_at].channels
        self.auxiliary = AuxiliaryHead(channels, classes, momentum) if options.auxiliary else None
        self.classifier = nn.Linear(4 * layers[-1].channels, classes)
        self.drop_probability = 0.0
        self.generator: torch.Generator | None = None

    def begin_epoch(self, progress: float, generator: torch.Generator) -> None:
        """Set drop-path for an epoch with which the share `progress` of the run will be done (linear, as P2)."""
        self.drop_probability, self.generator = self.options.drop_path * progress, generator

    def forward(self, x: Tensor, choice: Sequence[int]) -> Tensor | tuple[Tensor, Tensor]:
        """Logits [batch, classes] of images [batch, inputs, height, width]; in training mode with an auxiliary head its
        logits as well.

        Raises:
            InputError: images that can't be halved twice.
        """
        check_side(x.shape[-1])
        masks = self._draw_masks(len(x), x.device)
        s0 = s1 = self.stem(x.contiguous(memory_format=torch.channels_last))
        side_logits = None
        for i, cell in enumerate(self.cells):
            assert isinstance(cell, Cell)
            s0, s1 = s1, cell(s0, s1, part_of(choice, cell.is_reduction), None if masks is None else masks[i])
            if self.training and self.auxiliary is not None and i == self.auxiliary_at:
                side_logits = self.auxiliary(s1)
        logits = self.classifier(s1.mean((2, 3)))
        return logits if side_logits is None else (logits, side_logits)

    def parameters_of(self, choice: Sequence[int]) -> list[nn.Parameter]:
        """The weights of the chosen operations, and those all architectures share."""
        found = [*self.stem.parameters(), *self.classifier.parameters()]
        if self.auxiliary is not None:
            found += self.auxiliary.parameters()
        for cell in self.cells:
            assert isinstance(cell, Cell)
            for module in cell.modules_of(part_of(choice, cell.is_reduction)):
                found += module.parameters()
        return found

    def _draw_masks(self, batch: int, device: torch.device) -> Tensor | None:
        """Factors [cells, slots, batch]: 0 with the drop probability, else what keeps the mean."""
        if not self.training or not self.drop_probability:
            return None
        keep = 1 - self.drop_probability
        kept = torch.rand(len(self.cells), SLOTS, batch, generator=self.generator) < keep
        return send(kept / keep, device)


def check_side(side: int) -> None:
    """
    Raises:
        InputError: images of this side can't be halved twice.
    """
    if side % 4 or side < 8:
        raise InputError(
            f"darts halves images twice: a resolution that is a multiple of 4 from 8 is wanted, not {side}."
        )


def part_of(values: Sequence[Any], is_reduction: bool) -> Sequence[Any]:
    """The decisions of one kind of cell: normal first, then reduction."""
    half = len(values) // 2
    return values[half:] if is_reduction else values[:half]
