"""The training loop, the same for supernets and stand-alone networks.

Each step trains the weights of the architectures it samples and leaves the others still (torch 1's zero_grad did not:
weight decay and momentum moved them; `move_unsampled` brings that back). On a CPU the same seed gives the same weights
to the bit, and a resumed run equals an uninterrupted one.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.supernets import Choice, build_supernet, options_from, task_of
from nasbias.training.config import Training
from nasbias.training.dense import DenseScores
from nasbias.training.folder import RunFolder, read_tensors, write_tensors
from nasbias.training.images import ImageTask
from nasbias.training.pruning import Pruner
from nasbias.training.sampling import Sampler
from nasbias.training.sharing import SharedNetwork, share
from nasbias.training.task import Task
from nasbias.training.text import TextTask

VALIDATION_SEED = 2**31  # apart from the seeds of runs: every run validates the same cells
SAVE_SECONDS = 120  # at most this much work is lost when a run is killed


def train(
    config: Training,
    out: str | Path,
    report: Callable[[dict[str, Any]], None] | None = None,
    stop_after: int | None = None,
) -> RunFolder:
    """Carry out a run in the folder `out`, going on where an earlier call stopped; a finished run is left as it is.

    Args:
        report: called with the log record of every finished epoch.
        stop_after: stop once this epoch is finished and its state saved, as an interruption would.

    Raises:
        InputError: the folder holds another run, or the configuration asks for what the space or data set lacks.
    """
    folder = RunFolder(out)
    run = Run(config)
    folder.create(config)
    if folder.is_finished:
        return folder
    if isinstance(run.network, SharedNetwork):
        run.network.write_groups(get_space(config.space), folder.groups)
    run.resume(folder)
    if not run.epoch and 0 in config.kept_epochs:  # what the network ranks before it has learned anything
        run.save(folder.checkpoint(0))
    saved = time.monotonic()
    while run.epoch < config.epochs:
        record = run.train_epoch()
        if run.pruner and run.pruner.is_due(run.epoch):
            record |= run.pruner.prune(run.epoch, run.network)
        if report:
            report(record)
        if run.dense and run.epoch == config.epochs:  # before the checkpoint that says the run is finished
            run.dense.write(folder.path, run.task.steps)
        if run.pruner and run.epoch == config.epochs:
            run.pruner.write(folder.path)
        if run.epoch in config.kept_epochs:
            run.save(folder.checkpoint(run.epoch))
        stopping = run.epoch == stop_after
        if run.epoch in config.kept_epochs or stopping or time.monotonic() - saved > SAVE_SECONDS:
            run.save(folder.latest)
            folder.write_log(run.log)
            saved = time.monotonic()
        if stopping:
            return folder
    folder.latest.unlink(missing_ok=True)
    return folder


class Run:
    """Network, optimiser, sampler and generators of one run, with their whole state."""

    def __init__(self, config: Training) -> None:
        self.config = config
        accelerator = {"cuda": "gpu"}.get(config.device, config.device)
        on_gpu = accelerator == "gpu" or (accelerator == "auto" and torch.cuda.is_available())
        precision = config.precision if config.precision != "auto" else "bf16-mixed" if on_gpu else "32-true"
        self.fabric = Fabric(accelerator=accelerator, devices=1, precision=precision)
        self.generator = torch.Generator().manual_seed(config.seed)
        self.task = make_task(config, self.fabric.device)
        self.network = make_network(config, self.task.sizes, self.generator).to(self.fabric.device)
        self.sampler = make_sampler(config)
        self.dense = DenseScores(config, self.sampler, self.fabric.device) if config.dense_steps else None
        self.pruner = Pruner(config, self.sampler, self.fabric.device) if config.prune != "none" else None
        self.optimiser = torch.optim.SGD(
            self.network.parameters(),
            lr=config.learning_rate,
            momentum=config.momentum,
            nesterov=config.nesterov and config.momentum > 0,
            weight_decay=config.weight_decay,
            fused=True,
        )
        for parameter in self.network.parameters():  # fused SGD wants all momentum buffers or none
            self.optimiser.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        self.sampled: list[Choice] = []  # by the last step
        self.epoch = 0
        self.log: list[dict[str, Any]] = []

    def train_epoch(self) -> dict[str, Any]:
        """One pass over the data; returns its log record."""
        started = time.perf_counter()
        self.network.train()
        self.task.begin_epoch(self.generator)
        if hasattr(self.network, "begin_epoch"):  # drop-path grows with the run
            self.network.begin_epoch((self.epoch + 1) / self.config.epochs, self.generator)
        total = torch.zeros((), device=self.fabric.device)
        for step in range(self.task.steps):
            number = self.epoch * self.task.steps + step
            total += self.train_step(number, step)
            if self.dense and number >= self.config.epochs * self.task.steps - self.config.dense_steps:
                self.dense.add(number + 1, self.network, self.sampled)
        self.epoch += 1
        loss = (total / self.task.steps).item()
        outcome = self.task.end_epoch(self.network, self.epoch, loss)
        if outcome.get("rolled_back"):
            self.forget_momentum()  # it led there
        seconds = time.perf_counter() - started
        record = {
            "epoch": self.epoch,
            "step": (self.log[-1]["step"] if self.log else 0) + self.task.steps,
            "loss": round(loss, 6),
            "learning_rate": self.optimiser.param_groups[0]["lr"],
            "seconds": round(seconds, 3),
            f"{self.task.unit}_per_second": round(self.task.examples * self.config.per_step / seconds, 1),
            **outcome,
        }
        self.log.append(record)
        return record

    def train_step(self, number: int, step: int) -> Tensor:
        """Step `number` of the run, `step` of the epoch; returns the loss."""
        self.sampled = self.sampler.step()
        return self.move(self.sampled, step, self.learning_rate(number))

    def move(self, choices: Sequence[Choice], step: int, learning_rate: float) -> Tensor:
        """One step of these architectures: accumulate gradients, clip, move; returns the loss."""
        config = self.config
        rate = learning_rate * self.task.rate_scale(step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss = torch.zeros((), device=self.fabric.device)
        for choice in choices:
            with self.fabric.autocast():
                part = self.task.loss(self.network, choice, step, self.generator) / len(choices)
            self.fabric.backward(part)
            loss += part.detach()
        if config.move_unsampled:
            for parameter in self.network.parameters():
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
        if config.clip:
            nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.task.after_step(self.network)
        return loss

    def forget_momentum(self) -> None:
        """Set the optimiser's momentum to zero."""
        for parameter in self.network.parameters():
            self.optimiser.state[parameter]["momentum_buffer"].zero_()

    def learning_rate(self, number: int) -> float:
        """Cosine from the first to the last step (P2 anneals per step)."""
        config, total = self.config, self.config.epochs * self.task.steps
        share = 0.5 * (1 + math.cos(math.pi * number / total))
        return config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * share

    def save(self, path: Path) -> None:
        """Everything that going on needs, in one file."""
        kept, numbers = self.task.state(self.network)
        state = {"epoch": self.epoch, "sampler": self.sampler.state(), "log": self.log, "task": numbers}
        tensors = {f"network.{name}": tensor for name, tensor in self.task.weights(self.network).items()}
        tensors |= {f"task.{name}": tensor for name, tensor in kept.items()}
        if self.dense:
            tensors |= {f"dense.{name}": tensor for name, tensor in self.dense.state().items()}
        if self.pruner:
            tensors |= {f"pruning.{name}": tensor for name, tensor in self.pruner.state().items()}
        for name, parameter in self.network.named_parameters():
            tensors[f"momentum.{name}"] = self.optimiser.state[parameter]["momentum_buffer"]
        tensors["random.generator"] = self.generator.get_state()
        write_tensors(path, tensors, state)

    def resume(self, folder: RunFolder) -> None:
        """Go on from the folder's latest state, if it has one."""
        if not folder.latest.exists():
            return
        tensors, state = read_tensors(folder.latest)
        rooms = ("network", "task", "momentum", "random", "dense", "pruning")
        parts: dict[str, dict[str, Tensor]] = {room: {} for room in rooms}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        self.network.load_state_dict(parts["network"])
        self.task.restore(self.network, parts["task"], state.get("task", {}))
        for name, parameter in self.network.named_parameters():
            self.optimiser.state[parameter]["momentum_buffer"].copy_(parts["momentum"][name])
        self.generator.set_state(parts["random"]["generator"])
        self.sampler.restore(state["sampler"])
        if self.dense:
            self.dense.restore(parts["dense"])
        if self.pruner:
            self.pruner.restore(parts["pruning"])
        self.epoch, self.log = state["epoch"], state["log"]


def make_task(config: Training, device: torch.device) -> Task:
    """The data and loss of a run: images, or text where the space's supernet is a language model."""
    if task_of(config.space) == "images":
        return ImageTask(config, device)
    n = options_from(config.space, config.network).evaluated_cells
    validation = dataclasses.replace(config, order="uniform", per_step=n, order_seed=VALIDATION_SEED)
    return TextTask(config, device, make_sampler(validation).step())


def make_network(config: Training, sizes: dict[str, int], generator: torch.Generator | None = None) -> nn.Module:
    """A run's network before training, channels_last; the same `generator` state gives the same weights.

    Raises:
        InputError: the sharing plan does not fit the space or its list of architectures.
    """
    space = get_space(config.space)
    options = options_from(config.space, config.network)
    choices: np.ndarray | None = None
    if config.standalone:
        if config.sharing != "all":
            raise InputError(f"sharing plan {config.sharing!r} is for supernets, not for an architecture alone.")
        choices = space.encode([space.parse(config.standalone)])
    elif config.sharing != "all":
        choices = make_sampler(config).population

    def build(allowed: Sequence[Sequence[int]] | None) -> nn.Module:
        return build_supernet(config.space, options, allowed=allowed, **sizes)

    with torch.random.fork_rng(devices=[]):
        if generator is not None:
            torch.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        if config.standalone and choices is not None:
            network = build([(value,) for value in choices[0].tolist()])
        else:
            network = share(config.sharing, config.space, choices, build)
    return network.to(memory_format=torch.channels_last)


def make_sampler(config: Training) -> Sampler:
    """The order in which a run trains its architectures."""
    space = get_space(config.space)
    only: np.ndarray | None = None
    if config.standalone:
        only = space.encode([space.parse(config.standalone)])
    elif config.architectures:
        only = space.encode(space.parse_all(read_lines(config.architectures)))
    seed = config.seed if config.order_seed is None else config.order_seed
    return Sampler(space, config.order, config.per_step, seed, config.subset, only)


def read_lines(path: str | Path) -> list[str]:
    """The non-empty lines of a text file: one architecture each.

    Raises:
        InputError: the file is missing or empty.
    """
    try:
        lines = [line.strip() for line in Path(path).read_text().splitlines() if line.strip()]
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}).") from None
    if not lines:
        raise InputError(f"{path}: no architectures in it. One a line is wanted.")
    return lines
