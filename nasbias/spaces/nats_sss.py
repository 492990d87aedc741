"""NATS-Bench's size space: one cell for all, the channels of five layers chosen from 8, 16, ..., 64; 32,768.

Source: Dong et al., arXiv 2009.00437, and the benchmark's released code. The canonical string is the benchmark's,
`8:16:64:8:24`, the official order lexicographic in the numbers. Layers 0, 2 and 4 are the cell `GENOTYPE` of
NAS-Bench-201 at 32, 16 and 8 pixels, layers 1 and 3 residual blocks of stride 2; the stem is as wide as layer 0. Where
a cell's output is wider or narrower than its input, its skip is a 1x1 convolution with BN (the benchmark's code).
"""

import ast
import functools
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from nasbias.errors import InputError, quoted, unknown
from nasbias.spaces._space import Decision, Space, as_index, as_strings
from nasbias.spaces._wiring import chain

# The topology of the best NAS-Bench-201 architecture by CIFAR-100 validation accuracy.
GENOTYPE = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
LAYERS = 5
REDUCTIONS = (1, 3)  # layers that are residual blocks of stride 2; the others are cells
UNIT = 8
WIDTHS = tuple(range(UNIT, 8 * UNIT + 1, UNIT))
CLASSES = {"cifar10": 10, "cifar10-valid": 10, "cifar100": 100, "ImageNet16-120": 120}
RESOLUTION = {"ImageNet16-120": 16}  # the others are 32 x 32


class NATSSize(Space):
    name = "nats-sss"
    title = "NATS-Bench's size space"
    size = len(WIDTHS) ** LAYERS
    decisions = tuple(Decision(f"layer {i}", tuple(map(str, WIDTHS))) for i in range(LAYERS))
    subsets: ClassVar[Mapping[str, str]] = {"all": "all 32,768"}
    cells = (chain("channels of the five layers", [f"layer {i}" for i in range(LAYERS)]),)

    formats: ClassVar[Mapping[str, Any]] = {
        "nats_bench": str,
        "index": lambda text: int(_index_of_string()[text]),
        "channels": lambda text: tuple(map(int, text.split(":"))),
    }

    def parse(self, text: Any) -> str:
        """Accepts the benchmark's string, an index of the official order ('42'), five widths ('(8, 16, 64, 8, 24)' or
        a tuple or list) and what nats_bench's `get_net_config` gives (a mapping with `channels`, also as JSON)."""
        if isinstance(text, str) and text in _index_of_string():
            return text
        index = as_index(text)
        if index is not None:
            return self._from_index(index)
        if isinstance(text, (tuple, list)):
            return self._from_widths(text, text)
        if isinstance(text, Mapping):
            return self._from_mapping(text)
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"not a nats-sss architecture: {quoted(text)}. Give five channels such as '8:16:64:8:24'.")
        stripped = text.strip()
        if stripped.startswith("{"):
            return self._from_mapping(_decoded(json.loads, stripped))
        if stripped.startswith(("(", "[")):
            return self._from_widths(_decoded(ast.literal_eval, stripped), text)
        return self._from_widths(stripped.split(":"), text)

    def encode(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        return _choices()[self.index(architectures)]

    def decode(self, choices: np.ndarray) -> np.ndarray:
        choices = np.asarray(choices, dtype=np.int64).reshape(-1, LAYERS)
        if ((choices < 0) | (choices >= len(WIDTHS))).any():
            raise InputError("nats-sss choices are numbered 0 to 7.")
        return _strings()[choices @ 8 ** np.arange(LAYERS)[::-1]]

    def index(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        """Positions [n] in the official order."""
        return np.array([_index_of_string()[text] for text in self.parse_all(architectures)], dtype=np.int64)

    def architectures(self) -> pd.DataFrame:
        return self.describe(_strings().tolist())

    def describe(
        self,
        architectures: Sequence[str] | np.ndarray,
        dataset: str = "cifar10",
        unit: int = UNIT,
        resolution: int | None = None,
    ) -> pd.DataFrame:
        """`dataset` sets the number of classes and the resolution (unless given); `unit` is the narrowest width, 8 in
        the benchmark. `n_8` to `n_64` count the layers of a width."""
        if dataset not in CLASSES:
            raise unknown("dataset of nats-sss", dataset, CLASSES)
        index = self.index(architectures)
        choices = _choices()[index]
        resolution = RESOLUTION.get(dataset, 32) if resolution is None else resolution
        params, flops = count_costs((choices + 1) * unit, CLASSES[dataset], resolution)
        return pd.DataFrame(
            {
                "architecture": _strings()[index],
                "params": params,
                "flops": flops,
                "is_valid": np.ones(len(index), dtype=bool),
                "isomorphism_class": index,  # no two are the same network
                **{f"n_{width}": (choices == i).sum(axis=1) for i, width in enumerate(WIDTHS)},
            }
        )

    def sample(self, n: int, seed: int, subset: str | None = None) -> np.ndarray:
        self._subset(subset)
        return _strings()[self._draw(self.size, n, seed)]

    def population(self, subset: str | None = None) -> np.ndarray:
        self._subset(subset)
        return _choices()

    def _from_index(self, index: int) -> str:
        if not 0 <= index < self.size:
            raise InputError(f"nats-sss has no architecture {quoted(index)}: an index is 0 to {self.size - 1}.")
        return _strings()[index]

    def _from_mapping(self, mapping: object) -> str:
        if not isinstance(mapping, Mapping) or "channels" not in mapping:
            raise InputError(f"not a nats-sss architecture: {quoted(mapping)}. The mapping has no 'channels'.")
        genotype = mapping.get("genotype", GENOTYPE)
        if isinstance(genotype, str) and genotype != GENOTYPE:
            raise InputError(f"{genotype!r} is not the cell of nats-sss, which is {GENOTYPE!r}.")
        channels = mapping["channels"]
        return self.parse(channels if isinstance(channels, (tuple, list)) else str(channels))

    def _from_widths(self, widths: object, text: object) -> str:
        if not isinstance(widths, (tuple, list)) or len(widths) != LAYERS:
            found = f"{len(widths)} part(s)" if isinstance(widths, (tuple, list)) else type(widths).__name__
            raise InputError(f"{text!r}: {found}; a nats-sss architecture has {LAYERS} widths, as '8:16:64:8:24'.")
        known = {str(width) for width in WIDTHS}
        names = ["" if isinstance(width, (bool, float)) else str(width).strip() for width in widths]
        for layer, (name, width) in enumerate(zip(names, widths)):
            if name not in known:
                raise InputError(
                    f"{text!r}, at layer {layer}: {width!r} is no width. Known: {', '.join(map(str, WIDTHS))}."
                )
        return ":".join(names)


def count_costs(widths: np.ndarray, classes: int = 10, resolution: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Parameters [n] and multiply-accumulates [n] of channels `widths` [n, 5], as the benchmark counts them:
    convolutions, the linear layer and its bias (which NAS-Bench-201's records leave out); no BN, no pooling."""
    widths = np.asarray(widths, dtype=np.int64)
    area = resolution * resolution
    params, flops = 27 * widths[:, 0] + 2 * widths[:, 0], 27 * widths[:, 0] * area
    inputs = widths[:, 0]
    for layer in range(LAYERS):
        outputs = widths[:, layer]
        if layer in REDUCTIONS:
            area //= 4
            convolutions = 9 * inputs * outputs + 9 * outputs * outputs + inputs * outputs
            batch_norms = np.full_like(outputs, 2)
        else:
            projected = inputs != outputs
            convolutions = 18 * inputs * outputs + 27 * outputs * outputs + projected * inputs * outputs
            batch_norms = 5 + projected
        params = params + convolutions + batch_norms * 2 * outputs
        flops = flops + convolutions * area
        inputs = outputs
    linear = inputs * classes + classes
    return params + 2 * inputs + linear, flops + linear


def _decoded(decode: Any, text: str) -> object:
    try:
        return decode(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise InputError(f"not a nats-sss architecture: {quoted(text)} can't be read.") from None


@functools.cache
def _strings() -> np.ndarray:
    strings = as_strings(":".join(map(str, widths)) for widths in itertools.product(WIDTHS, repeat=LAYERS))
    strings.flags.writeable = False
    return strings


@functools.cache
def _index_of_string() -> dict[str, int]:
    return {text: index for index, text in enumerate(_strings())}


@functools.cache
def _choices() -> np.ndarray:
    choices = np.array(list(itertools.product(range(len(WIDTHS)), repeat=LAYERS)), dtype=np.int64)
    choices.flags.writeable = False
    return choices


SPACE = NATSSize()
