"""The engine of a sweep: dask.distributed, on a cluster of this machine's own or on any scheduler, by the same code.

Nothing of a run's state is with the engine: a task that was lost, with its worker or with the scheduler, is done again
from what its folder holds. So a worker may be killed at any moment (its tasks go to others; a run that kills four of
them has failed), and when the scheduler is lost the same command goes on.
"""

import heapq
import itertools
import logging
import math
import os
import signal
import threading
import time
import uuid
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dask.config
import distributed
from distributed.scheduler import KilledWorker

from nasbias.errors import InputError
from nasbias.locks import InUse
from nasbias.progress import note
from nasbias.provenance import count_cores
from nasbias.sweep import work

POLL = 0.5  # seconds between two looks at what nobody reports
LOOK = 2.0  # seconds between two looks at the workers
BUSY = 5.0  # seconds before a run in which another process is at work is tried again
PATIENCE = 20.0  # seconds that workers have to save their states
CONNECT = 20.0  # seconds that a scheduler has to answer
LONELY = 15.0  # seconds without a worker that can do anything, after which that is said
# What a client raises whose scheduler is gone; the last of them came with a later version of distributed.
_CLOSED = (OSError, RuntimeError, CancelledError, getattr(distributed.client, "ClosedClientError", OSError))
_QUIET = {
    "distributed.worker.daemon": False,
    # A worker that was killed is back when it has imported torch. dask's 15 s are too short for that on a busy machine:
    # it would give the worker up, and not replace it.
    "distributed.deploy.lost-worker-timeout": "10 minutes",
}


@contextmanager
def connected(scheduler: str | os.PathLike | None, processes: int | None) -> Iterator[distributed.Client]:
    """A client of a scheduler: its address (tcp://host:8786) or the file that it wrote; None: of a cluster of
    single-thread processes on this machine, which ends with it.

    Raises:
        InputError: no scheduler answers there.
    """
    with dask.config.set(_QUIET), _silenced():
        if scheduler is None:
            n = count_cores() if processes is None else processes
            options = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0", "silence_logs": 50}
            with distributed.LocalCluster(n_workers=n, **options) as cluster, distributed.Client(cluster) as client:
                client.register_plugin(_Deaf())
                yield client
            return
        is_file = Path(scheduler).is_file()
        where: Mapping[str, Any] = {"scheduler_file": str(scheduler)} if is_file else {"address": str(scheduler)}
        try:
            client = distributed.Client(**where, timeout=CONNECT)
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"no scheduler answers at {scheduler} ({type(error).__name__}). Start one with dask scheduler, or "
                f"leave --scheduler out for a cluster of this machine's own."
            ) from None
        with client:
            yield client


@contextmanager
def _silenced() -> Iterator[None]:
    """What dask logs of workers and schedulers that are lost is said by us, in one line."""
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    before = {log: log.level for log in map(logging.getLogger, known)}  # dask sets the level of some by themselves
    for log in before:
        log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for log, level in before.items():
            log.setLevel(level)


class _Deaf(distributed.WorkerPlugin):
    """Ctrl-C, which a terminal sends to every process, is for the one that was called: it has the workers save."""

    name = "nasbias-deaf"

    def setup(self, worker: distributed.Worker) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)


class Engine:
    """Tasks on a client, each done to its end: results as they come, whatever becomes of workers."""

    def __init__(self, client: distributed.Client, resources: Mapping[str, float] | None = None) -> None:
        """`resources` are what each task asks of its worker, such as {"GPU": 1}."""
        self.client, self.resources = client, dict(resources or {})
        self.waiting: list[tuple[int, int, Any, tuple]] = []  # a heap: priority, order of coming, tag, call
        self.futures: dict[distributed.Future, tuple[int, int, Any, tuple]] = {}
        self.busy: deque[tuple[float, tuple[int, int, Any, tuple]]] = deque()
        self.caller, self.came = work.Caller(str(Path.cwd()), uuid.uuid4().hex), itertools.count()
        self.slots, self.looked = 1, -math.inf
        self.lonely_since: float | None = None

    def submit(self, tag: Any, *call: Any, priority: int = 0) -> None:
        """Add the task call[0](*call[1:], caller); `tag` comes back with its result. A higher priority goes first."""
        heapq.heappush(self.waiting, (-priority, next(self.came), tag, call))

    def _fill(self) -> None:
        """Give the scheduler as many tasks as there are threads. One more, and it would lie with a worker behind
        another task, and be held guilty when that one kills the worker."""
        if time.monotonic() - self.looked > LOOK:
            self.looked = time.monotonic()
            self._look()
        while self.waiting and len(self.futures) < self.slots:
            task = heapq.heappop(self.waiting)
            *_, (function, *arguments) = task
            options: dict[str, Any] = {"key": f"{function.__name__}-{uuid.uuid4().hex}", "pure": False}
            if self.resources:
                options["resources"] = self.resources
            self.futures[self.client.submit(function, *arguments, self.caller, **options)] = task

    def _look(self) -> None:
        """Count the places for tasks, see that a cluster of our own has all its workers, and say where nobody works."""
        _replace_workers(self.client.cluster)
        about: Mapping[str, Any] = self.client.scheduler_info(n_workers=-1)
        places, now = sum(map(self._places, about["workers"].values())), time.monotonic()
        self.slots = max(1, places)  # a cluster that adapts itself begins with a task that waits
        self.lonely_since = None if places else self.lonely_since or now
        if self.lonely_since is not None and now - self.lonely_since > LONELY:
            asked = " and ".join(f"{name}={n:g}" for name, n in self.resources.items())
            note(f"no worker{f' with {asked}' if asked else ''} is at {about['address']}; waiting for one")
            self.lonely_since = math.inf  # said

    def _places(self, worker: Mapping[str, Any]) -> int:
        """Tasks that a worker can be at, by its threads and its resources."""
        offered = worker.get("resources", {})
        fits = (int(offered.get(name, 0) // n) for name, n in self.resources.items() if n)
        return min([worker["nthreads"], *fits])

    def results(self) -> Generator[tuple[Any, Any]]:
        """(tag, result or exception) of each task, until there are none; tasks may be added meanwhile. A task that
        finds another process in its folder waits until that has ended.

        Raises:
            InputError: the scheduler is lost.
        """
        while self.futures or self.busy or self.waiting:
            while self.busy and self.busy[0][0] <= time.monotonic():
                heapq.heappush(self.waiting, self.busy.popleft()[1])
            try:
                self._fill()
                if self.futures:
                    with suppress(TimeoutError, CancelledError):
                        distributed.wait(list(self.futures), timeout=POLL, return_when="FIRST_COMPLETED")
                else:
                    time.sleep(POLL)
                ended = [self._take(future) for future in list(self.futures) if future.status != "pending"]
            except _CLOSED:
                raise _lost() from None
            if self.client.status not in ("running", "connecting"):
                raise _lost()
            for task, outcome in ended:
                if isinstance(outcome, InUse):
                    self.busy.append((time.monotonic() + BUSY, task))
                else:
                    yield task[2], outcome

    def _take(self, future: distributed.Future) -> tuple[Any, Any]:
        """A task that has ended, and its result or exception.

        Raises:
            CancelledError: by a client that lost its scheduler.
        """
        if future.status in ("cancelled", "lost"):
            raise CancelledError
        outcome = future.result() if future.status == "finished" else future.exception()
        future.release()  # else it is done again should its worker die
        return self.futures.pop(future), outcome

    def stop(self) -> None:
        """Have the workers save what they are at, and wait for them a little."""
        try:
            self.client.run(work.ask_to_stop, self.caller)
            ends = time.monotonic() + PATIENCE
            while any(self._at_work().values()) and time.monotonic() < ends:
                time.sleep(0.1)
        except _CLOSED:  # the scheduler may be what is lost
            return

    def _at_work(self) -> dict[str, Any]:
        """Tasks by worker."""
        found: Any = self.client.processing()
        return found


def _replace_workers(cluster: Any) -> None:
    """Have a cluster of this machine's own start the workers that it has given up, such as one killed in its start."""
    if not isinstance(cluster, distributed.LocalCluster):
        return
    for name, nanny in list(cluster.workers.items()):
        if nanny.status in (distributed.Status.closed, distributed.Status.failed):
            del cluster.workers[name]
    if len(cluster.workers) < len(cluster.worker_spec):
        cluster.scale(len(cluster.worker_spec))


def why(error: BaseException) -> str:
    """One line on why a run failed."""
    if isinstance(error, KilledWorker):
        return "its worker was killed again and again, perhaps for want of memory"
    text = " ".join(str(error).split())
    return text if isinstance(error, InputError) else f"{type(error).__name__}: {text}"


def _lost() -> InputError:
    return InputError("the scheduler is lost. What is done is kept: run the same command again.")
