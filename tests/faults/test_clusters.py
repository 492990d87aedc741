"""Sweeps whose machines are lost: workers, schedulers, networks; runs on two devices, one of which is lost. Each must
end with what an undisturbed one has, every run once and equal to the bit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from tests.faults import kills
from tests.faults.test_signals import NETWORK, Command, is_gone
from tests.mirror import ROOT
from tests.sweep.small import contents

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]

LONG = 600  # seconds that something may take on a busy machine
RUNS, EPOCHS = 12, 10
PLAN = f"""
[training]
space = "nb201"
batch_size = 64
crop = 1
train_size = 512
epochs = {EPOCHS}
network = {{channels = 4, cells = 1}}
[grid]
seed = {list(range(RUNS))}
[score]
sample = 8
recalibration_images = 64
valid_size = 64
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / "plan.toml"
    path.write_text(PLAN)
    return path


@pytest.fixture(scope="module")
def undisturbed(plan, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    assert Command("sweep", plan, "--processes", "2", "--out", out).end()[0] == 0
    found = contents(out)
    assert sum(name.endswith("predictions.parquet") for name in found) == RUNS
    return found


def descendants(pid):
    children = Path(f"/proc/{pid}/task").glob("*/children")
    found = [int(child) for path in children for child in path.read_text().split()]
    return [*found, *(deeper for child in found for deeper in descendants(child))]


def workers_of(pid):
    """dask gives them a title of its own, where setproctitle is installed."""
    words = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in descendants(pid)}
    return [child for child, line in words.items() if b"spawn_main" in line or line.lower().startswith(b"dask")]


def begun(out, n=1):
    """Whether so many runs have a finished training, and another is under way."""
    finished = list(out.glob("runs/*/checkpoints/epoch-*.safetensors"))
    return len(finished) >= n and len(list(out.glob("runs/*/.lock"))) >= 1


def trained_once(out):
    """Every run's log is of one training: each epoch once, in order."""
    logs = [path.read_text().count('"epoch"') for path in out.glob("runs/*/log.jsonl")]
    return logs == [EPOCHS] * RUNS


def assert_whole(out, undisturbed):
    assert kills.differences(contents(out), undisturbed) == []
    assert trained_once(out) and not (out / ".lock").exists() and not list(out.glob("errors/*"))


def test_a_killed_worker_costs_nothing(plan, undisturbed, tmp_path):
    out = tmp_path / "out"
    sweeping = Command("sweep", plan, "--processes", "2", "--out", out)
    sweeping.wait_for(lambda: begun(out), LONG)
    os.kill(workers_of(sweeping.process.pid)[0], signal.SIGKILL)
    sweeping.wait_for(lambda: begun(out, 6), LONG)
    for worker in workers_of(sweeping.process.pid):
        os.kill(worker, signal.SIGKILL)
    code, errors, _ = sweeping.end()
    assert code == 0 and sum("  done" in line for line in errors) == RUNS, errors
    assert_whole(out, undisturbed)


class Terminal(Command):
    """A command whose signals reach all of its processes, as Ctrl-C does."""

    def __init__(self, *words):
        super().__init__(*words, process_group=0)

    def end(self, number=None):
        if number:
            os.killpg(self.process.pid, number)
        return super().end()


@pytest.mark.parametrize(
    ("start", "number", "code"),
    [
        (Command, signal.SIGKILL, -9),
        (Command, signal.SIGINT, 130),
        (Command, signal.SIGTERM, 143),
        (Terminal, signal.SIGINT, 130),
    ],
)
def test_a_killed_or_interrupted_sweep_leaves_nobody_and_goes_on(start, number, code, plan, undisturbed, tmp_path):
    out = tmp_path / "out"
    stopped = start("sweep", plan, "--processes", "2", "--out", out)
    stopped.wait_for(lambda: begun(out, 2), LONG)
    workers = workers_of(stopped.process.pid)
    returned, errors, _ = stopped.end(number)
    assert returned == code, errors
    if code > 0:
        assert errors[-1].startswith("nasbias: interrupted: to go on: python -m nasbias.sweep "), errors
        begun_runs = [path.parent for path in out.glob("runs/*/config.toml")]
        kept = ("latest", f"epoch-{EPOCHS:04d}")  # each is saved or has ended
        assert all(any((run / "checkpoints" / f"{name}.safetensors").exists() for name in kept) for run in begun_runs)
    ends = time.monotonic() + 60
    while not all(map(is_gone, workers)) and time.monotonic() < ends:
        time.sleep(0.1)
    assert workers and all(map(is_gone, workers))
    again = Command("sweep", plan, "--processes", "2", "--out", out)
    code, errors, _ = again.end()
    assert code == 0 and 1 <= sum("  done" in line for line in errors) <= RUNS
    assert_whole(out, undisturbed)


def test_two_sweeps_of_one_plan_are_one_and_a_line(plan, undisturbed, tmp_path):
    out = tmp_path / "out"
    first = Command("sweep", plan, "--processes", "2", "--out", out)
    first.wait_for(lambda: (out / "sweep.json").exists(), LONG)
    code, errors, _ = Command("sweep", plan, "--processes", "2", "--out", out).end()
    assert code == 2 and len(errors) == 1 and f"is in use by process {first.process.pid} on" in errors[0]
    assert first.end()[0] == 0
    assert_whole(out, undisturbed)


class Cluster:
    """A scheduler and two workers, each a process of its own."""

    settings = {  # how soon a worker that does not answer is given up
        "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s",
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "15s",
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
    }

    def __init__(self, folder, host="127.0.0.1", workers=2):
        self.host, self.folder, self.processes = host, folder, []
        self.file = folder / "scheduler.json"
        self.file.unlink(missing_ok=True)
        self.scheduler = self.start("scheduler", "--host", host, "--port", "0", "--scheduler-file", self.file)
        ends = time.monotonic() + LONG
        while not self.file.exists() and time.monotonic() < ends:
            time.sleep(0.1)
        self.workers = [self.worker(f"worker{i}") for i in range(workers)]

    def worker(self, name, before=(), *options):
        given = ["--nthreads", "1", "--nworkers", "1", "--name", name, "--death-timeout", "300", "--no-dashboard"]
        return self.start("worker", "--scheduler-file", self.file, *given, *options, before=before)

    def start(self, what, *options, before=()):
        words = [*before, sys.executable, "-m", f"distributed.cli.dask_{what}", *map(str, options)]
        local = ["--local-directory", str(self.folder / "local")] if what == "worker" else ["--no-dashboard"]
        environment = {**os.environ, **self.settings, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        log = (self.folder / "log.txt").open("a")
        process = subprocess.Popen([*words, *local], cwd=ROOT, env=environment, stdout=log, stderr=log)
        log.close()
        self.processes.append(process)
        return process

    def end(self):
        for process in self.processes:
            for child in descendants(process.pid) if process.poll() is None else ():
                try:
                    os.kill(child, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            process.kill()
            process.wait()


@pytest.fixture
def clusters(tmp_path):
    made = []

    def make(**options):
        folder = tmp_path / f"cluster{len(made)}"
        folder.mkdir()
        made.append(Cluster(folder, **options))
        return made[-1]

    yield make
    for cluster in made:
        cluster.end()


def test_a_lost_scheduler_is_one_line_and_another_one_goes_on(plan, undisturbed, tmp_path, clusters):
    out, cluster = tmp_path / "out", clusters()
    sweeping = Command("sweep", plan, "--scheduler", cluster.file, "--out", out)
    sweeping.wait_for(lambda: begun(out, 2), LONG)
    cluster.scheduler.kill()
    code, errors, _ = sweeping.end()
    lines = [line for line in errors if "  done" not in line and " runs to do; " not in line]
    assert code == 2 and len(lines) == 1 and "the scheduler is lost. What is done is kept" in lines[0], errors
    again = clusters()
    code, errors, _ = Command("sweep", plan, "--scheduler", again.file, "--out", out).end()
    assert code == 0, errors
    assert_whole(out, undisturbed)


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True)


@pytest.fixture
def far():
    """A network namespace of its own, 10.77.7.2, that reaches this machine at 10.77.7.1."""
    name = "nasbias-far"
    if os.geteuid() or ip("netns", "add", name).returncode:
        pytest.skip("network namespaces can't be made here")
    try:
        made = [
            ip("link", "add", "nasbias0", "type", "veth", "peer", "name", "nasbias1"),
            ip("link", "set", "nasbias1", "netns", name),
            ip("addr", "add", "10.77.7.1/24", "dev", "nasbias0"),
            ip("link", "set", "nasbias0", "up"),
            ip("-n", name, "addr", "add", "10.77.7.2/24", "dev", "nasbias1"),
            ip("-n", name, "link", "set", "nasbias1", "up"),
            ip("-n", name, "link", "set", "lo", "up"),
        ]
        if any(done.returncode for done in made):
            pytest.skip("network devices can't be made here")
        yield name
    finally:
        ip("link", "del", "nasbias0")
        ip("netns", "del", name)


def test_a_worker_whose_link_goes_down_is_given_up_and_its_run_is_done_once(plan, undisturbed, tmp_path, clusters, far):
    out, cluster = tmp_path / "out", clusters(host="10.77.7.1", workers=1)
    cluster.worker("far", ("ip", "netns", "exec", far))
    sweeping = Command("sweep", plan, "--scheduler", cluster.file, "--out", out)
    sweeping.wait_for(lambda: begun(out, 2) and len(list(out.glob("runs/*/.lock"))) == 2, LONG)
    ip("link", "set", "nasbias0", "down")
    code, errors, _ = sweeping.end()
    assert code == 0, errors
    assert_whole(out, undisturbed)


ON_TWO = ["--device", "cpu", "--devices", "2", *NETWORK, "--epochs", "12", "--checkpoints", "1,2", "--out"]


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("devices") / "whole"
    assert Command("train", *ON_TWO, out).end()[0] == 0
    return kills.snapshot(out)


@pytest.mark.parametrize(
    ("start", "number", "code", "says"),
    [
        (Command, signal.SIGKILL, -9, None),
        (
            Terminal,
            signal.SIGINT,
            130,
            "the state is saved; to go on: python -m nasbias.train --device cpu --devices 2 ",
        ),
        (Command, None, 2, "the process of device 2 of 2 was killed (SIGKILL). What is saved is kept"),
    ],
)
def test_a_run_on_two_devices_loses_one_and_leaves_nobody_and_goes_on(start, number, code, says, whole_run, tmp_path):
    out = tmp_path / "run"
    stopped = start("train", *ON_TWO, out)
    stopped.wait_for((out / "checkpoints" / "epoch-0002.safetensors").exists, LONG)
    (other,) = workers_of(stopped.process.pid)
    if number is None:
        os.kill(other, signal.SIGKILL)
    returned, errors, _ = stopped.end(number)
    assert returned == code, errors
    assert says is None or says in errors[-1]
    assert not any("Traceback" in line for line in errors)
    ends = time.monotonic() + 60
    while not is_gone(other) and time.monotonic() < ends:
        time.sleep(0.1)
    assert is_gone(other)
    assert Command("train", *ON_TWO, out).end()[0] == 0
    assert kills.differences(kills.snapshot(out), whole_run) == []
