"""The queue: every run is carried out once, by one runner, in the plan's order; an error stops nothing."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytest.importorskip("torch")
from analysis.plan import Alone, Item, Supernet, plan
from analysis.queue import Queue
from analysis.study import Job
from nasbias.runs import RunFolder, Training
from nasbias.score import Scoring
from nasbias.supernets.sharing import parse_plan
from tests.faults.test_signals import is_gone
from tests.mirror import ROOT


@dataclass(frozen=True)
class Noted:
    """Work that notes its folder's name, or fails."""

    log: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def carry_out(self, folder: Path) -> None:
        self.log.append(folder.name)
        if folder.name in self.failures:
            raise ValueError(f"{folder.name} is broken")


def items(work: Noted, *names: str, **options) -> list[Item]:
    return [Item(name, "study", 1.0, work, **options) for name in names]


def test_runs_are_carried_out_in_order_and_never_twice(tmp_path):
    work = Noted()
    queue = Queue(items(work, "a", "b", "c"), tmp_path)
    queue.work()
    queue.work()
    assert work.log == ["a", "b", "c"]
    assert [queue.state(item) for item in queue.items] == ["done"] * 3
    assert queue.status().loc[0, "done"] == 3


def test_a_failed_run_keeps_its_error_and_stops_nothing(tmp_path):
    work = Noted(failures=["a"])
    queue = Queue(items(work, "a", "b"), tmp_path)
    queue.work()
    assert work.log == ["a", "b"]
    assert queue.state(queue.items[0]) == "failed"
    assert "a is broken" in (queue.error(queue.items[0]) or "")
    queue.work()
    assert work.log == ["a", "b"]  # not again by itself
    work.failures.clear()
    queue.work(again=True)
    assert work.log == ["a", "b", "a"]
    assert queue.state(queue.items[0]) == "done"


def test_a_run_that_another_process_holds_is_left_to_it(tmp_path):
    work = Noted()
    queue = Queue(items(work, "a", "b"), tmp_path)
    hold = "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True)"
    hold += "; input()"
    (tmp_path / ".queue").mkdir()
    command = [sys.executable, "-c", hold, str(tmp_path / ".queue" / "a.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert queue.state(queue.items[0]) == "running"
        queue.work()
        assert work.log == ["b"]
        other.kill()
    queue.work()  # a killed runner leaves no lock
    assert work.log == ["b", "a"]


def test_a_run_waits_for_the_runs_it_needs(tmp_path):
    work = Noted(failures=["supernet"])
    queue = Queue([*items(work, "tuned", after=("supernet",)), *items(work, "supernet")], tmp_path)
    queue.work()
    assert work.log == ["supernet"]  # it failed, so what needs it is not begun
    work.failures.clear()
    queue.work(again=True)
    assert work.log == ["supernet", "supernet", "tuned"]


def test_nothing_is_begun_after_the_hour(tmp_path):
    work = Noted()
    Queue(items(work, "a"), tmp_path).work(until=0.0)
    assert work.log == []


def test_a_runner_told_to_stop_finishes_its_run_and_begins_no_other(tmp_path):
    queue = Queue([], tmp_path)

    @dataclass(frozen=True)
    class Stopping(Noted):
        def carry_out(self, folder: Path) -> None:
            queue.stop.touch()
            super().carry_out(folder)

    work = Stopping()
    queue = Queue(items(work, "a", "b"), tmp_path)
    queue.work()
    assert work.log == ["a"]
    queue.stop.unlink()
    queue.work()
    assert work.log == ["a", "b"]


def test_what_a_killed_runner_left_half_is_finished(tmp_path):
    config = Training(
        space="darts64", epochs=2, train_size=64, valid_size=32, batch_size=32, network={"channels": 4, "cells": 1}
    )
    from nasbias.training import train

    train(config, tmp_path / "net", stop_after=1)
    queue = Queue([Item("net", "study", 1.0, Supernet(Job(config, Scoring(recalibration_images=32))))], tmp_path)
    queue.work()
    assert queue.state(queue.items[0]) == "done", queue.error(queue.items[0])
    assert (tmp_path / "net" / "predictions.parquet").exists()
    assert queue.cost(queue.items[0])["cpu_seconds"] > 0


def test_the_cost_of_a_run_is_written_while_it_runs_and_adds_up_over_attempts(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.queue.COUNT_EVERY", 0.01)
    seen = []

    @dataclass(frozen=True)
    class Busy:
        def carry_out(self, folder: Path) -> None:
            begun = time.process_time()
            while time.process_time() - begun < 0.3:
                pass
            seen.append(queue.cost(queue.items[0])["cpu_seconds"])
            if len(seen) == 1:
                raise ValueError("once more")

    queue = Queue([Item("a", "study", 1.0, Busy())], tmp_path)
    queue.work()
    queue.work(again=True)
    assert seen[0] > 0
    assert queue.cost(queue.items[0])["cpu_seconds"] >= seen[1] >= 0.5


def test_every_run_of_the_plan_has_a_name_and_a_recipe_of_its_own(tmp_path):
    runs = plan(tmp_path)
    names = [item.name for item in runs]
    assert len(set(names)) == len(names)
    assert all(other in names for item in runs for other in item.after)
    supernets = [item.work.job.config for item in runs if isinstance(item.work, Supernet)]
    assert len({config.identity for config in supernets}) == len(supernets)
    for config in supernets:
        parse_plan(config.sharing)
    alone = {(item.work.recipe.identity, item.work.seed) for item in runs if isinstance(item.work, Alone)}
    assert len(alone) == sum(isinstance(item.work, Alone) for item in runs)


def test_the_orders_of_p1_differ_by_the_order_alone(tmp_path):
    runs = {item.name: item.work for item in plan(tmp_path)}
    first, second = runs["p1s-shuffled-0"], runs["p1s-shuffled-1"]
    assert isinstance(first, Supernet)
    assert isinstance(second, Supernet)
    assert first.job.config.seed == second.job.config.seed
    assert first.job.config.order_seed != second.job.config.order_seed


def test_a_run_folder_remembers_its_order_seed(tmp_path):
    config = Training(space="darts64", order="shuffled", order_seed=7, network={"channels": 4, "cells": 1})
    RunFolder(tmp_path / "run").create(config)
    assert RunFolder(tmp_path / "run").config == config


def test_a_harvest_holds_what_is_finished_and_says_what_made_it(tmp_path):
    from analysis.harvest import Table, harvest
    from nasbias.tables import load_predictions, read_about

    runs = []
    for seed in (0, 1, 2):
        config = Training(
            space="darts64", epochs=1, train_size=64, valid_size=32, batch_size=32, seed=seed,
            network={"channels": 4, "cells": 1},
        )  # fmt: skip
        runs.append(Item(f"net-{seed}", "nets", 1.0, Supernet(Job(config, Scoring(recalibration_images=32)))))
    Queue(runs[:2], tmp_path).work()
    queue, table = Queue(runs, tmp_path), Table("darts64_nets", "darts64", ("nets",))
    report = harvest(queue, [table], tmp_path)
    assert report.loc[0, ["runs", "rows"]].tolist() == [2, 128]
    made = load_predictions(tmp_path / "darts64_nets.parquet", "darts64")
    single = load_predictions(tmp_path / "net-1", "darts64")
    assert made[made["run"] == "net-1"]["loss"].tolist() == pytest.approx(single["loss"].tolist(), rel=1e-6)
    about = read_about(tmp_path / "darts64_nets.parquet")
    assert about["all_runs"]["config"]["space"] == "darts64"
    assert {name: run["config"] for name, run in about["runs"].items()} == {"net-0": {"seed": 0}, "net-1": {"seed": 1}}
    assert all(run["cost"]["cpu_seconds"] > 0 for run in about["runs"].values())
    assert harvest(queue, [Table("darts64_many", "darts64", ("nets",), least=3)], tmp_path).empty

    # Another machine, without these folders, adds the third and keeps the two.
    other = Queue(runs[2:], tmp_path / "other")
    other.work()
    assert harvest(other, [table], tmp_path).loc[0, ["runs", "rows"]].tolist() == [3, 192]
    again = read_about(tmp_path / "darts64_nets.parquet")
    assert {name: run["config"] for name, run in again["runs"].items()} == {f"net-{i}": {"seed": i} for i in range(3)}
    assert again["runs"]["net-1"]["cost"] == about["runs"]["net-1"]["cost"]


def test_a_run_in_data_is_done_on_every_machine_unless_another_needs_its_folder(tmp_path):
    work = Noted()
    cost = {"cpu_seconds": 5.0, "wall_seconds": 6.0}
    runs = items(work, "a", "b")
    queue = Queue(runs, tmp_path, {"a": cost})
    queue.work()
    assert work.log == ["b"]
    assert queue.state(runs[0]) == "done"
    assert queue.cost(runs[0]) == cost
    tuned = items(work, "a-tuned", after=("a",))
    Queue([*tuned, *runs], tmp_path, {"a": cost}).work()
    assert work.log == ["b", "a", "a-tuned"]


@pytest.mark.filterwarnings("ignore:.*nothing is ranked")
def test_a_harvested_truth_keeps_the_seeds_that_another_machine_made(tmp_path, monkeypatch):
    from analysis.harvest import harvest_truths
    from nasbias.tables import read_about, read_table

    monkeypatch.setattr("analysis.harvest.TRUTHS", {"net-truth": ("net_truth", 1)})
    config = Training(
        space="darts64", epochs=1, train_size=64, valid_size=32, batch_size=32, network={"channels": 4, "cells": 1}
    )
    data = tmp_path / "data"
    data.mkdir()
    for seed, machine in ((0, "one"), (1, "other")):
        item = Item(f"net-truth-{seed}", "truths", 1.0, Alone(config, seed, 2), shares="net-truth")
        queue = Queue([item], tmp_path / machine)
        queue.work()
        assert harvest_truths(queue, data) == ["net_truth"]
    table = read_table(data / "net_truth.parquet")
    assert table["seed"].tolist() == [0, 0, 1, 1]
    assert (
        table.loc[table["seed"] == 0, "architecture"].tolist() == table.loc[table["seed"] == 1, "architecture"].tolist()
    )
    assert list(read_about(data / "net_truth.parquet")["runs"]) == ["net-truth-0", "net-truth-1"]


RUNNER = """
from pathlib import Path
import sys
from analysis.plan import Item, Supernet
from analysis.queue import Queue, run
from analysis.study import Job
from nasbias.runs import Training
from nasbias.score import Scoring
from nasbias.terminal import command

@command
def main(argv):
    network = {"channels": 4, "cells": 1}
    sizes = {"train_size": 512, "valid_size": 32, "batch_size": 64}
    config = Training(space="darts64", epochs=100_000, checkpoints=(1,), network=network, **sizes)
    items = [Item(name, "study", 1.0, Supernet(Job(config, Scoring()))) for name in ("a", "b")]
    run(Queue(items, Path(argv[0])), processes=2)

if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.mark.faults
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_the_workers_of_a_runner_that_is_stopped_save_their_runs_and_end(number, code, tmp_path):
    (tmp_path / "runner.py").write_text(RUNNER)
    words = [sys.executable, str(tmp_path / "runner.py"), str(tmp_path / "runs")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    states = [tmp_path / "runs" / name / "checkpoints" for name in ("a", "b")]
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as runner:
        ends = time.monotonic() + 300
        while not all((state / "epoch-0001.safetensors").exists() for state in states) and time.monotonic() < ends:
            time.sleep(0.1)
        workers = [int(pid) for pid in Path(f"/proc/{runner.pid}/task/{runner.pid}/children").read_text().split()]
        began = time.monotonic()
        runner.send_signal(number)
        _, errors = runner.communicate(timeout=60)
        assert runner.returncode == code, errors
    while not all(map(is_gone, workers)) and time.monotonic() < began + 60:
        time.sleep(0.1)
    assert len(workers) > 1 and all(map(is_gone, workers))
    assert not list(tmp_path.glob("runs/.queue/*.done")) and not list(tmp_path.glob("runs/.queue/*.error.txt"))
    if code > 0:
        assert "nasbias: interrupted" in errors and "Traceback" not in errors
        assert all((state / "latest.safetensors").exists() for state in states)
        assert not list(tmp_path.glob("runs/*/.lock"))
