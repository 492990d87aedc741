"""The questions every space answers, and the answers that follow from a few of them.

An architecture is known outside this package by its canonical string, inside by its choices: a row of an integer matrix
[architectures, decisions], each entry an index into the values of that decision.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError, unknown
from nasbias.spaces._wiring import Cell, Wiring, chain, wire
from nasbias.streams import stream

Choice = tuple[int, ...]  # one architecture: an index per decision of the space


@dataclass(frozen=True)
class Decision:
    """One choice a space leaves open, such as the operation on an edge, and its possible values."""

    name: str
    values: tuple[str, ...]


class Space(ABC):
    """A search space. Arrays of architectures are 1-d object arrays of canonical strings."""

    name: str
    title: str
    size: int  # number of architectures, labelled as the benchmark labels them
    decisions: tuple[Decision, ...]
    subsets: Mapping[str, str] = {}  # name -> what it holds; the first is what `sample` draws from by default
    score_columns: tuple[str, ...] = ("accuracy", "loss")  # what a supernet of this space predicts
    cells: tuple[Cell, ...] = ()  # how the decisions make a network; none: one after the other
    nothing: tuple[str, ...] = ()  # operations that compute nothing
    is_matrix: bool = False  # the string is an adjacency matrix and operations; `cells` would be one per architecture
    notations: tuple[str, ...] = ()  # readings of a list of operation numbers, where the field has more than one
    formats: Mapping[str, Callable[[str], Any]] = {}  # notation -> writes a canonical string so; `parse` reads them all

    @abstractmethod
    def parse(self, text: str) -> str:
        """Canonical string of one architecture, from any notation the field uses for this space.

        Raises:
            InputError: not an architecture of this space; the message says where it departs from one.
        """

    @abstractmethod
    def encode(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        """Choices [n, decisions] of canonical strings."""

    @abstractmethod
    def decode(self, choices: np.ndarray) -> np.ndarray:
        """Canonical strings [n] of choices [n, decisions]."""

    @abstractmethod
    def describe(self, architectures: Sequence[str] | np.ndarray, **options) -> pd.DataFrame:
        """One row per architecture: `architecture`, `params`, `flops` (multiply-accumulates, as the benchmark counts
        them), `is_valid`, `isomorphism_class` (equal = the same network up to renaming) and `n_<operation>` counts."""

    @abstractmethod
    def sample(self, n: int, seed: int, subset: str | None = None) -> np.ndarray:
        """`n` distinct architectures drawn uniformly from `subset` (default: the first of `subsets`).

        Raises:
            InputError: unknown subset, or `n` larger than it.
        """

    def architectures(self) -> pd.DataFrame:
        """`describe` of the whole space, in official order where there is one.

        Raises:
            InputError: the space is too large to list.
        """
        raise InputError(
            f"{self.name} has {self.size:,} architectures, too many to list. "
            f"Use get_space({self.name!r}).sample(n, seed)."
        )

    def population(self, subset: str | None = None) -> np.ndarray | None:
        """Choices [n, decisions] of every architecture of a subset; None where they are too many to list.

        Raises:
            InputError: unknown subset.
        """
        self._subset(subset)
        return None

    def draw(self, n: int, rng: np.random.Generator, subset: str | None = None) -> np.ndarray:
        """Choices [n, decisions] drawn uniformly, with replacement, from a subset too large to list."""
        raise NotImplementedError

    def parse_as(self, text: Any, notation: str) -> str:
        """`parse`, a list of operation numbers being read in one of the `notations`."""
        return self.parse(text)

    def format(self, architecture: Any, notation: str = "canonical") -> Any:
        """One architecture as another package holds it: text, numbers, lists or mappings, which `parse` reads back
        (NASLib's six digits of nb201 by `parse_as`).

        Args:
            architecture: in any notation.
            notation: "canonical" (this project's string) or one of `formats`.

        Raises:
            InputError: not an architecture of the space, or an unknown notation.
        """
        canonical = self.parse(architecture)
        if notation == "canonical":
            return canonical
        if notation not in self.formats:
            raise unknown(f"format of {self.name}", notation, ("canonical", *self.formats))
        return self.formats[notation](canonical)

    def parse_all(self, texts: Iterable[str], notation: str | None = None) -> np.ndarray:
        """Canonical strings of many architectures (or of one).

        Args:
            notation: what a list of operation numbers means, one of `notations`; without it an ambiguous one is
                refused.

        Raises:
            InputError: some are not in the space or ambiguous; the message counts them and explains the first.
        """
        if notation is not None and notation not in self.notations:
            if not self.notations:
                raise InputError(f"{self.name} has one reading of every architecture: it takes no notation.")
            raise unknown(f"notation of {self.name}", notation, self.notations)
        texts = listed(texts)
        parsed: dict[object, str | None] = {}
        first: InputError | None = None
        for text in dict.fromkeys(texts):
            try:
                parsed[text] = self.parse(text) if notation is None else self.parse_as(text, notation)
            except InputError as error:
                parsed[text] = None
                first = first or error
        if first is not None:
            bad = sum(parsed[text] is None for text in texts)
            raise InputError(f"{bad:,} of {len(texts):,} architectures are not in {self.name}; the first: {first}")
        return as_strings([parsed[text] for text in texts])

    def decide(self, architectures: Sequence[str] | np.ndarray) -> pd.DataFrame:
        """The choices by name: one categorical column per decision, rows as `architectures`."""
        choices = self.encode(listed(architectures))
        return pd.DataFrame(
            {
                decision.name: pd.Categorical.from_codes(choices[:, i], categories=list(decision.values))
                for i, decision in enumerate(self.decisions)
            }
        )

    def wire(self, architecture: str) -> tuple[Wiring, ...]:
        """Nodes and edges of one architecture, cell by cell, with the operations and with what is dead.

        Raises:
            InputError: not an architecture of this space.
        """
        row = self.decide(self.parse_all([architecture]).tolist())
        values = {decision.name: str(row[decision.name].iloc[0]) for decision in self.decisions}
        return wire(self.wired_cells, values, self.nothing)

    @property
    def wired_cells(self) -> tuple[Cell, ...]:
        """`cells`, or one that has the decisions one after the other."""
        return self.cells or (chain("", [decision.name for decision in self.decisions]),)

    def truth_keys(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        """What truth and predictions are joined on [n]: the canonical string, unless the benchmark stores classes."""
        return as_strings(listed(architectures))

    def _subset(self, subset: str | None) -> str:
        if subset is None:
            return next(iter(self.subsets))
        if subset not in self.subsets:
            raise unknown(f"subset of {self.name}", subset, self.subsets)
        return subset

    def _draw(self, population: int, n: int, seed: int) -> np.ndarray:
        """`n` distinct integers below `population`."""
        if not 0 <= n <= population:
            raise InputError(f"can't sample {n:,} of {population:,} architectures of {self.name}: ask for fewer.")
        return stream("draw", seed).choice(population, size=n, replace=False)


def listed(architectures: Iterable) -> list:
    """The architectures as a list: one string is one architecture, not its letters; lists and mappings become text."""
    if isinstance(architectures, str):
        return [architectures]
    texts = {list: str, dict: json.dumps, np.ndarray: lambda array: str(array.tolist())}
    return [texts[type(each)](each) if type(each) in texts else each for each in architectures]


def as_index(value: object) -> int | None:
    """The whole number that a number or plain digits stand for; None for everything else."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    digits = value.strip() if isinstance(value, str) else ""  # int() itself knows fewer blanks
    return int(digits) if re.fullmatch(r"[0-9]{1,18}", digits) else None


def as_strings(values: Iterable) -> np.ndarray:
    """A 1-d object array, also of a single value or of none."""
    values = list(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
