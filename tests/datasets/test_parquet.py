"""Parquet of encoded images, in the shared layout and in Hugging Face's."""

import io
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from nasbias.datasets import load_images, parquet
from nasbias.errors import InputError


def encode(pixels: np.ndarray, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def pixels():
    """Five RGB images, [n, height, width, channels]; PNG keeps them exactly."""
    return np.random.default_rng(0).integers(0, 256, (5, 6, 6, 3), dtype=np.uint8)


def in_order(decoded) -> np.ndarray:
    return np.concatenate([decoded.train_x, decoded.test_x]).transpose(0, 2, 3, 1)


def write_shared(path, pixels, **changes):
    """One file as `cifar10_jpeg.parquet` is."""
    columns = {
        "split": pa.array(["train", "train", "train", "test", "test"]).dictionary_encode(),
        "label": pa.array([0, 1, 2, 0, 1], pa.int8()),
        "file_id": pa.array(range(5), pa.int16()),
        "jpeg": [encode(image) for image in pixels],
        **changes,
    }
    pq.write_table(pa.table(columns), path)
    return path


def write_hugging_face(path, pixels, labels, image="img", label="label", names=None):
    table = pa.table(
        {
            image: [{"bytes": encode(one), "path": "a.png"} for one in pixels],
            label: pa.array(labels, pa.int64()),
            "coarse_label": pa.array([0] * len(labels)),
        }
    )
    if names:
        features = {"info": {"features": {label: {"names": names, "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def test_one_file_with_both_splits_reads_exactly(pixels, tmp_path):
    decoded = parquet.read(write_shared(tmp_path / "mine.parquet", pixels))
    assert np.array_equal(in_order(decoded), pixels)
    assert (decoded.train_y.tolist(), decoded.test_y.tolist()) == ([0, 1, 2], [0, 1])
    assert (decoded.name, decoded.classes) == ("mine", ("0", "1", "2"))


@pytest.mark.parametrize(
    "files",
    [
        ("train-00000-of-00002.parquet", "train-00001-of-00002.parquet", "test-00000-of-00001.parquet"),
        ("plain_text/train-0.parquet", "plain_text/train-1.parquet", "plain_text/test-0.parquet"),
        ("plain_text/train/0000.parquet", "plain_text/train/0001.parquet", "plain_text/test/0000.parquet"),
        ("cifar10-train-1.parquet", "cifar10-train-2.parquet", "cifar10-test.parquet"),
    ],
)
@pytest.mark.parametrize(("image", "label"), [("img", "fine_label"), ("image", "label")])
def test_a_hugging_face_folder_reads_exactly_with_its_class_names(files, image, label, pixels, tmp_path):
    folder, names = tmp_path / "a training set", ["cat", "dog", "emu"]
    for file, part in zip(files, ([0, 1], [2], [3, 4])):
        write_hugging_face(folder / file, pixels[part], [number % 3 for number in part], image, label, names)
    assert parquet.recognises(folder)
    decoded = parquet.read(folder)
    assert np.array_equal(in_order(decoded), pixels)
    assert (decoded.train_y.tolist(), decoded.test_y.tolist()) == ([0, 1, 2], [0, 1])
    assert decoded.classes == ("cat", "dog", "emu")


def test_a_set_without_a_test_split_has_no_test_images(pixels, tmp_path):
    write_hugging_face(tmp_path / "only.parquet", pixels, [0, 1, 0, 1, 0])
    images = load_images(tmp_path / "only.parquet", valid_size=2)
    assert (len(images.train_x), len(images.test_x)) == (3, 0)
    with pytest.raises(InputError, match="no test split to validate on"):
        load_images(tmp_path / "only.parquet", valid="test")


def test_gray_images_stay_gray(pixels, tmp_path):
    path = write_shared(tmp_path / "gray.parquet", pixels, jpeg=[encode(image[..., 0]) for image in pixels])
    decoded = parquet.read(path)
    assert np.array_equal(in_order(decoded)[..., 0], pixels[..., 0])


def test_jpeg_is_decoded_as_pillow_does(pixels, tmp_path):
    encoded = [encode(image, "JPEG") for image in pixels]
    expected = [np.asarray(Image.open(io.BytesIO(data))) for data in encoded]
    assert np.array_equal(in_order(parquet.read(write_shared(tmp_path / "j.parquet", pixels, jpeg=encoded))), expected)


BLACK = np.zeros((6, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"jpeg": [encode(BLACK)] * 2 + [encode(BLACK)[:45]] + [encode(BLACK)] * 2}, "image 2 can't be decoded"),
        ({"jpeg": [b"no image"] * 5}, "image 0 can't be decoded"),
        ({"jpeg": [encode(BLACK)] * 2 + [encode(BLACK[:5, :5])] * 3}, "image 2 is 5x5, the first 6x6"),
        ({"jpeg": [encode(BLACK[:5])] * 5}, "images are 5x6; only square ones"),
        ({"jpeg": [encode(np.zeros((600, 600), np.uint8))] * 5}, "images are 600x600; at most 512 a side"),
        ({"jpeg": [encode(BLACK)] * 4 + [None]}, "1 row(s) hold no image bytes"),
        ({"jpeg": ["text"] * 5}, "no column of encoded images among split, label, file_id, jpeg"),
        ({"label": ["cat"] * 5}, "no whole-number label column"),
        ({"label": pa.array([0, 1, None, 0, 1])}, "1 image(s) have no label"),
        ({"label": pa.array([0, 1, -1, 0, 1])}, "a label is -1; it must lie in 0 to 99,999"),
        ({"label": pa.array([0, 1, 10**9, 0, 1])}, "a label is 1000000000; it must lie in 0 to 99,999"),
        ({"split": ["train", "train", "dev", "test", "test"]}, "column 'split' holds 'dev'"),
        ({"split": ["test"] * 5}, "no training images"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(changes, says, pixels, tmp_path):
    path = write_shared(tmp_path / "odd.parquet", pixels, **changes)
    with pytest.raises(InputError) as caught:
        load_images(path)
    message = str(caught.value)
    assert says in message
    assert "odd.parquet" in message
    assert "\n" not in message


@pytest.mark.parametrize("keep", [0, 10, 0.5, -1])
def test_a_truncated_file_is_refused(keep, pixels, tmp_path):
    path = write_shared(tmp_path / "cut.parquet", pixels)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if keep == 0.5 else keep])
    with pytest.raises(InputError, match=r"cut\.parquet: can't be read as parquet"):
        load_images(path)


def test_a_folder_without_training_files_is_refused(pixels, tmp_path):
    write_hugging_face(tmp_path / "set" / "test-0.parquet", pixels, [0] * 5)
    with pytest.raises(InputError, match=r"no train-\*\.parquet in this folder"):
        load_images(tmp_path / "set")


def test_a_missing_pillow_is_named_with_its_remedy(pixels, tmp_path, monkeypatch):
    path = write_shared(tmp_path / "mine.parquet", pixels)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(InputError, match=r"this needs pillow.*nasbias\[train\]"):
        load_images(path)
