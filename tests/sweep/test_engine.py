"""Tasks on a cluster of this machine."""

import os
import time
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from distributed.scheduler import KilledWorker

from nasbias.errors import InputError
from nasbias.locks import InUse, locked
from nasbias.sweep import engine
from nasbias.sweep.engine import Engine, connected, why

pytestmark = pytest.mark.filterwarnings("ignore")


def work(kind, folder, caller):
    """A task, as `nasbias.sweep.work` has them."""
    Path(folder, f"{kind}-{time.time_ns()}").touch()
    if kind == "wrong":
        raise InputError("that is wrong")
    if kind == "killed":
        os._exit(9)
    if kind == "locked":
        with locked(Path(folder) / "run"):
            pass
    return kind, Path(caller.cwd).name


def test_every_task_ends_with_a_result_or_its_error_and_one_that_must_wait_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "BUSY", 0.5)
    monkeypatch.setitem(engine._QUIET, "distributed.scheduler.allowed-failures", 0)  # the first is enough here
    folders = {kind: tmp_path / kind for kind in ("locked", "fine", "wrong", "killed")}
    for folder in folders.values():
        folder.mkdir()
    with connected(None, 2) as client, locked(folders["locked"] / "run") as lock:
        found = Engine(client)
        for kind, folder in folders.items():
            found.submit(kind, work, kind, str(folder))
        results = {}
        for tag, outcome in found.results():
            results[tag] = outcome
            if len(results) == 3:  # all but the locked one, which is let in now
                assert set(results) == {"fine", "wrong", "killed"}
                lock.path.unlink()
    assert results["fine"] == ("fine", Path.cwd().name)
    assert why(results["wrong"]) == "that is wrong"
    assert isinstance(results["killed"], KilledWorker) and "killed again and again" in why(results["killed"])
    assert results["locked"][0] == "locked" and len(list(folders["locked"].glob("locked-*"))) >= 2


def test_the_reason_of_a_failure_is_one_line():
    assert why(ValueError("a\n b")) == "ValueError: a b"
    assert why(InUse("somebody is there")) == "somebody is there"
