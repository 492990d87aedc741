"""Training and scoring of NAS-Bench-201 on one thread, each against the plain path that stands for the field.

Plain = one module per edge and operation, one architecture at a time, the layout as it comes (`Network.plain`,
`scoring.plain`, a textbook SGD loop): within 5 % of XAutoDL, few-shot-NAS and P2's code on the same machine.
"""

import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from nasbias.scoring import ScoringData, engines
from nasbias.spaces.nb201 import SPACE, count_flops
from nasbias.supernets import build_supernet
from nasbias.supernets.nb201 import Network, Options

ENGINES = engines("nb201")
SIZES = {"C=8 N=1 16x16": (Options(channels=8, cells=1), 16), "C=16 N=5 32x32": (Options(), 32)}


def make_data(engine, size, recalibration, valid, batch=256):
    """The same random images for every engine; in the layout that peers use for the plain one."""
    generator = torch.Generator().manual_seed(0)
    layout = torch.contiguous_format if engine == "plain" else torch.channels_last

    def images(n):
        x = torch.randn(n, 3, size, size, generator=generator)
        return x.contiguous(memory_format=layout).split(batch)

    labels = torch.randint(10, (valid,), generator=generator).split(batch)
    return ScoringData(list(images(recalibration)), list(zip(images(valid), labels)))


def families(n):
    """All 125 architectures of each of n random choices of the first three edges: the whole space in small."""
    heads = np.random.default_rng(0).integers(0, 5, size=(n, 3)).tolist()
    tails = np.stack(np.meshgrid(*[range(5)] * 3, indexing="ij"), axis=-1).reshape(-1, 3).tolist()
    return [(*head, *tail) for head in heads for tail in tails]


def sampled(n):
    return [tuple(row) for row in SPACE.encode(SPACE.sample(n, seed=0)).tolist()]


@pytest.mark.parametrize("engine", ["plain", "fast"])
@pytest.mark.parametrize("bn", ["recalibrated", "running"])
def test_scoring_the_whole_space(benchmark, bn, engine):
    options, size = SIZES["C=8 N=1 16x16"]
    benchmark.group = f"whole space, C=8 N=1 16x16, {bn}: per architecture, 512 recalibration + 1,000 scored images"
    network, data = build_supernet("nb201", options), make_data(engine, size, 512, 1000, 250)
    choices = sampled(30) if engine == "plain" else families(6)
    benchmark.extra_info["units"] = len(choices)
    benchmark.pedantic(ENGINES[engine], args=(network, choices, data, bn), rounds=2)


@pytest.mark.parametrize("engine", ["plain", "fast"])
@pytest.mark.parametrize("bn", ["recalibrated", "running"])
def test_scoring_single_architectures_at_full_size(benchmark, bn, engine):
    options, size = SIZES["C=16 N=5 32x32"]
    benchmark.group = f"C=16 N=5 32x32, {bn}: per architecture, 64 recalibration + 64 scored images"
    network, data = build_supernet("nb201", options), make_data(engine, size, 64, 64)
    choices = sampled(8)
    benchmark.extra_info["units"] = len(choices)
    benchmark.pedantic(ENGINES[engine], args=(network, choices, data, bn), rounds=2)
    if engine == "fast" and bn == "running":
        flops = count_flops(np.stack([(np.array(choices) == op).sum(1) for op in range(5)], axis=1)).sum() * 64 * 2
        reached = flops / benchmark.stats.stats.min / 1e9
        benchmark.extra_info["note"] = f"{reached:.0f} of {gemm_peak():.0f} GFLOP/s (GEMM 1024^3 float32)"


@pytest.mark.parametrize("engine", ["plain", "batched"])
def test_scoring_in_batches_of_architectures_at_8x8(benchmark, engine):
    benchmark.group = "C=4 N=1 8x8, recalibrated: per architecture, 64 recalibration + 64 scored images"
    network, data = build_supernet("nb201", Options(channels=4, cells=1)), make_data(engine, 8, 64, 64)
    choices = sampled(64)
    benchmark.extra_info["units"] = len(choices)
    benchmark.pedantic(ENGINES[engine], args=(network, choices, data, "recalibrated"), rounds=3)


@pytest.mark.parametrize("way", ["plain", "fast"])
@pytest.mark.parametrize("size", list(SIZES))
def test_training_step(benchmark, size, way):
    options, side = SIZES[size]
    batch, steps = (128, 60) if options.cells == 1 else (64, 8)
    benchmark.group = f"training step, {size}, batch {batch}"
    network = build_supernet("nb201", options)
    assert isinstance(network, Network)
    if way == "fast":
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] torch documents it, untyped
    optimiser = torch.optim.SGD(
        network.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=way == "fast"
    )
    if way == "fast":
        for parameter in network.parameters():
            optimiser.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    forward = network if way == "fast" else network.plain
    x, y = torch.randn(batch, 3, side, side), torch.randint(10, (batch,))
    choices = sampled(steps)

    def train():
        for choice in choices:
            F.cross_entropy(forward(x, choice), y).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            optimiser.zero_grad()

    benchmark.extra_info["units"] = steps
    benchmark.pedantic(train, rounds=2, warmup_rounds=1)


def gemm_peak():
    """Billions of multiply-adds x 2 per second of this thread's matrix product."""
    a = torch.randn(1024, 1024)
    seconds = []
    for _ in range(10):
        started = time.perf_counter()
        torch.mm(a, a)
        seconds.append(time.perf_counter() - started)
    return 2 * 1024**3 / min(seconds) / 1e9
