"""What the proxies look at: one network, one batch, and what flows through it. Needs torch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode


class _Watch(TorchFunctionMode):
    """Keeps the outputs of every ReLU and the last map that was averaged over its pixels. It sees calls of torch's
    functions, not the operators below them: a third of the calls, and of the time."""

    def __init__(self) -> None:
        super().__init__()
        self.rectified: list[Tensor] = []
        self.last_map: Tensor | None = None

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        if function in (F.relu, torch.relu, Tensor.relu):
            self.rectified.append(result.detach())
        elif function in (Tensor.mean, torch.mean, F.adaptive_avg_pool2d) and args[0].dim() == 4:
            self.last_map = args[0]
        return result


class _Keep(TorchFunctionMode):
    """Keeps what convolutions and linear layers with trainable weights give, in the graph (pooling may be a convolution
    with fixed weights), and where its channels are: a 1x1 convolution may be a linear layer of pixels, [b, h, w, c]."""

    def __init__(self, outputs: list[tuple[Tensor, int]]) -> None:
        super().__init__()
        self.outputs = outputs

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        if function in (torch.conv2d, F.linear) and args[1].requires_grad:
            self.outputs.append((result, 1 if function is torch.conv2d else result.dim() - 1))
        return result


class Probe:
    """An untrained network of one architecture in training mode (BN uses its batch), on one batch.

    What several proxies need is computed once, when the first asks.

    Attributes:
        weights: of the convolutions and the linear layer that the architecture uses (no dead edge's).
        x, y: images [b, c, h, w] and labels [b].
    """

    def __init__(self, network: nn.Module, choice: Sequence[int], x: Tensor, y: Tensor) -> None:
        self.network, self.choice, self.y = network.train(), tuple(choice), y
        self.x = x.detach().requires_grad_()
        used: Any = network
        live = {id(parameter): parameter for parameter in used.parameters_of(self.choice)}
        self.weights = [parameter for parameter in live.values() if parameter.dim() > 1]
        self._outputs: list[tuple[Tensor, int]] = []

    def run(self, x: Tensor, plain: bool = False) -> Tensor:
        """Logits [b, classes]; `plain` by the network's reference path, every edge with a ReLU of its own."""
        given = (getattr(self.network, "plain", self.network) if plain else self.network)(x, self.choice)
        return given[0] if isinstance(given, tuple) else given

    def run_with(self, change: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits of the network with `change(parameter)` in every parameter's place, and what stands for `weights`."""
        changed = {
            name: change(parameter.detach()).requires_grad_() for name, parameter in self.network.named_parameters()
        }
        given = torch.func.functional_call(self.network, changed, (x, self.choice))
        own = {id(parameter): changed[name] for name, parameter in self.network.named_parameters()}
        return given[0] if isinstance(given, tuple) else given, [own[id(weight)] for weight in self.weights]

    @cached_property
    def logits(self) -> Tensor:
        """[b, classes]; part of a graph from `x`, the weights and the layers' outputs."""
        with _Keep(self._outputs):
            return self.run(self.x)

    @cached_property
    def rectified(self) -> list[Tensor]:
        """The outputs of the ReLUs [b, ...] on the reference path, in the order in which they ran."""
        with torch.no_grad(), _Watch() as watch:
            self.run(self.x, plain=True)
        return watch.rectified

    @cached_property
    def _gradients(self) -> tuple[list[Tensor], list[Tensor]]:
        logits = self.logits
        loss = F.cross_entropy(logits, self.y)
        wanted = [*self.weights, *(output for output, _ in self._outputs)]
        found = torch.autograd.grad(loss, wanted, create_graph=True, materialize_grads=True)
        return list(found[: len(self.weights)]), list(found[len(self.weights) :])

    @property
    def gradients(self) -> list[Tensor]:
        """Of the mean cross entropy, by each of the weights; zero for one that does not reach the output. Part of a
        graph, so that they can be differentiated again."""
        return self._gradients[0]

    @property
    def outputs(self) -> list[tuple[Tensor, Tensor]]:
        """What the convolutions and the linear layer gave, [b, c, ...], and the gradient by it."""
        gradients = self._gradients[1]
        return [
            (output.movedim(channels, 1), gradient.movedim(channels, 1))
            for (output, channels), gradient in zip(self._outputs, gradients)
        ]

    @cached_property
    def jacobian(self) -> Tensor:
        """Gradient of the sum of all logits by the images [b, c*h*w]."""
        (found,) = torch.autograd.grad(self.logits.sum(), self.x, retain_graph=True, materialize_grads=True)
        return found.reshape(len(found), -1)

    def last_map(self, x: Tensor) -> Tensor:
        """What the network averages over its pixels before the linear layer [b, c, h, w]."""
        with torch.no_grad(), _Watch() as watch:
            self.run(x)
        if watch.last_map is None:
            raise TypeError(f"{type(self.network).__module__} averages no map before its linear layer.")
        return watch.last_map


@contextmanager
def without_normalisation(network: nn.Module) -> Iterator[None]:
    """Within it BN gives what it gets."""
    layers = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    for layer in layers:
        layer.forward = lambda input: input  # an instance's attribute, found before the class's method
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


@contextmanager
def normalised(network: nn.Module) -> Iterator[list[_BatchNorm]]:
    """Within it the BN layers that run are listed, and `running_var` of each is the variance of what it gets."""
    ran: list[_BatchNorm] = []
    layers = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    before = [layer.momentum for layer in layers]
    hooks = [layer.register_forward_pre_hook(lambda *_, layer=layer: ran.append(layer)) for layer in layers]
    for layer in layers:
        layer.momentum = 1.0
    try:
        yield ran
    finally:
        for layer, momentum, hook in zip(layers, before, hooks):
            layer.momentum = momentum
            hook.remove()


@contextmanager
def changed_weights(network: nn.Module, change: Any) -> Iterator[None]:
    """Within it every parameter is `change(parameter)`; their values come back."""
    before = [(parameter, parameter.detach().clone()) for parameter in network.parameters()]
    try:
        with torch.no_grad():
            for parameter, _ in before:
                parameter.copy_(change(parameter))
        yield
    finally:
        with torch.no_grad():
            for parameter, value in before:
                parameter.copy_(value)
