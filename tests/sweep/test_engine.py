"""Tasks on a cluster of this machine."""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed")

import distributed
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


class Client:
    """A client of a scheduler with these workers, of this cluster."""

    def __init__(self, workers=(), cluster=None):
        self.cluster, self.workers = cluster, dict(enumerate(workers))

    def scheduler_info(self, n_workers):
        return {"address": "tcp://somewhere:1", "workers": self.workers}


def test_places_for_tasks_are_those_that_threads_and_resources_leave():
    workers = [
        {"nthreads": 4, "resources": {"GPU": 2}},
        {"nthreads": 1, "resources": {"GPU": 3}},
        {"nthreads": 2, "resources": {}},
    ]
    for resources, slots in (({}, 7), ({"GPU": 1}, 3), ({"GPU": 2}, 2), ({"TPU": 1}, 1)):
        found = Engine(Client(workers), resources)
        found._look()
        assert found.slots == slots  # one waits where there is none: what adapts itself begins with a task


def test_where_nobody_can_do_anything_that_is_said_once_and_again_when_it_happens_again(monkeypatch, capsys):
    monkeypatch.setattr(engine, "LONELY", 0)
    client = Client([{"nthreads": 1, "resources": {}}])
    found = Engine(client, {"GPU": 1})
    for _ in range(3):
        found._look()
        time.sleep(0.001)
    assert capsys.readouterr().err == "no worker with GPU=1 is at tcp://somewhere:1; waiting for one\n"
    client.workers[1] = {"nthreads": 1, "resources": {"GPU": 1.0}}
    found._look()
    del client.workers[1]
    for _ in range(3):
        found._look()
        time.sleep(0.001)
    assert capsys.readouterr().err.count("waiting for one") == 1


def test_a_worker_that_dask_has_given_up_is_started_anew(monkeypatch):
    class Cluster:
        worker_spec = {0: {}, 1: {}, 2: {}}

        def __init__(self):
            nannies = (distributed.Status.running, distributed.Status.failed)
            self.workers = {name: SimpleNamespace(status=status) for name, status in enumerate(nannies)}
            self.scaled = []

        def scale(self, n):
            self.scaled.append((sorted(self.workers), n))

    monkeypatch.setattr(engine.distributed, "LocalCluster", Cluster)
    cluster = Cluster()
    Engine(Client(cluster=cluster))._look()
    assert cluster.scaled == [([0], 3)]  # 1 has failed, 2 was given up
    cluster.workers |= {name: SimpleNamespace(status=distributed.Status.running) for name in (1, 2)}
    Engine(Client(cluster=cluster))._look()
    assert len(cluster.scaled) == 1


def test_the_reason_of_a_failure_is_one_line():
    assert why(ValueError("a\n b")) == "ValueError: a b"
    assert why(InUse("somebody is there")) == "somebody is there"
