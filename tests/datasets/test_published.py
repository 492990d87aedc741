"""Fetching against a server on this machine."""

import hashlib

import pytest

from nasbias.datasets import published
from nasbias.datasets.published import compare_published, fetch, find
from nasbias.errors import InputError


def test_a_fetched_file_lies_where_its_name_is_looked_up(mirror, true_hash):
    assert find("cifar10") is None
    path = fetch("cifar10", mirror)
    assert path.read_bytes() == b"not really an archive"
    assert find("cifar10") == path


def test_what_is_there_already_is_not_downloaded_again(mirror, true_hash):
    path = fetch("cifar10", mirror)
    assert fetch("cifar10", "http://127.0.0.1:1") == path


def test_a_file_with_another_hash_is_not_kept(mirror):
    with pytest.raises(InputError, match="md5 should be c58f30108f718f92721af3b95e74349a"):
        fetch("cifar10", mirror)
    assert find("cifar10") is None
    assert not [path for path in published.images_folder().rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["cifar-10-python.tar.gz", "cifar-100-binary.tar.gz", "t10k-labels-idx1-ubyte.gz"])
def test_a_file_put_there_by_hand_is_compared_with_what_was_published(name, tmp_path):
    (tmp_path / name).write_bytes(b"another")
    assert compare_published(tmp_path / name).startswith(f"differs: {name} has another MD5 than was published (")
    assert compare_published(tmp_path).startswith(f"differs: {name} ")  # and the folder it lies in
    (tmp_path / name).rename(tmp_path / "mine")
    assert compare_published(tmp_path / "mine").startswith("unknown: ")
    assert compare_published(tmp_path).startswith("unknown: ")


def test_an_extracted_archive_is_compared_file_by_file(tmp_path, monkeypatch):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    md5 = {f"data_batch_{i}": hashlib.md5(str(i).encode()).hexdigest() for i in range(1, 6)}
    for i, name in enumerate(md5, start=1):
        (folder / name).write_bytes(str(i).encode())
    monkeypatch.setattr(published, "_EXTRACTED", md5)
    for path in (folder, tmp_path):
        assert compare_published(path) == f"matched: the published MD5 of {', '.join(md5)}"
    (folder / "data_batch_3").write_bytes(b"x")
    assert compare_published(folder).startswith("differs: data_batch_3 has another MD5")
