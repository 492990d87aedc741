"""Sharing plans: which architectures train which weights, as data that the training loop takes.

    all           one set of weights for everybody: the supernet as it is
    groups:M      M supernets, each for its own part of the architectures; the parts are random, and the same for every
                  seed: [i % M] shuffled by numpy's RandomState(42) over the code order (P1, arXiv 2001.01431)
    similar:M     M supernets for M slices of the code order, i // (n / M) (P1)
    decision:NAME a supernet per value of one decision, such as the operation on an edge (P2, arXiv 2010.08219)
    truth:M       M supernets for the best M-th by truth, the next, ... (P2's folds by sorted truth); the best truth
                  present, which must be there when the run is scored, too
    file:PATH     a table with the columns architecture and group
    copies:OP     a control, not a way to share: every operation is an independent copy of OP (`sharing.copies`)
    prefix:K      the stem and the first K cells are shared, the rest is each architecture's own, its BN and momentum
                  included (P1); the linear layer is always part of the rest
    none          nothing shared: all architectures alone, side by side in one run

A plan is built by aliasing: networks whose shared parts are the same modules. Nothing is copied in or out, so whatever
belongs to a module (weights, BN buffers, momentum) follows the plan. One epoch is one pass over the data for all parts
together: a budget of E epochs for each of M groups is a run of M * E epochs.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor, nn

from nasbias.errors import InputError, unknown
from nasbias.files import write_table
from nasbias.spaces import Space, get_space
from nasbias.supernets import Choice, task_of
from nasbias.supernets.contract import body_of
from nasbias.supernets.sharing.aliased import AliasedNetworks
from nasbias.supernets.sharing.copies import copy_operation
from nasbias.tables import read_table

PLANS = {  # kind -> form; `grouping` adds those that part the architectures
    "all": "all",
    "decision": "decision:NAME",
    "copies": "copies:OP",
    "prefix": "prefix:K",
    "none": "none",
}
_LEAST = {"prefix": 0}  # of plans whose value is a whole number
MOST_NETWORKS = 4096  # of prefix and none, which build a network per architecture
_PARTITION_SEED = 42  # P1's

Goodness = Callable[[list[str]], np.ndarray]
Build = Callable[[Any], nn.Module]  # allowed values per decision, or None for all -> a network
Grouping = Callable[[str, Space, np.ndarray, Goodness | None], np.ndarray]
_GROUPINGS: dict[str, Grouping] = {}


def grouping(form: str, least: int | None = None) -> Callable[[Grouping], Grouping]:
    """Register the decorated function as the sharing plan `form`, such as "similar:M": a supernet per group.

    It is given the plan's value as text, the space, the choices [n, decisions] in code order and the truth to sort by,
    and returns groups [n], numbered from 0. With `least` the value is a whole number from there to n.
    """
    kind = form.partition(":")[0]

    def register(function: Grouping) -> Grouping:
        PLANS[kind], _GROUPINGS[kind] = form, function
        if least is not None:
            _LEAST[kind] = least
        return function

    return register


class SharedNetwork(AliasedNetworks):
    """Several networks that may have modules in common; an architecture runs in the one its plan gives it."""

    def __init__(
        self,
        networks: Sequence[nn.Module],
        group_of: Callable[[Choice], int],
        is_whole: bool,
        codes: np.ndarray | None,
    ) -> None:
        """`is_whole`: every network is a whole supernet, which engines that know no others can score. `codes`
        [n, decisions] are the architectures of the plan, None where they are too many to list."""
        super().__init__(networks, is_whole)
        self.group_of, self.codes = group_of, codes

    def of(self, choice: Choice) -> nn.Module:
        """The network an architecture runs in."""
        return self.networks[self.group_of(choice)]

    def resolve(self, choice: Choice) -> tuple[nn.Module, Choice]:
        return self.of(choice), choice

    def forward(self, x: Tensor, choice: Choice) -> Tensor | tuple[Tensor, Tensor]:
        return self.of(choice)(x, choice)

    def plain(self, x: Tensor, choice: Choice) -> Tensor:
        """As `forward`, through the network's reference path where it has one."""
        network = self.of(choice)
        return getattr(network, "plain", network)(x, choice)

    def parameters_of(self, choice: Choice) -> list[nn.Parameter]:
        """The weights that this architecture uses: the only ones its gradient reaches."""
        parameters_of: Any = self.of(choice).parameters_of
        return parameters_of(choice)

    def split(self, choices: Sequence[Choice]) -> Iterator[tuple[nn.Module, list[int]]]:
        """The networks that run some of `choices`, each with the positions of its own."""
        groups = np.array([self.group_of(choice) for choice in choices], dtype=np.int64)
        for group in np.unique(groups):
            yield self.networks[int(group)], np.flatnonzero(groups == group).tolist()

    def write_groups(self, space: Space, path: Path) -> None:
        """The plan as a table, architecture and group, where it can be listed: who may read it need not know torch."""
        if self.codes is not None:
            groups = [self.group_of(tuple(code)) for code in self.codes.tolist()]
            write_table(pd.DataFrame({"architecture": space.decode(self.codes), "group": groups}), path)


def share(
    plan: str, space: str, choices: np.ndarray | None, build: Build, goodness: Goodness | None = None
) -> nn.Module:
    """The network of a run under a sharing plan.

    Args:
        plan: as in the module's docstring.
        choices: the architectures trained [n, decisions]; None where the space is too large to list.
        build: makes one network; the first one made is the one that plan "all" makes.
        goodness: how good architectures are in truth, which plan "truth" sorts by: canonical strings -> [n], higher =
            better.

    Raises:
        InputError: no such plan, one that does not fit the space or the number of architectures.
    """
    kind, value = parse_plan(plan)
    if kind == "all":
        return build(None)
    if task_of(space) != "images":
        raise InputError(f"sharing plan {plan!r}: all cells of {space} have the same weights, only 'all' is there.")
    if kind == "decision":
        return _share_by_decision(get_space(space), value, choices, build)
    if kind == "copies":
        return copy_operation(get_space(space), value, build)
    if choices is None:
        raise InputError(
            f"sharing plan {plan!r} needs a list of architectures and {space} is too large to list. Give "
            f"--architectures."
        )
    codes = np.unique(np.asarray(choices), axis=0)  # lexicographic: the code order
    if kind in _GROUPINGS:
        if kind in _LEAST and int(value) > len(codes):
            raise InputError(f"{len(codes):,} architectures can't be parted into {int(value):,} groups.")
        labels = _GROUPINGS[kind](value, get_space(space), codes, goodness)
        table = dict(zip(map(tuple, codes.tolist()), labels.tolist()))
        return SharedNetwork([build(None) for _ in range(labels.max() + 1)], _lookup(table, plan), True, codes)
    if len(codes) > MOST_NETWORKS:
        raise InputError(
            f"sharing plan {plan!r} builds a network for each of {len(codes):,} architectures; {MOST_NETWORKS:,} are "
            f"the most. Give a shorter list with --architectures."
        )
    table = {tuple(code): i for i, code in enumerate(codes.tolist())}
    networks = [build([(v,) for v in code]) for code in codes.tolist()]
    if kind == "prefix":
        _alias_prefix(networks, build(None), int(value))
    return SharedNetwork(networks, _lookup(table, plan), False, codes)


def parse_plan(plan: str) -> tuple[str, str]:
    """A plan's kind and its value: 'groups:4' -> ('groups', '4').

    Raises:
        InputError: no such plan, or its value is missing or no number.
    """
    kind, colon, value = plan.partition(":")
    if kind not in PLANS:
        raise unknown("sharing plan", plan, PLANS.values())
    least = _LEAST.get(kind)
    form = PLANS[kind]
    if bool(value) != (":" in form) or bool(colon) != bool(value):
        raise InputError(f"sharing plan {plan!r}: the form is {form}.")
    if least is not None and (not value.isascii() or not value.isdecimal() or int(value) < least):
        raise InputError(f"sharing plan {plan!r}: {form} needs a whole number from {least}, not {value!r}.")
    return kind, value


@grouping("groups:M", least=1)
def _deal(value: str, space: Space, codes: np.ndarray, goodness: Goodness | None) -> np.ndarray:
    labels = np.arange(len(codes)) % int(value)
    np.random.RandomState(_PARTITION_SEED).shuffle(labels)
    return labels


@grouping("similar:M", least=1)
def _slice(value: str, space: Space, codes: np.ndarray, goodness: Goodness | None) -> np.ndarray:
    return np.arange(len(codes)) * int(value) // len(codes)


@grouping("truth:M", least=1)
def _slice_by_truth(value: str, space: Space, codes: np.ndarray, goodness: Goodness | None) -> np.ndarray:
    if goodness is None:
        raise InputError("sharing plan 'truth' needs a truth to sort by.")
    labels = np.empty(len(codes), dtype=np.int64)
    labels[np.argsort(-goodness(space.decode(codes).tolist()), kind="stable")] = _slice(value, space, codes, None)
    return labels


@grouping("file:PATH")
def _read_groups(path: str, space: Space, codes: np.ndarray, goodness: Goodness | None) -> np.ndarray:
    table = read_table(Path(path))
    for column in ("architecture", "group"):
        if column not in table:
            raise InputError(f"{path}: no column {column!r}; a sharing plan has the columns architecture and group.")
    if table[["architecture", "group"]].isna().to_numpy().any():
        raise InputError(f"{path}: a row without architecture or group.")
    listed = space.encode(list(space.parse_all(table["architecture"]))).tolist()
    groups = dict(zip(map(tuple, listed), table["group"].tolist()))
    if len(groups) != len(set(zip(map(tuple, listed), table["group"].tolist()))):
        raise InputError(f"{path}: an architecture is in two groups.")
    missing = [code for code in codes.tolist() if tuple(code) not in groups]
    if missing:
        first = space.decode(np.array(missing[:1]))[0]
        raise InputError(f"{path}: {len(missing):,} of {len(codes):,} architectures have no group (first: {first!r}).")
    names = [groups[tuple(code)] for code in codes.tolist()]
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([number[name] for name in names])


def _share_by_decision(space: Space, name: str, choices: np.ndarray | None, build: Build) -> nn.Module:
    names = [decision.name for decision in space.decisions]
    if name not in names:
        raise unknown(f"decision of {space.name}", name, names)
    at = names.index(name)
    values = len(space.decisions[at].values)
    codes = None if choices is None else np.unique(choices, axis=0)
    return SharedNetwork([build(None) for _ in range(values)], lambda choice: int(choice[at]), True, codes)


def _lookup(table: dict[Choice, int], plan: str) -> Callable[[Choice], int]:
    def group_of(choice: Choice) -> int:
        group = table.get(tuple(choice))
        if group is None:
            raise InputError(f"an architecture that was not trained has no weights under sharing plan {plan!r}.")
        return group

    return group_of


def _alias_prefix(networks: Sequence[nn.Module], shared: nn.Module, cells: int) -> None:
    """Let every network's stem and first cells, and what lies between these, be those of `shared`."""
    kind = importlib.import_module(type(shared).__module__).Cell
    blocks = body_of(shared)
    at = [i for i, block in enumerate(blocks) if isinstance(block, kind)]
    if cells > len(at):
        raise InputError(f"sharing plan 'prefix:{cells}': this network has {len(at)} cells.")
    end = at[cells - 1] + 1 if cells else 0
    for network in networks:
        network.stem = shared.stem  # type: ignore[assignment]
        own = body_of(network)
        for i in range(end):
            own[i] = blocks[i]
