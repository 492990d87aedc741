"""The command: what it selects, what it compares, and one line for what the user can mend."""

import json

import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.pruning import compare_pruned, select_architectures
from nasbias.pruning.__main__ import main
from tests.pruning.made import CODES, make_run


def test_runs_are_compared_inside_their_own_space(truth, tmp_path, capsys):
    values = truth["valid_accuracy"].to_numpy()
    rng = np.random.default_rng(0)
    whole = [
        make_run(tmp_path / f"whole-{i}", pd.DataFrame({"architecture": CODES, "accuracy": rng.permutation(values)}))
        for i in range(2)
    ]
    best = truth.nlargest(16, "valid_accuracy")[["architecture", "valid_accuracy"]]
    perfect = best.rename(columns={"valid_accuracy": "accuracy"})
    run = make_run(tmp_path / "best", perfect, architectures="lists/best.txt")
    table, about = compare_pruned([*whole, run], truth, space="darts64", k=3)
    rows = table.set_index("space")
    assert rows.loc["whole space", ["n_runs", "n"]].tolist() == [2, 64]
    assert rows.loc["best", "gt_tau"] == pytest.approx(1)
    assert rows.loc["best", "found"] == rows.loc["best", "best"] == values.max()
    assert np.isnan(rows.loc["best", "found_low"])
    assert about["truth"]["split"] == "valid_accuracy"
    path = tmp_path / "truth.csv"
    truth.to_csv(path, index=False)
    assert main(["compare", "--space", "darts64", str(run), "--truth", str(path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["spaces"][0]["space"] == "best"


def test_bad_input_is_one_line(truth, tmp_path, capsys):
    assert main(["compare", str(tmp_path)]) == 2
    assert "no run folder" in capsys.readouterr().err
    run = make_run(tmp_path / "run", pd.DataFrame({"architecture": CODES, "accuracy": 1.0 + np.arange(64)}))
    assert main(["compare", str(run)]) == 2
    assert "not of nb201" in capsys.readouterr().err


def test_the_selection_is_written_as_training_reads_it(truth, tmp_path, capsys):
    path, out = tmp_path / "truth.csv", tmp_path / "best.txt"
    truth.to_csv(path, index=False)
    assert main(["select", "--space", "darts64", "--truth", str(path), "--share", "0.5", "--out", str(out)]) == 0
    assert len(out.read_text().split()) == 32
    assert "--architectures" in capsys.readouterr().out


def test_the_command_says_what_it_wrote_and_compares_in_a_table(truth, tmp_path, capsys):
    path, out = tmp_path / "truth.csv", tmp_path / "r.txt"
    truth.to_csv(path, index=False)
    options = ["--space", "darts64", "--truth", str(path)]
    assert main(["select", *options, "--by", "random", "--seed", "3", "--out", str(out), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"out": str(out), "n": 21, "by": "random", "share": 0.33}
    expected = select_architectures(truth, space="darts64", share=0.33, by="random", seed=3)
    assert out.read_text().split() == expected.tolist()
    run = make_run(tmp_path / "a", pd.DataFrame({"architecture": CODES, "accuracy": np.arange(64.0)}))
    assert main(["compare", *options, str(run)]) == 0
    assert "darts64: accuracy against truth.csv, valid_accuracy; inside the space trained on" in capsys.readouterr().out
    assert main(["compare", *options, str(run), "-k", "0"]) == 2
    assert "0: 1 or more is needed" in capsys.readouterr().err
    with pytest.raises(InputError, match="no runs given"):
        compare_pruned([], truth)


def test_the_commands_options_choose_the_score_and_the_split(truth, tmp_path, capsys):
    path, out = tmp_path / "truth.csv", tmp_path / "r.txt"
    truth.assign(test_accuracy=100 - truth["valid_accuracy"]).to_csv(path, index=False)
    options = ["--space", "darts64", "--truth", str(path), "--split", "test"]
    assert main(["select", *options, "--share", "0.25", "--out", str(out)]) == 0
    assert set(out.read_text().split()) == set(truth.nsmallest(16, "valid_accuracy")["architecture"])
    values = truth["valid_accuracy"].to_numpy()
    table = pd.DataFrame({"architecture": CODES, "accuracy": values, "other": -values})
    run = make_run(tmp_path / "a", table)
    for score, tau in (("accuracy", -1), ("other", 1)):
        assert main(["compare", *options, str(run), "--score", score, "--format", "json"]) == 0
        assert (
            json.loads(capsys.readouterr().out.split("\nnext", 1)[-1].split("RUN\n")[-1])["spaces"][0]["gt_tau"] == tau
        )
