import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.files import (
    held,
    list_temporaries,
    make_folder,
    records,
    sweep_temporaries,
    to_json,
    write_table,
    written_atomically,
)
from nasbias.locks import locked


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


def test_what_is_written_is_on_the_disk_before_it_has_its_name_and_the_name_before_we_go_on(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle):
        done.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", lambda path, to: (done.append("rename"), replace(path, to))[1])
    with written_atomically(tmp_path / "x.csv") as temporary:
        temporary.write_text("whole")
    assert done == [str(temporary), "rename", str(tmp_path)]


def test_the_target_of_a_link_is_replaced_and_the_link_stays(tmp_path):
    (tmp_path / "far").mkdir()
    link = tmp_path / "x.csv"
    link.symlink_to(tmp_path / "far" / "y.csv")
    for text in ("one", "two"):
        with written_atomically(link) as temporary:
            temporary.write_text(text)
        assert link.is_symlink() and (tmp_path / "far" / "y.csv").read_text() == text
    assert [path.name for path in (tmp_path / "far").iterdir()] == ["y.csv"]


def test_only_temporaries_are_swept(tmp_path):
    ours = [".log.jsonl.0a1b2c3d.jsonl", ".epoch-0001.safetensors.abcdefgh.safetensors", ".lock2.12345678"]
    others = [".lock", ".gitignore", ".config.toml", ".a.b.0a1b2c3d.c", "log.jsonl.0a1b2c3d.jsonl", ".x.0A1B2C3D.x"]
    for name in (*ours, *others):
        (tmp_path / name).touch()
    assert [path.name for path in list_temporaries(tmp_path)] == sorted(ours)
    sweep_temporaries(tmp_path, of="log.jsonl")
    assert not (tmp_path / ours[0]).exists() and (tmp_path / ours[1]).exists()
    sweep_temporaries(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)
    assert list_temporaries(tmp_path / "nowhere") == []


def test_files_have_the_permissions_that_the_user_asks_for(tmp_path):
    before = os.umask(0o027)
    try:
        with written_atomically(tmp_path / "x") as temporary:
            temporary.write_text("x")
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_held_and_was_removed_does_not_come_back(tmp_path):
    def check():
        if not (tmp_path / "run").is_dir():
            raise InputError("removed")

    with held(tmp_path / "run", check):
        with pytest.raises(InputError, match="removed"), written_atomically(tmp_path / "run" / "a" / "b.txt"):
            pytest.fail("there is nowhere to write to")
        (tmp_path / "run").mkdir()
        with written_atomically(tmp_path / "run" / "a" / "b" / "c.txt") as temporary:
            temporary.write_text("x")
        with pytest.raises(InputError, match="removed"), written_atomically(tmp_path / "run" / "d.txt") as temporary:
            temporary.write_text("x")
            (tmp_path / "run").rename(tmp_path / "away")
        make_folder(tmp_path / "elsewhere" / "x")
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {name for name in names if "d.txt" not in name} == {"away/a/b/c.txt"}
    assert not (tmp_path / "run").exists() and not (tmp_path / "away" / "d.txt").exists()
    with written_atomically(tmp_path / "run" / "x.txt") as temporary:
        temporary.write_text("held no more")


def test_a_file_is_not_put_into_the_place_of_a_folder_that_is_held(tmp_path):
    with (
        pytest.raises(InputError, match="was removed or replaced"),
        locked(tmp_path / "run"),
        written_atomically(tmp_path / "run" / "log.jsonl"),
    ):
        (tmp_path / "run").rename(tmp_path / "away")
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "thesis.tex").touch()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.tex"]
