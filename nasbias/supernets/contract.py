"""What training, scoring and sharing may ask of a supernet, and of the module it lives in.

A module `nasbias.supernets.<space>` has
    Options         a frozen dataclass of the network's sizes, each field with a `help` in its metadata
    Network         called as Network(options, inputs=, classes=, allowed=): a supernet, or with one allowed value per
                    decision the stand-alone network, whose parameters are those `space.describe` counts
    Cell            the class of the blocks that `--sharing prefix:K` counts (images only)
    TASK            "images" (default) or "text"
    RECIPE          fields of `Training` whose default the space's published recipe changes (default: none)

Options of a text network have `vocabulary`, `bptt` (words read at a time), `hidden`, `evaluated_cells` (validated in
training), `activation_penalty` and `slowness_penalty`. A network has perhaps `begin_epoch(progress, generator)`
(drop-path) and `plain(x, choice)`, a slower reference of `forward`. `--sharing copies:OP` works where cells have
`edges` (a ModuleDict each, by operation) or `operations`. `tests/supernets/test_contract.py` checks every space.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn


@runtime_checkable
class SupernetModule(Protocol):
    """A module of this package that is named after a space."""

    Options: type
    Network: Callable[..., nn.Module]


@runtime_checkable
class SharedWeights(Protocol):
    """A network that runs any of its architectures; a choice is an index per decision of the space."""

    def parameters_of(self, choice: Sequence[int]) -> list[nn.Parameter]:
        """The weights one architecture uses, each once: exactly those that its gradient reaches."""
        ...

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """As every module's."""
        ...


@runtime_checkable
class ImageNetwork(SharedWeights, Protocol):
    """Task "images". Beside `stem` there is one list of blocks, its body, which the stem's output goes through."""

    stem: nn.Module

    def forward(self, x: Tensor, choice: Sequence[int]) -> Tensor | tuple[Tensor, Tensor]:
        """Logits [batch, classes] of images [batch, inputs, height, width]; while training perhaps an auxiliary
        head's as well."""
        ...


@runtime_checkable
class TextNetwork(SharedWeights, Protocol):
    """Task "text": a recurrent language model; words are numbers [time, batch]."""

    def first_hidden(self, *shape: int) -> Tensor:
        """The state before the first word [*shape, hidden]."""
        ...

    def __call__(
        self, words: Tensor, choice: Sequence[int], hidden: Tensor, masks: Any = None
    ) -> tuple[Tensor, Tensor]:
        """`forward`, as of every module."""
        ...

    def forward(self, words: Tensor, choice: Sequence[int], hidden: Tensor, masks: Any = None) -> tuple[Tensor, Tensor]:
        """States after each word [time, batch, hidden] and the last of them."""
        ...

    def logits(self, states: Tensor, masks: Any = None) -> Tensor:
        """[..., vocabulary] of states [..., hidden]."""
        ...

    def mean_loss(self, states: Tensor, targets: Tensor, masks: Any = None) -> Tensor:
        """Mean nats per word of states [..., hidden] against targets [...]."""
        ...

    def draw_masks(self, batch: int, generator: torch.Generator) -> Any:
        """Dropout masks of one training sequence, whose `output` [batch, hidden] scales the states."""
        ...


@runtime_checkable
class ReadsForMany(TextNetwork, Protocol):
    """A text network that may read a text for many architectures in one pass."""

    def states_of_cells(self, words: Tensor, choices: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """States [time, cells, batch, hidden] of choices [cells, decisions] from hidden [cells, batch, hidden], and
        the last of them."""
        ...


def body_of(network: nn.Module) -> nn.ModuleList:
    """The blocks that a network's stem leads into, in order; to be replaced one by one by a sharing plan."""
    lists = [part for part in network.children() if isinstance(part, nn.ModuleList)]
    if len(lists) != 1:
        raise TypeError(f"{type(network).__module__}: a network needs one list of blocks, this one has {len(lists)}.")
    return lists[0]
