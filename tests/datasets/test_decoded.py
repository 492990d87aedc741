"""Decoding happens once per source and resolution; resizing is exact area averaging."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbias.datasets._decoded import Decoded, area_average, assemble, decode
from nasbias.errors import InputError


def some_set(n: int = 6, side: int = 8) -> Decoded:
    pixels = np.random.default_rng(0).integers(0, 256, (n, 3, side, side), dtype=np.uint8)
    labels = np.arange(n) % 2
    return assemble("some", ("a", "b"), (pixels, labels), (pixels[:2], labels[:2]), "some")


class Reader:
    def __init__(self):
        self.calls = 0

    def __call__(self, path):
        self.calls += 1
        return some_set()


@pytest.mark.parametrize("resolution", [None, 4])
def test_a_source_is_decoded_once_until_it_changes(resolution, tmp_path):
    source, read = tmp_path / "images.bin", Reader()
    source.write_bytes(b"one")
    first, second = decode(source, read, resolution), decode(source, read, resolution)
    assert read.calls == 1
    assert torch.equal(first.train_x, second.train_x)
    assert replace(first, **{name: None for name in vars(first) if name[-2:] in ("_x", "_y")}) == replace(
        second, **{name: None for name in vars(second) if name[-2:] in ("_x", "_y")}
    )
    source.write_bytes(b"another")
    assert decode(source, read, resolution).fingerprint != first.fingerprint
    assert read.calls == 2


def test_another_resolution_is_made_from_the_decoded_original(tmp_path):
    source, read = tmp_path / "images.bin", Reader()
    source.write_bytes(b"one")
    shapes = [decode(source, read, resolution).resolution for resolution in (4, 2, None, 8, 16)]
    assert shapes == [4, 2, 8, 8, 16]
    assert read.calls == 1


def test_a_damaged_cache_is_decoded_again(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBIAS_DATA", str(tmp_path / "store"))
    source, read = tmp_path / "images.bin", Reader()
    source.write_bytes(b"one")
    first = decode(source, read)
    (cached,) = (tmp_path / "store").rglob("*.safetensors")
    cached.write_bytes(cached.read_bytes()[:100])
    assert torch.equal(decode(source, read).train_x, first.train_x)
    assert read.calls == 2


def test_the_fingerprint_of_a_file_is_its_sha256(tmp_path):
    source = tmp_path / "images.bin"
    source.write_bytes(b"abc")
    published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert decode(source, Reader()).fingerprint == published


@given(st.integers(1, 9), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_a_new_pixel_is_the_mean_of_the_area_it_covers(old, new):
    x = np.random.default_rng(old * 100 + new).integers(0, 256, (3, 2, old, old), dtype=np.uint8)
    fine = np.kron(x.astype(float), np.ones((new, new)))  # old * new a side: both grids fall on its lines
    means = fine.reshape(3, 2, new, old, new, old).mean((3, 5))
    assert np.abs(area_average(torch.from_numpy(x), new).numpy() - means).max() <= 0.5 + 1e-3


@pytest.mark.parametrize(
    ("train", "test", "says"),
    [
        ((np.zeros((0, 1, 4, 4)), []), None, "no training images"),
        ((np.zeros((2, 1, 4, 5)), [0, 1]), None, "images are 4x5"),
        ((np.zeros((2, 1, 4, 4)), [0]), None, "2 training images but 1 labels"),
        ((np.zeros((2, 1, 4, 4)), [0, 2]), None, "a training label is 2; it must lie in 0 to 1"),
        ((np.zeros((1, 1, 4, 4)), [0]), (np.zeros((1, 1, 4, 4)), [-1]), "a test label is -1"),
        ((np.zeros((1, 1, 4, 4)), [0]), (np.zeros((1, 3, 4, 4)), [0]), "test images are (3, 4, 4)"),
    ],
)
def test_images_that_do_not_fit_together_are_refused(train, test, says):
    pairs = [(x.astype(np.uint8), np.array(y, dtype=int)) for x, y in (train, test or (np.zeros((0, 1, 4, 4)), []))]
    with pytest.raises(InputError, match="here: ") as caught:
        assemble("some", ("a", "b"), *pairs, "here")
    assert says in str(caught.value)
