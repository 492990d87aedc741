"""The experiments: their plans can be trained at both sizes, and what they wrote says where it comes from."""

import importlib
import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("distributed")
from analysis.study import STUDIES, Job, carry_out, write_result
from nasbias.errors import InputError
from nasbias.runs import Training
from nasbias.score import Scoring
from nasbias.supernets.sharing import parse_plan

PLANNED = ("orders", "sharing", "finetuning", "folds", "replicated", "pruned")
RESULTS = sorted(STUDIES.glob("*.json"))


@pytest.mark.parametrize("paper", [False, True])
@pytest.mark.parametrize("name", PLANNED)
def test_plans_at_both_sizes(name, paper, tmp_path, monkeypatch):
    if name == "pruned" and importlib.util.find_spec("analognasbench") is None:
        pytest.skip("the best third by truth reads the analog-nasbench wheel")
    study = importlib.import_module(f"analysis.{name}")
    monkeypatch.chdir(tmp_path)  # lists of architectures are written beside the runs
    jobs = study.plan(paper)
    assert jobs
    for job in jobs.values():
        assert isinstance(job.config, Training)
        parse_plan(job.config.sharing)
    identities = [job.config.identity for job in jobs.values()]
    assert len(set(identities)) == len(identities)


@pytest.mark.filterwarnings("ignore")
def test_a_study_trains_scores_and_writes_its_provenance(tmp_path, monkeypatch):
    import pandas as pd

    config = Training(
        space="darts64", epochs=1, train_size=64, valid_size=32, batch_size=32, network={"channels": 4, "cells": 1}
    )
    one, diverging = (
        Job(config, Scoring(recalibration_images=32)),
        Job(replace(config, learning_rate=1e20, clip=0.0), None),
    )
    with pytest.raises(InputError, match=r"1 of 2 runs failed, two-\w+ with: .*diverged"):
        carry_out({"one": one, "two": diverging}, tmp_path / "runs", 1)
    folder = carry_out({"one": one}, tmp_path / "runs", 1)["one"]  # is done
    assert (folder / "predictions.parquet").exists()
    monkeypatch.setattr("analysis.study.STUDIES", tmp_path)
    write_result("small", {"run": folder}, {"table": pd.DataFrame({"x": [1.0]})})
    result = json.loads((tmp_path / "small.json").read_text())
    assert result["tables"] == {"table": [{"x": 1.0}]}
    assert {"commit", "versions", "hardware", "time"} <= set(result["about"])
    assert 'space = "darts64"' in result["runs"]["run"]["config"]


@pytest.mark.parametrize("path", RESULTS, ids=[path.stem for path in RESULTS])
def test_results_say_where_they_come_from_and_name_no_machine(path: Path):
    text = path.read_text()
    result = json.loads(text)
    assert {"commit", "versions", "hardware", "time", "study"} <= set(result["about"])
    assert all(isinstance(rows, list) for rows in result["tables"].values())
    assert '"/' not in text  # no absolute path
