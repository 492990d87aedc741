"""What the experiments have in common: runs, carried out a few at a time and resumable, and a result with provenance.

An experiment is a `plan`, its runs by name, and an `evaluate` that makes tables of the finished run folders.
`run_study` is its command: the plan is a sweep (`nasbias.sweep`; here or on a dask scheduler), and what it left becomes
data/studies/<name>.json. What is finished is not done again. The queue (`analysis.queue`) has a plan of its own, of
more kinds of work than a sweep has.
"""

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from nasbias.errors import InputError
from nasbias.files import records, to_json, written_atomically
from nasbias.provenance import count_cores, describe_provenance
from nasbias.runs import Training
from nasbias.score import Scoring, score_run
from nasbias.sweep import Item, sweep
from nasbias.sweep import Plan as Sweep
from nasbias.terminal import Parser, command, note, print_table, resumable

IMAGES = "../shared/data/cifar10_jpeg.parquet"  # CIFAR-10 re-encoded as JPEG, 60,000 images
STUDIES = Path(__file__).parents[1] / "data" / "studies"

# P1's recipe for its 64 architectures, as the paper has it (no clipping) and as this machine manages it.
P1_PAPER = Training(
    space="darts64", dataset="cifar10", valid_from="test", epochs=200, batch_size=256, learning_rate=0.025,
    final_learning_rate=0.001, nesterov=False, weight_decay=1e-3, clip=0.0, order="cycle", last_batch="keep",
)  # fmt: skip
P1_REDUCED = dataclasses.replace(
    P1_PAPER, dataset=IMAGES, resolution=16, train_size=10_000, valid_size=1000, batch_size=64, crop=2, epochs=16,
    clip=5.0, last_batch="drop", network={"channels": 8, "cells": 2, "bn_momentum": 0.4},
)  # fmt: skip
# P2's recipe for NAS-Bench-201, likewise. Validation is the benchmark's half of the test split: the file is
# AutoDL-Projects' configs/nas-benchmark/cifar100-test-split.txt, to be laid where the script is run.
P2_PAPER = Training(
    space="nb201", dataset="cifar100", epochs=2000, valid_from="test", valid_indices="cifar100-test-split.txt"
)
P2_REDUCED = Training(
    space="nb201", dataset=IMAGES, resolution=16, train_size=20_000, valid_size=2000, batch_size=64, crop=2, epochs=16,
    learning_rate=0.05,
    network={"channels": 8, "cells": 1},
)  # fmt: skip

Plan = dict[str, "Job"]
Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Job:
    """A run and how it is scored; None: it is not (its dense steps are its scores)."""

    config: Training
    score: Scoring | None = Scoring()


def run_study(
    argv: Sequence[str],
    name: str,
    text: str | None,
    plan: Callable[[bool], Plan],
    evaluate: Callable[[dict[str, Path], bool], Tables],
) -> int:
    """An experiment's command: `python -m analysis.<name> [--paper] [--runs DIR]`."""

    @command
    def main(argv: Sequence[str]) -> int:
        parser = Parser(prog=f"python -m analysis.{name}", description=text, example=f"python -m analysis.{name}")
        parser.add_argument("--paper", action="store_true", help="at the paper's size: days, on a GPU")
        parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of sweeps (default: runs)")
        parser.add_argument("--processes", type=int, default=count_cores(), help="runs at a time (default: one a core)")
        parser.add_argument("--scheduler", metavar="ADDRESS", help="a dask scheduler (default: this machine)")
        given = parser.parse_args(argv)
        title = f"{name}{'_paper' if given.paper else ''}"
        with resumable(parser.prog, argv):
            folders = carry_out(plan(given.paper), given.runs / title, given.processes, given.scheduler)
        tables = evaluate(folders, given.paper)
        write_result(title, folders, tables)
        for what, table in tables.items():
            print_table(table, title=what)
        return 0

    return main(argv)


def carry_out(jobs: Plan, out: Path, processes: int, scheduler: str | None = None) -> dict[str, Path]:
    """The folder of each run, trained and scored, as a sweep in the folder `out`.

    Raises:
        InputError: some runs failed; the others are done.
    """
    items = {run: Item(job.config, job.score, run) for run, job in jobs.items()}
    table = sweep(
        Sweep(tuple(items.values())), out, scheduler=scheduler, processes=processes,
        report=lambda run, outcome, ended, total: note(f"{ended}/{total}  {run}  {outcome}"),
    )  # fmt: skip
    failed = [row for row in records(table) if row["state"] != "done"]
    if failed:
        first = failed[0]
        raise InputError(f"{len(failed):,} of {len(table):,} runs failed, {first['run']} with: {first['error']}")
    return {run: item.folder(out / "runs") for run, item in items.items()}


def carry_out_one(job: tuple[Path, Job]) -> str:
    """Train and score a run, as far as that is not yet done, on this process's one thread."""
    from nasbias.campaigns import train_run
    from nasbias.threads import use_threads

    folder, what = job
    use_threads(1)
    train_run(what.config, folder)
    predictions = folder / "predictions.parquet"
    if what.score is None or predictions.exists():
        return f"{folder.name}: trained"
    score_run(folder, dataclasses.replace(what.score, processes=1))
    return f"{folder.name}: trained and scored"


def write_result(title: str, folders: dict[str, Path], tables: Tables) -> None:
    """data/studies/<title>.json: the tables, what made them, and every run's configuration and provenance."""
    runs = {
        run: {
            "config": (folder / "config.toml").read_text().splitlines(),
            "trained": json.loads((folder / "provenance.json").read_text()),
        }
        for run, folder in folders.items()
    }
    write_tables(title, tables, runs=runs)


def write_tables(title: str, tables: Tables, **more: Any) -> None:
    """As `write_result`, of a study that has no runs of its own."""
    result = {
        "about": describe_provenance(study=title),
        "tables": {what: records(table) for what, table in tables.items()},
        **more,
    }
    STUDIES.mkdir(parents=True, exist_ok=True)
    with written_atomically(STUDIES / f"{title}.json") as temporary:
        temporary.write_text(to_json(result))


def predictions_of(space: str, paper: bool, what: str = "predictions") -> Path:
    """The reference predictions of a space, shipped or, with `paper`, made by `analysis.reference SPACE ... --paper`.

    Raises:
        InputError: those at the paper's size have not been made.
    """
    path = STUDIES.parent / f"{space}_{what}{'-paper' if paper else ''}.parquet"
    if not path.exists():
        raise InputError(
            f"{path.name} is not here. Make it (days, on a GPU): python -m analysis.reference {space} train --paper, "
            f"then score and collect."
        )
    return path


def report_tables(title: str, tables: Tables, format: str) -> None:
    """Write the tables of a study that has no runs of its own, and print them as a command does."""
    write_tables(title, tables)
    if format == "json":
        print(to_json({name: records(each) for name, each in tables.items()}))
        return
    for name, each in tables.items():
        print_table(each.drop(columns="taus", errors="ignore"), title=name)  # each run's own: in the file
