"""The queue of long runs: one plan (`analysis.plan`), carried out in its order, a few at a time, by whoever has time.

    python -m analysis.queue run --processes 2      # goes on where an earlier call stopped; each run on one thread
    python -m analysis.queue status                 # what is done, under way, failed, left, and what it cost
    python -m analysis.queue stop                   # runners finish what they are at and begin nothing more
    python -m analysis.queue harvest                # finished runs into data/: tables of predictions, truths

A run is a folder. Beside the folders lies `.queue`, with files of each run: its lock while it is under way (two runners
never do the same one; a killed runner leaves none), its cost, its error when it failed. A failed run stops nothing;
`run --again` tries it once more.
"""

import contextlib
import fcntl
import json
import multiprocessing
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analysis.plan import Item, plan, prepare
from nasbias.files import records, to_json, written_atomically
from nasbias.locks import find_holder
from nasbias.pool import begin_worker, run_job, stop_workers
from nasbias.progress import note
from nasbias.terminal import Parser, add_format, command, print_table

NICENESS = 19
COUNT_EVERY = 60.0  # seconds between two writings of a run's cost


@dataclass(frozen=True)
class Queue:
    """A plan and the folder its runs lie in. `kept` are the runs whose results are in data/, by name with their cost:
    they are done, also on a machine that does not have their folders."""

    items: Sequence[Item]
    runs: Path
    kept: Mapping[str, dict[str, float]] = field(default_factory=dict)

    def folder(self, item: Item) -> Path:
        """The run's folder."""
        return self.runs / item.folder

    def _file(self, item: Item, kind: str) -> Path:
        return self.runs / ".queue" / f"{item.name}.{kind}"

    def cost(self, item: Item) -> dict[str, float]:
        """CPU and wall seconds spent so far, over all attempts; of one that was killed all but its last minute."""
        path = self._file(item, "cost.json")
        if path.exists():
            return json.loads(path.read_text())
        return dict(self.kept.get(item.name, {"cpu_seconds": 0.0, "wall_seconds": 0.0}))

    def error(self, item: Item) -> str | None:
        """Why it failed, the whole traceback."""
        path = self._file(item, "error.txt")
        return path.read_text() if path.exists() else None

    def is_done(self, item: Item) -> bool:
        """Whether it was carried out to its end, here or where its result was harvested."""
        return self.is_here(item) or item.name in self.kept

    def is_here(self, item: Item) -> bool:
        """Whether it was carried out to its end in this folder."""
        return self._file(item, "done").exists()

    def is_wanted(self, item: Item) -> bool:
        """Whether it is to be carried out: not done, or its folder is lost and a run that is not done needs it."""
        if self.is_here(item):
            return False
        needed = any(item.name in other.after and not self.is_done(other) for other in self.items)
        return needed or item.name not in self.kept

    def state(self, item: Item) -> str:
        """done, failed, running or waiting."""
        if self.is_done(item):
            return "done"
        with self.claimed(item) as is_mine:
            if not is_mine:
                return "running"
        return "failed" if self.error(item) else "waiting"

    @contextlib.contextmanager
    def claimed(self, item: Item) -> Iterator[bool]:
        """Hold the run's lock; False: another process holds it. The kernel lets go of it when the process ends."""
        path = self._file(item, "lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def carry_out(self, item: Item) -> None:
        """The run from where it stands to its end; its cost and its error, if any, are written down."""
        error = self._file(item, "error.txt")
        error.unlink(missing_ok=True)
        failure = ""
        with self._counting(item):
            try:
                item.work.carry_out(self.folder(item))
            except Exception:
                failure = traceback.format_exc()
        with written_atomically(error if failure else self._file(item, "done")) as temporary:
            temporary.write_text(failure)

    @contextlib.contextmanager
    def _counting(self, item: Item) -> Iterator[None]:
        """Write what is spent meanwhile, every minute and at the end."""
        before, cpu, wall = self.cost(item), time.process_time(), time.monotonic()
        over = threading.Event()

        def write() -> None:
            spent = {
                "cpu_seconds": round(before["cpu_seconds"] + time.process_time() - cpu, 1),
                "wall_seconds": round(before["wall_seconds"] + time.monotonic() - wall, 1),
            }
            with written_atomically(self._file(item, "cost.json")) as temporary:
                temporary.write_text(json.dumps(spent))

        def follow() -> None:
            while not over.wait(COUNT_EVERY):
                write()

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            write()

    @property
    def stop(self) -> Path:
        """While this file is there nothing is begun."""
        return self.runs / ".queue" / "stop"

    def work(self, until: float = float("inf"), again: bool = False) -> None:
        """Carry out the plan in its order; nothing is begun after `until` (seconds since the epoch)."""
        tried: set[str] = set()
        while time.time() < until and not self.stop.exists():
            for item in self.items:
                if item.name in tried or not self.is_wanted(item) or (self.error(item) and not again):
                    continue
                if item.after and not all(self.is_here(other) for other in self.items if other.name in item.after):
                    continue
                if item.shares and find_holder(self.folder(item)):  # another seed of the same truth
                    continue
                with self.claimed(item) as is_mine:
                    if not is_mine or not self.is_wanted(item):
                        continue
                    tried.add(item.name)
                    note(f"{time.strftime('%H:%M:%S')} {item.name}: begins")
                    self.carry_out(item)
                    outcome = (
                        "FAILED" if self.error(item) else f"done, {self.cost(item)['cpu_seconds'] / 60:.1f} CPU-min"
                    )
                    note(f"{time.strftime('%H:%M:%S')} {item.name}: {outcome}")
                break  # what is first in the plan may have been freed meanwhile
            else:
                return

    def status(self) -> pd.DataFrame:
        """A row per study: runs by state, CPU-hours spent and, by the plan's estimates, left."""
        rows = []
        for item in self.items:
            state = self.state(item)
            rows.append(
                {
                    "study": item.study,
                    **{name: int(state == name) for name in ("done", "running", "failed", "waiting")},
                    "cpu_hours": self.cost(item)["cpu_seconds"] / 3600,
                    "hours_left": 0.0 if state == "done" else item.minutes / 60,
                }
            )
        return pd.DataFrame(pd.DataFrame(rows).groupby("study", sort=False).sum()).reset_index()


def _work(queue: Queue, until: float, again: bool) -> None:
    import torch

    os.nice(max(0, NICENESS - os.nice(0)))
    torch.set_num_threads(1)
    queue.work(until, again)


def _begin(queue: Queue, until: float, again: bool) -> None:
    begin_worker()
    run_job(_work, queue, until, again)


def run(queue: Queue, processes: int = 1, until: float = float("inf"), again: bool = False) -> None:
    """Carry out a plan with several processes. An interruption of this one alone ends them too: what they train is
    saved at the next step."""
    if processes == 1:
        _work(queue, until, again)
        return
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_begin, args=(queue, until, again)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    finally:
        stop_workers(workers)


def _clock(text: str) -> float:
    """Today's HH:MM, local time, in seconds since the epoch."""
    if not re.fullmatch(r"\d\d:\d\d", text):
        raise ValueError(text)
    today = time.localtime()
    hour, minute = map(int, text.split(":"))
    return time.mktime((*today[:3], hour, minute, 0, 0, 0, -1))


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(
        prog="python -m analysis.queue", description=__doc__, example="python -m analysis.queue run --processes 2"
    )
    parser.add_argument("step", choices=("run", "status", "stop", "harvest"))
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of run folders (default: runs)")
    parser.add_argument("--only", default="", help="runs whose study or name starts so")
    parser.add_argument("--processes", type=int, default=1, help="runs at a time, one thread each (default: 1)")
    parser.add_argument("--until", type=_clock, default=float("inf"), metavar="HH:MM", help="begin nothing after that")
    parser.add_argument("--again", action="store_true", help="try failed runs once more")
    parser.add_argument("--names", action="store_true", help="status of every run, not of every study")
    add_format(parser)
    given = parser.parse_args(argv)
    prepare(given.runs)
    items = [item for item in plan(given.runs) if item.name.startswith(given.only) or item.study.startswith(given.only)]
    from analysis.harvest import harvest, harvest_truths, harvested  # late: they ask for a queue

    queue = Queue(items, given.runs, harvested())
    if given.step == "stop":
        queue.stop.parent.mkdir(parents=True, exist_ok=True)
        queue.stop.touch()
    if given.step == "run":
        queue.stop.unlink(missing_ok=True)
        run(queue, given.processes, given.until, given.again)
    if given.step == "harvest":
        table = harvest(queue)
        for name in harvest_truths(queue):
            note(f"{name}.parquet")
    else:
        table = _names(queue) if given.names else queue.status()
    if given.format == "json":
        print(to_json(records(table)))
    else:
        print_table(table, title=f"{len(items)} runs in the plan")
    return 0


def _names(queue: Queue) -> pd.DataFrame:
    rows = []
    for item in queue.items:
        error = queue.error(item)
        rows.append(
            {
                "run": item.name,
                "state": queue.state(item),
                "cpu_minutes": queue.cost(item)["cpu_seconds"] / 60,
                "planned_minutes": item.minutes,
                "error": error.strip().splitlines()[-1] if error else "",
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    sys.exit(main())
