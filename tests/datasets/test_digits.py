"""The embedded digits, against scikit-learn's own."""

import hashlib
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nasbias.datasets import load_images  # noqa: E402
from nasbias.datasets.digits import read  # noqa: E402
from nasbias.errors import InputError  # noqa: E402


def rows(x) -> list[bytes]:
    return [image.numpy().tobytes() for image in x]


def test_the_digits_are_complete_and_scikit_learns():
    from sklearn.datasets import load_digits

    images = load_images("digits", valid_size=300)
    parts = (images.train_x, images.valid_x, images.test_x)
    assert [len(part) for part in parts] == [1200, 300, 297]
    expected = (load_digits().images * (255 / 16)).round().astype("uint8")
    assert sorted(rows(torch.cat(parts))) == sorted(image.tobytes() for image in expected)
    assert torch.cat([images.train_y, images.valid_y, images.test_y]).bincount().tolist() == [
        178, 182, 177, 183, 181, 182, 181, 179, 174, 180
    ]  # fmt: skip


def test_the_test_images_are_the_same_ones_on_every_machine():
    first, again = read(), read()
    assert first.test_x.shape == (297, 1, 8, 8) and first.train_x.shape == (1500, 1, 8, 8)
    assert np.array_equal(first.test_x, again.test_x) and np.array_equal(first.train_y, again.train_y)
    # The split this project's runs were made with: another one would make their scores incomparable.
    assert hashlib.sha256(np.asarray(first.test_x).tobytes()).hexdigest()[:16] == "543c29bc507d7f5b"
    assert first.fingerprint == again.fingerprint and len(first.fingerprint) == 64


def test_grey_values_reach_from_black_to_white():
    digits = read()
    assert (int(digits.train_x.min()), int(digits.train_x.max())) == (0, 255)
    assert digits.classes == tuple("0123456789") and digits.name == "digits"


def test_without_scikit_learn_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(InputError, match="needs scikit-learn"):
        read()
