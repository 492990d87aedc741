"""Architecture-batched scoring of NAS-Bench-201: many architectures in one pass, for GPUs.

Activations are [A, B, C, H, W], A architectures by B images. Each operation of each edge runs once, on the
architectures that chose it: shared weights make that one convolution over A' x B images. So the number of kernels per
pass does not grow with A, where one architecture at a time launches hundreds of small ones. Equal to the plain engine
(1e-4). On a CPU it only pays at 8x8 images and below; the fast engine is the better one there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbias.datasets.sending import send
from nasbias.scoring.data import BN, ScoringData
from nasbias.spaces.nb201 import EDGES, OPERATIONS
from nasbias.supernets import Choice
from nasbias.supernets.nb201 import Cell, Network, Reduction, ReLUConvBN, average_pool

_NONE, _SKIP, _POOL = (OPERATIONS.index(name) for name in ("none", "skip_connect", "avg_pool_3x3"))
CHUNK = 64  # architectures per pass


@torch.inference_mode()
def score(
    network: nn.Module, choices: Sequence[Choice], data: ScoringData, bn: BN, chunk: int = CHUNK
) -> dict[str, np.ndarray]:
    """As `plain.score`, `chunk` architectures at a time."""
    assert isinstance(network, Network)
    device = next(network.parameters()).device
    sums = []
    with exact_float32():
        for start in range(0, len(choices), chunk):
            who = Chosen(choices[start : start + chunk], device)
            norm = Normalisation(who.n, bn)
            if bn == "recalibrated":
                for k, x in enumerate(data.recalibration):
                    norm.momentum = 1 / (k + 1)
                    forward(network, x, who, norm)
                norm.momentum = None
            total = torch.zeros(2, who.n, dtype=torch.float64, device=device)
            for x, y in data.valid:
                logits = forward(network, x, who, norm).float()
                labels = y.expand(who.n, -1)
                total[0] += (logits.argmax(2) == labels).sum(1)
                total[1] += F.cross_entropy(logits.transpose(1, 2), labels, reduction="none").sum(1)
            sums.append(total)
    correct, loss = torch.cat(sums, dim=1).cpu().numpy() if sums else np.zeros((2, 0))  # the one wait for the device
    return {"accuracy": 100 * correct / data.n_valid, "loss": loss / data.n_valid}


@contextmanager
def exact_float32() -> Iterator[None]:
    """Products of float32 in float32, where a GPU would round their factors to TF32's ten bits: 1e-3 in a loss."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


class Chosen:
    """Who chose what: `by[edge][operation]` are places among the n architectures, on the device.

    Worked out on the host, where the choices are, and sent once: asking a device for it (`nonzero`) makes the host wait
    30 times a batch.
    """

    def __init__(self, choices: Sequence[Choice], device: torch.device) -> None:
        table = np.array(choices).reshape(-1, len(EDGES))
        self.n = len(table)
        found = [[np.flatnonzero(table[:, edge] == op) for op in range(len(OPERATIONS))] for edge in range(len(EDGES))]
        sizes = [len(places) for row in found for places in row]
        places = torch.from_numpy(np.concatenate([places for row in found for places in row]))
        parts = send(places, device).split(sizes)
        self.by = [list(parts[i : i + len(OPERATIONS)]) for i in range(0, len(parts), len(OPERATIONS))]
        self.everyone = torch.arange(self.n, device=device)


def forward(network: Network, x: Tensor, chosen: Chosen, norm: "Normalisation") -> Tensor:
    """Logits [A, B, classes] of images [B, channels, height, width] under A architectures."""
    everyone = chosen.everyone
    first, last = network.stem[1], network.last[0]
    assert isinstance(first, nn.BatchNorm2d) and isinstance(last, nn.BatchNorm2d)
    stem = network.stem[0](x)
    h = norm(stem.expand(chosen.n, *stem.shape), first, everyone)
    for block in network.blocks:
        if isinstance(block, Cell):
            h = _cell(block, h, chosen.by, norm)
        else:
            assert isinstance(block, Reduction)
            h = _reduce(block, h, everyone, norm)
    h = norm(h, last, everyone).relu_()
    return network.classifier(h.mean((3, 4)))


class Normalisation:
    """BN of [A, B, C, H, W] with statistics per architecture; `momentum` None = use what has been gathered."""

    def __init__(self, architectures: int, bn: BN) -> None:
        self.n, self.bn = architectures, bn
        self.momentum: float | None = None
        self.gathered: dict[nn.BatchNorm2d, tuple[Tensor, Tensor]] = {}

    def __call__(self, x: Tensor, layer: nn.BatchNorm2d, who: Tensor) -> Tensor:
        """Normalise the activations [A', B, C, H, W] of the architectures `who` [A']."""
        if self.bn == "running":
            assert layer.running_mean is not None and layer.running_var is not None
            mean, variance = layer.running_mean.expand(len(x), -1), layer.running_var.expand(len(x), -1)
        elif self.bn == "batch" or self.momentum is not None:
            variance, mean = torch.var_mean(x, dim=(1, 3, 4), correction=0)
            if self.momentum is not None:
                self._gather(layer, who, mean, variance, x[0, :, 0].numel())
        else:
            mean, variance = (statistic[who] for statistic in self.gathered[layer])
        scale = (variance + layer.eps).rsqrt()
        if layer.weight is not None:
            scale = scale * layer.weight
        shift = -mean * scale if layer.bias is None else layer.bias - mean * scale
        shape = (len(x), 1, -1, 1, 1)
        return torch.addcmul(shift.view(shape), x, scale.view(shape))

    def _gather(self, layer: nn.BatchNorm2d, who: Tensor, mean: Tensor, variance: Tensor, count: int) -> None:
        if layer not in self.gathered:
            empty = mean.new_zeros(self.n, mean.shape[1])
            self.gathered[layer] = (empty, empty.clone())
        unbiased = variance * (count / max(count - 1, 1))
        for kept, new in zip(self.gathered[layer], (mean, unbiased)):
            kept[who] = torch.lerp(kept[who], new, self.momentum or 0.0)


def _cell(cell: Cell, x: Tensor, chosen: list[list[Tensor]], norm: Normalisation) -> Tensor:
    nodes = [x, torch.zeros_like(x), torch.zeros_like(x), torch.zeros_like(x)]
    for source in range(3):
        rectified = nodes[source].relu()
        pooled = _images(average_pool, nodes[source])
        for edge, (start, target) in enumerate(EDGES):
            if start != source:
                continue
            for op, who in enumerate(chosen[edge]):
                if op == _NONE or not len(who):
                    continue
                if op == _SKIP:
                    output = nodes[source][who]
                elif op == _POOL:
                    output = pooled[who]
                else:
                    module = cell.convolution(edge, op)
                    output = norm(_images(module.conv, rectified[who]), module.bn, who)
                nodes[target].index_add_(0, who, output)
    return nodes[3]


def _reduce(block: Reduction, x: Tensor, everyone: Tensor, norm: Normalisation) -> Tensor:
    h = x
    for module in (block.conv_a, block.conv_b):
        assert isinstance(module, ReLUConvBN)
        h = norm(_images(module.conv, h.relu()), module.bn, everyone)
    return h.add_(_images(block.shortcut, x))


def _images(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply a function of images [n, C, H, W] to [A, B, C, H, W]."""
    output = function(x.flatten(0, 1).contiguous(memory_format=torch.channels_last))
    return output.unflatten(0, x.shape[:2])
