"""The first look at a file, and what every reader of every space declares."""

import importlib
from pathlib import Path

import pandas as pd
import pytest

from nasbias import list_spaces
from nasbias.truth.formats import Format, columns_of, seed_in_name


@pytest.fixture
def table():
    return pd.DataFrame({"architecture": ["a", "b"], "test_accuracy": [90.5, 91.0]})


def test_columns_are_read_from_the_head_of_a_csv_or_a_parquet_file(tmp_path, table):
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    for name in ("t.csv", "t.parquet"):
        assert columns_of(tmp_path / name) == {"architecture", "test_accuracy"}


def test_only_the_head_of_a_csv_is_read(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n1,2,3,4\n")  # a whole read fails at the third line
    assert columns_of(tmp_path / "t.csv") == {"a", "b"}


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00broken", b"PAR1"])
def test_a_file_that_is_not_what_its_name_says_has_no_such_columns(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert "architecture" not in columns_of(tmp_path / name)


@pytest.mark.parametrize("name", ["absent.csv", "absent.parquet"])
def test_an_absent_file_has_no_columns(tmp_path, name):
    assert columns_of(tmp_path / name) == set()


def test_a_file_of_another_ending_has_no_columns(tmp_path, table):
    table.to_csv(tmp_path / "t.json", index=False)
    assert columns_of(tmp_path / "t.json") == set()


def test_a_format_says_nothing_that_it_was_not_told():
    plain = Format("x", "described", lambda path: True, lambda path: pd.DataFrame())
    assert plain.licence == "not stated by the source"
    assert plain.retrained is False
    assert (plain.takes_object, plain.read_object, plain.installed, plain.extra) == (None, None, None, None)


@pytest.mark.parametrize("space", list_spaces())
def test_no_reader_raises_on_a_file_of_another_kind(space, tmp_path):
    formats = importlib.import_module(f"nasbias.truth.{space.replace('-', '_')}").FORMATS
    assert len({form.name for form in formats}) == len(formats)
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "text.json").write_text("[]")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 but not really")
    pd.DataFrame({"architecture": ["x"], "accuracy": [1.0]}).to_csv(tmp_path / "predictions.csv", index=False)
    paths = sorted(tmp_path.iterdir())
    for form in formats:
        for path in (*paths, tmp_path, tmp_path / "absent"):
            assert not form.recognises(path), (form.name, path.name)


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("darts-cifar10-seed43.csv", 43),
        ("ptb.csv", 42),
        ("seed7/x-seed143.csv", 7),
        ("Seed43.csv", 42),
        ("seed.csv", 42),
    ],
)
def test_the_seed_of_p2s_files_is_in_their_names_or_its_codes_default(name, seed):
    assert seed_in_name(Path(name)) == seed
