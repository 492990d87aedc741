"""Commands that are interrupted, killed and started twice, as a user or a system does it: from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults import kills
from tests.mirror import ROOT

pytest.importorskip("torch")

from nasbias.files import sha256
from nasbias.training import train
from tests.small import small_run

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")

NETWORK = ["--channels", "4", "--cells", "1", "--batch-size", "64"]


class Command:
    """A command of nasbias, started."""

    def __init__(self, module, *arguments, **options):
        self.words = [sys.executable, "-m", f"nasbias.{module}", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(self.words, cwd=ROOT, **pipes, **options)

    def wait_for(self, claim, seconds=120):
        ends = time.monotonic() + seconds
        while not claim():
            assert time.monotonic() < ends, "nothing happens"
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.01)

    @property
    def children(self):
        found = [Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]
        return [int(pid) for pid in found[0]]

    def end(self, number=None):
        """(exit code, lines on standard error) and how long it took after the signal."""
        if number:
            self.process.send_signal(number)
        began = time.monotonic()
        try:
            _, errors = self.process.communicate(timeout=1200)  # of a busy machine
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, errors.splitlines(), time.monotonic() - began


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.faults)]
)
def test_an_interrupted_training_is_saved_within_seconds_and_goes_on_by_the_command_it_names(number, code, tmp_path):
    options = [*NETWORK, "--epochs", "30", "--checkpoints", "1", "--out"]
    stopped = Command("train", *options, tmp_path / "run")
    stopped.wait_for((tmp_path / "run" / "checkpoints" / "latest.safetensors").exists)
    returned, errors, seconds = stopped.end(number)
    assert returned == code and seconds < 5
    assert errors[-1].startswith("nasbias: interrupted: stopped ") and errors[-1].endswith(
        f"the state is saved; to go on: python -m nasbias.train {' '.join(options)} {tmp_path / 'run'}"
    )
    assert not (tmp_path / "run" / ".lock").exists()
    assert Command("train", *options, tmp_path / "run").end()[0] == 0
    assert Command("train", *options, tmp_path / "whole").end()[0] == 0
    whole = kills.snapshot(tmp_path / "whole")
    assert kills.differences(kills.snapshot(tmp_path / "run"), whole) == []


@pytest.mark.faults
def test_an_interrupted_campaign_leaves_no_worker_and_ends_as_if_undisturbed(tmp_path):
    options = [*NETWORK, "--epochs", "20", "--standalone-sample", "3", "--processes", "2", "--out"]
    stopped = Command("train", *options, tmp_path / "truth")
    stopped.wait_for(lambda: len(list(tmp_path.glob("truth/running/*/config.toml"))) == 2)
    workers = stopped.children
    code, errors, _ = stopped.end(signal.SIGINT)
    assert code == 130 and errors[-1].startswith("nasbias: interrupted: to go on: python -m nasbias.train ")
    assert len(errors) <= 4, errors  # no worker has anything to say
    assert workers and all(map(is_gone, workers))
    assert Command("train", *options, tmp_path / "truth").end()[0] == 0
    assert Command("train", *options, tmp_path / "whole").end()[0] == 0
    whole = kills.snapshot(tmp_path / "whole")
    assert kills.differences(kills.snapshot(tmp_path / "truth"), whole) == []


@pytest.mark.faults
def test_two_at_once_in_one_folder_are_one_and_a_line(tmp_path):
    options = [*NETWORK, "--epochs", "20", "--standalone-sample", "2", "--processes", "1", "--out", tmp_path / "truth"]
    first = Command("train", *options)
    first.wait_for((tmp_path / "truth" / "config.toml").exists)
    code, errors, _ = Command("train", *options).end()
    assert code == 2 and len(errors) == 1
    assert f"truth is in use by process {first.process.pid} on " in errors[0]
    assert first.end()[0] == 0


@pytest.fixture
def run(tmp_path):
    """A run whose scoring takes some seconds."""
    return train(small_run("nb201", epochs=1, train_size=None, valid_size=500), tmp_path / "run").path


@pytest.mark.faults
def test_a_killed_scoring_worker_is_one_line_and_what_is_scored_is_not_scored_again(run, tmp_path):
    options = [run, "--sample", "800", "--processes", "2", "--out", tmp_path / "p.parquet"]
    parts = tmp_path / ".p.parquet.parts"
    killed = Command("score", *options)
    killed.wait_for(lambda: list(parts.glob("[!.]*.parquet")))
    workers = [pid for pid in killed.children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)
    code, errors, _ = killed.end()
    assert code == 2 and len(errors) == 1
    assert "a worker process was killed, perhaps for want of memory. What is scored is kept." in errors[0]
    assert all(map(is_gone, workers)) and not (tmp_path / "p.parquet").exists()
    there = {path.name: path.stat().st_mtime_ns for path in parts.glob("[!.]*.parquet")}
    assert there
    stopped = Command("score", *options)
    stopped.wait_for(lambda: len(list(parts.glob("[!.]*.parquet"))) > len(there))
    assert {name: (parts / name).stat().st_mtime_ns for name in there} == there
    assert stopped.end(signal.SIGTERM)[0] == 143
    assert Command("score", *options).end()[0] == 0
    assert not parts.exists()
    assert Command("score", *options[:4], "1", "--out", tmp_path / "whole.parquet").end()[0] == 0
    assert kills._read(tmp_path / "p.parquet")["table"] == kills._read(tmp_path / "whole.parquet")["table"]


def test_a_run_whose_folder_is_removed_says_so_and_does_not_bring_half_of_it_back(tmp_path):
    kept = ",".join(map(str, range(1, 500)))
    running = Command("train", *NETWORK, "--epochs", "500", "--checkpoints", kept, "--out", tmp_path / "run")
    running.wait_for((tmp_path / "run" / "checkpoints" / "epoch-0003.safetensors").exists)
    (tmp_path / "run").rename(tmp_path / "away")
    code, errors, _ = running.end()
    assert code == 2 and "was removed or replaced while this process worked in it" in errors[-1]
    assert not list((tmp_path / "run").glob("**/*.safetensors"))


def test_the_estimate_is_said_without_anything_being_written(run, tmp_path):
    options = [*NETWORK, "--epochs", "9", "--dry-run", "--format", "json", "--out", tmp_path / "x"]
    assert Command("train", *options).end()[:2] == (0, [])
    before = sha256(run / "provenance.json")
    asked = subprocess.run(
        [sys.executable, "-m", "nasbias.score", str(run), "--dry-run", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
    )
    answer = json.loads(asked.stdout)
    assert answer["scores"] > 15_000 and answer["seconds"] > 1
    assert not (tmp_path / "x").exists() and sha256(run / "provenance.json") == before
    assert not list(run.glob("*.parquet")) and not list(run.glob(".*"))
