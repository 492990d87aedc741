"""A run with companions: the configuration alone says which there are."""

import pytest

torch = pytest.importorskip("torch")

import pandas as pd  # noqa: E402

from nasbias.campaigns import companions_of, train_run  # noqa: E402
from nasbias.campaigns.dense import DenseScores  # noqa: E402
from nasbias.campaigns.pruner import Pruner  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.runs.network import make_sampler  # noqa: E402
from nasbias.training import train  # noqa: E402
from nasbias.training.run import make_task  # noqa: E402
from tests.small import small_run  # noqa: E402


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({}, []),
        ({"dense_steps": 1}, [DenseScores]),
        ({"prune": "halve"}, [Pruner]),
        ({"prune": "halve", "dense_steps": 1}, [DenseScores, Pruner]),
    ],
)
def test_there_are_the_companions_that_the_configuration_asks_for(fields, kinds):
    config = small_run("darts64", order="uniform", **fields)
    assert [
        type(each) for each in companions_of(config, make_sampler(config), make_task(config, torch.device("cpu")))
    ] == kinds


def test_a_run_that_prunes_and_is_scored_densely_leaves_both_files(tmp_path):
    fields = {"epochs": 2, "prune_every": 1, "prune": "halve", "dense_steps": 3, "order": "uniform"}
    records = []
    folder = train_run(small_run("darts64", **fields), tmp_path / "run", records.append)
    assert len((folder.path / "remaining.txt").read_text().split()) == 32
    steps = pd.read_parquet(folder.path / "steps.parquet")
    assert steps.groupby("step")["architecture"].nunique().tolist() == [64, 64, 64]
    assert [record.get("remaining") for record in records] == [32, None]


def test_training_alone_refuses_what_needs_scores(tmp_path):
    with pytest.raises(InputError, match=r"use nasbias\.campaigns\.train_run"):
        train(small_run("darts64", prune="halve"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
