"""What can be built: decisions and their values, strings <-> choices, validity, isomorphism, parameters, FLOPs.

A space is a module of this package with a `SPACE`; the module's name, `_` read as `-`, is the space's name. So adding a
space is adding a file, and the tests that run over `list_spaces()` take it in. Nothing here imports torch.
"""

import functools
import importlib
import pkgutil

from nasbias.errors import unknown
from nasbias.spaces._space import Choice, Decision, Space
from nasbias.spaces._wiring import Wire, Wiring

__all__ = ["Choice", "Decision", "Space", "Wire", "Wiring", "get_space", "list_spaces"]


def list_spaces() -> list[str]:
    """The names that `get_space` knows, sorted."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in modules if not name.startswith("_"))


@functools.cache
def get_space(name: str) -> Space:
    """The space called `name`.

    Raises:
        InputError: no such space; the message names the nearest ones.
    """
    if name not in list_spaces():
        raise unknown("space", name, list_spaces())
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}").SPACE
