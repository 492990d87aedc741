"""`build`: the stand-alone network of any architecture as an ordinary torch module, for anybody's training loop."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from nasbias.errors import InputError, unknown
from nasbias.recipes import options_from, supernet_options, task_of
from nasbias.spaces import Space, get_space
from nasbias.supernets import standalone_network

_SIZES = {"inputs": 3, "classes": 10}  # image channels, outputs of the linear layer


def build(space: str | Space, architecture: Any, **network: Any) -> nn.Module:
    """One architecture's stand-alone network, its weights drawn from torch's current generator.

        network = nasbias.build("nb201", "|nor_conv_3x3~0|+|none~0|...", channels=16, cells=5, classes=100)
        logits = network(images)

    Args:
        architecture: in any notation that `space.parse` reads.
        network: `inputs` (image channels, 3), `classes` (10) and the space's own options (`channels`, `cells`, ...:
            `python -m nasbias.train --space nb201 --help`); defaults as in the benchmark, but darts has no auxiliary
            head unless `auxiliary=True`.

    Returns:
        A module of images [b, inputs, h, w] to logits [b, classes]; of words [time, b] and a state (None: the first) to
        logits [time, b, vocabulary] and the last state. Its `architecture` is the canonical string. It has as many
        parameters as `space.describe` counts for these options.

    Raises:
        InputError: no such space, one without a network, an architecture outside of it, or an unknown option.
    """
    name = space if isinstance(space, str) else space.name
    home = get_space(name)
    fields = [field.name for field in dataclasses.fields(supernet_options(name))]
    sizes = _SIZES if task_of(name) == "images" else {}
    for option in network:
        if option not in (*fields, *sizes):
            raise unknown(f"option of {name}'s network", option, (*fields, *sizes))
    if "auxiliary" in fields:
        network = {"auxiliary": False, **network}
    canonical = home.parse(architecture)
    choice = tuple(home.encode([canonical])[0].tolist())
    options = options_from(name, network)
    given = {size: network.get(size, default) for size, default in sizes.items()}
    for size, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{size} is {value!r}: a whole number from 1 is needed.")
    is_text = task_of(name) == "text"
    if is_text:
        given = {"inputs": 1, "classes": options.vocabulary}
    alone = standalone_network(name, canonical, options, **given)
    return (StandaloneText if is_text else Standalone)(alone, canonical, choice)


class Standalone(nn.Module):
    """An image network that runs its one architecture."""

    def __init__(self, network: nn.Module, architecture: str, choice: Sequence[int]) -> None:
        super().__init__()
        self.network, self.architecture, self.choice = network, architecture, choice

    def forward(self, x: Tensor) -> Any:
        """Logits [b, classes] of images; while training with an auxiliary head its logits as well."""
        return self.network(x, self.choice)

    def extra_repr(self) -> str:
        return self.architecture


class StandaloneText(Standalone):
    """A language model of its one cell."""

    def forward(self, x: Tensor, hidden: Tensor | None = None) -> Any:
        """Logits [time, b, vocabulary] of words [time, b], and the last state [b, hidden]."""
        network: Any = self.network
        states, last = network(x, self.choice, network.first_hidden(x.shape[1]) if hidden is None else hidden)
        return network.logits(states), last
