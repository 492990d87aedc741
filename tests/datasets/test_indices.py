"""Which images are the validation ones: numbers, or the split files that NAS-Bench-201 was made with."""

import json

import pytest

from nasbias.datasets.indices import read_indices
from nasbias.errors import InputError


@pytest.mark.parametrize("text", ["3 1\n4\n", "3,1,4", "[3, 1, 4]", '["int", ["3", "1", "4"]]', "\ufeff3\r\n1\r\n4"])
def test_places_are_read_in_the_order_of_the_file(tmp_path, text):
    (tmp_path / "places.txt").write_text(text)
    assert read_indices(tmp_path / "places.txt") == (3, 1, 4)


def test_the_validation_part_of_autodl_projects_split_is_read(tmp_path):
    split = {"xvalid": ["int", ["1", "3", "4"]], "xtest": ["int", ["0", "2"]]}
    (tmp_path / "cifar100-test-split.txt").write_text(json.dumps(split))
    assert read_indices(tmp_path / "cifar100-test-split.txt") == (1, 3, 4)
    (tmp_path / "cifar-split.txt").write_text(json.dumps({"train": ["int", ["0"]], "valid": ["int", ["7"]]}))
    assert read_indices(tmp_path / "cifar-split.txt") == (7,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 x", "'x' is no place"),
        ("1 -2", "'-2' is no place"),
        ("1 ١", "is no place"),
        ("", "'' is no place"),
        ("1 2 1", "1 of its numbers stand there twice"),
        ('{"train": [1]}', "none of xvalid, valid"),
        ('{"xvalid": 3}', "a list of numbers is wanted"),
        ("[1.5]", "'1.5' is no place"),
        ("[true]", "'True' is no place"),
        ("[[1]]", "is no place"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_list_of_places_is_refused(tmp_path, text, message):
    (tmp_path / "places.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        read_indices(tmp_path / "places.txt")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.txt: no such file"):
        read_indices(tmp_path / "none.txt")
