"""Shared weights: one module per space, `Network` inside, found by the space's name as spaces are.

A network holds the operations an option set allows. With all of them it is a supernet, with one per decision it is that
architecture's stand-alone network: same code, same initialisation, so a parameter count or a logit can be compared.
`network(x, choice)` gives the logits of one architecture, `network.parameters_of(choice)` the weights it uses: the only
ones that its gradient reaches. Needs torch.
"""

import importlib
from collections.abc import Sequence
from typing import Any

from nasbias.errors import missing_extra
from nasbias.recipes import has_supernet, options_from, recipe_of, supernet_options, task_of
from nasbias.spaces import Choice, get_space

try:
    import torch
    from torch import nn
except ModuleNotFoundError:
    raise missing_extra("torch", "train") from None

__all__ = [
    "Choice",
    "build_supernet",
    "count_parameters",
    "has_supernet",
    "options_from",
    "recipe_of",
    "standalone_network",
    "supernet_options",
    "task_of",
]


def build_supernet(
    space: str,
    options: Any = None,
    *,
    inputs: int = 3,
    classes: int = 10,
    allowed: Sequence[Sequence[int]] | None = None,
) -> nn.Module:
    """A fresh network of `space`, initialised from torch's current generator.

    Args:
        options: an instance of `supernet_options(space)`; default: the benchmark's.
        inputs: image channels.
        classes: outputs of the linear layer.
        allowed: for each decision, the values whose weights exist; default: all. One value each makes the stand-alone
            network.
    """
    options = options or supernet_options(space)()
    module = importlib.import_module(f"{__name__}.{space.replace('-', '_')}")
    return module.Network(options, inputs=inputs, classes=classes, allowed=allowed)


def standalone_network(space: str, architecture: str, options: Any = None, **sizes: int) -> nn.Module:
    """The network of one architecture alone; `sizes` are `inputs` and `classes` of `build_supernet`."""
    choice = get_space(space).encode([architecture])[0].tolist()
    return build_supernet(space, options, allowed=[(value,) for value in choice], **sizes)


@torch.no_grad()
def count_parameters(network: nn.Module) -> int:
    """Trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
