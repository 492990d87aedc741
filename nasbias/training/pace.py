"""How far a run is and how fast it goes, for whoever waits for it; and how long it would take, before it is begun."""

import dataclasses
import time
from dataclasses import dataclass

from nasbias.runs import Training
from nasbias.training.companion import MakeCompanions, no_companions
from nasbias.training.run import Run

TOLD_EVERY = 0.2  # seconds
MEASURED = 2.0  # seconds of steps, at least and where there are so many, that an estimate rests on


@dataclass(frozen=True)
class Pace:
    """Where a run is: `step` of `steps` in `epoch` of `epochs` (the first being 1), and what is left at this pace."""

    epoch: int
    epochs: int
    step: int
    steps: int
    unit: str  # images or words
    per_second: float  # of them, over the architectures of a step; since this process began
    seconds_left: float


class Clock:
    """Times the steps of one process."""

    def __init__(self, run: Run) -> None:
        self.run, self.began, self.first, self.told = run, time.perf_counter(), run.steps_done, 0.0

    def pace(self) -> Pace | None:
        """None where somebody was told a moment ago."""
        now, run = time.perf_counter(), self.run
        done = run.steps_done - self.first
        if done < 1 or now - self.told < TOLD_EVERY:
            return None
        self.told = now
        each = (now - self.began) / done
        examples = run.task.examples / run.task.steps * run.config.per_step
        left = run.config.epochs * run.task.steps - run.steps_done
        at = (run.epoch + 1, run.within) if run.within else (max(1, run.epoch), run.task.steps)
        return Pace(at[0], run.config.epochs, at[1], run.task.steps, run.task.unit, examples / each, each * left)


def estimate_seconds(config: Training, companions: MakeCompanions = no_companions) -> float:
    """How long a run would take here, by a few of its steps; writes nothing.

    Dense scoring is counted by one scoring. Rounds of pruning and validation in between are not, nor what several
    devices have to tell each other.

    Raises:
        InputError: as `training.train`, before it has made a folder.
    """
    alone = dataclasses.replace(config, devices=1, batch_size=config.batch_size // config.devices)
    run = Run(alone, companions)
    run.begin_epoch()
    for _ in range(min(2, run.task.steps)):  # the first steps allocate
        run.train_next()
    began, first = time.perf_counter(), run.steps_done
    while time.perf_counter() - began < MEASURED and run.within < run.task.steps:
        run.train_next()
    done = run.steps_done - first
    each = (time.perf_counter() - began) / done if done else 0.0
    if not done:  # an epoch of one or two steps
        run.end_epoch()
        run.begin_epoch()
        run.train_next()
        each = time.perf_counter() - began
    total = each * config.epochs * run.task.steps / config.devices  # of whose parts an epoch has as many more
    for companion in run.companions:
        if config.dense_steps and companion.name == "dense":
            began = time.perf_counter()
            companion.after_step(run.steps_done, 0, run.network, run.sampled)
            total += (time.perf_counter() - began) * min(config.dense_steps, config.epochs * run.task.steps)
    return total
