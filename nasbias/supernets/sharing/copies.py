"""The control of P2 (arXiv 2010.08219, experiment 6): every operation of a slot is a copy of one and the same.

Under the plan `copies:OP` a slot's values are independent copies of OP, as many as the slot has operations. The space
is as large as before and its weights as thinly trained, but all its architectures compute the same function class: what
still differs between their scores is the supernet's doing, not the architectures'.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from nasbias.errors import InputError, unknown
from nasbias.spaces import Space
from nasbias.supernets import Choice
from nasbias.supernets.sharing.aliased import AliasedNetworks


class CopiesNetwork(AliasedNetworks):
    """An architecture's choices are read as copy numbers. The banks hold copy 0, 1, ... of every slot and have all the
    rest in common; a forward pass borrows the slots' modules of the copies it was told, no weight is moved."""

    def __init__(self, banks: Sequence[nn.Module], working: nn.Module, operation: Sequence[int | None]) -> None:
        """`operation`: per decision the index of OP; None for a decision that is no operation and stays free."""
        super().__init__(banks, is_whole=False)  # an engine that does not ask would take a copy for an operation
        self.operation = operation
        self._working = [working]  # in a list: it owns no weights, so it is no submodule

    def of(self, choice: Choice) -> nn.Module:
        """The network with the chosen copies in its slots."""
        (working,) = self._working
        copies = [value for value, op in zip(choice, self.operation) if op is not None]
        ops = [op for op in self.operation if op is not None]
        banks = [_cells_of(bank) for bank in self.networks]
        for at, cell in enumerate(_cells_of(working)):
            for slot, (target, copy, op) in enumerate(zip(_slots_of(cell), copies, ops)):
                target._modules[str(op)] = _slots_of(banks[copy][at])[slot]._modules[str(op)]
        return working

    def code_of(self, choice: Choice) -> Choice:
        """What the working network is asked to run: OP in every slot."""
        return tuple(value if op is None else op for value, op in zip(choice, self.operation))

    def resolve(self, choice: Choice) -> tuple[nn.Module, Choice]:
        return self.of(choice), self.code_of(choice)

    def forward(self, x: Tensor, choice: Choice) -> Any:
        return self.of(choice)(x, self.code_of(choice))

    def parameters_of(self, choice: Choice) -> list[nn.Parameter]:
        """The weights of these copies, and those all have in common."""
        parameters_of: Any = self.of(choice).parameters_of
        return parameters_of(self.code_of(choice))

    def split(self, choices: Sequence[Choice]):
        """One network runs them all: this one."""
        yield self, list(range(len(choices)))


def copy_operation(space: Space, name: str, build: Any) -> CopiesNetwork:
    """The network of the plan `copies:NAME`.

    Raises:
        InputError: no such operation, one without weights, or a space whose cells have no slots to copy into.
    """
    known = list(dict.fromkeys(value for decision in space.decisions for value in decision.values))
    if name not in known:
        raise unknown(f"operation of {space.name}", name, known)
    operation = [d.values.index(name) if name in d.values else None for d in space.decisions]
    count = max(len(d.values) for d, op in zip(space.decisions, operation) if op is not None)
    allowed = [(op,) if op is not None else tuple(range(len(d.values))) for d, op in zip(space.decisions, operation)]
    *banks, working = [build(allowed) for _ in range(count + 1)]
    slots = [_slots_of(cell) for cell in _cells_of(working)]
    copied = sum(op is not None for op in operation)
    if not slots or any(len(each) != copied for each in slots):
        raise InputError(f"sharing plan 'copies:{name}': the cells of {space.name} have no slots to put copies in.")
    if not any(True for slot in slots[0] for _ in slot.parameters()):
        raise InputError(f"sharing plan 'copies:{name}': {name} has no weights, its copies would be the same.")
    for network in (*banks[1:], working):
        _alias_rest(network, banks[0])
    return CopiesNetwork(banks, working, operation)


def _cells_of(network: nn.Module) -> list[nn.Module]:
    return [module for module in network.modules() if hasattr(module, "edges") or hasattr(module, "operations")]


def _slots_of(cell: nn.Module) -> list[nn.ModuleDict]:
    """A cell's operations by slot: on its edges, or (NAS-Bench-101) at its vertices."""
    slots: Any = cell.edges if hasattr(cell, "edges") else cell.operations.values()  # type: ignore[operator]
    return list(slots)


def _alias_rest(network: nn.Module, first: nn.Module) -> None:
    """Let everything of `network` but the slots of its cells be that of `first`."""
    for name, part in list(network.named_children()):
        other = getattr(first, name)
        if name in ("edges", "operations"):
            continue
        if _cells_of(part):
            _alias_rest(part, other)
        else:
            network._modules[name] = other
