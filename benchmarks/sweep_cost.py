"""What the engine of a sweep costs: the same runs by `nasbias.sweep` and by a plain pool of as many processes.

    python -m benchmarks.sweep_cost                   # 100 runs of about a second, two at a time
    python -m benchmarks.sweep_cost --runs 20

`runs`: each is trained, scored and written, in both ways. Wall time tells on an idle machine only; the processor time
of all processes, their start included, is what either way costs on a busy one as well. `waiting`: tasks that do nothing
for a second each, against their sum over the workers: what the engine loses between two tasks.
"""

import contextlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nasbias.files import records, to_json
from nasbias.options import COUNT, THREADS
from nasbias.pool import carry_out
from nasbias.sweep import Plan, make_plan, sweep, work
from nasbias.sweep.engine import Engine, connected
from nasbias.sweep.plan import Item
from nasbias.terminal import Parser, add_format, command, number, print_table

TRAINING = {
    "space": "nb201", "batch_size": 64, "train_size": 512, "valid_size": 64, "crop": 1, "epochs": 6,
    "network": {"channels": 4, "cells": 1},
}  # fmt: skip
SCORE = {"sample": 8, "recalibration_images": 64}


def wait_a_second(caller: work.Caller) -> None:
    """A task of the engine."""
    time.sleep(1)


def carry_out_run(item: Item, folder: Path, caller: work.Caller) -> None:
    """A run from its start to its end, by what the tasks of a sweep are made of."""
    for shard in work.train_item(item, folder, caller) or []:
        work.score_part(item, folder, shard, caller)
    work.finish_item(item, folder, caller)


def by_pool(plan: Plan, out: Path, processes: int) -> None:
    """Every run a job of a plain pool."""
    caller = work.Caller(str(Path.cwd()), "pool")
    jobs = [(item, item.folder(out / "runs"), caller) for item in plan.items]
    with contextlib.closing(carry_out(carry_out_run, jobs, processes, "")) as done:
        for _ in done:
            pass


def wait_by_engine(n: int, processes: int) -> float:
    """Seconds that n waiting tasks take, once the workers are there."""
    with connected(None, processes) as client:
        client.wait_for_workers(processes)
        engine = Engine(client)
        for task in range(n):
            engine.submit(task, wait_a_second)
        began = time.monotonic()
        for _ in engine.results():
            pass
        return time.monotonic() - began


def measure(call: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of a call, the latter of all processes that it started and ended, too."""
    wall, cpu = time.monotonic(), _processor_seconds()
    call()
    return time.monotonic() - wall, _processor_seconds() - cpu


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(
        prog="python -m benchmarks.sweep_cost", description=__doc__, example="python -m benchmarks.sweep_cost"
    )
    parser.add_argument("--runs", type=number(int, COUNT), default=100, help="how many (default: 100)")
    parser.add_argument("--processes", type=number(int, THREADS), default=2, help="at a time (default: 2)")
    add_format(parser)
    given = parser.parse_args(argv)
    plan = make_plan({"training": TRAINING, "grid": {"seed": list(range(given.runs))}, "score": SCORE})
    rows: list[dict[str, Any]] = []
    waited, ideal = wait_by_engine(given.runs, given.processes), given.runs / given.processes
    rows.append({"what": "waiting", "way": "sum over workers", "wall_s": ideal, "ratio": 1.0})
    rows.append({"what": "waiting", "way": "engine", "wall_s": waited, "ratio": waited / ideal})
    with tempfile.TemporaryDirectory() as folder:
        wall, plain = measure(lambda: by_pool(plan, Path(folder, "pool"), given.processes))
        rows.append({"what": "runs", "way": "pool", "wall_s": wall, "cpu_s": plain, "ratio": 1.0})
        wall, cpu = measure(lambda: sweep(plan, Path(folder, "sweep"), processes=given.processes))
        rows.append({"what": "runs", "way": "sweep", "wall_s": wall, "cpu_s": cpu, "ratio": cpu / plain})
    table = pd.DataFrame(rows, columns=pd.Index(["what", "way", "wall_s", "cpu_s", "ratio"]))
    if given.format == "json":
        print(to_json(records(table)))
    else:
        title = (
            f"{given.runs} on {given.processes} processes; ratio: of wall time where they wait, else of processor time"
        )
        print_table(table, title)
    return 0


if __name__ == "__main__":
    sys.exit(main())
