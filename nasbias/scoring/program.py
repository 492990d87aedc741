"""Many architectures as one program in which every value they have in common is computed once.

A space's fast engine describes an architecture's forward pass as steps on numbered values (`Program`); a step on the
same values is the same value, in whichever architecture it stands. That is exact in every BN mode: the statistics of a
normalised value, recalibrated ones too, depend on what leads to it alone. So the stem is computed once for all, a
first cell once per distinct beginning, and what reaches no output is never described.

Steps run in the order in which they were described, batch by batch; a value is dropped after its last use.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.scoring.data import BN, ScoringData
from nasbias.scoring.folding import Layer, Recalibrating, Statistics, Unit, layer_of, stack
from nasbias.supernets import Choice
from nasbias.supernets.sharing.aliased import AliasedNetworks

IMAGES = 0  # the number of the input
CHUNK = 256  # architectures described at a time, at most
# Values of a batch that may wait for a later use; where it is more, fewer architectures are described together.
HELD = 48
# Pixels of a batch: enough work a kernel, few enough for the caches (64 images of 32x32, 256 of 16x16).
PIXELS = 64 * 1024


class Program:
    """Steps on numbered values, each described once. A value is a tensor [batch, channels, height, width]."""

    def __init__(self, units: dict[Hashable, Unit]) -> None:
        """`units` are kept from program to program: what they stack does not change while a network is scored."""
        self.steps: list[tuple[Any, tuple[int, ...]]] = [(None, ())]
        self._units, self._numbers = units, {}

    def apply(self, operation: Callable[..., Tensor] | Unit, *sources: int) -> int:
        """A value: an operation, which is told from others by equality, on values."""
        step = (operation, sources)
        if step not in self._numbers:
            self._numbers[step] = len(self.steps)
            self.steps.append(step)
        return self._numbers[step]

    def normalise(self, x: int, convolutions: Sequence[nn.Conv2d], norm: nn.BatchNorm2d) -> int:
        """BN of a convolution, of several side by side, or of x itself."""
        key = (*convolutions, norm)
        if key not in self._units:
            self._units[key] = stack(convolutions, [norm])
        return self.apply(self._units[key], x)

    def normalise_each(self, x: int, modules: nn.Sequential) -> int:
        """Convolutions and their BNs in turn, as stems have them."""
        for conv, norm in zip(list(modules)[::2], list(modules)[1::2]):
            assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
            x = self.normalise(x, [conv], norm)
        return x

    def unit(self, x: int, key: Hashable, make: Callable[[], Unit]) -> int:
        """A unit that is no plain stack of convolutions; `make` makes it where `key` has none yet."""
        if key not in self._units:
            self._units[key] = make()
        return self.apply(self._units[key], x)

    def relu(self, x: int) -> int:
        """As F.relu."""
        return self.apply(F.relu, x)

    def add(self, first: int, second: int) -> int:
        """The sum, whichever comes first."""
        return self.apply(torch.add, min(first, second), max(first, second))

    def concatenate(self, *sources: int) -> int:
        """Along the channels."""
        return self.apply(_concatenate, *sources)

    def last_uses(self) -> list[int]:
        """The last step that reads each value; its own where none does."""
        last = list(range(len(self.steps)))
        for number, (_, sources) in enumerate(self.steps):
            for source in sources:
                last[source] = number
        return last

    def peak(self) -> int:
        """Most values that are held at a time."""
        change = np.zeros(len(self.steps) + 1, dtype=int)
        for number, last in enumerate(self.last_uses()):
            change[number] += 1
            change[last + 1] -= 1
        return int(change.cumsum().max())

    def run(self, x: Tensor, layer: Layer) -> Iterator[tuple[int, Tensor]]:
        """All values of images x, in order, each with its number; x stays as it is."""
        last, values = self.last_uses(), {IMAGES: x}
        for number, (operation, sources) in enumerate(self.steps):
            if number == IMAGES:
                continue
            tensors = [values[source] for source in sources]
            done = [source for source in dict.fromkeys(sources) if last[source] == number]
            for source in done:
                del values[source]
            if isinstance(operation, Unit):
                apply = layer.convolve if operation.weight is not None else layer.normalise
                value = apply(tensors[0], operation, number)
            elif operation in _IN_PLACE and done and done[0] != IMAGES:
                mine = sources.index(done[0])
                value = _IN_PLACE[operation](tensors.pop(mine), *tensors)
            else:
                value = operation(*tensors)
            if last[number] > number:
                values[number] = value
            yield number, value


def _concatenate(*tensors: Tensor) -> Tensor:
    return torch.cat(tensors, dim=1)


_IN_PLACE: dict[Any, Callable[..., Tensor]] = {F.relu: torch.relu_, torch.add: Tensor.add_}


class Classify:
    """Logits of the last feature maps: their mean over the image, and the network's linear layer."""

    def __init__(self, classifier: nn.Linear) -> None:
        self.classifier = classifier

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Classify) and other.classifier is self.classifier

    def __hash__(self) -> int:
        return hash(self.classifier)

    def __call__(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):  # logits at bf16's three digits would be most of its error
            return self.classifier(x.float().mean((2, 3)))


def max_pool(x: Tensor) -> Tensor:
    """3x3 maximum of stride 1, rows first: 3 times as fast as max_pool2d where channels are few."""
    for dim in (2, 3):
        n = x.shape[dim] - 1
        pooled = x.clone()
        ahead, behind = pooled.narrow(dim, 0, n), pooled.narrow(dim, 1, n)
        torch.maximum(ahead, x.narrow(dim, 1, n), out=ahead)
        torch.maximum(behind, x.narrow(dim, 0, n), out=behind)
        x = pooled
    return x


Describe = Callable[[Any, Choice, Program], int]  # network, choice, program -> number of the logits


@dataclass(frozen=True)
class Engine:
    """Scores as `plain.score` the networks whose architectures `describe` describes: those of a sharing plan, too."""

    describe: Describe

    @torch.inference_mode()
    def __call__(
        self, network: nn.Module, choices: Sequence[Choice], data: ScoringData, bn: BN
    ) -> dict[str, np.ndarray]:
        resolve = network.resolve if isinstance(network, AliasedNetworks) else lambda choice: (network, choice)
        networks = {choice: id(resolve(choice)[0]) for choice in choices}
        first = {network: place for place, network in reversed(list(enumerate(networks.values())))}
        unique = sorted(networks, key=lambda choice: (first[networks[choice]], choice))
        place = {choice: i for i, choice in enumerate(unique)}
        back = [place[choice] for choice in choices]
        valid = data.valid if bn == "batch" else _larger(data.valid)
        units: dict[Hashable, Unit] = {}

        def describe(choice: Choice, program: Program) -> int:
            mine, code = resolve(choice)
            return self.describe(mine, code, program)

        columns: list[Tensor] = []
        for i in range(0, len(unique), CHUNK):
            for program, logits in _programs(describe, unique[i : i + CHUNK], units):
                columns.append(_score(program, logits, data.recalibration, valid, bn))
        correct, loss = torch.cat(columns, dim=1).cpu().numpy()[:, back] if columns else np.zeros((2, 0))
        return {"accuracy": 100 * correct / data.n_valid, "loss": loss / data.n_valid}


def _programs(
    describe: Callable[[Choice, Program], int], choices: Sequence[Choice], units: dict[Hashable, Unit]
) -> Iterator[tuple[Program, list[int]]]:
    """Programs of the architectures, in order, with the numbers of their logits: one, or more where it holds much."""
    program = Program(units)
    logits = [describe(choice, program) for choice in choices]
    if len(choices) == 1 or program.peak() <= HELD:
        yield program, logits
    else:
        half = len(choices) // 2
        for part in (choices[:half], choices[half:]):
            yield from _programs(describe, part, units)


def _score(
    program: Program,
    logits: Sequence[int],
    recalibration: Sequence[Tensor],
    valid: Sequence[tuple[Tensor, Tensor]],
    bn: BN,
) -> Tensor:
    """Number of correct images and summed loss [2, architectures]."""
    statistics: Statistics = {}
    if bn == "recalibrated":
        for k, x in enumerate(recalibration):
            for _ in program.run(x, Recalibrating(statistics, momentum=1 / (k + 1))):
                pass
    layer, wanted = layer_of(bn, statistics), set(logits)
    totals = {number: torch.zeros(2, dtype=torch.float64, device=valid[0][1].device) for number in wanted}
    for x, y in valid:
        for number, value in program.run(x, layer):
            if number in wanted:
                hits = (value.argmax(1) == y).sum()
                totals[number] += torch.stack([hits.double(), F.cross_entropy(value, y, reduction="sum").double()])
    return torch.stack([totals[number] for number in logits], dim=1)


def _larger(batches: Sequence[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Tensor]]:
    """The same images in batches of about PIXELS, or as they are where those are smaller."""
    x, _ = batches[0]
    times = max(1, PIXELS // x[:, 0].numel())
    groups = [batches[i : i + times] for i in range(0, len(batches), times)]
    return [(torch.cat([x for x, _ in group]), torch.cat([y for _, y in group])) for group in groups]
