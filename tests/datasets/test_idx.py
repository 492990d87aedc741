"""Fashion-MNIST's idx files, written as published; Debian's copy of the real ones where it is installed."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from nasbias.datasets import describe_images, idx, load_images
from nasbias.errors import InputError

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def to_idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_set(folder: Path, zipped: bool = True, **changes: bytes) -> tuple[Path, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    arrays = {
        "train-images-idx3-ubyte": rng.integers(0, 256, (4, 5, 5), dtype=np.uint8),
        "train-labels-idx1-ubyte": np.array([9, 0, 3, 3], np.uint8),
        "t10k-images-idx3-ubyte": rng.integers(0, 256, (2, 5, 5), dtype=np.uint8),
        "t10k-labels-idx1-ubyte": np.array([1, 2], np.uint8),
    }
    folder.mkdir()
    for name, array in arrays.items():
        data = changes.get(name.replace("-", "_"), to_idx(array))
        (folder / (f"{name}.gz" if zipped else name)).write_bytes(gzip.compress(data) if zipped else data)
    return folder, arrays


@pytest.mark.parametrize("zipped", [True, False])
def test_the_four_files_are_read_exactly(zipped, tmp_path):
    folder, arrays = write_set(tmp_path / "FashionMNIST", zipped)
    assert idx.recognises(folder)
    decoded = idx.read(folder)
    assert np.array_equal(decoded.train_x[:, 0], arrays["train-images-idx3-ubyte"])
    assert np.array_equal(decoded.test_x[:, 0], arrays["t10k-images-idx3-ubyte"])
    assert (decoded.train_y.tolist(), decoded.test_y.tolist()) == ([9, 0, 3, 3], [1, 2])
    assert (decoded.name, decoded.classes[9]) == ("fashion-mnist", "Ankle boot")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not an idx file of 3-dimensional bytes"),
        (b"\x00\x00\x08\x01" + bytes(20), "not an idx file of 3-dimensional bytes"),
        (to_idx(np.zeros((4, 5, 5), np.uint8))[:-1], "holds fewer than the 100 bytes"),
        (to_idx(np.zeros((4, 5, 5), np.uint8)) + b"!", "holds more than the 100 bytes"),
        (struct.pack(">HBB3I", 0, 8, 3, 2**31, 9, 9), "more than any file of this kind holds"),
        (to_idx(np.zeros((3, 5, 5), np.uint8)), "3 training images but 4 labels"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(data, says, tmp_path):
    folder, _ = write_set(tmp_path / "fashion", train_images_idx3_ubyte=data)
    with pytest.raises(InputError, match="fashion") as caught:
        load_images(folder)
    assert says in str(caught.value)


def test_a_label_outside_the_ten_classes_is_refused(tmp_path):
    folder, _ = write_set(tmp_path / "fashion", t10k_labels_idx1_ubyte=to_idx(np.array([1, 10], np.uint8)))
    with pytest.raises(InputError, match="a test label is 10; it must lie in 0 to 9"):
        load_images(folder)


def test_a_cut_gzip_is_refused(tmp_path):
    folder, _ = write_set(tmp_path / "fashion")
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte\.gz: can't be read"):
        load_images(folder)


def test_a_missing_file_is_named(tmp_path):
    folder, _ = write_set(tmp_path / "fashion")
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(InputError, match=r"t10k-labels-idx1-ubyte\.gz is missing"):
        load_images(folder)


@pytest.mark.skipif(not DEBIAN.is_dir(), reason=f"{DEBIAN} is not here (Debian's package dataset-fashion-mnist)")
def test_the_real_fashion_mnist_has_the_published_counts_and_moments():
    facts = describe_images("fashion-mnist")
    assert (facts["train"], facts["test"], facts["resolution"], facts["channels"]) == (60_000, 10_000, 28, 1)
    assert facts["mean"] == pytest.approx([0.2860], abs=1e-4)
    assert facts["std"] == pytest.approx([0.3530], abs=1e-4)
