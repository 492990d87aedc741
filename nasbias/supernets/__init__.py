"""Shared weights: one module per space, `Network` inside, found by the space's name as spaces are.

A network holds the operations an option set allows. With all of them it is a supernet, with one per decision it is that
architecture's stand-alone network: same code, same initialisation, so a parameter count or a logit can be compared.
`network(x, choice)` gives the logits of one architecture, `network.parameters_of(choice)` the weights it uses: the only
ones that its gradient reaches. Needs torch.
"""

import dataclasses
import importlib
from collections.abc import Sequence
from typing import Any

from nasbias.errors import InputError, missing_extra
from nasbias.spaces import get_space

try:
    import torch
    from torch import nn
except ModuleNotFoundError:
    raise missing_extra("torch", "train") from None

Choice = tuple[int, ...]  # one architecture: an index per decision of the space


def supernet_options(space: str) -> type:
    """The dataclass of a space's network options (channels, cells, ...), defaults as in the benchmark.

    Raises:
        InputError: the space has no supernet.
    """
    return _module(space).Options


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
    module = _module(space)
    return module.Network(options or module.Options(), inputs=inputs, classes=classes, allowed=allowed)


def standalone_network(space: str, architecture: str, options: Any = None, **sizes: int) -> nn.Module:
    """The network of one architecture alone; `sizes` are `inputs` and `classes` of `build_supernet`."""
    choice = get_space(space).encode([architecture])[0].tolist()
    return build_supernet(space, options, allowed=[(value,) for value in choice], **sizes)


def has_supernet(space: str) -> bool:
    """Whether nasbias can train this space, or only reads its tables."""
    return importlib.util.find_spec(f"{__name__}.{space.replace('-', '_')}") is not None


def recipe_of(space: str) -> dict[str, Any]:
    """The fields of `Training` whose default this space's published recipe changes."""
    return dict(getattr(_module(space), "RECIPE", {}))


def task_of(space: str) -> str:
    """What this space's networks learn: "images" or "text"."""
    return getattr(_module(space), "TASK", "images")


def options_from(space: str, values: dict[str, Any]) -> Any:
    """Network options from a dictionary, such as a run's config.toml holds."""
    kind = supernet_options(space)
    known = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in known})


def _module(space: str):
    get_space(space)
    if not has_supernet(space):
        raise InputError(f"{space} has no supernet here: it has a truth table and costs only.")
    return importlib.import_module(f"{__name__}.{space.replace('-', '_')}")


@torch.no_grad()
def count_parameters(network: nn.Module) -> int:
    """Trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
