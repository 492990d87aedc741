"""What the queue runs, in order of what decides most findings per hour, and why each run looks as it does.

Costs are CPU-minutes on one thread (Zen 5), measured with a probe of each recipe before it was queued. A run's name is
its folder's name and the `run` of its predictions.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from analysis.reference import RUNS
from analysis.study import P1_REDUCED, Job, carry_out_one
from nasbias.files import written_atomically
from nasbias.runs import Training
from nasbias.score import Scoring
from nasbias.spaces import get_space

NB101_CELLS = "analysis/nb101_cells.txt"
NB101_TRUTH = "../shared/data/nb101_subset_val.parquet"
DARTS_TRUTH = "../shared/data/darts_cifar10_anon2102.parquet"
PTB_TRUTH = "../shared/data/darts_ptb_anon2102.parquet"
NB101_SOME, PTB_CELLS = "nb101_some.txt", "ptb_cells.txt"  # 2,000 cells at random, P2's cells; written likewise
DARTS_CELLS = "darts_uniform.txt"  # of the truth the uniform sample, written beside the runs


class Work(Protocol):
    """What a run of the queue can be asked."""

    def carry_out(self, folder: Path) -> None:
        """Do what is not yet done in the folder."""
        ...


@dataclass(frozen=True)
class Supernet:
    """A supernet trained and scored."""

    job: Job

    def carry_out(self, folder: Path) -> None:
        carry_out_one((folder, self.job))


@dataclass(frozen=True)
class Alone:
    """Architectures trained alone, with one seed; the folder's truth.parquet is of all its seeds so far."""

    recipe: Training
    seed: int
    sample: int | None = None  # this many of them, drawn at random; None: all

    def carry_out(self, folder: Path) -> None:
        from nasbias.campaigns.standalone import choose_architectures, train_alone

        train_alone(self.recipe, choose_architectures(self.recipe, self.sample), [self.seed], folder)


@dataclass(frozen=True)
class Tuned:
    """Architectures tuned alone from a checkpoint of a finished supernet (P1)."""

    supernet: str
    epoch: int
    steps: int
    valid_size: int

    def carry_out(self, folder: Path) -> None:
        from nasbias.campaigns.tuning import finetune
        from nasbias.runs import RunFolder

        run = RunFolder(folder.parent / self.supernet)
        population = get_space(run.config.space).population()
        assert population is not None
        folder.mkdir(exist_ok=True)
        everyone = get_space(run.config.space).decode(population).tolist()
        out = folder / "predictions.parquet"
        finetune(run, self.epoch, everyone, out, steps=self.steps, valid_size=self.valid_size)


@dataclass(frozen=True)
class Rescored:
    """Checkpoints of a finished supernet scored in another way, in a folder of their own."""

    supernet: str
    score: Scoring

    def carry_out(self, folder: Path) -> None:
        from nasbias.score import score_run

        folder.mkdir(exist_ok=True)
        out = folder / "predictions.parquet"
        score_run(folder.parent / self.supernet, dataclasses.replace(self.score, processes=1, out=out))


@dataclass(frozen=True)
class Item:
    """A run of the queue."""

    name: str
    study: str
    minutes: float  # CPU-minutes expected
    work: Work
    after: tuple[str, ...] = ()  # names of runs that must be done before
    shares: str = ""  # the folder, where runs share one (the seeds of a truth)

    @property
    def folder(self) -> str:
        """Name of the run folder."""
        return self.shares or self.name


# P2's recipe for its nb101 sub-space at 8x8 (README of the second round: 16x16 at lr .025 ranks at .09 to .14 for the
# same cost): 45,000 images, scored on the 5,000 left out. One cosine run per length, as P2 has it: a checkpoint of a
# longer run stands at a high learning rate and tells less of what that length is worth.
NB101 = dataclasses.replace(
    RUNS["nb101"]["config"], resolution=8, crop=1, train_size=45_000, valid_size=5000, learning_rate=0.05
)
NB101_SCORE = Scoring(architectures=NB101_CELLS, recalibration_images=256)

# DARTS: clip .5 (5 diverges), 4 channels and 16x16: P2's question is whether longer training ranks worse.
DARTS = dataclasses.replace(
    RUNS["darts"]["config"], train_size=48_000, learning_rate=0.08, clip=0.5, batch_size=128,
    network={"layers": 5, "channels": 4, "auxiliary": False, "drop_path": 0.0, "bn_momentum": 0.1},
)  # fmt: skip

# NAS-Bench-201 as in the reference runs, on 8x8 images: four times the steps for the same cost.
NB201 = dataclasses.replace(RUNS["nb201"]["config"], resolution=8, crop=1)
NB201_SCORE = Scoring(sample=1000, recalibration_images=256)  # on its 2,000 images left out

# The benchmark's own size: the headline. Trained and scored in bf16: half the 4.6 and 2.9 CPU-hours of float32 on the
# Xeon (AMX) it runs on. Only its end is scored; the checkpoints between are for a look at a sample.
NB201_FULL = dataclasses.replace(
    RUNS["nb201"]["config"], resolution=None, crop=4, train_size=45_000, valid_size=5000, epochs=64,
    precision="bf16-mixed", checkpoints=(16, 32, 48),
    network={"channels": 16, "cells": 5, "affine": True, "bn_momentum": 0.1},
)  # fmt: skip
NB201_FULL_SCORE = Scoring(
    subset="all", checkpoints=(64,), valid_size=1000, recalibration_images=128, precision="bf16-mixed"
)

# P1 in its own number of steps: 200 epochs of 196 mini-batches, of 64 images and not 256; learning rate, weight decay
# and order are P1's, as in the first round. On 8x8 images a step takes less than half of what it does on 16x16, and
# a run of each order on 16x16 (data/darts64_orders_16.parquet) ranked no better: GT-Tau .54, .29, .55, where the first
# one on 8x8 got .62.
P1 = dataclasses.replace(P1_REDUCED, resolution=8, crop=1, train_size=196 * 64, epochs=200, valid_size=1000)
P1_KEPT = (1, 5, 20, 50, 100, 150, *range(191, 201))
P1_STEPS = 128  # scored after each of the last of them, where a run is dense
P1_EPOCH = 0.035  # CPU-minutes


# DARTS' recurrent cells. The constant rate knows no length, so lengths are checkpoints of one run. Three times the
# width at a quarter of the epochs (hidden 200, 12 CPU-minutes) ranked no better: tau -.17, .07, .10 at 4, 8, 16 epochs.
PTB = dataclasses.replace(RUNS["ptb"]["config"], epochs=64, checkpoints=(0, 16, 32, 64))


def nb101_lengths(lengths: Sequence[int], seeds: Sequence[int]) -> Iterator[Item]:
    """The shortest keeps the untrained network, too (scored with recalibrated BN, as all are)."""
    for seed in seeds:
        for length in lengths:
            config = dataclasses.replace(NB101, epochs=length, seed=seed, checkpoints=(0,) if length == 1 else ())
            job = Job(config, NB101_SCORE)
            yield Item(f"nb101-{length:04d}-{seed}", "nb101-length", 1.2 + 0.085 * length, Supernet(job))


def darts_lengths(runs: Path, lengths: Sequence[int], seeds: Sequence[int]) -> Iterator[Item]:
    """Scored on the 148 architectures of P2's uniform sample."""
    score = Scoring(architectures=str(runs / DARTS_CELLS), recalibration_images=256)
    for seed in seeds:
        for length in lengths:
            kept = (0,) if length == 16 else ()
            job = Job(dataclasses.replace(DARTS, epochs=length, seed=seed, checkpoints=kept), score)
            yield Item(f"darts-{length:04d}-{seed}", "darts-length", 1.0 + 0.6 * length, Supernet(job))


def ptb_lengths(seeds: Sequence[int]) -> Iterator[Item]:
    """Scored on P2's cells."""
    for seed in seeds:
        job = Job(dataclasses.replace(PTB, seed=seed), RUNS["ptb"]["score"])
        yield Item(f"ptb-{PTB.epochs:04d}-{seed}", "ptb-length", 23.0, Supernet(job))


def p1_orders(seeds: Sequence[int]) -> Iterator[Item]:
    """Instances of the fixed order differ by their seed; those of the others by the order alone, from seed 0's weights.

    The first three of the fixed and the reshuffled order are scored after each of the last mini-batches, too.
    """
    for seed in seeds:
        for order in ("cycle", "shuffled", "reshuffled"):
            own = {"seed": seed} if order == "cycle" else {"seed": 0, "order_seed": seed}
            is_dense = order != "shuffled" and seed < 3
            config = dataclasses.replace(
                P1, order=order, checkpoints=P1_KEPT, dense_steps=P1_STEPS if is_dense else 0, **own
            )
            job = Job(config, Scoring(bn="running"))
            yield Item(f"p1s-{order}-{seed}", "p1-orders", 7.5 + 1.2 * is_dense, Supernet(job))


def p1_tuning(epochs: Sequence[int], supernets: Sequence[str]) -> Iterator[Item]:
    """Half of the steps and all of them, 64 mini-batches each."""
    for supernet in supernets:
        for epoch in epochs:
            work = Tuned(supernet, epoch, steps=64, valid_size=500)
            yield Item(f"{supernet}-tuned-{epoch:04d}", "p1-tuning", 3.0, work, after=(supernet,))


def p1_sharing(plans: Sequence[str], seeds: Sequence[int]) -> Iterator[Item]:
    """Groups: half of P1's steps for each (100 epochs); prefixes: all of them. The last 64 mini-batches are scored."""
    for seed in seeds:
        for sharing in plans:
            kind, _, value = sharing.partition(":")
            epochs = {"all": 100, "prefix": 200}.get(kind) or 100 * int(value)
            config = dataclasses.replace(P1, sharing=sharing, epochs=epochs, seed=seed, dense_steps=64, valid_size=500)
            name = f"p1s-{sharing.replace(':', '')}-{seed}"
            yield Item(name, "p1-sharing", P1_EPOCH * epochs + 1.0, Supernet(Job(config, None)))


def nb201_lengths(lengths: Sequence[int], seeds: Sequence[int]) -> Iterator[Item]:
    """P2's question on NAS-Bench-201, at 8x8."""
    for seed in seeds:
        for length in lengths:
            config = dataclasses.replace(NB201, epochs=length, seed=seed, checkpoints=(0,) if length == 16 else ())
            job = Job(config, NB201_SCORE)
            yield Item(f"nb201-small-{length:04d}-{seed}", "nb201-length", 1.0 + 0.09 * length, Supernet(job))


def nb101_folds(seeds: Sequence[int]) -> Iterator[Item]:
    """Three folds, at random and by the operation of one vertex; the whole is nb101-0025 of the same seed."""
    for seed in seeds:
        for way, sharing in (("random", "groups:3"), ("decision", "decision:op1")):
            job = Job(dataclasses.replace(NB101, epochs=75, sharing=sharing, seed=seed), NB101_SCORE)
            yield Item(f"nb101-folds-{way}-{seed}", "nb101-folds", 8.0, Supernet(job))


def nb101_copies(seeds: Sequence[int]) -> Iterator[Item]:
    """Supernets whose vertices hold copies of one operation; the ordinary ones are nb101-0025."""
    for seed in seeds:
        for name in ("conv3x3", "conv1x1"):
            config = dataclasses.replace(NB101, epochs=25, sharing=f"copies:{name}-bn-relu", seed=seed)
            score = Scoring(sample=100, recalibration_images=256)
            yield Item(f"nb101-copies-{name}-{seed}", "nb101-copies", 4.0, Supernet(Job(config, score)))


def nb101_thirds(runs: Path, seeds: Sequence[int]) -> Iterator[Item]:
    """The best third by truth and a random third, of the cells that have a truth; 400 of its own are scored."""
    for seed in seeds:
        for part in ("best", "random"):
            config = dataclasses.replace(
                NB101, epochs=25, architectures=str(runs / f"nb101_{part}_third.txt"), seed=seed
            )
            score = Scoring(sample=400, recalibration_images=256)
            yield Item(f"nb101-third-{part}-{seed}", "nb101-pruned", 3.5, Supernet(Job(config, score)))


def nb101_shrunk(seeds: Sequence[int]) -> Iterator[Item]:
    """Progressive shrinking in three rounds; what is left is scored."""
    for seed in seeds:
        for by in ("accuracy", "residual", "pareto"):
            config = dataclasses.replace(NB101, epochs=25, prune=f"shrink:{by}", prune_every=6, seed=seed)
            score = Scoring(sample=400, recalibration_images=256)
            yield Item(f"nb101-shrink-{by}-{seed}", "nb101-pruned", 5.0, Supernet(Job(config, score)))


def nb101_halved(runs: Path, seeds: Sequence[int]) -> Iterator[Item]:
    """Of 2,000 cells at random the worse half is dropped three times; beside it nothing is. What is left is scored."""
    for seed in seeds:
        for way, rule in (("some", "none"), ("halve", "halve")):
            config = dataclasses.replace(
                NB101, epochs=25, architectures=str(runs / NB101_SOME), prune=rule, prune_every=6, seed=seed
            )
            score = Scoring(sample=400, recalibration_images=256)
            yield Item(
                f"nb101-{way}-{seed}", "nb101-pruned", 4.0 + 8.0 * (rule == "halve"), Supernet(Job(config, score))
            )


def few_truths(runs: Path, seeds: Sequence[int]) -> Iterator[Item]:
    """Alone: 32 of DARTS' uniform sample (2 epochs, 750 steps) and 32 of P2's recurrent cells (8 epochs of 137)."""
    darts = dataclasses.replace(DARTS, epochs=2, architectures=str(runs / DARTS_CELLS))
    ptb = dataclasses.replace(RUNS["ptb"]["config"], epochs=8, checkpoints=(), architectures=str(runs / PTB_CELLS))
    for seed in seeds:
        yield Item(f"ptb-truth-{seed}", "truths", 32 * 0.9, Alone(ptb, seed, 32), shares="ptb-truth")
        yield Item(f"darts-truth-{seed}", "truths", 32 * 1.2, Alone(darts, seed, 32), shares="darts-truth")


def nb101_truths(seeds: Sequence[int]) -> Iterator[Item]:
    """P2's cells alone at the supernets' size, 351 steps each. BN statistics are running ones, so their momentum is .1
    where a supernet's is less."""
    network = {**NB101.network, "bn_momentum": 0.1}
    config = dataclasses.replace(NB101, epochs=1, network=network, architectures=NB101_CELLS)
    for seed in seeds:
        yield Item(f"nb101-truth-{seed}", "truths", 35.0, Alone(config, seed), shares="nb101-truth")


def p1_truths(seeds: Sequence[int]) -> Iterator[Item]:
    """P1's 64 alone, 1,568 steps each; `cycle` and the like need no order alone."""
    config = dataclasses.replace(P1, epochs=8, order="uniform", valid_size=5000)
    for seed in seeds:
        yield Item(f"p1s-truth-{seed}", "truths", 64 * (8 * P1_EPOCH + 0.05), Alone(config, seed), shares="p1s-truth")


def headline(seeds: Sequence[int]) -> Iterator[Item]:
    """The benchmark's own size and whole space; minutes of that Xeon."""
    for seed in seeds:
        job = Job(dataclasses.replace(NB201_FULL, seed=seed), NB201_FULL_SCORE)
        yield Item(f"nb201-full-{seed}", "headline", 270.0, Supernet(job))


def headline_checks(seeds: Sequence[int]) -> Iterator[Item]:
    """The same supernets on a sample: in float32, and its checkpoints on the way."""
    exact = dataclasses.replace(NB201_FULL_SCORE, subset=None, sample=300, precision="32-true")
    early = dataclasses.replace(NB201_FULL_SCORE, subset=None, sample=300, checkpoints=(16, 32, 48))
    for seed in seeds:
        name = f"nb201-full-{seed}"
        for what, score, minutes in (("float32", exact, 7.0), ("early", early, 12.0)):
            yield Item(f"{name}-{what}", "headline-checks", minutes, Rescored(name, score), after=(name,))


def plan(runs: Path) -> list[Item]:
    """All runs, in order."""
    early, late = range(3), range(5, 10)
    groups = [f"{kind}:{m}" for m in (2, 4, 8) for kind in ("groups", "similar")]
    return [
        *nb101_lengths((25, 4), early),
        *nb101_lengths((1, 10), early),
        *nb201_lengths((16,), early),  # does 8x8 do?
        *nb101_lengths((25, 1), [3, 4]),
        *nb101_lengths((100,), early),
        *nb101_thirds(runs, early),
        *few_truths(runs, [0]),  # a truth of one's own for every space, before anything else
        *nb101_truths([0]),
        *headline([0]),
        *p1_orders(early),
        *headline_checks([0]),
        *nb201_lengths((64,), early),
        *p1_tuning((100, 200), [f"p1s-cycle-{seed}" for seed in early]),
        *nb101_folds(early),
        *darts_lengths(runs, [16], early),
        *p1_orders([3, 4]),
        *p1_tuning((100, 200), [f"p1s-cycle-{seed}" for seed in (3, 4)]),
        *nb101_lengths((100,), [3, 4]),
        *nb101_copies(early),
        *darts_lengths(runs, [48], early),
        *ptb_lengths(early),
        *nb101_shrunk(early),
        *p1_sharing(["all", *groups[:4], "prefix:0", "prefix:1", "prefix:2"], [0]),
        *nb101_halved(runs, early),
        *nb101_lengths((100,), late),
        *p1_orders(late),
        *p1_truths([0, 1]),
        *p1_sharing(groups[4:], [0]),
        *nb201_lengths((256,), early),
        *nb101_lengths((25,), late),
        *nb101_truths([1]),
        *few_truths(runs, [1]),
        *darts_lengths(runs, [100], early),
        *nb101_lengths((4, 10), [3, 4]),
        *nb101_lengths((1, 4, 10), late),
        *nb201_lengths((1024,), [0]),
        *darts_lengths(runs, [200], [0]),
    ]


def prepare(runs: Path) -> None:
    """Lists of architectures that runs train or are scored on, beside them."""
    from nasbias.pruning import select_architectures
    from nasbias.tables import select_truth
    from nasbias.truth import load_truth

    lists = {
        DARTS_CELLS: lambda: select_truth(load_truth("darts", DARTS_TRUTH), sample="uniform")["architecture"],
        PTB_CELLS: lambda: load_truth("ptb", PTB_TRUTH)["architecture"],
        NB101_SOME: lambda: get_space("nb101").sample(2000, seed=0),
        "nb101_best_third.txt": lambda: select_architectures(NB101_TRUTH, space="nb101", share=1 / 3),
        "nb101_random_third.txt": lambda: select_architectures(NB101_TRUTH, space="nb101", share=1 / 3, by="random"),
    }
    for name, architectures in lists.items():
        if not (runs / name).exists():
            with written_atomically(runs / name) as temporary:
                temporary.write_text("".join(f"{each}\n" for each in architectures()))
