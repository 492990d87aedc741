import dataclasses
import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from nasbias.command import Parser, add_fields, command, fields_of, print_table, to_json, write_table
from nasbias.errors import InputError, unknown
from nasbias.files import written_atomically


def test_bad_input_is_one_line_and_code_2(capsys):
    @command
    def main(argv):
        raise InputError("a\n  b")

    assert main([]) == 2
    assert capsys.readouterr().err == "nasbias: a b\n"


def test_a_bad_option_is_one_line_and_code_2(capsys):
    parser = Parser(prog="x", example="x --n 3")
    parser.add_argument("--n", type=int)
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args(["--n", "three"])
    assert capsys.readouterr().err.count("\n") == 1
    assert "example:\n  x --n 3" in parser.format_help()


@dataclass(frozen=True)
class Settings:
    epochs: int = field(default=3, metadata={"help": "100 % of it"})
    size: int | None = None
    kept: tuple[int, ...] = ()
    flip: bool = True


def test_a_dataclass_becomes_options():
    parser = Parser()
    add_fields(parser, Settings)
    given = parser.parse_args(["--size", "8", "--kept", "1,2", "--no-flip"])
    assert fields_of(Settings, given) == dataclasses.asdict(Settings(size=8, kept=(1, 2), flip=False))
    assert "100 % of it" in parser.format_help()


def test_json_has_null_where_a_number_is_missing():
    value = {"a": np.float64("nan"), "b": pd.NA, "c": [np.int64(3), float("inf")], "d": np.bool_(True)}
    assert json.loads(to_json(value)) == {"a": None, "b": None, "c": [3, None], "d": True}


def test_a_printed_table_shows_missing_values_as_a_dash(capsys):
    print_table(pd.DataFrame({"name": ["x" * 100], "value": [np.nan]}))
    printed = capsys.readouterr().out
    assert "x" * 100 in printed
    assert printed.rstrip().endswith("-")


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


def test_an_unknown_name_answers_with_the_nearest_or_with_all():
    assert "Did you mean fast?" in str(unknown("engine", "fasst", ["plain", "fast"]))
    assert "Known: plain, fast." in str(unknown("engine", "zzz", ["plain", "fast"]))
