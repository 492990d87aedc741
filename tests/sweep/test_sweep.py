"""Sweeps on a cluster of this machine: results, failures, status, and going on."""

import json

import pandas as pd
import pytest

pytest.importorskip("distributed")

from nasbias.errors import InputError
from nasbias.forms import FORM
from nasbias.locks import locked
from nasbias.runs import RunFolder
from nasbias.spaces import get_space
from nasbias.sweep import make_plan, read_status, sweep
from tests.faults import kills
from tests.sweep.small import SCORE, TRAINING, contents, small_plan

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("own_store")]


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A sweep of two runs and of one that diverges, with studies, on two workers."""
    folder = tmp_path_factory.mktemp("sweeps")
    names = get_space("nb201").sample(5, 0)
    pd.DataFrame({"architecture": names, "test_accuracy": range(50, 55)}).to_csv(folder / "truth.csv", index=False)
    plan = make_plan(
        {
            "training": TRAINING,
            "grid": [{"seed": [0, 1]}, {"seed": 2, "learning_rate": 1e20, "clip": 0.0}],
            "score": SCORE,
            "study": {"correlation": {"truth": str(folder / "truth.csv")}},
        }
    )
    told = []
    table = sweep(plan, folder / "out", processes=2, report=lambda *given: told.append(given))
    return plan, folder / "out", table, told


def test_every_run_ends_and_one_that_fails_keeps_its_error_and_stops_no_other(swept):
    plan, out, table, told = swept
    assert table["state"].tolist() == ["done", "done", "failed"]
    assert table["epoch"].tolist() == [2, 2, 0]
    assert "training diverged" in table["error"][2] and table["error"][0] == ""
    assert sorted(counts[2:] for counts in told) == [(1, 3), (2, 3), (3, 3)]
    assert {name: text for name, text, *_ in told}[plan.items[0].name].startswith("done")
    (error,) = (out / "errors").iterdir()
    assert "Diverged" in "".join(json.loads(error.read_text())["traceback"])
    assert json.loads((out / "correlation.json").read_text())["runs"] == 2
    ours = [error, out / "sweep.json", out / "correlation.json"]
    assert {json.loads(path.read_text())["form"] for path in ours} == {FORM}
    assert not (out / ".lock").exists()


def test_a_run_of_a_sweep_is_a_run(swept):
    plan, out, _, _ = swept
    folder = RunFolder(plan.items[1].folder(out / "runs"))
    assert folder.config == plan.items[1].config and folder.is_settled
    assert sorted(path.name for path in folder.path.iterdir()) == [
        "checkpoints", "config.toml", "log.jsonl", "predictions.parquet", "provenance.json",
    ]  # fmt: skip


def test_what_is_done_is_left_alone_and_a_plan_may_grow(swept):
    _, out, _, _ = swept
    before = contents(out)
    told = []
    table = sweep(small_plan([0, 1]), out, processes=1, report=lambda *given: told.append(given))
    assert told == [] and table["state"].tolist() == ["done", "done"]
    grown = sweep(small_plan([0, 1, 5]), out, processes=1, report=lambda *given: told.append(given))
    assert [counts[2:] for counts in told] == [(3, 3)] and grown["state"].tolist() == ["done"] * 3
    after = contents(out)
    assert kills.differences(before, {name: after[name] for name in before}) == []


def test_a_status_is_read_from_the_folders_alone(swept, tmp_path):
    plan, out, _, _ = swept
    assert read_status(plan, tmp_path / "none")["state"].tolist() == ["waiting"] * 3
    with locked(plan.items[2].folder(out / "runs")):
        assert read_status(plan, out)["state"].tolist() == ["done", "done", "running"]
    assert read_status(plan, out)["state"].tolist() == ["done", "done", "failed"]


def test_a_folder_of_something_else_and_one_in_use_are_refused(swept, tmp_path):
    plan, out, _, _ = swept
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match="is not empty and holds no sweep"):
        sweep(plan, tmp_path)
    with locked(out), pytest.raises(InputError, match="is in use by process"):
        sweep(plan, out)


def test_where_no_scheduler_answers_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("nasbias.sweep.engine.CONNECT", 0.5)
    for address in ("tcp://127.0.0.1:9", "nonsense://x", str(tmp_path / "none.json")):
        with pytest.raises(InputError, match="no scheduler answers at"):
            sweep(small_plan([0]), tmp_path / "out", scheduler=address)


def test_a_sweep_of_a_later_form_is_refused_and_one_without_a_form_or_damaged_goes_on(tmp_path):
    plan, about = small_plan([0, 1]), tmp_path / "sweep.json"
    about.write_text(json.dumps({"form": FORM + 1}))
    with pytest.raises(InputError, match=r"sweep\.json: is of form 2, which a later nasbias writes"):
        read_status(plan, tmp_path)
    with pytest.raises(InputError, match=r"sweep\.json: is of form 2"):
        sweep(plan, tmp_path, processes=1)
    assert json.loads(about.read_text()) == {"form": FORM + 1}
    for text in ('{"plan": "x"}', "[]", "{", ""):
        about.write_text(text)
        assert set(read_status(plan, tmp_path)["state"]) == {"waiting"}
    (tmp_path / "errors").mkdir()
    (tmp_path / "errors" / f"{plan.items[0].identity}.json").write_text("{")
    table = read_status(plan, tmp_path)
    assert table["state"][0] == "failed" and "not as nasbias wrote it" in table["error"][0]
