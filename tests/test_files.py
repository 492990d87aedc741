import json

import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.files import records, to_json, write_table, written_atomically


def test_json_has_null_where_a_number_is_missing():
    value = {"a": np.float64("nan"), "b": pd.NA, "c": [np.int64(3), float("inf")], "d": np.bool_(True)}
    assert json.loads(to_json(value)) == {"a": None, "b": None, "c": [3, None], "d": True}


def test_records_have_none_where_a_value_is_missing():
    table = pd.DataFrame({"n": pd.array([1, None], "Int64"), "x": [np.nan, 0.5], "name": ["a", None]})
    assert records(table) == [{"n": 1, "x": None, "name": "a"}, {"n": None, "x": 0.5, "name": None}]


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_a_table_comes_back_from_each_format(ending, tmp_path):
    table = pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan]})
    path = tmp_path / f"t.{ending}"
    write_table(table, path)
    reader = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}[ending]
    pd.testing.assert_frame_equal(reader(path), table)


def test_a_table_is_not_written_under_an_unknown_ending(tmp_path):
    with pytest.raises(InputError, match=r"\.csv, \.json, \.parquet"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.xlsx")
    assert not any(tmp_path.iterdir())


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "f"
    path.write_text("old")
    with pytest.raises(RuntimeError), written_atomically(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
