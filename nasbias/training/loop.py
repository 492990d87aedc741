"""The training loop, the same for supernets and stand-alone networks.

Each step trains the weights of the architectures it samples and leaves the others still (torch 1's zero_grad did not:
weight decay and momentum moved them; `move_unsampled` brings that back). On a CPU the same seed gives the same weights
to the bit, and a resumed run equals an uninterrupted one.
"""

import dataclasses
import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.sgd import sgd

from nasbias.runs import RunFolder, Training
from nasbias.runs.checkpoints import read_tensors, write_tensors
from nasbias.runs.network import make_network, make_sampler
from nasbias.spaces import get_space
from nasbias.streams import stream, torch_seed
from nasbias.supernets import Choice, options_from, task_of
from nasbias.supernets.sharing import SharedNetwork
from nasbias.training.companion import MakeCompanions, no_companions
from nasbias.training.images import ImageTask
from nasbias.training.task import Task
from nasbias.training.text import TextTask

SAVE_SECONDS = 120  # at most this much work is lost when a run is killed


def train(
    config: Training,
    out: str | Path,
    report: Callable[[dict[str, Any]], None] | None = None,
    stop_after: int | None = None,
    companions: MakeCompanions = no_companions,
) -> RunFolder:
    """Carry out a run in the folder `out`, going on where an earlier call stopped; a finished run is left as it is.

    Args:
        report: called with the log record of every finished epoch.
        stop_after: stop once this epoch is finished and its state saved, as an interruption would.
        companions: makes what goes along with the run, such as scoring after every step; `nasbias.campaigns.train_run`
            passes those that the configuration asks for.

    Raises:
        InputError: the folder holds another run, or the configuration asks for what the space or data set lacks.
    """
    folder = RunFolder(out)
    run = Run(config, companions)
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
        for companion in run.companions:
            record |= companion.after_epoch(run.epoch, run.network)
        if report:
            report(record)
        if run.epoch == config.epochs:  # before the checkpoint that says the run is finished
            for companion in run.companions:
                companion.write(folder.path, run.task.steps)
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

    def __init__(self, config: Training, companions: MakeCompanions = no_companions) -> None:
        self.config = config
        accelerator = {"cuda": "gpu"}.get(config.device, config.device)
        on_gpu = accelerator == "gpu" or (accelerator == "auto" and torch.cuda.is_available())
        precision = config.precision if config.precision != "auto" else "bf16-mixed" if on_gpu else "32-true"
        self.fabric = Fabric(accelerator=accelerator, devices=1, precision=precision)
        self.generator = torch.Generator().manual_seed(torch_seed("data", config.seed_of("data")))
        self.task = make_task(config, self.fabric.device)
        self.network = make_network(config, self.task.sizes).to(self.fabric.device)
        self.sampler = make_sampler(config)
        self.companions = companions(config, self.sampler, self.task)
        self.optimiser = torch.optim.SGD(
            self.network.parameters(),
            lr=config.learning_rate,
            momentum=config.momentum,
            nesterov=config.nesterov and config.momentum > 0,
            weight_decay=config.weight_decay,
            fused=True,
        )
        self.parameters = list(self.network.parameters())
        self.place = {parameter: i for i, parameter in enumerate(self.parameters)}
        for parameter in self.parameters:  # fused SGD wants all momentum buffers or none
            self.optimiser.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        self.sampled: list[Choice] = []  # by the last step
        self.epoch = 0
        self.log: list[dict[str, Any]] = []

    def train_epoch(self) -> dict[str, Any]:
        """One pass over the data; returns its log record."""
        started = time.perf_counter()
        self.network.train()
        self.task.begin_epoch(self.generator)
        begin_epoch = getattr(self.network, "begin_epoch", None)
        if begin_epoch is not None:  # drop-path grows with the run
            begin_epoch((self.epoch + 1) / self.config.epochs, self.generator)
        total = torch.zeros((), device=self.fabric.device)
        for step in range(self.task.steps):
            number = self.epoch * self.task.steps + step
            total += self.train_step(number, step)
            left = self.config.epochs * self.task.steps - number - 1
            for companion in self.companions:
                companion.after_step(number + 1, left, self.network, self.sampled)
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
            for parameter in self.parameters:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
        moving = self.parameters if config.move_unsampled else self.sampled_parameters(choices)
        if config.clip:
            nn.utils.clip_grad_norm_(moving, config.clip)
        self.step(moving)
        for parameter in moving:
            parameter.grad = None
        self.task.after_step(self.network)
        return loss

    def sampled_parameters(self, choices: Sequence[Choice]) -> list[nn.Parameter]:
        """What these architectures' gradients have reached, in the network's order, on which a norm's last bit hangs.

        Of a supernet's thousands of tensors a step uses a few hundred: going through all of them to clip, move and
        forget costs as much as a small network's forward pass.
        """
        parameters_of: Any = self.network.parameters_of
        used = {parameter for choice in choices for parameter in parameters_of(choice)}
        return sorted((p for p in used if p.grad is not None), key=self.place.__getitem__)

    def step(self, moving: Sequence[nn.Parameter]) -> None:
        """The optimiser's step, for the parameters `moving` alone."""
        (group,) = self.optimiser.param_groups
        momenta = [self.optimiser.state[p]["momentum_buffer"] for p in moving] if group["momentum"] else []
        gradients = [gradient for p in moving if (gradient := p.grad) is not None]
        with torch.no_grad():
            sgd(
                list(moving), gradients, momenta, fused=True, maximize=False,
                **{name: group[name] for name in ("weight_decay", "momentum", "lr", "dampening", "nesterov")},
            )  # fmt: skip

    def forget_momentum(self) -> None:
        """Set the optimiser's momentum to zero."""
        for parameter in self.parameters:
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
        for companion in self.companions:
            tensors |= {f"{companion.name}.{name}": tensor for name, tensor in companion.state().items()}
        for name, parameter in self.network.named_parameters():
            tensors[f"momentum.{name}"] = self.optimiser.state[parameter]["momentum_buffer"]
        tensors["random.generator"] = self.generator.get_state()
        write_tensors(path, tensors, state)

    def resume(self, folder: RunFolder) -> None:
        """Go on from the folder's latest state, if it has one."""
        if not folder.latest.exists():
            return
        tensors, state = read_tensors(folder.latest)
        parts: dict[str, dict[str, Tensor]] = defaultdict(dict)
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        self.network.load_state_dict(parts["network"])
        self.task.restore(self.network, parts["task"], state.get("task", {}))
        for name, parameter in self.network.named_parameters():
            self.optimiser.state[parameter]["momentum_buffer"].copy_(parts["momentum"][name])
        self.generator.set_state(parts["random"]["generator"])
        self.sampler.restore(state["sampler"])
        for companion in self.companions:
            companion.restore(parts[companion.name])
        self.epoch, self.log = state["epoch"], state["log"]


def make_task(config: Training, device: torch.device) -> Task:
    """The data and loss of a run: images, or text where the space's supernet is a language model."""
    if task_of(config.space) == "images":
        return ImageTask(config, device)
    n = options_from(config.space, config.network).evaluated_cells
    uniform = dataclasses.replace(config, order="uniform", per_step=n)
    cells = make_sampler(uniform, stream("validation", 0)).step()  # the same in every run
    return TextTask(config, device, cells)
