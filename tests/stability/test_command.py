"""The command: its document, its tables, and one line for what the user can mend."""

import json

import numpy as np
import pandas as pd

from nasbias.stability.__main__ import main
from tests.stability.made import predictions_of


def test_the_command_prints_the_document_and_the_tables(truth, rng, tmp_path, capsys):
    predictions_of(truth, rng).to_csv(tmp_path / "p.csv", index=False)
    truth.to_csv(tmp_path / "t.csv", index=False)
    arguments = ["--space", "darts64", "--predictions", str(tmp_path / "p.csv"), "--truth", str(tmp_path / "t.csv")]
    assert main([*arguments, "--format", "json", "--ranks", str(tmp_path / "ranks.csv")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"instances", "steps", "filter"} <= set(document) and document["steps"] == []
    keys = {"n_runs", "s_tau", "s_tau_max", "s_tau_min", "gt_tau", "gt_tau_std", "t1r", "t3r"}
    assert keys <= set(document["instances"]) and document["instances"]["n_runs"] == 3
    assert [row["epoch"] for row in document["epochs"]] == [1, 2] and document["epoch"] == 2
    assert document["epochs"][1]["s_tau"] == document["instances"]["s_tau"] > document["epochs"][0]["s_tau"]
    assert len(document["last_epochs"]) == 3 and document["last_epochs"][0]["n_runs"] == 2
    assert len(pd.read_csv(tmp_path / "ranks.csv")) == 64
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.startswith("darts64: accuracy after 2 epochs, 3 run(s), 64 architectures: runs agree")
    assert "ground truth" in out and "random" in out
    assert main([*arguments, "--last", "0"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_last_epochs_of_the_command_are_what_it_says(truth, rng, tmp_path, capsys):
    predictions_of(truth, rng, runs=2, epochs=(1, 2, 3)).to_csv(tmp_path / "p.csv", index=False)
    truth.to_csv(tmp_path / "t.csv", index=False)
    arguments = ["--space", "darts64", "--predictions", str(tmp_path / "p.csv"), "--truth", str(tmp_path / "t.csv")]
    for last, first in ((2, 2), (3, 1)):
        assert main([*arguments, "--format", "json", "--last-epochs", str(last)]) == 0
        document = json.loads(capsys.readouterr().out)
        assert [row["first_epoch"] for row in document["last_epochs"]] == [first, first]


def test_the_printed_study_has_every_part_and_the_last_mini_batches(truth, rng, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    mean = truth.groupby("architecture", sort=False)["test_accuracy"].mean()
    frames = [
        pd.DataFrame({"run": run, "seed": 0, "epoch": epoch, "step": step, "architecture": mean.index}).assign(
            accuracy=mean.to_numpy() - 40 + rng.normal(size=64), loss=rng.random(64), trained=np.arange(64) == step
        )
        for run in ("a", "b")
        for epoch, step in ((7, 1), (8, 2), (8, 3), (8, 4))
    ]
    pd.concat(frames).to_csv(tmp_path / "p.csv", index=False)
    truth.to_csv(tmp_path / "t.csv", index=False)
    arguments = ["--space", "darts64", "--predictions", str(tmp_path / "p.csv"), "--truth", str(tmp_path / "t.csv")]
    assert main([*arguments, "--last", "2"]) == 0
    out = capsys.readouterr().out
    for words in (
        "these runs",
        "by training length",
        "last epochs of one run",
        "last mini-batches",
        " @1",
        "places",
    ):
        assert words in out
    assert "dropped %" in out and "top 10 %" in out and "in the worst quarter of every run" in out
    assert main([*arguments, "--last", "2", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["k"] for row in document["steps"]] == [2, 2] and document["steps"][0]["first_step"] == 3
    assert [row["run"] for row in document["last_epochs"]] == ["a", "b"] and document["score"] == "accuracy"
    assert main([*arguments, "--score", "loss", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["score"] == "loss"
