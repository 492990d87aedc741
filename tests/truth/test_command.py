"""`python -m nasbias.truth import|list|show|fetch`."""

import dataclasses
import functools
import http.server
import json
import pickle
import re
import threading
from typing import Any

import pandas as pd
import pytest

from nasbias.files import data_folder, sha256
from nasbias.truth import fetch as fetching
from nasbias.truth.__main__ import main
from tests.truth import official_nb201 as official


@pytest.fixture
def pth(tmp_path):
    return official.write_pth(tmp_path / "NAS-Bench-201-v1_1-096897.pth", official.benchmark(6))


def run(capsys, *argv: object) -> Any:
    assert main([*map(str, argv), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *argv: object) -> str:
    assert main([*map(str, argv)]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("nasbias: ")
    assert error.count("\n") == 1
    return error


def test_import_list_and_show_agree(pth, capsys):
    imported = run(capsys, "import", "nb201", pth, "--name", "official")
    assert (imported["format"], imported["architectures"]) == ("nas-bench-201", 6)
    listed = [about for about in run(capsys, "list") if about["stored"]]
    assert [(about["space"], about["name"], about["rows"]) for about in listed] == [
        ("nb201", "official", imported["rows"])
    ]
    shown = run(capsys, "show", "official")
    assert shown["datasets"] == ["cifar10-valid", "cifar10", "cifar100", "ImageNet16-120"]
    assert shown["sha256"] == sha256(pth)
    parts = {(part["dataset"], part["epochs"], part["measure"]): part for part in shown["parts"]}
    assert len(parts) == 2 * 7  # cifar10 has no validation accuracy
    assert ("cifar10", 200, "valid_accuracy") not in parts
    part = parts["cifar100", 200, "test_accuracy"]
    assert (part["seeds"], part["better"], part["unit"]) == ([777, 888, 999], "higher", "%")
    assert set(shown["ceiling"]) >= {"gt_tau", "n"}
    assert shown["ceiling"]["n"] == 4  # of six, two have one seed only


def test_a_truth_without_repeats_has_no_ceiling(capsys, tmp_path):
    pd.DataFrame({"architecture": official.names(4), "test_accuracy": [1, 2, 3, 4]}).to_csv(
        tmp_path / "a.csv", index=False
    )
    run(capsys, "import", "nb201", tmp_path / "a.csv", "--name", "a")
    assert run(capsys, "show", "a", "--space", "nb201")["ceiling"] is None


def test_a_share_too_small_to_be_read_is_said_to_be_below_the_least(capsys):
    assert main(["list", "--space", "ptb"]) == 0
    assert re.search(r"ptb_truth +32 +32 +< 0\.001 %", capsys.readouterr().out)


def test_the_tables_for_people_name_what_a_number_is(pth, capsys):
    assert main(["import", "nb201", str(pth), "--name", "official"]) == 0
    assert "6 of 15,625 architectures" in capsys.readouterr().out
    assert main(["show", "official"]) == 0
    out = capsys.readouterr().out
    assert "x-valid" in out
    assert "Licence: MIT" in out
    assert main(["list", "--space", "nb201"]) == 0
    listed = capsys.readouterr().out
    assert "official" in listed and pth.name in listed and "coverage" in listed and "0.038 %" in listed
    assert run(capsys, "remove", "official")["name"] == "official"
    assert "no truth called 'official'" in refused(capsys, "remove", "official")


def test_showing_analog_nasbench_says_that_its_licence_is_not_stated(capsys):
    if not any(about["name"] == "analog-nasbench" for about in run(capsys, "list", "--space", "nb201")):
        pytest.skip("analog-nasbench is not installed")
    shown = run(capsys, "show", "analog-nasbench")
    assert "not stated" in shown["licence"]
    assert shown["architectures"] == 15_625


class _Evil:
    def __reduce__(self):
        return open, ("executed", "w")


@pytest.mark.parametrize("write", ["bare", "zip", "legacy", "bz2"])
def test_a_hostile_file_is_refused_and_nothing_executed(write, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil.pth"
    thing = {"meta_archs": official.names(1), "arch2infos": {0: {"full": _Evil()}}}
    if write == "bare":
        path.write_bytes(pickle.dumps(thing, 2))
    elif write == "bz2":
        official.write_bz2(path, thing)
    else:
        official.write_pth(path, thing, write)
    assert "open" in refused(capsys, "import", "nb201", path, "--name", "evil")
    assert not (tmp_path / "executed").exists()
    assert not list(data_folder().rglob("*.parquet"))


def test_what_a_user_can_mend_is_one_line(capsys, tmp_path, pth):
    (tmp_path / "text.pth").write_text("hello")
    assert "no such file" in refused(capsys, "import", "nb201", tmp_path / "absent.pth", "--name", "a")
    assert "not recognised" in refused(capsys, "import", "nb201", tmp_path / "text.pth", "--name", "a")
    assert "Did you mean nb201" in refused(capsys, "import", "nb21", pth, "--name", "a")
    assert "can't name" in refused(capsys, "import", "nb201", pth, "--name", "../a")
    assert "no truth called 'a'" in refused(capsys, "show", "a")
    assert "unknown space" in refused(capsys, "list", "--space", "nb21")
    assert refused(capsys, "import", "nb201", tmp_path, "--name", "a")
    assert "--name" in refused(capsys, "import", "nb201", pth)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A web server on this machine with one published file, which takes the place of the real list."""
    folder = tmp_path / "served"
    folder.mkdir()
    file = folder / "nasbias.csv"
    pd.DataFrame({"architecture": official.names(3), "test_accuracy": [1.0, 2.0, 3.0]}).to_csv(file, index=False)
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/{file.name}"
        source = fetching.Source("nb201", "mine", file.name, "1 kB", url=url, sha256=sha256(file))
        monkeypatch.setattr(fetching, "SOURCES", (source,))
        yield source
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_fetch_downloads_checks_and_imports(served, capsys):
    assert run(capsys, "fetch", "nb201")["rows"] == 3
    assert run(capsys, "show", "mine")["architectures"] == 3


def test_fetch_refuses_another_file_than_the_published_one(served, capsys, monkeypatch):
    monkeypatch.setattr(fetching, "SOURCES", (dataclasses.replace(served, sha256="0" * 64),))
    assert "not the published file" in refused(capsys, "fetch", "nb201")
    assert not list(data_folder().rglob("*.parquet"))


def test_fetch_without_a_network_says_which_file_to_put_where(capsys, monkeypatch):
    source = fetching.find_source("nb101")
    monkeypatch.setattr(fetching, "SOURCES", (dataclasses.replace(source, url="http://127.0.0.1:9/nasbench.tfrecord"),))
    error = refused(capsys, "fetch", "nb101")
    target = data_folder() / "downloads" / "nasbench_only108.tfrecord"
    assert f"Put it at {target}" in error
    assert f"python -m nasbias.truth import nb101 {target} --name only108" in error


def test_fetch_says_where_a_browser_finds_what_it_cannot_download(capsys):
    assert "Google Drive" in refused(capsys, "fetch", "nb201")
    assert "pip install 'nasbias[analog]'" in refused(capsys, "fetch", "nb201", "--file", "analog-nasbench")
    assert "ptb.csv" in refused(capsys, "fetch", "ptb")
    assert "Import a file that you have" in refused(capsys, "fetch", "darts64")


def test_fetch_imports_a_file_that_was_put_in_its_place(capsys, pth):
    target = data_folder() / "downloads" / "NAS-Bench-201-v1_1-096897.pth"
    target.parent.mkdir(parents=True)
    pth.rename(target)
    assert run(capsys, "fetch", "nb201", "--file", "official")["architectures"] == 6
