"""Paths of others, before they are opened."""

import gzip
import os
import socket

import pytest

from nasbias.errors import InputError
from nasbias.opening import checked_path, home, opened, read_toml


def test_a_file_a_folder_and_nothing_may_be_looked_at(tmp_path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path, tmp_path / "nothing", tmp_path / "file" / "inside"):
        assert checked_path(path) == path
        assert checked_path(str(path)) == path


def test_what_could_be_read_for_ever_or_not_at_all_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    (tmp_path / "loop").symlink_to("loop")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("socket")
    for path in ("pipe", "socket", "/dev/null", "/dev/zero"):
        with pytest.raises(InputError, match="is a device or a pipe. Give a file."):
            checked_path(path)
    for path, why in (("loop", "symbolic links"), ("x" * 5000, "too long"), ("a\0b", "null")):
        with pytest.raises(InputError, match=f"can't be opened .*{why}") as refused:
            checked_path(path)
        assert len(str(refused.value)) < 200
    listening.close()


def test_a_gzipped_file_is_read_through(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"hello"))
    (tmp_path / "a.tgz").write_bytes(gzip.compress(b"hello"))
    with opened(tmp_path / "a.gz") as file:
        assert file.read() == b"hello"
    with opened(tmp_path / "a.tgz") as file:
        assert file.read()[:2] == b"\x1f\x8b"
    with pytest.raises(InputError, match="absent: no such file"), opened(tmp_path / "absent"):
        pass


def test_a_small_file_that_swells_without_end_is_left_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("nasbias.opening._ALWAYS", 1 << 20)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(8 << 20)))
    with opened(tmp_path / "bomb.gz") as file, pytest.raises(ValueError, match="swells to more than 1,048,576 bytes"):
        file.read()
    (tmp_path / "text.gz").write_bytes(gzip.compress(bytes(1 << 20)))
    with opened(tmp_path / "text.gz") as file:
        assert len(file.read()) == 1 << 20


def test_a_home_is_found_where_there_is_one(monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")
    assert str(home("~/x")) == "/somewhere/x"
    assert str(home("~nobody-of-this-name/x")) == "~nobody-of-this-name/x"


def test_toml_that_is_none_or_takes_for_ever_is_refused(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text('rate = [0.1, 0.2]\npath = "../a.b/c.d"\n' + "more = [" + "0.5, " * 500 + "]\n")
    assert read_toml(path)["path"] == "../a.b/c.d"
    deep = "a" + ".a" * 10**5
    for text in (f"{deep} = 1", f"[{deep}]", "= 1", "a = " + "[" * 10**5, "a = " + "9" * 5000):
        path.write_text(text)
        with pytest.raises(InputError, match=r"plan\.toml: not TOML"):
            read_toml(path)
    path.write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"plan\.toml: not TOML"):
        read_toml(path)
