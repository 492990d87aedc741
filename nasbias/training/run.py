"""The whole state of one run: network, optimiser, sampler and generators, and how they move.

Each step trains the weights of the architectures it samples and leaves the others still (torch 1's zero_grad did not:
weight decay and momentum moved them; `move_unsampled` brings that back). On a CPU the same seed gives the same weights
to the bit, and a state that was saved after any step goes on as if it had not been.
"""

import dataclasses
import math
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd

from nasbias.errors import InputError
from nasbias.runs import RunFolder, Training
from nasbias.runs.checkpoints import read_tensors, write_tensors
from nasbias.runs.network import make_network, make_sampler
from nasbias.spaces import get_space
from nasbias.streams import stream, torch_seed
from nasbias.supernets import Choice, options_from, task_of
from nasbias.training.companion import MakeCompanions, no_companions
from nasbias.training.divergence import LossWatch
from nasbias.training.images import ImageTask
from nasbias.training.ranks import ALONE, Rank, agree, average, make_fabric
from nasbias.training.task import Task
from nasbias.training.text import TextTask


class Run:
    """Network, optimiser, sampler and generators of one run, with their whole state."""

    def __init__(self, config: Training, companions: MakeCompanions = no_companions, rank: Rank = ALONE) -> None:
        """`rank`: which of the run's processes this is; one that is alone takes all images of a step."""
        self.config, self.rank = config, rank
        self.fabric = make_fabric(config, rank)
        self.generator = torch.Generator().manual_seed(torch_seed("data", config.seed_of("data")))
        self.task = make_task(config, self.fabric.device, rank)
        self.network = make_network(config, self.task.sizes, copies=3).to(self.fabric.device)
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
        self.losses = LossWatch(get_space(config.space), self.task.sizes["classes"], self.fabric.device)
        self.epoch, self.within = 0, 0  # finished epochs, and steps of the one that has begun
        self.log: list[dict[str, Any]] = []

    @property
    def steps_done(self) -> int:
        """Steps since the beginning of the run, also of those that another process did."""
        return (self.log[-1]["step"] if self.log else 0) + self.within

    def train_epoch(self) -> dict[str, Any]:
        """One pass over the data; returns its log record."""
        self.begin_epoch()
        while self.within < self.task.steps:
            self.train_next()
        return self.end_epoch()

    def begin_epoch(self) -> None:
        """Put the data in order, and the network in training mode."""
        if self.rank.of > 1:
            agree(self.sampler, self.fabric.device)
        self.began_with = self.generator.get_state()
        self._prepare_epoch()
        self.within, self.seconds = 0, 0.0
        self.total = torch.zeros((), device=self.fabric.device)

    def _prepare_epoch(self) -> None:
        self.network.train()
        self.task.begin_epoch(self.generator)
        begin_epoch = getattr(self.network, "begin_epoch", None)
        if begin_epoch is not None:  # drop-path grows with the run
            begin_epoch((self.epoch + 1) / self.config.epochs, self.generator)

    def train_next(self) -> None:
        """The next step of the epoch that has begun.

        Raises:
            Diverged: its loss, or that of one of the last steps, is the end of the training.
        """
        started = time.perf_counter()
        number = self.epoch * self.task.steps + self.within
        loss = self.train_step(number, self.within)
        self.total += loss
        self.within += 1
        self.losses.add(self.epoch + 1, self.steps_done, self.sampled, loss, self.task.can_go_back)
        left = self.config.epochs * self.task.steps - number - 1
        for companion in self.companions:
            companion.after_step(number + 1, left, self.network, self.sampled)
        self.seconds += time.perf_counter() - started

    def end_epoch(self) -> dict[str, Any]:
        """Close the epoch whose steps are done; returns its log record.

        Raises:
            Diverged: the epoch's loss, or its validation, is no number.
        """
        started = time.perf_counter()
        self.losses.look(self.task.can_go_back)
        steps, self.within = self.within, 0
        self.epoch += 1
        loss = (self.total / steps).item()
        try:
            outcome = self.task.end_epoch(self.network, self.epoch, loss)
        except FloatingPointError as error:
            step = (self.log[-1]["step"] if self.log else 0) + steps
            raise self.losses.diverged(str(error), self.epoch, step, self.sampled) from None
        if outcome.get("rolled_back"):
            self.forget_momentum()  # it led there
        seconds = self.seconds + time.perf_counter() - started
        record = {
            "epoch": self.epoch,
            "step": (self.log[-1]["step"] if self.log else 0) + steps,
            "loss": round(loss, 6),
            "learning_rate": self.optimiser.param_groups[0]["lr"],
            "seconds": round(seconds, 3),
            f"{self.task.unit}_per_second": round(self.task.examples * self.config.per_step / seconds, 1),
            **outcome,
        }
        self.log.append(record)
        for companion in self.companions:
            record |= companion.after_epoch(self.epoch, self.network)
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
        for place, choice in enumerate(choices):
            with self.fabric.autocast():
                part = self.task.loss(self.network, choice, step, self.generator, place) / len(choices)
            self.fabric.backward(part)
            loss += part.detach()
        if self.rank.of > 1:
            average([*(p.grad for p in self.sampled_parameters(choices) if p.grad is not None), loss])
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
        """Everything that going on needs, in one file.

        Raises:
            Diverged: what would be saved is not worth it.
        """
        self.refuse_divergence()
        kept, numbers = self.task.state(self.network)
        state = {
            "epoch": self.epoch,
            "sampler": self.sampler.state(),
            "log": self.log,
            "task": numbers,
            "run": self.config.identity,
        }
        tensors = {f"network.{name}": tensor for name, tensor in self.task.weights(self.network).items()}
        tensors |= {f"task.{name}": tensor for name, tensor in kept.items()}
        for companion in self.companions:
            tensors |= {f"{companion.name}.{name}": tensor for name, tensor in companion.state().items()}
        for name, parameter in self.network.named_parameters():
            tensors[f"momentum.{name}"] = self.optimiser.state[parameter]["momentum_buffer"]
        tensors["random.generator"] = self.generator.get_state()
        if self.within:
            state |= {"within": self.within, "seconds": self.seconds, "rate": self.optimiser.param_groups[0]["lr"]}
            tensors |= {"random.epoch": self.began_with, "within.total": self.total}
            tensors |= {f"within.{name}": tensor for name, tensor in self.task.within_epoch().items()}
        write_tensors(path, tensors, state)

    def refuse_divergence(self) -> None:
        """
        Raises:
            Diverged: weights that are no numbers, of which the next loss would tell.
        """
        self.losses.look(self.task.can_go_back)
        if self.task.can_go_back:
            return
        finite = torch.stack([parameter.detach().isfinite().all() for parameter in self.parameters])
        if not finite.all():
            raise self.losses.diverged(
                "weights are not finite", self.epoch + bool(self.within), self.steps_done, self.sampled
            )

    def resume(self, folder: RunFolder) -> None:
        """Go on from the folder's latest state, if it has one.

        Raises:
            InputError: it is not whole, or another run's.
        """
        if not folder.latest.exists():
            return
        tensors, state = read_tensors(folder.latest)
        foreign = InputError(
            f"{folder.latest} is the state of another run. Remove it, and the run begins anew, or bring back its own."
        )
        if state.get("run", self.config.identity) != self.config.identity:  # earlier versions did not say
            raise foreign
        parts: dict[str, dict[str, Tensor]] = defaultdict(dict)
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        try:
            self.network.load_state_dict(parts["network"])
            self.task.restore(self.network, parts["task"], state.get("task", {}))
            for name, parameter in self.network.named_parameters():
                self.optimiser.state[parameter]["momentum_buffer"].copy_(parts["momentum"][name])
            self.sampler.restore(state["sampler"])
            for companion in self.companions:
                companion.restore(parts[companion.name])
            self.epoch, self.log = state["epoch"], state["log"]
            if state.get("within"):
                self._resume_within(parts["random"]["epoch"], parts["within"], state)
            self.generator.set_state(parts["random"]["generator"])
        except (KeyError, RuntimeError, ValueError):  # other names or shapes
            raise foreign from None

    def _resume_within(self, began_with: Tensor, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Begin the epoch as it began, and go to the step where it was left."""
        self.generator.set_state(began_with)
        self.began_with = began_with
        self._prepare_epoch()
        self.within, self.seconds = state["within"], state["seconds"]
        for group in self.optimiser.param_groups:  # the log tells of it, should no step be left
            group["lr"] = state["rate"]
        self.total = tensors["total"].to(self.fabric.device)
        self.task.restore_within(tensors, self.within)


def make_task(config: Training, device: torch.device, rank: Rank = ALONE) -> Task:
    """The data and loss of a run: images, or text where the space's supernet is a language model.

    Raises:
        InputError: a language model on several devices: its hidden state goes from step to step.
    """
    if task_of(config.space) == "images":
        return ImageTask(config, device, rank)
    if config.valid_indices or config.step_images == "own":
        raise InputError("--valid-indices and --step-images are of images, and this space's supernets read text.")
    if rank.of > 1:
        raise InputError("--devices is for image networks, and this space's supernets read text.")
    n = options_from(config.space, config.network).evaluated_cells
    uniform = dataclasses.replace(config, order="uniform", per_step=n)
    cells = make_sampler(uniform, stream("validation", 0)).step()  # the same in every run
    return TextTask(config, device, cells)
