"""Parameters and multiply-accumulates of DARTS networks, by formula.

Parameters are those of the modules that run in evaluation mode (no auxiliary head; a published DARTS cell has 3,349,342
at depth 20 and width 36). Multiply-accumulates are those of convolutions and the linear layer.

P2's tables miss some: its counter looks modules up by their exact type and so passes over the convolutions whose
stride is set at call time, the first depthwise convolution of every separable and dilated one. All 478 rows equal the
sum without them. `Multiplications` names both counts ("all" gives the published cell its well-known 528 M).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nasbias.errors import InputError
from nasbias.spaces._darts_notations import OPERATIONS

Multiplications = Literal["p2", "all"]


@dataclass(frozen=True)
class Layer:
    """One cell of the stack: what it reads, what it computes, where."""

    is_reduction: bool
    previous_is_reduction: bool
    channels: int
    channels_before: int  # of the cell before the last
    channels_last: int
    area: int  # pixels of its output


@dataclass(frozen=True)
class Counts:
    """Slots per operation [n, 7], by cell and stride: reduction cells halve what comes from nodes 0 and 1."""

    normal: np.ndarray
    reduce_strided: np.ndarray
    reduce_plain: np.ndarray


def count_slots(choices: np.ndarray) -> Counts:
    """Counts of choices [n, 32], each pair of columns being a slot's input and operation."""
    inputs, ops = choices[:, 0::2], choices[:, 1::2]
    one_hot = ops[:, :, None] == np.arange(len(OPERATIONS))
    strided = (inputs < 2)[:, :, None]
    return Counts(
        normal=one_hot[:, :8].sum(axis=1),
        reduce_strided=(one_hot & strided)[:, 8:].sum(axis=1),
        reduce_plain=(one_hot & ~strided)[:, 8:].sum(axis=1),
    )


def list_layers(depth: int, width: int, resolution: int = 32) -> Iterator[Layer]:
    """The cells of a network: reductions at depth // 3 and 2 * depth // 3 double the channels.

    Raises:
        InputError: depth below 3, an odd width, or a resolution that can't be halved twice.
    """
    if depth < 3:
        raise InputError(f"a darts network needs at least 3 cells, two of them reductions; depth is {depth}.")
    if width < 2 or width % 2:
        raise InputError(f"darts halves channels in its reductions: the width must be even and positive, not {width}.")
    if resolution < 8 or resolution % 4:
        raise InputError(
            f"darts halves the image twice: the resolution must be a multiple of 4 from 8, not {resolution}."
        )
    before = last = 3 * width
    channels, area, previous = width, resolution * resolution, False
    for i in range(depth):
        is_reduction = i in (depth // 3, 2 * depth // 3)
        if is_reduction:
            channels, area = 2 * channels, area // 4
        yield Layer(is_reduction, previous, channels, before, last, area)
        before, last, previous = last, 4 * channels, is_reduction


def count_params(counts: Counts, depth: int, width: int, classes: int, auxiliary: bool) -> np.ndarray:
    """Trainable parameters [n]."""
    total = 27 * 3 * width + 2 * 3 * width  # stem
    channels_out = channels_auxiliary = 0
    for i, layer in enumerate(list_layers(depth, width)):
        c = layer.channels
        total = total + (layer.channels_before + layer.channels_last) * c + 4 * c  # two 1x1 convolutions with BN
        plain, strided = (_per_operation(c, bn=2 * c, is_strided=s) for s in (False, True))
        if layer.is_reduction:
            total = total + counts.reduce_plain @ plain + counts.reduce_strided @ strided
        else:
            total = total + counts.normal @ plain
        channels_out = 4 * c
        if i == 2 * depth // 3:
            channels_auxiliary = 4 * c
    total = total + channels_out * classes + classes
    if auxiliary:  # 1x1 to 128 with BN, 2x2 to 768 with BN, linear
        total = total + channels_auxiliary * 128 + 2 * 128 + 4 * 128 * 768 + 2 * 768 + 768 * classes + classes
    return np.asarray(total, dtype=np.int64)


def count_flops(
    counts: Counts, depth: int, width: int, classes: int, resolution: int, counted: Multiplications = "p2"
) -> np.ndarray:
    """Multiply-accumulates [n] in evaluation mode, as P2's tables count them or all (see the module's docstring)."""
    total = 27 * 3 * width * resolution * resolution
    channels_out = 0
    for layer in list_layers(depth, width, resolution):
        c = layer.channels
        # A reduction reads at twice its resolution; after a reduction the older input is halved on the way in.
        area_in = layer.area * (4 if layer.is_reduction else 1)
        total = total + (layer.channels_before + layer.channels_last) * c * area_in
        plain, strided = (_per_operation(c, is_strided=s, first=counted == "all") * layer.area for s in (False, True))
        if layer.is_reduction:
            total = total + counts.reduce_plain @ plain + counts.reduce_strided @ strided
        else:
            total = total + counts.normal @ plain
        channels_out = 4 * c
    return np.asarray(total + channels_out * classes, dtype=np.int64)


def _per_operation(c: int, is_strided: bool, bn: int = 0, first: bool = True) -> np.ndarray:
    """Weights [7] of one operation at `c` channels, `bn` more per normalisation: separable convolutions are depthwise +
    pointwise + BN twice, dilated ones once; a strided skip is two 1x1 convolutions to c / 2 each; pools have none.
    Without `first`, the first depthwise convolution is left out."""
    weights = {"skip_connect": c * c + bn if is_strided else 0}
    for k in (3, 5):
        depthwise, pointwise = k * k * c, c * c + bn
        weights[f"dil_conv_{k}x{k}"] = first * depthwise + pointwise
        weights[f"sep_conv_{k}x{k}"] = first * depthwise + pointwise + depthwise + pointwise
    return np.array([weights.get(op, 0) for op in OPERATIONS], dtype=np.int64)
