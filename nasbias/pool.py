"""Single-threaded worker processes that leave nobody behind: they end with their parent, however it ends, and an
interrupted parent ends them.

A worker is started fresh (`spawn`: a forked one would inherit torch's threads, which do not survive). Ctrl-C reaches
every process of a terminal; workers leave it to their parent, which asks them to stop (SIGTERM): work that can save its
state (`interrupts.deferred`) does so first.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from typing import Any

from nasbias.errors import InputError

PATIENCE = 30.0  # seconds that a worker has to save its state


def carry_out(
    function: Callable[..., Any], jobs: Sequence[tuple], processes: int, kept: str
) -> Generator[tuple[int, Any]]:
    """(place in `jobs`, function(*job)) of every job, as they are done. Close the iterator to stop the workers.

    The first error ends it. Whoever iterates should use `contextlib.closing`, so that an interruption does not wait for
    the garbage collector.

    Args:
        kept: says in the error for a killed worker what is not lost.

    Raises:
        InputError: a worker was killed from outside, as a system out of memory does.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max(1, min(processes, len(jobs))), mp_context=context, initializer=begin_worker)
    try:
        pending = {pool.submit(run_job, function, *job): place for place, job in enumerate(jobs)}
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future.result()
        pool.shutdown()
    except BrokenProcessPool:
        raise InputError(
            f"a worker process was killed, perhaps for want of memory. {kept} Run the same command again, with fewer "
            f"--processes."
        ) from None
    finally:
        _stop(pool)


def _stop(pool: ProcessPoolExecutor) -> None:
    workers = list((pool._processes or {}).values())  # the pool has no public way to stop work that has begun
    pool.shutdown(wait=False, cancel_futures=True)
    stop_workers(workers)


def stop_workers(workers: Iterable[BaseProcess]) -> None:
    """End the worker processes that are still there: politely, so that they can save their states, then not."""
    workers = list(workers)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(PATIENCE)
        worker.kill()
        worker.join()


def begin_worker(threads: int = 1) -> None:
    """For the start of a worker process: Ctrl-C is its parent's, with whom it ends; so many threads for torch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from nasbias.threads import use_threads

    use_threads(threads)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def run_job(function: Callable[..., Any], *job: Any) -> Any:
    """function(*job); a worker that is asked to stop meanwhile ends when what can be saved is."""
    try:
        return function(*job)
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGTERM)
