"""The training command and its two public functions: what they answer, and what they refuse."""

import dataclasses
import json
from dataclasses import replace

import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias.campaigns.standalone import train_alone  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.recipes import supernet_options  # noqa: E402
from nasbias.runs import RunFolder, Training  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.train import main, make_truth, train_run  # noqa: E402
from nasbias.truth import load_truth  # noqa: E402
from tests.small import SPACES  # noqa: E402

# Networks trained for a few steps may have learnt nothing, which is said; these tests are of something else.
pytestmark = pytest.mark.filterwarnings("ignore::nasbias.notices.Notice")

TINY = Training(epochs=2, batch_size=128, crop=1, network={"channels": 4, "cells": 1})
TWO = get_space("nb201").sample(2, seed=1)


@pytest.mark.parametrize("space", SPACES)
def test_every_spaces_help_names_its_own_options_and_recipe(space, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--space", space, "--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for field in dataclasses.fields(supernet_options(space)):
        assert f"--{field.name.replace('_', '-')}" in text


def test_the_command_makes_a_truth_that_others_take(tmp_path, capsys):
    out = tmp_path / "truth"
    (tmp_path / "list.txt").write_text("\n".join(TWO))
    options = ["--epochs", "2", "--batch-size", "128", "--crop", "1", "--channels", "4", "--cells", "1"]
    options += ["--architectures", str(tmp_path / "list.txt"), "--processes", "1", "--seeds", "0", "--format", "json"]
    assert main([*options, "--standalone-all", "--out", str(out)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["n"], answer["rows"]) == (2, 2)
    truth = load_truth("nb201", answer["truth"], dataset="digits")
    theirs = load_truth("nb201", train_alone(TINY, TWO, (0,), tmp_path / "theirs"), dataset="digits", seed=0)
    pd.testing.assert_frame_equal(truth[["architecture", "test_accuracy"]], theirs[["architecture", "test_accuracy"]])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--space", "nb20"], "Did you mean nb201"),
        (["--epochs", "0"], "argument --epochs: 0"),
        (["--epochs", "2", "--checkpoints", "3"], "checkpoint 3 is not among"),
        (["--dataset", "/no/such/file"], "/no/such/file"),
        (["--standalone", "|x|"], "'|x|'"),
        (["--subset", "conected"], "Did you mean connected"),
    ],
)
def test_bad_options_are_one_line_and_code_2(tmp_path, capsys, options, says):
    assert main([*options, "--out", str(tmp_path / "run")]) == 2
    message = capsys.readouterr().err
    assert says in message
    assert message.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--seeds", "0,1"], "--seeds goes with --standalone-all"),
        (["--standalone-sample", "0"], "argument --standalone-sample: 0"),
        (["--standalone-all", "--standalone", "42"], "give one"),
        (["--standalone-sample", "2", "--processes", "0"], "0: 1 or more is needed"),
        (["--standalone-sample", "2", "--seeds", ""], "no seed"),
        (["--standalone-sample", "2", "--dataset", "/no/such"], "/no/such"),
        (["--space", "darts", "--standalone-all"], "too many to train alone"),
    ],
)
def test_bad_requests_are_one_line_and_leave_no_folder(tmp_path, capsys, options, says):
    assert main([*options, "--out", str(tmp_path / "run")]) == 2
    message = capsys.readouterr().err
    assert says in message
    assert message.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_run_says_where_it_lies_and_what_it_kept(tmp_path):
    records = []
    done = train_run(replace(TINY, checkpoints=(1,)), tmp_path / "run", report=records.append)
    assert done.path == tmp_path / "run" and done.checkpoints == [1, 2]
    assert done.identity == RunFolder(done.path).config.identity
    assert [record["epoch"] for record in done.log] == [record["epoch"] for record in records] == [1, 2]
    assert done.to_plain()["log"] == done.log


def test_every_epoch_is_told_on_the_screen(tmp_path, capsys):
    options = ["--space=nb201", "--epochs", "2", "--batch-size", "512", "--channels", "4", "--cells", "1"]
    assert main([*options, "--out", str(tmp_path / "run")]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("epoch ")]
    assert [line.split("  ")[0] for line in told] == ["epoch 1/2", "epoch 2/2"]
    assert all("loss" in line and "images/s" in line for line in told)
    assert main([*options, "--out", str(tmp_path / "run")]) == 0
    answer = capsys.readouterr()
    assert f"python -m nasbias.score {tmp_path / 'run'}" in answer.out
    assert "epoch 1" not in answer.err  # a finished run is not run again


def test_an_architecture_in_any_notation_is_the_same_run(tmp_path):
    text = get_space("nb201").parse("42")
    for each in ("42", text):
        done = train_run(replace(TINY, epochs=1, train_size=128, standalone=each), tmp_path / "run")
    assert RunFolder(done.path).config.standalone == text


def test_a_truth_says_how_good_each_seed_was(tmp_path):
    truth = make_truth(replace(TINY, epochs=1, train_size=128), tmp_path / "t", sample=2, seeds=(0, 3), processes=1)
    assert truth.seeds["seed"].tolist() == [0, 3]
    third = truth.table[truth.table["seed"] == 3]["valid_accuracy"]
    row = truth.seeds.set_index("seed").loc[3]
    assert row["valid_accuracy_mean"] == third.mean()
    assert (row["valid_accuracy_min"], row["valid_accuracy_max"]) == (third.min(), third.max())
    assert (truth.to_plain()["n"], truth.to_plain()["rows"]) == (2, 4)
    assert set(truth.table["architecture"]) == set(get_space("nb201").sample(2, 0))
    with pytest.raises(InputError, match="give one of them"):
        make_truth(replace(TINY, standalone="42"), tmp_path / "u")


def test_no_threads_are_refused(tmp_path):
    with pytest.raises(InputError, match="threads is 0: 1 or more is needed"):
        train_run(TINY, tmp_path / "run", threads=0)
