"""The training loop, the same for supernets and stand-alone networks: what of a run is written, when, in which order.

The folder's states and what moves it from one to the next are described in `nasbias.runs`.
"""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nasbias.interrupts import Interrupted, deferred
from nasbias.runs import Diverged, RunFolder, Training
from nasbias.runs.checkpoints import read_tensors
from nasbias.runs.contents import describe_contents
from nasbias.spaces import get_space
from nasbias.supernets.sharing import SharedNetwork
from nasbias.training.companion import MakeCompanions, no_companions
from nasbias.training.followers import followed
from nasbias.training.pace import Clock, Pace
from nasbias.training.ranks import Rank
from nasbias.training.run import Run

SAVE_SECONDS = 120  # at most this much work, and a step, is lost when a run is killed


def train(
    config: Training,
    out: str | Path,
    report: Callable[[dict[str, Any]], None] | None = None,
    stop_after: int | None = None,
    companions: MakeCompanions = no_companions,
    watch: Callable[[Pace], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> RunFolder:
    """Carry out a run in the folder `out`, going on where an earlier call stopped; a finished run is left as it is.

    Args:
        report: called with the log record of every finished epoch.
        stop_after: stop once this epoch is finished and its state saved, as an interruption would.
        companions: makes what goes along with the run, such as scoring after every step; `nasbias.campaigns.train_run`
            passes those that the configuration asks for.
        watch: called a few times a second with how far the run is.
        stop: asked after every step; True stops the run as a SIGTERM does, for threads, which get no signals.

    Raises:
        InputError: the folder holds another run or is in use, or the configuration asks for what the space or data set
            lacks, or its list of architectures, groups or data have changed since the run began.
        Diverged: the training came to nothing, now or in an earlier call; earlier checkpoints are kept.
        Interrupted: Ctrl-C or SIGTERM, after the state was saved.
    """
    folder, run = RunFolder(out), Run(config, companions, Rank(0, config.devices))
    contents = describe_contents(config, run.sampler, run.network, run.task.data)
    if folder.is_claimed and folder.is_settled:
        folder.create(config, contents)  # only to see that it is this run
        return _ended(folder)
    with deferred() as signalled, folder.claimed(config, contents):
        if folder.is_finished:
            state = read_tensors(folder.checkpoint(config.epochs), "random.")[1]
            if folder.log != state["log"]:
                folder.write_log(state["log"])
            folder.end()
        elif folder.failure is None:
            asked = (lambda: signalled() or (signal.SIGTERM if stop() else None)) if stop else signalled
            keeper = _Keeper(run, folder, asked, watch)
            try:
                with followed(run, folder, companions):
                    keeper.carry_out(report, stop_after)
            except Diverged as failure:
                folder.write_log(run.log)
                folder.end(failure)
        else:
            folder.end()
        return folder if stop_after is not None and not folder.is_finished and not folder.failure else _ended(folder)


def _ended(folder: RunFolder) -> RunFolder:
    """
    Raises:
        Diverged: that is how it ended.
    """
    if folder.failure is not None:
        raise folder.failure
    return folder


class _Keeper:
    """Carries a run out and keeps its folder: what is saved when, and in which order (`nasbias.runs`)."""

    def __init__(
        self,
        run: Run,
        folder: RunFolder,
        signalled: Callable[[], int | None],
        watch: Callable[[Pace], None] | None,
    ) -> None:
        self.run, self.folder, self.signalled, self.watch = run, folder, signalled, watch

    def carry_out(self, report: Callable[[dict[str, Any]], None] | None, stop_after: int | None) -> None:
        run, folder, config = self.run, self.folder, self.run.config
        if isinstance(run.network, SharedNetwork):
            run.network.write_groups(get_space(config.space), folder.groups)
        run.resume(folder)
        self.clock, self.saved = Clock(run), time.monotonic()
        if not run.steps_done and 0 in config.kept_epochs:  # what the network ranks before it has learned anything
            run.save(folder.checkpoint(0))
        while run.epoch < config.epochs:
            record = self.carry_out_epoch()
            if report:
                report(record)
            if run.epoch == config.epochs:
                break
            stopping = run.epoch == stop_after
            kept = run.epoch in config.kept_epochs
            if kept:
                run.save(folder.checkpoint(run.epoch))
            self.save_if(kept or stopping)
            if stopping:
                return
        for companion in run.companions:
            companion.write(folder.path, run.task.steps)
        folder.write_log(run.log)
        run.save(folder.checkpoint(run.epoch))  # the last write: it says that the run is finished
        folder.end()

    def carry_out_epoch(self) -> dict[str, Any]:
        run = self.run
        if not run.within:
            run.begin_epoch()
        while run.within < run.task.steps:
            run.train_next()
            if self.watch and (pace := self.clock.pace()):
                self.watch(pace)
            self.save_if(False)
        return run.end_epoch()

    def save_if(self, wanted: bool) -> None:
        """Save the state where it is due, or somebody asks to stop.

        Raises:
            Interrupted: somebody did.
        """
        number = self.signalled()
        if not (wanted or number or time.monotonic() - self.saved > SAVE_SECONDS):
            return
        run = self.run
        if number and run.epoch == run.config.epochs - 1 and run.within == run.task.steps:
            return  # what is left is to write the end
        run.save(self.folder.latest)
        self.folder.write_log(run.log)
        self.saved = time.monotonic()
        if number:
            at = f"in epoch {run.epoch + 1} of {run.config.epochs} after step {run.within:,} of {run.task.steps:,}"
            if not run.within:
                at = f"after epoch {run.epoch} of {run.config.epochs}"
            raise Interrupted(f"stopped {at}; the state is saved", number)
