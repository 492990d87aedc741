"""`python -m nasbias.train`: train a supernet, or architectures alone, into a run folder.

Ctrl-C and SIGTERM save the state at the next step, and the same command goes on; a finished run is left as it is.
--standalone-all and --standalone-sample make a ground truth, OUT/truth.parquet, which every command's --truth takes.
"""

import argparse
import dataclasses
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from nasbias.errors import InputError
from nasbias.files import to_json
from nasbias.options import COUNT, SEED, THREADS, whole_number
from nasbias.provenance import count_cores
from nasbias.recipes import recipe_of, supernet_options
from nasbias.runs import Training
from nasbias.spaces import get_space
from nasbias.tables import MEASURES, measures_of, read_table
from nasbias.terminal import (
    Parser,
    add_fields,
    add_table_options,
    bar,
    command,
    duration,
    fields_of,
    note,
    number,
    numbers,
    print_table,
    resumable,
    say,
    suggest,
)

SETTLED = 2.0  # seconds after which a run's pace tells how long it will take
PROG = "python -m nasbias.train"
EXAMPLE = (
    "python -m nasbias.train --space nb201 --dataset cifar10 --epochs 64 --checkpoints 4,8,16,32,64 --out runs/nb201-0"
)


@dataclass(frozen=True)
class TrainedRun:
    """A finished run: its folder, its configuration's identity, epochs with a checkpoint, one log record per epoch."""

    path: Path
    identity: str
    checkpoints: list[int]
    log: list[dict[str, Any]]

    def to_plain(self) -> dict[str, Any]:
        """The command's JSON document."""
        return {"run": str(self.path), "identity": self.identity, "checkpoints": self.checkpoints, "log": self.log}


@dataclass(frozen=True)
class OwnTruth:
    """A ground truth made by stand-alone trainings: its file and its rows, one per architecture and seed."""

    path: Path
    table: pd.DataFrame

    @property
    def seeds(self) -> pd.DataFrame:
        """Mean, least and greatest of every measure, per seed."""
        summary = self.table.groupby("seed")[measures_of(self.table)].agg(["mean", "min", "max"])
        summary.columns = [f"{name}_{kind}" for name, kind in summary.columns]
        return summary.reset_index()

    def to_plain(self) -> dict[str, Any]:
        """The command's JSON document."""
        n, rows = self.table["architecture"].nunique(), len(self.table)
        return {"truth": str(self.path), "n": n, "rows": rows, "seeds": self.seeds.to_dict("records")}


def train_run(
    config: Training,
    out: str | os.PathLike,
    *,
    threads: int = 1,
    report: Callable[[dict[str, Any]], None] | None = None,
    watch: Callable[[Any], None] | None = None,
) -> TrainedRun:
    """Carry out a run in the folder `out`, going on where it stopped; a finished run is left as it is.

    Args:
        threads: of torch on the CPU; two runs beat two threads.
        report: called with the log record of every finished epoch.
        watch: called a few times a second with how far the run is (`nasbias.training.Pace`).

    Raises:
        InputError: the folder holds another run or is in use, the configuration asks for what the space or data set
            lacks, or the training diverged.
    """
    from nasbias import campaigns
    from nasbias.threads import use_threads

    use_threads(whole_number(threads, "threads", THREADS))
    folder = campaigns.train_run(_canonical(config), Path(out), report, watch=watch)
    return TrainedRun(folder.path, config.identity, folder.epochs, folder.log)


def estimate_run(config: Training, out: str | os.PathLike, *, threads: int = 1) -> float:
    """Seconds that `train_run` would take here from where the folder stands, by a few steps; writes nothing.

    Raises:
        InputError: as `train_run`.
    """
    from nasbias.campaigns import companions_of
    from nasbias.runs import RunFolder
    from nasbias.threads import use_threads
    from nasbias.training import estimate_seconds

    use_threads(whole_number(threads, "threads", THREADS))
    config, folder = _canonical(config), RunFolder(out)
    folder.refuse_other(config)
    done = max([0, *(record["epoch"] for record in folder.log)])
    return estimate_seconds(config, companions_of) * (1 - done / config.epochs)


def make_truth(
    config: Training,
    out: str | os.PathLike,
    *,
    sample: int | None = None,
    sample_seed: int = 0,
    seeds: Sequence[int] = (0,),
    processes: int | None = None,
    report: Callable[[dict[str, Any], int, int], None] | None = None,
) -> OwnTruth:
    """Train architectures alone, each with every seed, and write `out`/truth.parquet.

    Args:
        sample: how many, drawn with `sample_seed`; None: all of the configuration's list or subset.
        processes: trainings at a time, one thread each; None: one per core.
        report: called with each result, how many are finished and how many were asked for.

    Raises:
        InputError: a space too large to train whole, a folder of another recipe, or a recipe that can't be met.
    """
    from nasbias.campaigns.standalone import train_alone

    architectures = _architectures(config, sample, sample_seed)
    path = train_alone(config, architectures, seeds, out, count_cores() if processes is None else processes, report)
    return OwnTruth(path, read_table(path))


def _canonical(config: Training) -> Training:
    if not config.standalone:
        return config
    return dataclasses.replace(config, standalone=get_space(config.space).parse(config.standalone))


def _architectures(config: Training, sample: int | None, sample_seed: int) -> Any:
    from nasbias.campaigns.standalone import choose_architectures

    if config.standalone:
        raise InputError("--standalone trains one, --standalone-all and --standalone-sample many: give one of them.")
    return choose_architectures(config, sample, sample_seed)


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    space = _space_of(argv)
    given = _parser(space).parse_args(argv)
    options = supernet_options(space)
    network = dataclasses.asdict(options(**fields_of(options, given)))
    config = Training(**fields_of(Training, given), network=network)
    many = given.standalone_all or given.standalone_sample is not None
    for option in () if many else ("seeds", "processes"):
        if getattr(given, option) is not None:
            raise InputError(f"--{option} goes with --standalone-all or --standalone-sample; a run has one --seed.")
    if given.dry_run:
        return _print_estimate(config, given, many)
    with resumable(PROG, argv), bar() as show:
        if many:
            truth = make_truth(
                config,
                given.out,
                sample=given.standalone_sample,
                sample_seed=given.sample_seed,
                seeds=(0,) if given.seeds is None else given.seeds,
                processes=given.processes,
                report=lambda result, done, total: _tell_training(result, done, total, show),
            )
        else:
            run = train_run(
                config,
                given.out,
                threads=given.threads,
                report=lambda record: _tell_epoch(record, config.epochs),
                watch=_Watch(show),
            )
    return _print_truth(truth, config, given) if many else _print_run(run, given)


def _parser(space: str) -> Parser:
    parser = Parser(prog=PROG, description=__doc__, example=EXAMPLE)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="run folder (required)")
    parser.add_argument(
        "--threads", type=number(int, THREADS), default=1, help="CPU threads; two runs beat two threads (default: 1)"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say how long it would take here (default: no)")
    add_table_options(parser)
    alone = parser.add_argument_group("ground truth: architectures trained alone, one process per core")
    which = alone.add_mutually_exclusive_group()
    which.add_argument(
        "--standalone-all", action="store_true", help="all of the subset or of --architectures (default: no)"
    )
    which.add_argument(
        "--standalone-sample", type=number(int, COUNT), metavar="N", help="N of them, drawn at random (default: none)"
    )
    alone.add_argument("--sample-seed", type=number(int, SEED), default=0, help="seed of that draw (default: 0)")
    alone.add_argument("--seeds", type=numbers(int, SEED), help="seeds of each one's trainings (default: 0)")
    alone.add_argument("--processes", type=number(int, THREADS), help="trainings at a time (default: one per core)")
    recipe = recipe_of(space)
    add_fields(parser, Training, skip=("network",), defaults=recipe)
    add_fields(parser.add_argument_group(f"network of {space}"), supernet_options(space))
    return parser


def _tell_epoch(record: dict[str, Any], epochs: int) -> None:
    unit = next(name.removesuffix("_per_second") for name in record if name.endswith("_per_second"))
    note(
        f"epoch {record['epoch']:>{len(str(epochs))}}/{epochs}  loss {record['loss']:.4f}  "
        f"{record[f'{unit}_per_second']:,.0f} {unit}/s  {record['seconds']:.1f} s"
        + (f"  valid perplexity {record['valid_perplexity']:.2f}" if "valid_perplexity" in record else "")
        + ("  rolled back: not finite" if record.get("rolled_back") else "")
    )


class _Watch:
    """Shows where a run is, and says once, when it has gone for a little, how long it will take."""

    def __init__(self, show: Callable[[float, float, str], None]) -> None:
        self.show, self.began, self.said = show, math.inf, False

    def __call__(self, pace: Any) -> None:
        now = time.monotonic()
        self.began = min(self.began, now)
        if not self.said and now - self.began > SETTLED:
            self.said = True
            note(f"about {duration(pace.seconds_left)} left: {pace.epochs} epochs of {pace.steps:,} steps")
        self.show(
            (pace.epoch - 1) * pace.steps + pace.step,
            pace.epochs * pace.steps,
            f"epoch {pace.epoch}/{pace.epochs}  step {pace.step:,}/{pace.steps:,}  {pace.per_second:,.0f} "
            f"{pace.unit}/s  {duration(pace.seconds_left)} left",
        )


def _tell_training(
    result: dict[str, Any], finished: int, total: int, show: Callable[[float, float, str], None]
) -> None:
    measured = next((f"{name} {result[name]:.2f}" for name in result if name in MEASURES), "diverged")
    show(finished, total, f"{finished:,}/{total:,} trainings")
    note(
        f"{finished:>{len(str(total))}}/{total}  {result['architecture']}  seed {result['seed']}  "
        f"{measured.replace('_', ' ')}  {result['seconds']:.1f} s"
    )


def _print_estimate(config: Training, given: argparse.Namespace, many: bool) -> int:
    answer: dict[str, Any] = {"run": str(given.out), "epochs": config.epochs}
    if many:
        from nasbias.campaigns.standalone import estimate_alone

        architectures = _architectures(config, given.standalone_sample, given.sample_seed)
        processes = count_cores() if given.processes is None else given.processes
        seeds = (0,) if given.seeds is None else given.seeds
        answer["seconds"], answer["trainings"] = estimate_alone(config, architectures, seeds, given.out, processes)
        what = f"{answer['trainings']:,} trainings of {config.epochs} epochs, {processes} at a time"
    else:
        answer["seconds"] = estimate_run(config, given.out, threads=given.threads)
        what = f"{config.epochs} epochs"
    if given.format == "json":
        print(to_json(answer))
    else:
        say(f"{given.out}: {what}: about {duration(answer['seconds'])} on this machine. Nothing was written.")
    return 0


def _print_run(run: TrainedRun, given: argparse.Namespace) -> int:
    if given.format == "json":
        print(to_json(run.to_plain()))
        return 0
    title = f"{run.path}: {len(run.log)} epochs, checkpoints {run.checkpoints}; the last of them"
    print_table(pd.DataFrame(run.log).tail(5), title, wide=given.wide)
    suggest(["python", "-m", "nasbias.score", run.path])
    return 0


def _print_truth(truth: OwnTruth, config: Training, given: argparse.Namespace) -> int:
    if given.format == "json":
        print(to_json(truth.to_plain()))
        return 0
    print_table(truth.seeds, f"{truth.path}: {len(truth.table):,} trainings, by seed", wide=given.wide)
    shown = ["python", "-m", "nasbias.correlation", "--space", config.space, "--predictions", "RUN", "--truth"]
    suggest([*shown, truth.path])
    return 0


def _space_of(argv: Sequence[str]) -> str:
    """The space decides which options there are, so it is read first."""
    for position, word in enumerate(argv):
        if word == "--space" and position + 1 < len(argv):
            return get_space(argv[position + 1]).name
        if word.startswith("--space="):
            return get_space(word.removeprefix("--space=")).name
    return "nb201"


if __name__ == "__main__":
    sys.exit(main())
