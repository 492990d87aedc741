"""nasbias: how well, how stably and how fairly weight-sharing supernets rank architectures.

The public names are few: `list_spaces`, `get_space`, `load_truth`, `load_predictions`, `correlate`, `join`,
`score_with`, `Monitor`, `InputError`; and, with torch, `build`.
Everything that trains or scores lives in rooms of its own (`nasbias.training`, `nasbias.scoring`) and needs torch; what
is imported here does not.
"""

import importlib
from typing import TYPE_CHECKING

from nasbias.errors import InputError

if TYPE_CHECKING:
    from nasbias.correlation import correlate
    from nasbias.matching import join
    from nasbias.outside import Monitor, score_with
    from nasbias.spaces import get_space, list_spaces
    from nasbias.supernets.alone import build
    from nasbias.tables import load_predictions
    from nasbias.truth import load_truth

__version__ = "0.1.0"
__all__ = [
    "InputError",
    "Monitor",
    "build",
    "correlate",
    "get_space",
    "join",
    "list_spaces",
    "load_predictions",
    "load_truth",
    "score_with",
]

_HOMES = {
    "Monitor": "nasbias.outside",
    "build": "nasbias.supernets.alone",
    "correlate": "nasbias.correlation",
    "get_space": "nasbias.spaces",
    "join": "nasbias.matching",
    "list_spaces": "nasbias.spaces",
    "load_predictions": "nasbias.tables",
    "load_truth": "nasbias.truth",
    "score_with": "nasbias.outside",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for, so that `import nasbias` stays fast."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nasbias' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
