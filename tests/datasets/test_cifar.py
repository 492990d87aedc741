"""The official archives, written byte by byte as their publisher wrote them, are read back exactly."""

import io
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbias.datasets import cifar, load_images
from nasbias.errors import InputError

N = 3  # images per batch file
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR100 = tuple(f"fine_{number}" for number in range(100))


def python2_pickle(value) -> bytes:
    """Protocol 2 as Python 2's cPickle wrote the official files: texts are byte strings, arrays go by _reconstruct."""
    return b"\x80\x02" + _opcodes(value) + b"."


def _opcodes(value) -> bytes:
    if isinstance(value, dict):
        return b"}(" + b"".join(_opcodes(key) + _opcodes(item) for key, item in value.items()) + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(map(_opcodes, value)) + b"e"
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<i", len(value)) + value
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    shape = _opcodes(value.shape[0]) + _opcodes(value.shape[1]) + b"\x86"
    return empty + b"(K\x01" + shape + dtype + b"\x89" + _opcodes(value.tobytes()) + b"tb"


@pytest.fixture(scope="module")
def pixels():
    """[6 files, N, 3072], the last file being the test split."""
    return np.random.default_rng(0).integers(0, 256, (6, N, 3072), dtype=np.uint8)


@pytest.fixture(scope="module")
def labels():
    return np.random.default_rng(1).integers(0, 10, (6, N))


def members_of(kind: str, pixels, labels) -> dict[str, bytes]:
    """The files of one of the four official archives."""
    train_pixels, train_labels = pixels[:5].reshape(-1, 3072), labels[:5].reshape(-1)
    if kind == "cifar10-python":
        names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
        files = {
            name: python2_pickle(
                {"batch_label": name, "labels": label.tolist(), "data": pixel, "filenames": ["a_s_000001.png"] * N}
            )
            for name, pixel, label in zip(names, pixels, labels)
        }
        meta = {"num_cases_per_batch": N, "label_names": list(CIFAR10), "num_vis": 3072}
        return {"readme.html": b"<html>", "batches.meta": python2_pickle(meta), **files}
    if kind == "cifar100-python":
        splits = {"train": (train_pixels, train_labels), "test": (pixels[5], labels[5])}
        files = {
            name: python2_pickle({"filenames": [], "coarse_labels": [0] * len(y), "fine_labels": y.tolist(), "data": x})
            for name, (x, y) in splits.items()
        }
        meta = {"fine_label_names": list(CIFAR100), "coarse_label_names": ["fish"] * 20}
        return {"meta": python2_pickle(meta), "file.txt~": b"", **files}
    if kind == "cifar10-binary":
        names = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
        files = {
            name: b"".join(bytes([label]) + pixel.tobytes() for pixel, label in zip(x, y))
            for name, x, y in zip(names, pixels, labels)
        }
        return {"batches.meta.txt": "\n".join([*CIFAR10, "", ""]).encode(), **files}
    splits = {"train.bin": (train_pixels, train_labels), "test.bin": (pixels[5], labels[5])}
    files = {
        name: b"".join(bytes([7, label]) + pixel.tobytes() for pixel, label in zip(x, y))
        for name, (x, y) in splits.items()
    }
    return {"coarse_label_names.txt": b"fish\n", "fine_label_names.txt": "\n".join(CIFAR100).encode(), **files}


KINDS = ("cifar10-python", "cifar100-python", "cifar10-binary", "cifar100-binary")


def write_tar(path: Path, members: dict[str, bytes], folder: str = "cifar-10-batches-py") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def write_folder(path: Path, members: dict[str, bytes]) -> Path:
    path.mkdir(parents=True)
    for name, data in members.items():
        (path / name).write_bytes(data)
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["tar", "folder", "folder above"])
def test_an_official_archive_gives_its_images_in_order(kind, form, pixels, labels, tmp_path):
    members = members_of(kind, pixels, labels)
    if form == "tar":
        path = write_tar(tmp_path / "any-name.tar.gz", members)
    else:
        write_folder(tmp_path / "data" / "cifar", members)
        path = tmp_path / "data" / ("cifar" if form == "folder" else "")
    assert cifar.recognises(path)
    decoded = cifar.read(path)
    assert decoded.name == kind.split("-")[0]
    assert decoded.classes == (CIFAR10 if decoded.name == "cifar10" else CIFAR100)
    assert np.array_equal(decoded.train_x, pixels[:5].reshape(-1, 3, 32, 32))
    assert np.array_equal(decoded.test_x, pixels[5].reshape(-1, 3, 32, 32))
    assert decoded.train_y.tolist() == labels[:5].reshape(-1).tolist()
    assert decoded.test_y.tolist() == labels[5].tolist()
    assert (decoded.train_y.dtype, decoded.train_x.dtype) == (torch.int64, torch.uint8)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("key", [str, str.encode])
def test_an_archive_pickled_again_with_python_3_reads_the_same(protocol, key, pixels, labels, tmp_path):
    members = members_of("cifar10-python", pixels, labels)
    again = {key("data"): pixels[5], key("labels"): labels[5].tolist(), key("filenames"): [b"a"]}
    members["test_batch"] = pickle.dumps(again, protocol=protocol)
    decoded = cifar.read(write_folder(tmp_path / "cifar", members))
    assert np.array_equal(decoded.test_x.reshape(-1, 3072), pixels[5])


def test_the_name_cifar10_finds_the_archive_in_the_data_folder(pixels, labels, tmp_path, monkeypatch):
    monkeypatch.setenv("NASBIAS_DATA", str(tmp_path))
    (tmp_path / "images").mkdir()
    write_tar(tmp_path / "images" / "cifar-10-python.tar.gz", members_of("cifar10-python", pixels, labels))
    images = load_images("cifar10", valid_size=5)
    assert (images.name, len(images.train_x), len(images.valid_x), len(images.test_x)) == ("cifar10", 10, 5, N)


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_images(path)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_hostile_pickle_is_refused_and_does_not_run(pixels, labels, tmp_path):
    mark = tmp_path / "ran"
    members = members_of("cifar10-python", pixels, labels)
    members["data_batch_3"] = pickle.dumps({"data": Hostile(mark)})
    message = refused(write_tar(tmp_path / "hostile.tar.gz", members))
    assert "data_batch_3" in message
    assert "pathlib" in message
    assert not mark.exists()


def test_five_bytes_cannot_fill_the_memory(pixels, labels, tmp_path):
    members = members_of("cifar10-python", pixels, labels)
    members["test_batch"] = b"\x80\x02Nr\xff\xff\xff\x7f."  # LONG_BINPUT of entry 2^31 - 1
    assert "holds a NoneType" in refused(write_folder(tmp_path / "bomb", members))


@pytest.mark.parametrize("state", [(1, (1, 3072), np.dtype("O"), False, b"x" * 24), (1, (-1, 2**62), None, 0, b""), ()])
def test_a_damaged_array_cannot_crash_the_process(state):
    class Damaged:
        def __reduce__(self):
            make, arguments, _ = np.zeros(0, np.uint8).__reduce__()
            return make, arguments, state

    with pytest.raises(InputError, match="^file: "):
        cifar._unpickle(pickle.dumps({"data": Damaged()}, protocol=2), "file")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_in_the_middle_is_refused(kind, pixels, labels, tmp_path):
    members = members_of(kind, pixels, labels)
    name = next(name for name in members if name.startswith("test"))
    members[name] = members[name][: len(members[name]) // 2]
    assert name in refused(write_folder(tmp_path / "cut", members))


def test_an_archive_cut_in_the_middle_is_refused(pixels, labels, tmp_path):
    path = write_tar(tmp_path / "cut.tar.gz", members_of("cifar10-binary", pixels, labels))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "can't be read as a tar archive" in refused(path)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_pickle_is_an_input_error_or_still_a_dictionary(data):
    whole = python2_pickle({"data": np.zeros((1, 3072), np.uint8), "labels": [3]})
    position = data.draw(st.one_of(st.integers(0, 200), st.integers(len(whole) - 40, len(whole) - 1)))
    damaged = bytearray(whole)
    damaged[position] = data.draw(st.integers(0, 255))
    try:
        x, y = cifar._read_pickled(bytes(damaged), cifar.VERSIONS[0], "file")
    except InputError as error:
        assert str(error).startswith("file: ")
    else:
        assert len(x) == len(y) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda members: members.pop("data_batch_4"), "data_batch_4 is missing"),
        (lambda members: members.pop("batches.meta"), "batches.meta is missing"),
        (lambda members: members.update(test_batch=python2_pickle({"labels": [1]})), "'data' is not an array of uint8"),
        (
            lambda members: members.update(
                test_batch=python2_pickle({"labels": [1, 2], "data": np.zeros((1, 3072), np.uint8)})
            ),
            "'labels' is not a list of 1",
        ),
        (
            lambda members: members.update(
                test_batch=python2_pickle({"labels": [10], "data": np.zeros((1, 3072), np.uint8)})
            ),
            "a label is 10; it must lie in 0 to 9",
        ),
        (
            lambda members: members.update({"batches.meta": python2_pickle({"label_names": ["cat"]})}),
            "1 class names where 10 belong",
        ),
    ],
)
def test_what_is_wrong_with_an_archive_is_named(change, says, pixels, labels, tmp_path):
    members = members_of("cifar10-python", pixels, labels)
    change(members)
    assert says in refused(write_folder(tmp_path / "odd", members))


def test_a_binary_label_outside_the_classes_is_refused(pixels, labels, tmp_path):
    members = members_of("cifar10-binary", pixels, labels)
    members["data_batch_2.bin"] = b"\x0c" + members["data_batch_2.bin"][1:]
    assert "a training label is 12" in refused(write_folder(tmp_path / "odd", members))


def test_an_archive_of_something_else_is_refused(tmp_path):
    assert "not an official CIFAR archive" in refused(write_tar(tmp_path / "other.tar.gz", {"notes.txt": b"hello"}))
