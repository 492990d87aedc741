"""Inherited weights -> predictions: accuracy and loss of architectures under a network's shared weights.

`score_architectures` is the one interface; behind it are engines that give the same numbers: `plain`, the reference,
one architecture at a time through the network's modules; `fast`, where a space has one; `batched`, many architectures
in one pass, for GPUs. Needs torch.
"""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import nn

from nasbias.datasets import Images
from nasbias.errors import unknown
from nasbias.runs import Training
from nasbias.scoring import text
from nasbias.scoring.data import BN, RECALIBRATION_BATCH, ScoringData, load_image_data
from nasbias.scoring.plain import score as score_plain
from nasbias.scoring.program import Engine as ProgramEngine
from nasbias.spaces import get_space
from nasbias.supernets import Choice, options_from, task_of
from nasbias.supernets.sharing.aliased import AliasedNetworks

__all__ = [
    "BN",
    "Precision",
    "ScoringData",
    "distinct_architectures",
    "engines",
    "load_scoring_data",
    "score_architectures",
]

Precision = Literal["32-true", "bf16-mixed"]
Engine = Callable[..., dict[str, np.ndarray]]


def load_scoring_data(
    config: Training,
    recalibration_images: int = 512,
    valid_size: int | None = None,
    device: torch.device | str = "cpu",
    bn: BN = "recalibrated",
    images: Images | None = None,
    recalibration_batch: int = RECALIBRATION_BATCH,
    augmented: bool = False,
) -> Any:
    """What a run's architectures are scored on: the data its space's engines take; `images` where they are loaded, and
    the rest as in `load_image_data`.

    Raises:
        InputError: more images or words than there are, or none.
    """
    if task_of(config.space) == "images":
        how = (recalibration_images, valid_size, device, bn, images, recalibration_batch, augmented)
        return load_image_data(config, *how)
    return text.load_data(config, valid_size, device)


def engines(space: str) -> dict[str, Engine]:
    """The engines of a space by name; `plain` always, others where `nasbias.scoring.<space>` has them; those of text
    serve every space whose networks read it."""
    if task_of(space) == "text":
        return dict(text.ENGINES)
    name = _module(space)
    found = importlib.util.find_spec(name)
    return {"plain": score_plain, **(importlib.import_module(name).ENGINES if found else {})}


def distinct_architectures(
    config: Training, architectures: Sequence[str] | np.ndarray, bn: BN | None = None
) -> tuple[list[str], np.ndarray]:
    """The architectures that a run must be scored on, in the order in which neighbours share most, and for each of
    those asked for its place among them [n].

    Args:
        bn: the statistics that are used, where architectures that are one function in the network may be scored as one
            (as a space's fast engine does); None: every one is scored.
    """
    space = get_space(config.space)
    codes = space.encode(space.parse_all(architectures))
    module = _module(config.space)
    merge = None
    if bn is not None and config.sharing == "all" and not config.standalone and importlib.util.find_spec(module):
        merge = getattr(importlib.import_module(module), "deduplicate", None)
    if merge is not None:
        affine = options_from(config.space, config.network).affine
        choices, place = merge([tuple(code) for code in codes.tolist()], affine, bn)
        return space.decode(np.array(choices)).tolist(), place
    unique, place = np.unique(codes, axis=0, return_inverse=True)
    return space.decode(unique).tolist(), place.reshape(-1)


def score_architectures(
    network: nn.Module,
    architectures: Sequence[str] | np.ndarray,
    data: Any,
    space: str = "nb201",
    bn: BN = "recalibrated",
    engine: str | None = None,
    precision: Precision = "32-true",
) -> pd.DataFrame:
    """Scores under shared weights: columns `architecture`, then what the space's supernets predict (`accuracy` in per
    cent and `loss`, or `perplexity` and `loss`), `bn` (missing for text).

    Args:
        engine: default: batched on a GPU, fast on a CPU, plain where the space has neither.
        precision: bf16-mixed multiplies in bf16: faster where the processor can, and another ranking by a little
            (`python -m nasbias.score --help` says by how much). Never the default.

    Raises:
        InputError: unknown engine, or an architecture outside the space.
    """
    known = engines(space)
    if isinstance(network, AliasedNetworks) and not network.is_whole:
        known = {name: each for name, each in known.items() if each is score_plain or isinstance(each, ProgramEngine)}
    if engine is None:
        on_gpu = next(network.parameters()).device.type != "cpu"
        preferred = ("batched", "fast", "plain") if on_gpu else ("fast", "plain")
        engine = next(name for name in preferred if name in known)
    if engine not in known:
        raise unknown(f"engine for {space}", engine, known)
    canonical = get_space(space).parse_all(architectures)
    choices = [tuple(row) for row in get_space(space).encode(canonical).tolist()]
    device = next(network.parameters()).device.type
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16-mixed"):
        scores = _score(network, choices, data, bn, known[engine])
    return pd.DataFrame({"architecture": canonical, **scores, "bn": bn if task_of(space) == "images" else None})


def _score(network: nn.Module, choices: Sequence[Choice], data: Any, bn: BN, engine: Engine) -> dict[str, np.ndarray]:
    """An engine's scores; where a sharing plan gives architectures different networks, each is scored in its own."""
    if not isinstance(network, AliasedNetworks) or isinstance(engine, ProgramEngine):
        return engine(network, choices, data, bn)
    scores: dict[str, np.ndarray] = {}
    for part, positions in network.split(choices):
        for name, values in engine(part, [choices[i] for i in positions], data, bn).items():
            scores.setdefault(name, np.zeros(len(choices)))[positions] = values
    return scores


def _module(space: str) -> str:
    return f"{__name__}.{space.replace('-', '_')}"
