"""The command of a sweep."""

import json

import pytest

pytest.importorskip("distributed")

from nasbias.sweep.__main__ import main

pytestmark = pytest.mark.filterwarnings("ignore")

PLAN = """
[training]
space = "nb201"
batch_size = 64
train_size = 128
epochs = 1
network = {channels = 4, cells = 1}
[grid]
seed = [0]
"""


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "small.toml").write_text(PLAN)
    return tmp_path / "small.toml"


def test_a_plan_is_estimated_swept_and_told_about(plan, tmp_path, capsys):
    assert main([str(plan), "--dry-run", "--processes", "1"]) == 0
    assert "of work" in capsys.readouterr().out and not (tmp_path / "small").exists()
    assert main([str(plan), "--status", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "waiting"
    assert main([str(plan), "--processes", "1"]) == 0
    answer = capsys.readouterr()
    assert "small: 1 done" in " ".join(answer.out.split()) and "\n1/1  seed0-" in answer.err
    assert answer.err.startswith("1 of 1 runs to do; how far each is: python -m nasbias.sweep ")
    assert main([str(plan), "--status"]) == 0
    assert "small: 1 done" in " ".join(capsys.readouterr().out.split())


def test_runs_that_fail_are_told_by_the_exit_code(plan, capsys):
    plan.write_text(PLAN.replace("epochs = 1", "epochs = 1\nlearning_rate = 1e20\nclip = 0.0"))
    assert main([str(plan), "--processes", "1"]) == 1
    assert "1 failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "says"),
    [(["--resources", "GPU"], "the form is NAME=N"), (["--scheduler", "tcp://127.0.0.1:9"], "no scheduler answers")],
)
def test_what_is_wrong_is_one_line(plan, capsys, monkeypatch, options, says):
    monkeypatch.setattr("nasbias.sweep.engine.CONNECT", 0.5)
    assert main([str(plan), *options]) == 2
    message = capsys.readouterr().err
    assert says in message and message.count("\n") == 1
