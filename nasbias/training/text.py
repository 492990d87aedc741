"""The language model task: truncated backpropagation through text, then averaged SGD, as P2 trains DARTS-PTB.

The hidden state runs on from window to window, whichever cell reads it. The learning rate is scaled by the window's
length. Every few epochs the mean perplexity of a few fixed cells on the validation text is taken: after `patience`
times without a new best the weights are averaged from then on (ASGD with lambda 0, t0 0: plain SGD beside which the
mean of its weights is kept), and that mean is what checkpoints hold. An epoch that ends in NaN is rolled back to the
best validation.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nasbias.datasets.text import columns, load_text, windows
from nasbias.runs import Training
from nasbias.runs.data import EVALUATION_COLUMNS, sized
from nasbias.supernets import Choice, options_from
from nasbias.supernets.contract import TextNetwork
from nasbias.supernets.language import loss_of_cells
from nasbias.training.task import Task

Weights = dict[str, Tensor]


class TextTask(Task):
    """Training text in columns on the device; an epoch is one way down them in windows of random length."""

    unit = "words"

    def __init__(self, config: Training, device: torch.device, cells: Sequence[Choice]) -> None:
        """`cells` are those whose perplexity on the validation text decides on averaging and rolling back."""
        self.device, self.options = device, options_from(config.space, config.network)
        text = load_text(config.dataset, vocabulary=self.options.vocabulary, device=device)
        self.train, valid = sized(text, config)
        self.words = self.train, valid
        self.train = columns(self.train, config.batch_size)
        self.valid = columns(valid, EVALUATION_COLUMNS)
        self.cells = torch.tensor(list(dict.fromkeys(cells)), device=device)
        self.sizes = {"inputs": 1, "classes": len(text.vocabulary)}
        self.examples = self.train[1:].numel()
        self.averaging = Averaging()
        self.best: dict[str, Weights] = {}  # raw weights and, once averaging, their mean, at the best validation
        self.best_perplexity, self.best_count, self.waited = math.inf, 0, 0

    @property
    def data(self) -> tuple[Tensor, ...]:
        return self.words

    @property
    def can_go_back(self) -> bool:
        return bool(self.best)

    def begin_epoch(self, generator: torch.Generator) -> None:
        self.windows = list(windows(self.train, self.options.bptt, generator))
        self.steps = len(self.windows)
        self.hidden = self.reached = self.train.new_zeros(self.train.shape[1], self.options.hidden, dtype=torch.float32)
        self.at = 0

    def loss(
        self, network: nn.Module, choice: Choice, step: int, generator: torch.Generator, number: int = 0
    ) -> Tensor:
        """Mean nats per word of a window, and the penalties on the states."""
        assert isinstance(network, TextNetwork)
        if step != self.at:  # several cells may read one window: all from the same state
            self.hidden, self.at = self.reached, step
        inputs, targets = self.windows[step]
        masks = network.draw_masks(inputs.shape[1], generator)
        states, reached = network(inputs, choice, self.hidden, masks)
        self.reached = reached.detach()
        loss = network.mean_loss(states, targets, masks)
        if self.options.activation_penalty:
            loss = loss + self.options.activation_penalty * (states * masks.output).pow(2).mean()
        if self.options.slowness_penalty and len(states) > 1:
            loss = loss + self.options.slowness_penalty * (states[1:] - states[:-1]).pow(2).mean()
        return loss

    def within_epoch(self) -> dict[str, Tensor]:
        return {"reached": self.reached}

    def restore_within(self, tensors: dict[str, Tensor], steps: int) -> None:
        self.reached = tensors["reached"].to(self.valid.device)
        self.at = steps - 1  # of another window than the next, so that it reads on from what was reached

    def rate_scale(self, step: int) -> float:
        return len(self.windows[step][0]) / self.options.bptt

    def after_step(self, network: nn.Module) -> None:
        self.averaging.add(network)

    def end_epoch(self, network: nn.Module, epoch: int, loss: float) -> dict[str, Any]:
        """Validate every few epochs; a loss or a validation that is not finite rolls the weights back.

        Raises:
            FloatingPointError: that happens before the first validation: there is nothing to go back to.
        """
        if not math.isfinite(loss):
            return self._roll_back(network, f"the training loss is {loss}")
        if epoch % self.options.evaluate_every:
            return {}
        perplexity = self.validate(network)
        if not math.isfinite(perplexity):
            return self._roll_back(network, f"the validation perplexity is {perplexity}")
        if perplexity < self.best_perplexity:
            self.best_perplexity, self.best_count, self.waited = perplexity, self.averaging.count, 0
            self.best = {"raw": _copy(network), "mean": _copy(self.averaging.mean)}
        else:
            self.waited += 1
            if self.waited >= self.options.patience and not self.averaging.mean:
                self.averaging = Averaging(_copy(network))
        return {"valid_perplexity": round(perplexity, 4), "averaging": bool(self.averaging.mean)}

    def validate(self, network: nn.Module) -> float:
        """Mean perplexity of the fixed cells on the validation text, by the averaged weights where there are some."""
        assert isinstance(network, TextNetwork)
        raw = _copy(network)
        network.load_state_dict(self.weights(network))
        try:
            losses = loss_of_cells(network, self.cells, self.valid, self.options.bptt)
        finally:
            network.load_state_dict(raw)
        return losses.exp().mean().item()

    def weights(self, network: nn.Module) -> Weights:
        return self.averaging.mean or network.state_dict()

    def state(self, network: nn.Module) -> tuple[Weights, dict[str, Any]]:
        kept = {**self.best, "now": network.state_dict()} if self.averaging.mean else self.best
        tensors = {f"{part}.{name}": tensor for part, whole in kept.items() for name, tensor in whole.items()}
        numbers = {
            "count": self.averaging.count,
            "best_perplexity": self.best_perplexity,
            "best_count": self.best_count,
            "waited": self.waited,
        }
        return tensors, numbers

    def restore(self, network: nn.Module, tensors: Weights, state: dict[str, Any]) -> None:
        device = self.valid.device

        def part(name: str) -> Weights:
            prefix = f"{name}."
            return {key.removeprefix(prefix): t.to(device) for key, t in tensors.items() if key.startswith(prefix)}

        self.best = {name: whole for name in ("raw", "mean") if (whole := part(name))}
        self.best_perplexity, self.best_count = state["best_perplexity"], state["best_count"]
        self.waited = state["waited"]
        if now := part("now"):
            self.averaging = Averaging(_copy(network), state["count"])
            network.load_state_dict(now)

    def _roll_back(self, network: nn.Module, reason: str) -> dict[str, Any]:
        if not self.best:
            raise FloatingPointError(reason)
        network.load_state_dict(self.best["raw"])
        self.averaging = Averaging(_copy(self.best.get("mean", {})), self.best_count)
        return {"rolled_back": True}


class Averaging:
    """The running mean of a network's weights, as torch.optim.ASGD keeps it; does nothing without a `mean` to start."""

    def __init__(self, mean: Weights | None = None, count: int = 0) -> None:
        self.mean, self.count = mean or {}, count

    @torch.no_grad()
    def add(self, network: nn.Module) -> None:
        """Take in the weights of one more step; ASGD gives the second step all the weight, as it does the first."""
        if self.mean:
            self.count += 1
            for name, parameter in network.named_parameters():
                self.mean[name].lerp_(parameter, 1 / max(1, self.count - 1))


def _copy(weights: nn.Module | Weights) -> Weights:
    weights = weights.state_dict() if isinstance(weights, nn.Module) else weights
    return {name: tensor.detach().clone() for name, tensor in weights.items()}
