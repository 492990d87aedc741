"""A plan: which runs, as a grid over the fields of a configuration, and what to score and study.

[training]                       # fields of nasbias.runs.Training that all runs have; the rest is the space's recipe
space = "nb201"
dataset = "cifar10"
network = {channels = 8, cells = 1}

[grid]                           # every combination; [[grid]] several times: one grid after the other
seed = [0, 1, 2]
epochs = [16, 64]

[score]                          # fields of nasbias.score.Scoring; {} for its defaults; left out: nothing is scored
sample = 1000

[study]                          # options of what is to be made of all predictions, when all are there
correlation = {truth = "nb201-official"}
"""

import dataclasses
import hashlib
import itertools
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nasbias.errors import InputError, unknown
from nasbias.opening import checked_path, read_toml
from nasbias.recipes import recipe_of, supernet_options
from nasbias.runs import Training
from nasbias.score import Scoring
from nasbias.spaces import get_space

PARTS = ("training", "grid", "score", "study")
STUDIES = ("correlation", "stability")
STUDY_OPTIONS = ("truth", "dataset", "split", "epochs")
MOST_RUNS = 100_000
_LONGEST_LABEL = 80  # characters of a folder's name before its digest


@dataclass(frozen=True)
class Item:
    """One run of a plan. `label` says where it lies in the grid, for people; the digest is what it is known by."""

    config: Training
    score: Scoring | None
    label: str

    @property
    def identity(self) -> str:
        """The digest of its configuration."""
        return self.config.identity

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.label}-{self.identity}" if self.label else self.identity

    def folder(self, runs: Path) -> Path:
        """Its folder, also one that has another label, as of an earlier version of the plan."""
        there = sorted(runs.glob(f"*{self.identity}")) if runs.is_dir() else []
        return there[0] if there else runs / self.name


@dataclass(frozen=True)
class Plan:
    """The runs of a plan, in their order, and the studies of them, each with its options."""

    items: tuple[Item, ...]
    studies: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def devices(self) -> int:
        """The most that one of the runs takes."""
        return max(item.config.devices for item in self.items)

    @property
    def identity(self) -> str:
        """Twelve hexadecimal digits: equal runs, equal plans."""
        return hashlib.sha256(json.dumps([item.identity for item in self.items]).encode()).hexdigest()[:12]


def read_plan(path: str | os.PathLike) -> Plan:
    """The plan in a TOML file.

    Raises:
        InputError: no such file, not TOML, or not a plan.
    """
    path = checked_path(path)
    try:
        content = read_toml(path)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}).") from None
    try:
        return make_plan(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def make_plan(content: Mapping[str, Any]) -> Plan:
    """The plan that a mapping of the parts of a plan file describes.

    Raises:
        InputError: an unknown part, field or value, or the same run twice.
    """
    for part in content:
        if part not in PARTS:
            raise unknown("part of a plan", part, PARTS)
    fixed, score, studies = (_mapping(content, part) for part in ("training", "score", "study"))
    for study, options in studies.items():
        if study not in STUDIES:
            raise unknown("study", study, STUDIES)
        if not isinstance(options, dict):
            raise InputError(f"[study] {study} must be a table of its options, such as {{}}, not {options!r}.")
        for name in options:
            if name not in STUDY_OPTIONS:
                raise unknown(f"option of {study}", name, STUDY_OPTIONS)
    if studies and "score" not in content:
        raise InputError("[study] needs predictions: say with [score] what is scored.")
    grids = content.get("grid", {})
    grids = grids if isinstance(grids, list) else [grids]
    scoring = _scoring(score) if "score" in content else None
    items: dict[str, Item] = {}
    for grid in grids:
        for values in _combinations(grid, fixed):
            config = _training({**fixed, **values})
            item = Item(config, scoring, _label(values))
            if item.identity in items:
                raise InputError(f"the run {item.label or 'of [training]'} is there twice.")
            items[item.identity] = item
    return Plan(tuple(items.values()), studies)


def _mapping(content: Mapping[str, Any], part: str) -> dict[str, Any]:
    found = content.get(part, {})
    if not isinstance(found, dict):
        raise InputError(f"[{part}] must be a table, not {found!r}.")
    return found


def _combinations(grid: Any, fixed: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every combination of the values of a grid; the last field changes fastest."""
    if not isinstance(grid, dict):
        raise InputError(f"[grid] must be a table of lists, not {grid!r}.")
    lists = {name: values if isinstance(values, list) else [values] for name, values in grid.items()}
    n = 1
    for name, values in lists.items():
        if not values:
            raise InputError(f"[grid] {name} has no values.")
        if name in fixed:
            raise InputError(f"{name} is both in [training] and in [grid].")
        n *= len(values)
    if n > MOST_RUNS:
        raise InputError(f"[grid] has {n:,} combinations; {MOST_RUNS:,} are the most.")
    for values in itertools.product(*lists.values()):
        yield dict(zip(lists, values))


def _training(values: dict[str, Any]) -> Training:
    known = [f.name for f in dataclasses.fields(Training)]
    for name in values:
        if name not in known:
            raise unknown("field of a training", name, known)
    space = get_space(values.get("space", "nb201")).name
    own, options = values.get("network", {}), supernet_options(space)
    for name in own if isinstance(own, dict) else ():
        if name not in (names := [f.name for f in dataclasses.fields(options)]):
            raise unknown(f"option of the network of {space}", name, names)
    network = dataclasses.asdict(options(**own)) if isinstance(own, dict) else own
    whole = {**recipe_of(space), **values, "space": space, "network": network}
    if isinstance(whole.get("checkpoints"), list):
        whole["checkpoints"] = tuple(whole["checkpoints"])
    if whole.get("standalone"):
        whole["standalone"] = get_space(space).parse(whole["standalone"])
    return Training(**whole)


def _scoring(values: dict[str, Any]) -> Scoring:
    known = [f.name for f in dataclasses.fields(Scoring) if f.name not in ("out", "processes")]
    for name in values:
        if name not in known:
            raise unknown("field of [score]", name, known)
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return Scoring(**given)


def _label(values: Mapping[str, Any]) -> str:
    """`seed0-epochs16`: what tells a run from the others, as a file's name."""
    words = (f"{name}{Path(value).stem if isinstance(value, str) else value}" for name, value in values.items())
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", "-".join(words))[:_LONGEST_LABEL].strip("-_.")
