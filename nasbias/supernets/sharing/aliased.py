"""Networks that have modules in common, as one module: what sharing plans are built of."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nasbias.supernets import Choice


class AliasedNetworks(nn.Module):
    """Several networks of one space, some parts of which are the same modules.

    Whatever belongs to a module (weights, BN buffers, momentum) is there once, also in `state_dict`.
    """

    def __init__(self, networks: Sequence[nn.Module], is_whole: bool) -> None:
        """`is_whole`: every network is a whole supernet, which engines that know no others can score."""
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.is_whole = is_whole

    def split(self, choices: Sequence[Choice]) -> Iterator[tuple[nn.Module, list[int]]]:
        """The networks that run some of `choices`, each with the positions of its own."""
        raise NotImplementedError

    def resolve(self, choice: Choice) -> tuple[nn.Module, Choice]:
        """The network that runs a choice, and what it is asked to run; true until the next call."""
        raise NotImplementedError

    def begin_epoch(self, progress: float, generator: torch.Generator) -> None:
        """Passed on to networks that ask for it (drop-path)."""
        for network in self.networks:
            if hasattr(network, "begin_epoch"):
                network.begin_epoch(progress, generator)  # type: ignore[operator]

    def state_dict(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Every tensor once, under its first name: a checkpoint does not repeat what is shared."""
        whole = super().state_dict(*arguments, **options)
        return {name: whole[name] for name in self._names()}

    def load_state_dict(self, state_dict: dict[str, Tensor] | Any, strict: bool = True, assign: bool = False) -> Any:
        names = self._names()
        aliases = {name: tensor for name, tensor in super().state_dict().items() if name not in names}
        return super().load_state_dict({**state_dict, **aliases}, strict, assign)  # an alias is loaded onto itself

    def _names(self) -> set[str]:
        return {name for name, _ in self.named_parameters()} | {name for name, _ in self.named_buffers()}
