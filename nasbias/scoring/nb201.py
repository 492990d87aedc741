"""Fast scoring of NAS-Bench-201: equal to the plain engine (1e-4), several times faster.

What it does not do twice, or at all (measurements: `make speed`):
- architectures that are one function inside the supernet are scored once (`NB201.functional_classes`);
- the first cell's input is the same for all architectures, so its edges are computed once per distinct input, not once
  per architecture (`_FirstCell`);
- only edges that reach the output run; one ReLU and one pooling per node; pooling is a depthwise convolution;
- convolutions that read the same node run as one with their kernels stacked; BN with known statistics is folded into
  the kernel; a block's shortcut (2x2 mean, 1x1 convolution) is one 2x2 convolution;
- everything is channels_last.

Images go by in the outer loop and architectures, sorted, in the inner one, so that the first cell's tables stay small.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.scoring.data import BN, ScoringData
from nasbias.scoring.folding import Layer, Recalibrating, Statistics, Unit, layer_of, stack
from nasbias.scoring.nb201_batched import score as score_batched
from nasbias.spaces.nb201 import EDGES, OPERATIONS, SPACE
from nasbias.supernets import Choice
from nasbias.supernets.nb201 import Cell, Network, Reduction, average_pool, walk_cell

_NONE, _SKIP, _POOL = (OPERATIONS.index(name) for name in ("none", "skip_connect", "avg_pool_3x3"))
CHUNK = 1024  # architectures whose recalibrated statistics are held at a time


def score(network: nn.Module, choices: Sequence[Choice], data: ScoringData, bn: BN) -> dict[str, np.ndarray]:
    """As `plain.score`, for a NAS-Bench-201 network."""
    assert isinstance(network, Network)
    unique, back = deduplicate(choices, network.options.affine, bn)
    bank = _Bank(network)
    parts = [_score(bank, unique[i : i + CHUNK], data, bn) for i in range(0, len(unique), CHUNK)]
    correct, loss = (torch.cat(column).double().numpy()[back] for column in zip(*parts))
    return {"accuracy": 100 * correct / data.n_valid, "loss": loss / data.n_valid}


ENGINES = {"fast": score, "batched": score_batched}


def deduplicate(choices: Sequence[Choice], affine: bool, bn: BN) -> tuple[list[Choice], np.ndarray]:
    """One architecture per functional class, sorted so that neighbours share prefixes, and the way back [n]."""
    index = SPACE.index(SPACE.decode(np.array(choices)))
    classes = SPACE.functional_classes(affine=affine, bn=bn)[index].tolist()
    first: dict[int, Choice] = {}
    for choice, label in zip(choices, classes):
        first[label] = min(choice, first.get(label, choice))
    labels = sorted(first, key=lambda label: first[label])
    position = {label: i for i, label in enumerate(labels)}
    return [first[label] for label in labels], np.array([position[label] for label in classes])


@torch.inference_mode()
def _score(bank: "_Bank", choices: Sequence[Choice], data: ScoringData, bn: BN) -> tuple[Tensor, Tensor]:
    """Number of correct images [n] and summed loss [n]."""
    correct, loss = torch.zeros(len(choices)), torch.zeros(len(choices))
    statistics: Statistics = {}
    if bn == "recalibrated":
        for k, x in enumerate(data.recalibration):
            for _ in _logits(bank, Recalibrating(statistics, momentum=1 / (k + 1)), x, choices):
                pass
    layer = layer_of(bn, statistics)
    for x, y in data.valid:
        for i, logits in enumerate(_logits(bank, layer, x, choices)):
            correct[i] += (logits.argmax(1) == y).sum()
            loss[i] += F.cross_entropy(logits, y, reduction="sum")
    return correct, loss


def _logits(bank: "_Bank", layer: Layer, x: Tensor, choices: Sequence[Choice]) -> Iterator[Tensor]:
    """Logits [batch, classes] of one batch of images, architecture by architecture."""
    cell = _FirstCell(bank, layer, layer.convolve(x, bank.stem, "stem"))
    for i, choice in enumerate(choices):
        h = cell(choice)
        for number, block in enumerate(bank.network.blocks[1:], start=1):
            if isinstance(block, Cell):

                def convolve(
                    rectified: Tensor, wanted: Sequence[tuple[int, int]], number: int = number, i: int = i
                ) -> list[Tensor]:
                    outputs: list[Tensor] = []
                    for op, group in itertools.groupby(wanted, key=lambda pair: pair[1]):
                        edges = tuple(edge for edge, _ in group)
                        merged = layer.convolve(rectified, bank.cell(number, op, edges), (i, number))
                        outputs += merged.chunk(len(edges), dim=1) if len(edges) > 1 else [merged]
                    return outputs

                h = walk_cell(h, choice, convolve)
            else:
                first, second, shortcut = bank.reduction(number, h.shape[-1])
                inner = layer.convolve(F.relu(h), first, (i, number))
                h = layer.convolve(inner.relu_(), second, (i, number)).add_(shortcut(h))
        h = layer.normalise(h, bank.last, i).relu_().float().mean((2, 3))
        with torch.autocast(h.device.type, enabled=False):  # logits at bf16's three digits would be most of its error
            logits = bank.network.classifier(h)
        yield logits


class _FirstCell:
    """The first cell's output for one batch of images, architectures in sorted order.

    What an edge adds to its target depends only on its operation and on the operations before its source: nothing for
    node 0, one for node 1, three for node 2. Terms of nodes 0 and 1 are kept for the batch (at most 32 tensors), those
    of node 2 until the next prefix.
    """

    def __init__(self, bank: "_Bank", layer: Layer, x: Tensor) -> None:
        self.bank, self.layer, self.x = bank, layer, x
        self.terms: dict[tuple[int, int, Choice], Tensor | None] = {}
        self.nodes: dict[Choice, Tensor | None] = {(): x}
        self.rectified: dict[Choice, Tensor] = {}
        self.prefix: Choice = ()

    def __call__(self, choice: Choice) -> Tensor:
        if choice[:3] != self.prefix:
            if self.prefix:  # not (), the cell's input
                self.nodes.pop(self.prefix, None)
                self.rectified.pop(self.prefix, None)
            self.terms = {key: term for key, term in self.terms.items() if len(key[2]) < 3}
            self.prefix = choice[:3]
        total = self._sum([self._term(edge, choice) for edge in (3, 4, 5)])
        return total if total is not None else torch.zeros_like(self.x)

    def _sum(self, terms: Sequence[Tensor | None]) -> Tensor | None:
        present = [term for term in terms if term is not None]
        if len(present) < 2:
            return present[0] if present else None
        total = present[0] + present[1]  # a new tensor: terms are kept
        return total.add_(present[2]) if len(present) > 2 else total

    def _node(self, prefix: Choice) -> Tensor | None:
        if prefix not in self.nodes:
            edges = (0,) if len(prefix) == 1 else (1, 2)
            self.nodes[prefix] = self._sum([self._term(edge, prefix) for edge in edges])
        return self.nodes[prefix]

    def _term(self, edge: int, choice: Choice) -> Tensor | None:
        op = choice[edge]
        if op == _NONE:
            return None
        prefix = choice[: (0, 1, 3)[EDGES[edge][0]]]
        node = self._node(prefix)
        if op == _SKIP:
            return node
        key = (edge, op, prefix)
        if op == _POOL:
            key = (-1, op, prefix)  # one pooling per node
            if key not in self.terms:
                self.terms[key] = average_pool(node) if node is not None else None
        elif key not in self.terms:
            if prefix not in self.rectified:
                self.rectified[prefix] = F.relu(node) if node is not None else torch.zeros_like(self.x)
            siblings = tuple(
                e for e, (source, _) in enumerate(EDGES) if source == EDGES[edge][0] and self.bank.has(0, op, e)
            )
            merged = self.layer.convolve(self.rectified[prefix], self.bank.cell(0, op, siblings), ("first", prefix))
            for sibling, term in zip(siblings, merged.chunk(len(siblings), dim=1)):
                self.terms[sibling, op, prefix] = term.contiguous(memory_format=torch.channels_last)
        return self.terms[key]


class _Bank:
    """A network's convolutions as units, stacked as they are asked for."""

    def __init__(self, network: Network) -> None:
        self.network = network
        convolution, norm, last = network.stem[0], network.stem[1], network.last[0]
        assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        assert isinstance(last, nn.BatchNorm2d)
        self.stem = stack([convolution], [norm])
        self.last = stack([], [last])
        self._cells: dict[tuple[int, int, tuple[int, ...]], Unit] = {}
        self._reductions: dict[tuple[int, int], tuple[Unit, Unit, Callable[[Tensor], Tensor]]] = {}

    def has(self, number: int, op: int, edge: int) -> bool:
        """Whether the network holds `op` on `edge` of block `number`: an architecture alone has one on each."""
        return str(op) in self.network.blocks[number].edges[edge]  # type: ignore[operator]

    def cell(self, number: int, op: int, edges: tuple[int, ...]) -> Unit:
        """The convolutions `op` on `edges` of block `number`."""
        key = (number, op, edges)
        if key not in self._cells:
            block = self.network.blocks[number]
            assert isinstance(block, Cell)
            modules = [block.convolution(edge, op) for edge in edges]
            self._cells[key] = stack([module.conv for module in modules], [module.bn for module in modules])
        return self._cells[key]

    def reduction(self, number: int, size: int) -> tuple[Unit, Unit, Callable[[Tensor], Tensor]]:
        """Both convolutions of a residual block, and its shortcut for images of `size`."""
        if (number, size) not in self._reductions:
            block = self.network.blocks[number]
            assert isinstance(block, Reduction)
            first, second = (stack([module.conv], [module.bn]) for module in (block.conv_a, block.conv_b))
            self._reductions[number, size] = (first, second, _shortcut(block, size))
        return self._reductions[number, size]


def _shortcut(block: Reduction, size: int) -> Callable[[Tensor], Tensor]:
    if size % 2:
        return block.shortcut
    projection = block.shortcut[1]
    assert isinstance(projection, nn.Conv2d)
    mean = projection.weight.detach() * 0.25
    kernel = mean.expand(-1, -1, 2, 2).contiguous(memory_format=torch.channels_last)
    return lambda x: F.conv2d(x, kernel, stride=2)
