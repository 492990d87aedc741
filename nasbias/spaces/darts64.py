"""The 64 architectures of P1 (arXiv 2001.01431): a cell of three nodes, one of four operations on each of three edges.

The canonical string is P1's code `abc`, each digit 1 to 4: the operations on the edges 0->1, 0->2 and 1->2; the index
is 16(a-1) + 4(b-1) + (c-1). Node 0 is a 1x1 convolution of the cell's input, x1 = O01(x0), x2 = O02(x0) + O12(x1). Four
equal cells, no reduction. P1's paper and P1's code differ in two points, both are options here, the code's reading
being the default: the cell's output (code: x1 and x2 concatenated; paper: their sum) and the fourth operation (code: a
5x5, paper: a 3x3 dilated separable convolution).
"""

import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from nasbias.errors import InputError, quoted, unknown
from nasbias.spaces._space import Decision, Space, as_strings
from nasbias.spaces._wiring import Cell, Edge, Node

OPERATIONS = ("max_pool_3x3", "sep_conv_3x3", "sep_conv_5x5", "dil_conv")
EDGES = ((0, 1), (0, 2), (1, 2))
CLASSES = {"cifar10": 10, "cifar100": 100}
Output = Literal["concat", "sum"]
Dilated = Literal["dil_conv_5x5", "dil_conv_3x3"]


class Darts64(Space):
    name = "darts64"
    title = "the 64 architectures of P1"
    size = 64
    decisions = tuple(Decision(f"{source}->{target}", OPERATIONS) for source, target in EDGES)
    subsets: ClassVar[Mapping[str, str]] = {"all": "all 64"}
    cells = (
        Cell(
            "cell",
            tuple(Node(str(i)) for i in range(3)),
            tuple(Edge(source, target, f"{source}->{target}") for source, target in EDGES),
            outputs=(1, 2),
            note="0 input, 1 and 2 output",
        ),
    )

    def parse(self, text: Any) -> str:
        """Accepts the code ('111' to '444', also as a number), an index below 64 ('0' to '63'), and three operations
        ('max_pool_3x3,sep_conv_3x3,dil_conv'; a dilated convolution of any kernel size is the fourth)."""
        if isinstance(text, str) and text in _index_of_code():
            return text
        if isinstance(text, (int, np.integer)) and not isinstance(text, bool):
            text = quoted(int(text))
        if isinstance(text, (tuple, list)):
            text = ",".join(map(str, text))
        if not isinstance(text, str):
            raise InputError(f"not a darts64 architecture: {quoted(text)}. Give a code such as '123'.")
        stripped = text.strip()
        if "," in stripped:
            return self._from_operations(stripped)
        if not stripped.isascii() or not stripped.isdecimal():
            raise InputError(
                f"not a darts64 architecture: {quoted(text)}. Give a code such as '123', each digit from 1 to 4."
            )
        if stripped in _index_of_code():
            return stripped
        if len(stripped) < 3 and int(stripped) < self.size:
            return _codes()[int(stripped)]
        for position, digit in enumerate(stripped):
            if digit not in "1234":
                raise InputError(f"{text!r}, at position {position}: {digit!r} is no operation; a digit is 1 to 4.")
        raise InputError(f"{text!r} has {len(stripped)} digits; a darts64 code has 3.")

    def encode(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        index = self.index(architectures)
        return np.stack([index // 16, index // 4 % 4, index % 4], axis=1).astype(np.int8)

    def decode(self, choices: np.ndarray) -> np.ndarray:
        choices = np.asarray(choices, dtype=np.int64).reshape(-1, len(EDGES))
        if ((choices < 0) | (choices >= len(OPERATIONS))).any():
            raise InputError("darts64 choices are numbered 0 to 3.")
        return _codes()[choices @ np.array([16, 4, 1])]

    def index(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        """P1's child numbers [n]: the lexicographic order of the codes."""
        return np.array([_index_of_code()[text] for text in self.parse_all(architectures)], dtype=np.int64)

    def architectures(self) -> pd.DataFrame:
        return self.describe(_codes().tolist())

    def describe(
        self,
        architectures: Sequence[str] | np.ndarray,
        dataset: str = "cifar10",
        channels: int = 16,
        cells: int = 4,
        resolution: int = 32,
        output: Output = "concat",
        dilated: Dilated = "dil_conv_5x5",
    ) -> pd.DataFrame:
        """Parameters and multiply-accumulates (convolutions and the linear layer) of the stand-alone network with
        `channels` in each cell and 3 * `channels` in the stem."""
        if dataset not in CLASSES:
            raise unknown("dataset of darts64", dataset, CLASSES)
        choices = self.encode(architectures)
        counts = (choices[:, :, None] == np.arange(len(OPERATIONS))).sum(axis=1)
        fixed, per_operation = _count_convolutions(channels, cells, output, dilated)
        convolutions = fixed + counts @ (cells * per_operation)
        features = channels * (2 if output == "concat" else 1)
        batch_norm = 2 * 2 * 3 * channels  # the stem's two; those in the cells have no parameters
        return pd.DataFrame(
            {
                "architecture": self.decode(choices),
                "params": convolutions + batch_norm + (features + 1) * CLASSES[dataset],
                "flops": convolutions * resolution * resolution + features * CLASSES[dataset],
                "is_valid": np.ones(len(choices), dtype=bool),
                "isomorphism_class": self.index(architectures),  # no two of the 64 are the same network
                **{f"n_{op}": counts[:, i] for i, op in enumerate(OPERATIONS)},
            }
        )

    def sample(self, n: int, seed: int, subset: str | None = None) -> np.ndarray:
        self._subset(subset)
        return _codes()[self._draw(self.size, n, seed)]

    def population(self, subset: str | None = None) -> np.ndarray:
        self._subset(subset)
        return self.encode(_codes().tolist())

    def _from_operations(self, text: str) -> str:
        names = ["dil_conv" if name.strip().startswith("dil_conv") else name.strip() for name in text.split(",")]
        if len(names) != len(EDGES):
            raise InputError(f"{text!r} names {len(names)} operations; darts64 has 3 edges.")
        for (source, target), name in zip(EDGES, names):
            if name not in OPERATIONS:
                raise InputError(
                    f"{text!r}, at edge {source}->{target}: unknown operation {name!r}. "
                    f"Known operations: {', '.join(OPERATIONS)}."
                )
        return "".join(str(OPERATIONS.index(name) + 1) for name in names)


def _count_convolutions(channels: int, cells: int, output: Output, dilated: Dilated) -> tuple[int, np.ndarray]:
    """Weights of all fixed convolutions, and of one operation [4] in one cell."""
    if output not in ("concat", "sum") or dilated not in ("dil_conv_5x5", "dil_conv_3x3"):
        raise InputError(
            f"darts64's output is concat or sum, its dilated operation dil_conv_5x5 or dil_conv_3x3, "
            f"not {output!r} and {dilated!r}."
        )
    stem, features = 3 * channels, channels * (2 if output == "concat" else 1)
    fixed = 27 * stem + 9 * stem * stem + channels * (stem + (cells - 1) * features)
    separable = {k: k * k * channels + channels * channels for k in (3, 5)}
    kernel = 5 if dilated == "dil_conv_5x5" else 3
    return fixed, np.array([0, 2 * separable[3], 2 * separable[5], separable[kernel]], dtype=np.int64)


@functools.cache
def _codes() -> np.ndarray:
    codes = as_strings("".join(code) for code in itertools.product("1234", repeat=len(EDGES)))
    codes.flags.writeable = False
    return codes


@functools.cache
def _index_of_code() -> dict[str, int]:
    return {code: index for index, code in enumerate(_codes())}


SPACE = Darts64()
