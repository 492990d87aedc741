"""What a supernet of each space takes: its network's options, its published recipe, its task. Needs no torch, so that
`--help` tells them at once.

A recipe is a module named like its space, with `Options` (a frozen dataclass), `RECIPE` (the fields of `Training` whose
default the publication changes) and `TASK` ("images", the default, or "text"). The network is the module of
`nasbias.supernets` of the same name.
"""

import dataclasses
import functools
import importlib
import importlib.util
from typing import Any

from nasbias.errors import InputError
from nasbias.spaces import get_space, list_spaces


def supernet_options(space: str) -> type:
    """The dataclass of a space's network options (channels, cells, ...), defaults as in the benchmark.

    Raises:
        InputError: no such space, or one without a supernet.
    """
    return _module(space).Options


def recipe_of(space: str) -> dict[str, Any]:
    """The fields of `Training` whose default this space's published recipe changes."""
    return dict(getattr(_module(space), "RECIPE", {}))


def task_of(space: str) -> str:
    """What this space's networks learn: "images" or "text"."""
    return getattr(_module(space), "TASK", "images")


@functools.cache
def list_options() -> tuple[str, ...]:
    """What the options of all spaces' networks are called: a configuration may hold those of other spaces."""
    kinds = [supernet_options(space) for space in list_spaces() if has_supernet(space)]
    return tuple(dict.fromkeys(field.name for kind in kinds for field in dataclasses.fields(kind)))


def options_from(space: str, values: dict[str, Any]) -> Any:
    """Network options from a dictionary, such as a run's config.toml holds; those of other spaces are left out."""
    kind = supernet_options(space)
    known = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in known})


def has_supernet(space: str) -> bool:
    """Whether nasbias can train this space, or only reads its tables."""
    return importlib.util.find_spec(_name_of(space)) is not None


def _module(space: str) -> Any:
    get_space(space)
    if not has_supernet(space):
        raise InputError(f"{space} has no supernet here: it has a truth table and costs only.")
    return importlib.import_module(_name_of(space))


def _name_of(space: str) -> str:
    return f"{__name__}.{space.replace('-', '_')}"
