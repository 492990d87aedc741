import gzip
import json

import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.tables import from_mapping, read_about, read_columns, read_table, table_ending, write_parquet

ARCHITECTURES = get_space("nb201").sample(4, seed=0)


def truth():
    return pd.DataFrame({"architecture": ARCHITECTURES, "test_accuracy": [90.5, 91, 92, 93]})


def test_a_table_carries_its_provenance(tmp_path):
    write_parquet(truth(), tmp_path / "t.parquet", {"commit": "abc"})
    assert read_about(tmp_path / "t.parquet") == {"commit": "abc"}
    truth().to_parquet(tmp_path / "plain.parquet")
    assert read_about(tmp_path / "plain.parquet") == {}


WRITERS = {
    "a.csv": lambda table: table.to_csv(index=False),
    "a.tsv": lambda table: table.to_csv(index=False, sep="\t"),
    "a.txt": lambda table: table.to_csv(index=False, sep=" "),
    "b.txt": lambda table: table.to_csv(index=False, sep="\t"),
    "semicolon.csv": lambda table: table.to_csv(index=False, sep=";"),
    "comma.csv": lambda table: table.to_csv(index=False, sep=";", decimal=","),
    "comma.tsv": lambda table: table.to_csv(index=False, sep="\t", decimal=","),
    "bom.csv": lambda table: "\ufeff" + table.to_csv(index=False),
    "records.json": lambda table: json.dumps(table.to_dict("records")),
    "columns.json": lambda table: json.dumps(table.to_dict("list")),
    "nested.json": lambda table: table.set_index("architecture").T.to_json(),
    "a.jsonl": lambda table: "\n".join(json.dumps(row) for row in table.to_dict("records")) + "\n\n",
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_table_is_read_whatever_it_is_written_in(name, packed, tmp_path):
    path = tmp_path / (f"{name}.gz" if packed else name)
    content = WRITERS[name](truth()).encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    read = read_table(path)
    assert read["architecture"].tolist() == ARCHITECTURES.tolist()
    assert read["test_accuracy"].tolist() == [90.5, 91, 92, 93]
    if not name.endswith(("json", "jsonl")):
        assert read_columns(path) == {"architecture", "test_accuracy"}


def test_a_mapping_from_architectures_to_scores_is_a_table(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(dict(zip(ARCHITECTURES, [1, 2.5, None, 4]))))
    read = read_table(path)
    assert list(read) == ["architecture", "score"] and read["architecture"].tolist() == ARCHITECTURES.tolist()
    assert read["score"].tolist()[:2] == [1, 2.5]


def test_a_packed_parquet_is_read(tmp_path):
    truth().to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.parquet.gz").write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    assert read_table(tmp_path / "a.parquet.gz").equals(read_table(tmp_path / "a.parquet"))


def test_a_decimal_point_among_decimal_commas_leaves_both_as_text(tmp_path):
    (tmp_path / "a.csv").write_text("architecture;accuracy\na;91,2\nb;91.2\n")
    assert read_table(tmp_path / "a.csv")["accuracy"].tolist() == ["91,2", "91.2"]


def test_a_comma_within_quotes_does_not_separate(tmp_path):
    (tmp_path / "a.csv").write_text('"a, b, c";score\n"(0, 1)";91,5\n')
    assert read_table(tmp_path / "a.csv").to_dict("list") == {"a, b, c": ["(0, 1)"], "score": [91.5]}


def test_a_column_of_its_own_is_a_table_of_one(tmp_path):
    (tmp_path / "a.csv").write_text("architecture\n1\n2\n")
    assert read_table(tmp_path / "a.csv").to_dict("list") == {"architecture": [1, 2]}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", '{"a": 1, "a": 2}', "'a' is there twice"),
        ("a.json", "[1, 2]", "a record is a mapping"),
        ("a.json", "3", "neither records nor a mapping"),
        ("a.json", "{}", "neither records nor a mapping"),
        ("a.json", '{"a": 1, "b": {"loss": 2}}', "must all be numbers"),
        ("a.json", '{"a": 1, "b": [2]}', "must all be numbers"),
        ("a.json", "[" * 100_000, "can't be read as json"),
        ("a.jsonl", '{"a": 1}\n{"a"', "can't be read as jsonl"),
        ("a.csv.gz", "not packed", "can't be read as csv"),
        ("a.xlsx", "x", "unknown format '.xlsx'. Give .csv"),
        ("a", "x", "unknown format 'without an ending'"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(name, content, says, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError) as error:
        read_table(tmp_path / name)
    assert says in str(error.value) and "\n" not in str(error.value) and name in str(error.value)


def test_a_packed_file_that_is_cut_off_is_refused(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"architecture,score\n" * 999)[:-20])
    with pytest.raises(InputError, match="Is the file whole"):
        read_table(tmp_path / "a.csv.gz")


def test_an_absent_file_is_an_error_and_its_columns_are_none(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "a.csv")
    assert read_columns(tmp_path / "a.csv") == set()
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    assert read_columns(tmp_path / "broken.parquet") == set()
    truth().to_parquet(tmp_path / "a.parquet")
    assert read_columns(tmp_path / "a.parquet") == {"architecture", "test_accuracy"}


def test_the_ending_is_seen_through_packing():
    endings = [table_ending(name) for name in ("a.csv", "a.CSV", "a.b.tsv.gz", "x/a.jsonl.GZ", "a")]
    assert endings == [".csv", ".csv", ".tsv", ".jsonl", ""]


def test_provenance_of_what_is_no_parquet_is_an_error(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="can't be read as parquet"):
        read_about(tmp_path / "a.parquet")


def test_a_mapping_in_memory_may_hold_several_scores():
    table = from_mapping({"a": {"accuracy": 1, "loss": 2}, "b": {"accuracy": 3, "loss": np.nan}})
    assert table["architecture"].tolist() == ["a", "b"] and table["accuracy"].tolist() == [1, 3]


def test_the_header_alone_says_the_separator(tmp_path):
    (tmp_path / "a.csv").write_text("architecture,score\na;b;c,1\nd;e;f,2\n")
    assert read_table(tmp_path / "a.csv")["architecture"].tolist() == ["a;b;c", "d;e;f"]
    (tmp_path / "a.csv").write_text("\n\narchitecture;score\na,1;2\n")
    assert read_table(tmp_path / "a.csv").to_dict("list") == {"architecture": ["a,1"], "score": [2]}


def test_the_architecture_that_is_there_twice_is_named(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1, "b": 2, "b": 3}')
    with pytest.raises(InputError, match="'b' is there twice"):
        read_table(tmp_path / "a.json")
    (tmp_path / "a.json").write_text(json.dumps(["x" * 100]))
    with pytest.raises(InputError, match=f"not {'x' * 40} ?\\)"):
        read_table(tmp_path / "a.json")
    (tmp_path / "a.parquet.gz").write_bytes(b"x")
    assert read_columns(tmp_path / "a.parquet.gz") == set()


def test_a_frame_written_by_pandas_as_json_is_read_back_whatever_its_index(tmp_path):
    frame = pd.DataFrame({"arch": ["a", "b"], "accuracy": [1, 3]})
    frame.to_json(tmp_path / "a.json")
    assert read_table(tmp_path / "a.json").to_dict("list") == frame.to_dict("list")
    frame.set_index("arch").to_json(tmp_path / "b.json")
    assert read_table(tmp_path / "b.json")["accuracy"].to_dict() == {"a": 1, "b": 3}
    assert from_mapping(frame.to_dict()).to_dict("list") == frame.to_dict("list")
