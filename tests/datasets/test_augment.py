"""Augmentation draws what it says, from the generator it is given, and leaves its input alone."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import pad

from nasbias.datasets import cutout, random_crop, random_flip


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_images(n: int, channels: int, side: int, dtype: torch.dtype = torch.uint8) -> torch.Tensor:
    return torch.randint(1, 256, (n, channels, side, side), generator=generator(99)).to(dtype)


OPERATIONS = {
    "crop": lambda x, random: random_crop(x, 2, random),
    "flip": random_flip,
    "cutout": lambda x, random: cutout(x, 4, random),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_the_generator_decides_everything_and_the_input_stays(operation, dtype):
    x = some_images(50, 3, 8, dtype)
    before = x.clone()
    first, again, other = (operation(x, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(x, before)
    assert (first.shape, first.dtype) == (x.shape, x.dtype)


@given(st.integers(1, 9), st.integers(1, 3), st.integers(2, 9), st.integers(0, 4))
@settings(max_examples=30, deadline=None)
def test_every_crop_is_a_window_of_the_padded_image(n, channels, side, padding):
    x = some_images(n, channels, side)
    for image, cropped in zip(pad(x, (padding,) * 4), random_crop(x, padding, generator())):
        windows = image.unfold(1, side, 1).unfold(2, side, 1)  # [channels, rows, columns, side, side]
        assert (windows == cropped[:, None, None]).all((0, 3, 4)).any()


def test_every_offset_of_a_crop_is_equally_likely():
    marked = torch.zeros(5000, 1, 5, 5, dtype=torch.uint8)
    marked[:, :, 2, 2] = 1  # padding 2 can move the middle to each of 25 places
    counts = random_crop(marked, 2, generator()).sum(0).flatten()
    assert int(counts.sum()) == 5000
    assert 140 <= int(counts.min()) <= int(counts.max()) <= 260  # mean 200, standard deviation 14


def test_a_crop_without_padding_changes_nothing():
    x = some_images(4, 3, 6)
    assert torch.equal(random_crop(x, 0, generator()), x)


def test_half_of_the_images_are_mirrored_and_the_rest_untouched():
    x = some_images(1000, 1, 6)
    flipped = random_flip(x, generator())
    same = (flipped == x).all((1, 2, 3))
    mirrored = (flipped == x.flip(-1)).all((1, 2, 3))
    assert (same ^ mirrored).all()
    assert 420 <= int(mirrored.sum()) <= 580  # standard deviation 16


def test_cutout_clears_one_square_and_keeps_the_rest():
    x = some_images(500, 3, 12)
    cleared = cutout(x, 4, generator())
    hole = (cleared == 0).all(1)
    assert torch.equal(cleared[~hole[:, None].expand_as(x)], x[~hole[:, None].expand_as(x)])
    heights, widths = hole.any(2).sum(1), hole.any(1).sum(1)
    assert torch.equal(hole.sum((1, 2)), heights * widths)  # a filled rectangle
    assert (int(heights.max()), int(widths.max())) == (4, 4)
    assert int(heights.min()) == 2  # a centre on the border leaves half of it
