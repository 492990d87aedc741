"""Fetching against a server on this machine."""

import pytest

from nasbias.datasets import published
from nasbias.datasets.published import fetch, find
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
