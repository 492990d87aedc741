import gzip
import json

import pandas as pd
import pytest

from nasbias.spaces import list_spaces
from nasbias.truth import TIDY, list_formats
from nasbias.truth.formats import Format, columns_of

TABLE = pd.DataFrame({"architecture": ["a"], "test_accuracy": [1.0]})


def test_the_columns_of_a_table_are_read_from_its_head(tmp_path):
    TABLE.to_csv(tmp_path / "a.csv", index=False)
    TABLE.to_csv(tmp_path / "b.tsv", index=False, sep="\t")
    TABLE.to_parquet(tmp_path / "c.parquet")
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(TABLE.to_csv(index=False).encode()))
    for path in tmp_path.iterdir():
        assert columns_of(path) == {"architecture", "test_accuracy"}, path


def test_what_has_no_columns_has_none_and_raises_nothing(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}))
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    (tmp_path / "c.csv").write_bytes(b"\xff\xfe")
    (tmp_path / "d.pth").write_bytes(b"x")
    for path in (*tmp_path.iterdir(), tmp_path, tmp_path / "absent.csv"):
        assert columns_of(path) == set(), path


@pytest.mark.parametrize("space", list_spaces())
def test_every_format_of_a_space_says_what_its_numbers_are_and_raises_at_no_readable_path(space, tmp_path):
    (tmp_path / "a.json").write_text("[1, 2]")
    (tmp_path / "b.csv").write_text("x\n")
    (tmp_path / "c.pth").write_bytes(b"\x80\x02.")
    (tmp_path / "d").write_bytes(b"")
    formats = list_formats(space)
    assert len({form.name for form in formats}) == len(formats)
    for form in formats:
        assert isinstance(form, Format) and form.describes and form.licence
        for path in (tmp_path / "a.json", tmp_path / "b.csv", tmp_path / "d", tmp_path):
            assert not form.recognises(path), (form.name, path)


def test_a_format_is_by_default_a_benchmarks_own_with_no_package():
    form = Format("name", "describes", lambda path: False, lambda path: TABLE)
    assert form.licence == "not stated by the source" and not form.retrained
    assert (form.takes_object, form.read_object, form.installed, form.extra) == (None, None, None, None)


@pytest.mark.parametrize(
    ("header", "tidy"),
    [
        ("architecture,test_accuracy", True),
        ("arch;val_acc", True),
        ("Arch Str\ttest-acc", True),
        ("architecture,fun", False),
        ("key,test_accuracy", False),
    ],
)
def test_a_table_of_ones_own_has_an_architecture_and_a_measure_under_any_usual_name(header, tidy, tmp_path):
    (tmp_path / "a.csv").write_text(header + "\n")
    assert TIDY.recognises(tmp_path / "a.csv") is tidy
