"""The other processes of a run on several devices: they go along, write nothing, and end with the first."""

import multiprocessing
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

import torch

from nasbias.errors import InputError
from nasbias.pool import begin_worker
from nasbias.runs import Diverged, RunFolder, Training
from nasbias.training.companion import MakeCompanions
from nasbias.training.ranks import PeerLost, Rank, grouped
from nasbias.training.run import Run


@contextmanager
def followed(run: Run, folder: RunFolder, companions: MakeCompanions) -> Iterator[None]:
    """Within it the other ranks of a run are there: they have resumed from its folder and go along to its last step.

    Raises:
        InputError: one of them could not begin, was killed or failed.
    """
    if run.rank.of == 1:
        yield
        return
    if multiprocessing.current_process().daemon:
        raise InputError(
            "--devices starts processes, which a worker of dask may not do unless it was started with "
            "DASK_DISTRIBUTED__WORKER__DAEMON=False in its environment."
        )
    others: list[_Follower] = []
    try:
        others += [
            _Follower(Rank(number, run.rank.of), run.config, folder.path, companions)
            for number in range(1, run.rank.of)
        ]
        for other in others:
            other.wait_until_ready()
        port = _free_port()
        for other in others:
            other.meet_at(port)
        with grouped(run.fabric, port):
            yield
    except PeerLost as error:
        lost = [text for other in others if (text := other.why())]
        raise InputError(f"{lost[0] if lost else error} What is saved is kept: run the same command again.") from None
    finally:
        for other in others:
            other.end()


class _Follower:
    """The process of another rank."""

    def __init__(self, rank: Rank, config: Training, folder: Path, companions: MakeCompanions) -> None:
        self.rank = rank
        self.pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")  # a forked one would inherit torch's threads
        arguments = (rank, config, folder, companions, torch.get_num_threads(), theirs)
        self.process = context.Process(target=_follow, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    def wait_until_ready(self) -> None:
        """
        Raises:
            InputError: it can't take part.
        """
        wait([self.pipe, self.process.sentinel])
        with suppress(EOFError, OSError):
            if self.pipe.poll() and (text := self.pipe.recv()):
                raise InputError(text)
            if self.process.is_alive():
                return
        raise InputError(self.why() or f"the process of device {self.rank.number + 1} of {self.rank.of} ended.")

    def meet_at(self, port: int) -> None:
        """
        Raises:
            PeerLost: it is not there any more.
        """
        try:
            self.pipe.send(port)
        except OSError:
            raise PeerLost(f"the process of device {self.rank.number + 1} ended.") from None

    def why(self) -> str:
        """Why it ended; empty where it did not, or in good order."""
        self.process.join(1)  # its death may be noticed here later than by those it talked with
        with suppress(EOFError, OSError):
            if self.pipe.poll() and (text := self.pipe.recv()):
                return f"the process of device {self.rank.number + 1} of {self.rank.of} failed: {text}"
        if self.process.exitcode is not None and self.process.exitcode < 0:
            name = signal.Signals(-self.process.exitcode).name
            return f"the process of device {self.rank.number + 1} of {self.rank.of} was killed ({name})."
        return ""

    def end(self) -> None:
        """It holds nothing that is not in another process or on the disk."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _follow(
    rank: Rank, config: Training, folder: Path, companions: MakeCompanions, threads: int, pipe: Connection
) -> None:
    """The life of another rank."""
    begin_worker(threads)
    try:
        run = Run(config, companions, rank)
        run.resume(RunFolder(folder))
        pipe.send("")
        with grouped(run.fabric, pipe.recv()):
            while run.epoch < config.epochs:
                if not run.within:
                    run.begin_epoch()
                while run.within < run.task.steps:
                    run.train_next()
                run.end_epoch()
    except (PeerLost, Diverged, EOFError):  # which rank 0 knows
        return
    except Exception as error:
        text = " ".join(str(error).split())
        pipe.send(text if isinstance(error, InputError) else f"{type(error).__name__}: {text}.")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
