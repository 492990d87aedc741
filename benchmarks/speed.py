"""How many times faster scoring and training are than the plain path, and how near the machine's limit.

    python -m benchmarks.speed                         # all rows, about six CPU-minutes
    python -m benchmarks.speed --only darts64          # rows whose name has this in it
    python -m benchmarks.speed --write README.md       # also into the README's Speed block

Plain = one module per operation, one architecture at a time (`scoring.plain`, `Network.plain`), float32; in training a
textbook step: backward, the norm of all weights clipped, SGD on all. It stands for the field: within 5 % of XAutoDL,
few-shot-NAS and P2's code on one machine. The other side is what the commands do, batches included.

One thread, process CPU time. The sides take turns within a run, on the same architectures and images; a ratio is the
median over rounds, a time the best one.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from analysis.blocks import write_block
from benchmarks.machine import caution, machine, peak, stolen
from nasbias.progress import note
from nasbias.runs import Training
from nasbias.scoring import Precision, ScoringData, score_architectures
from nasbias.scoring.data import BN, RECALIBRATION_BATCH, VALID_BATCH
from nasbias.scoring.text import TextData
from nasbias.spaces import get_space
from nasbias.spaces.nb201 import count_flops
from nasbias.supernets import build_supernet, options_from, recipe_of, task_of
from nasbias.terminal import Parser, command
from nasbias.threads import use_threads
from nasbias.training.run import Run

BEGIN, END = "<!-- speed -->\n", "<!-- end speed -->\n"
Side = Callable[[int], object]  # carries out round number i


@dataclass(frozen=True)
class Row:
    """Ways to do one thing; `sides[0]` is the plain one. `units` (architectures, steps) are done in each round."""

    title: str
    sides: dict[str, Side]
    units: int
    rounds: int = 2
    flops: float = 0.0  # of a unit, where they are counted
    peaks: dict[str, str] = field(default_factory=dict)  # side -> precision of the peak it is held against


@dataclass(frozen=True)
class Size:
    """A network and what it is shown."""

    space: str
    name: str
    side: int  # of the images
    options: dict[str, object]
    batch: int = 128


SMALL = Size("nb201", "nb201 C=8 N=1 16x16", 16, {"channels": 8, "cells": 1})
FULL = Size("nb201", "nb201 C=16 N=5 32x32", 32, {"channels": 16, "cells": 5}, 64)
DARTS64 = Size("darts64", "darts64 C=8, 2 cells, 16x16", 16, {"channels": 8, "cells": 2}, 64)
NB101 = Size("nb101", "nb101 C=16, 1 cell a stack, 8x8", 8, {"channels": 16, "cells": 1})
DARTS = Size("darts", "darts C=4, 5 layers, 16x16", 16, {"channels": 4, "layers": 5, "auxiliary": False})
SSS = Size("nats-sss", "nats-sss unit 4, 16x16", 16, {"unit": 4})
PTB = Size("ptb", "ptb 64 hidden units", 0, {"hidden": 64}, 32)


def list_rows() -> Iterator[tuple[str, Callable[[], Row]]]:
    """What a row is of, and what makes it when it is wanted."""
    scorings: tuple[tuple[Size, str, BN, int, int, list[list[str]]], ...] = (
        (SMALL, "whole space, recalibrated", "recalibrated", 512, 1000, families(2)),
        (SMALL, "whole space, running", "running", 512, 1000, families(2)),
        (FULL, "recalibrated", "recalibrated", 128, 1000, samples("nb201", 3, 2)),
        (DARTS64, "all 64, running", "running", 0, 500, samples("darts64", 64, 2)),
        (NB101, "64 cells, recalibrated", "recalibrated", 256, 1000, samples("nb101", 64, 2)),
        (DARTS, "recalibrated", "recalibrated", 256, 1000, samples("darts", 8, 2)),
        (PTB, "64 cells", "running", 0, 2000, samples("ptb", 64, 2)),
    )
    for size, what, bn, recalibration, scored, rounds in scorings:
        yield (
            f"scoring, {size.name}",
            partial(score_row, size, what, bn, recalibration, scored, rounds, bf16=size is FULL),
        )
    for size, steps in ((SMALL, 24), (FULL, 6), (DARTS64, 24), (NB101, 24), (DARTS, 10), (SSS, 12), (PTB, 12)):
        yield f"training, {size.name}", partial(train_row, size, steps, bf16=size is FULL)


def families(rounds: int) -> list[list[str]]:
    """For each round all 125 architectures with one choice of the first three edges: the whole space in small."""
    tails = np.stack(np.meshgrid(*[range(5)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    heads = np.random.default_rng(0).integers(0, 5, size=(rounds, 3))
    return [get_space("nb201").decode(np.hstack([np.tile(head, (125, 1)), tails])).tolist() for head in heads]


def samples(space: str, n: int, rounds: int) -> list[list[str]]:
    """n architectures for each round."""
    return [get_space(space).sample(n, seed=i).tolist() for i in range(rounds)]


def score_row(
    size: Size, what: str, bn: BN, recalibration: int, scored: int, rounds: Sequence[Sequence[str]], bf16: bool = False
) -> Row:
    """Scoring, of each round's architectures, on random images or words."""
    sizes = {"inputs": 1, "classes": 1000} if task_of(size.space) == "text" else {"inputs": 3, "classes": 10}
    network = build_supernet(
        size.space, options_from(size.space, size.options), inputs=sizes["inputs"], classes=sizes["classes"]
    )
    data = {name: random_data(size, name, recalibration, scored) for name in ("plain", "fast")}

    def side(engine: str, precision: Precision = "32-true") -> Side:
        return lambda i: score_architectures(network, rounds[i], data[engine], size.space, bn, engine, precision)

    sides = {"plain": side("plain"), "fast": side("fast")}
    sides |= {"fast, bf16": side("fast", "bf16-mixed")} if bf16 else {}
    flops = 0.0
    if size is FULL:
        codes = get_space("nb201").encode([name for names in rounds for name in names])
        counts = np.stack([(codes == op).sum(axis=1) for op in range(5)], axis=1)
        flops = 2.0 * count_flops(counts).mean() * (recalibration + scored)
    number = f"{scored:,} words" if task_of(size.space) == "text" else f"{recalibration} + {scored:,} images"
    title = f"scoring, {size.name}, {what}: an architecture, {number}"
    return Row(title, sides, len(rounds[0]), len(rounds), flops, {name: precision_of(name) for name in sides})


def random_data(size: Size, engine: str, recalibration: int, scored: int) -> ScoringData | TextData:
    """The same for both; images for the plain one in the layout that peers use, in the tool's batches for both."""
    generator = torch.Generator().manual_seed(0)
    if task_of(size.space) == "text":
        return TextData(torch.randint(1000, (scored // 10, 10), generator=generator))
    layout = torch.contiguous_format if engine == "plain" else torch.channels_last

    def images(n: int, batch: int) -> tuple[Tensor, ...]:
        return (
            torch.randn(n, 3, size.side, size.side, generator=generator).contiguous(memory_format=layout).split(batch)
        )

    labels = torch.randint(10, (scored,), generator=generator).split(VALID_BATCH)
    recalibrating = list(images(recalibration, RECALIBRATION_BATCH)) if recalibration else []
    return ScoringData(recalibrating, list(zip(images(scored, VALID_BATCH), labels)))


def train_row(size: Size, steps: int, bf16: bool = False) -> Row:
    """Steps of real runs on the embedded data, enlarged; each side trains its own copy, on the same architectures."""
    text = task_of(size.space) == "text"
    fields = {} if text else {"dataset": "digits", "resolution": size.side, "crop": 1}
    fields |= {"batch_size": size.batch, "network": size.options}
    if text:
        fields |= {"train_size": 20_000, "valid_size": 1000}
    config = Training(**{**recipe_of(size.space), "space": size.space, "order": "uniform", **fields})
    architectures = get_space(size.space).sample(steps, seed=0)
    choices = [tuple(code) for code in get_space(size.space).encode(architectures).tolist()]

    def ours(precision: str) -> Side:
        run = Run(Training(**{**config.__dict__, "precision": precision}))
        run.begin_epoch()

        def go(i: int) -> None:
            for step, choice in enumerate(choices):
                run.sampled = [choice]
                run.move([choice], step % run.task.steps, config.learning_rate)

        return go

    sides = {"plain": textbook(config, choices), "ours": ours("32-true")}
    sides |= {"ours, bf16": ours("bf16-mixed")} if bf16 else {}
    return Row(f"training, {size.name}: a step, batch {size.batch}", sides, steps, rounds=3)


def textbook(config: Training, choices: Sequence[tuple[int, ...]]) -> Side:
    """A step as it is mostly written: the plain network, all weights clipped and moved by torch.optim.SGD."""
    run = Run(config)
    run.begin_epoch()
    network, images = run.network, task_of(config.space) == "images"
    optimiser = torch.optim.SGD(
        network.parameters(), lr=config.learning_rate, momentum=config.momentum, weight_decay=config.weight_decay
    )
    forward = _Plain(network) if images else network

    def go(i: int) -> None:
        for step, choice in enumerate(choices):
            run.task.loss(forward, choice, step % run.task.steps, run.generator).backward()
            nn.utils.clip_grad_norm_(network.parameters(), config.clip or 5.0)
            optimiser.step()
            optimiser.zero_grad()

    return go


class _Plain(nn.Module):
    """A network's reference path, images in the layout in which data sets have them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue] untyped

    def forward(self, x: Tensor, choice: tuple[int, ...]) -> Tensor:
        plain = getattr(self.network, "plain", None)
        return plain(x.contiguous(), choice) if plain else self.network(x, choice)


def measure(row: Row) -> dict[str, list[float]]:
    """CPU seconds of a unit [rounds] of every side, in turns after a round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in row.sides}
    if row.title.startswith("training"):  # the first steps allocate; scoring is long enough not to notice
        for side in row.sides.values():
            side(0)
    for i in range(row.rounds):
        for name, side in row.sides.items():
            began = time.process_time()
            side(i)
            seconds[name].append((time.process_time() - began) / row.units)
    return seconds


def describe(row: Row, seconds: dict[str, list[float]]) -> list[str]:
    """The lines of a row."""
    plain, *_ = seconds.values()
    lines = [row.title]
    for name, mine in seconds.items():
        ratios = [a / b for a, b in zip(plain, mine)]
        line = f"  {name:<12}{1000 * min(mine):10.1f} ms {statistics.median(ratios):6.2f} x plain"
        if row.flops:
            line += f"  {row.flops / min(mine) / 1e9:5.0f} of {peak(row.peaks[name]):.0f} GFLOP/s ({row.peaks[name]})"
        lines.append(line)
    return [*lines, ""]


def precision_of(side: str) -> str:
    """Of which peak a side can be asked how much it reached."""
    return "bf16" if "bf16" in side else "float32"


@command
def main(arguments: Sequence[str] | None = None) -> int:
    parser = Parser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--only", default="", help="rows whose name has this in it (default: all)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the rows into this file's Speed block as well")
    options = parser.parse_args(arguments)
    use_threads(1)
    before, lines = stolen(), [f"{machine()}; CPU time of one thread", ""]
    print("\n".join(lines))
    for name, make in list_rows():
        if options.only in name:
            row = make()
            note(row.title)
            mine = describe(row, measure(row))
            print("\n".join(mine), flush=True)
            lines += mine
    if words := caution(before):
        print(words)
        lines.append(words)
    if options.write:
        rows = "\n".join(lines).rstrip()
        write_block(options.write, BEGIN, END, f"```text\n{rows}\n```\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
