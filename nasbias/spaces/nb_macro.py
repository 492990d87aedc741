"""NAS-Bench-Macro: eight layers of a small MobileNet, each an identity or one of two inverted residuals; 6,561.

Source: Su et al., arXiv 2103.11922, and the benchmark's released code. The canonical string is the benchmark's: eight
digits, 0 identity (a strided 1x1 convolution where the layer changes shape), 1 inverted residual of expansion 3 and
kernel 3, 2 of expansion 6 and kernel 5. Stages of 2, 3 and 3 layers at 64, 128 and 256 channels; the first of each
halves the image. Parameters and FLOPs by formula, equal to all 6,561 rows of the benchmark.
"""

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from nasbias.errors import InputError, quoted, unknown
from nasbias.spaces._space import Decision, Space, as_strings
from nasbias.spaces._wiring import chain

OPERATIONS = ("identity", "mb3_k3", "mb6_k5")
STAGES = (2, 3, 3)  # layers
LAYERS = sum(STAGES)
FIRST = (0, 2, 5)  # of each stage: it changes the shape, so that even an identity does something
CLASSES = {"cifar10": 10}
_EXPANSION_KERNEL = {"mb3_k3": (3, 3), "mb6_k5": (6, 5)}


class NBMacro(Space):
    name = "nb-macro"
    title = "NAS-Bench-Macro"
    size = len(OPERATIONS) ** LAYERS
    decisions = tuple(Decision(f"layer {i}", OPERATIONS) for i in range(LAYERS))
    subsets: ClassVar[Mapping[str, str]] = {
        "all": "all 6,561 strings",
        "unique": "one per isomorphism class: 3,969",
    }
    cells = (chain("layers", [f"layer {i}" for i in range(LAYERS)], "identity", FIRST),)

    def parse(self, text: Any) -> str:
        """Accepts the eight digits, also as a number or in a list; leading zeros lost to a spreadsheet are restored."""
        if isinstance(text, str) and text in _index_of_string():
            return text
        if isinstance(text, (int, np.integer)) and not isinstance(text, bool):
            text = quoted(int(text))
        if isinstance(text, (tuple, list)):
            text = "".join(map(str, text)) if len(text) == LAYERS else str(text)
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"not an nb-macro architecture: {quoted(text)}. Give eight digits such as '21010012'.")
        padded = text.strip().rjust(LAYERS, "0")
        if padded in _index_of_string():
            return padded
        if len(padded) > LAYERS:
            raise InputError(
                f"{text!r} has {len(text.strip())} characters; an nb-macro architecture has {LAYERS} digits."
            )
        position = next(i for i, digit in enumerate(padded) if digit not in "012")
        raise InputError(f"{text!r}, at layer {position}: {padded[position]!r} is no operation; a digit is 0, 1 or 2.")

    def encode(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        return _choices()[self.index(architectures)]

    def decode(self, choices: np.ndarray) -> np.ndarray:
        choices = np.asarray(choices, dtype=np.int64).reshape(-1, LAYERS)
        if ((choices < 0) | (choices >= len(OPERATIONS))).any():
            raise InputError("nb-macro choices are numbered 0 to 2.")
        return _strings()[choices @ 3 ** np.arange(LAYERS)[::-1]]

    def index(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        """Positions [n] in lexicographic order, the benchmark's."""
        return np.array([_index_of_string()[text] for text in self.parse_all(architectures)], dtype=np.int64)

    def architectures(self) -> pd.DataFrame:
        return self.describe(_strings().tolist())

    def describe(self, architectures: Sequence[str] | np.ndarray, dataset: str = "cifar10") -> pd.DataFrame:
        if dataset not in CLASSES:
            raise unknown("dataset of nb-macro", dataset, CLASSES)
        index = self.index(architectures)
        choices = _choices()[index]
        counts = (choices[:, :, None] == np.arange(len(OPERATIONS))).sum(axis=1)
        params, flops = count_costs(choices)
        return pd.DataFrame(
            {
                "architecture": _strings()[index],
                "params": params,
                "flops": flops,
                "is_valid": np.ones(len(index), dtype=bool),
                "isomorphism_class": _isomorphism_classes()[index],
                **{f"n_{op}": counts[:, i] for i, op in enumerate(OPERATIONS)},
            }
        )

    def sample(self, n: int, seed: int, subset: str | None = None) -> np.ndarray:
        population = self.members(subset)
        return population[self._draw(len(population), n, seed)]

    def members(self, subset: str | None = None) -> np.ndarray:
        """All architectures of a subset, in lexicographic order."""
        if self._subset(subset) == "all":
            return _strings()
        return _strings()[_isomorphism_classes() == np.arange(self.size)]

    def population(self, subset: str | None = None) -> np.ndarray:
        return self.encode(self.members(subset).tolist())


def count_costs(choices: np.ndarray, classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Parameters [n] and multiply-accumulates [n] at 32 x 32 pixels (convolutions, linear layer), of choices [n, 8]."""
    stem, head = 32, 1280
    params = np.full(len(choices), 27 * stem + 2 * stem, dtype=np.int64)
    flops = np.full(len(choices), 27 * stem * 32 * 32, dtype=np.int64)
    for layer, (narrow, wide, area_in, area_out) in enumerate(_shapes(stem)):
        costs = [_count_identity(narrow, wide, area_out)]
        costs += [_count_residual(narrow, wide, area_in, area_out, *_EXPANSION_KERNEL[op]) for op in OPERATIONS[1:]]
        chosen = np.array(costs, dtype=np.int64)[choices[:, layer]]
        params, flops, last, area = params + chosen[:, 0], flops + chosen[:, 1], wide, area_out
    params += last * head + 2 * head + head * classes + classes
    flops += last * head * area + head * classes
    return params, flops


def _shapes(channels: int) -> Iterator[tuple[int, int, int, int]]:
    """Per layer: channels in and out, pixels in and out."""
    side = 32
    for layers in STAGES:
        for i in range(layers):
            narrow, before = channels, side
            if i == 0:
                channels, side = 2 * channels, side // 2
            yield narrow, channels, before * before, side * side


def _count_identity(narrow: int, wide: int, area: int) -> tuple[int, int]:
    return (narrow * wide + 2 * wide, narrow * wide * area) if narrow != wide else (0, 0)


def _count_residual(
    narrow: int, wide: int, area_in: int, area_out: int, expansion: int, kernel: int
) -> tuple[int, int]:
    """1x1 to `expansion` times the channels, depthwise (strided where areas differ), 1x1 out; BN after each."""
    hidden = expansion * narrow
    params = narrow * hidden + kernel * kernel * hidden + hidden * wide + 2 * (hidden + hidden + wide)
    return params, narrow * hidden * area_in + (kernel * kernel * hidden + hidden * wide) * area_out


@functools.cache
def _strings() -> np.ndarray:
    strings = as_strings("".join(digits) for digits in itertools.product("012", repeat=LAYERS))
    strings.flags.writeable = False
    return strings


@functools.cache
def _index_of_string() -> dict[str, int]:
    return {text: index for index, text in enumerate(_strings())}


@functools.cache
def _choices() -> np.ndarray:
    choices = np.array(list(itertools.product(range(len(OPERATIONS)), repeat=LAYERS)), dtype=np.int8)
    choices.flags.writeable = False
    return choices


@functools.cache
def _isomorphism_classes() -> np.ndarray:
    """First member's index [6,561]: after a stage's first layer an identity does nothing, wherever it stands."""
    first: dict[str, int] = {}
    classes = np.empty(NBMacro.size, dtype=np.int64)
    for index, text in enumerate(_strings()):
        stages, start = [], 0
        for layers in STAGES:
            stage = text[start : start + layers]
            stages.append(stage[0] + stage[1:].replace("0", ""))
            start += layers
        classes[index] = first.setdefault("|".join(stages), index)
    return classes


SPACE = NBMacro()
