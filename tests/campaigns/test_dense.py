"""Scores after each of a run's last steps: the training is left alone, the last step is the final checkpoint."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nasbias.campaigns import train_run  # noqa: E402
from nasbias.campaigns.dense import DenseScores  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import Training  # noqa: E402
from nasbias.runs.checkpoints import read_tensors  # noqa: E402
from nasbias.runs.network import make_sampler  # noqa: E402
from nasbias.score import main as score  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.tables import load_predictions, read_about  # noqa: E402
from nasbias.training.run import make_task  # noqa: E402
from tests.small import small_run  # noqa: E402

SOME = get_space("nb201").sample(8, seed=1)


def task_of(config):
    return make_task(config, torch.device("cpu"))


@pytest.fixture
def config(tmp_path):
    (tmp_path / "some.txt").write_text("\n".join(SOME))
    network = {"channels": 4, "cells": 1}
    return Training(epochs=2, batch_size=256, crop=1, network=network, architectures=str(tmp_path / "some.txt"))


def test_dense_scoring_leaves_the_training_as_it_is(config, tmp_path):
    dense, plain = (train_run(replace(config, dense_steps=k), tmp_path / str(k)) for k in (3, 0))
    assert not (plain.path / "steps.parquet").exists()
    for name, tensor in read_tensors(plain.checkpoint(2), "network.")[0].items():
        assert torch.equal(tensor, read_tensors(dense.checkpoint(2), "network.")[0][name])


def test_the_last_dense_step_is_the_final_checkpoint(config, tmp_path):
    folder = train_run(replace(config, sharing="similar:2", dense_steps=2), tmp_path / "run")
    options = ["--architectures", config.architectures, "--bn", "running"]
    assert score([str(folder.path), *options]) == 0
    scored = load_predictions(folder.path).set_index("architecture")
    dense = load_predictions(folder.path / "steps.parquet")
    last = dense[dense["step"] == dense["step"].max()].set_index("architecture").loc[scored.index]
    np.testing.assert_allclose(last["loss"], scored["loss"], rtol=1e-5)
    np.testing.assert_array_equal(last["accuracy"], scored["accuracy"])


def test_dense_scores_say_which_architecture_the_step_trained(config, tmp_path):
    folder = train_run(replace(config, order="cycle", dense_steps=3), tmp_path / "run")
    dense = load_predictions(folder.path / "steps.parquet")
    trained = dense[dense["trained"]].sort_values("step")["architecture"].tolist()
    sampler = make_sampler(folder.config)
    order = [sampler.step()[0] for _ in range(int(dense["step"].max()))]
    space = get_space(folder.config.space)
    assert trained == space.decode(np.array(order[-3:])).tolist()


@pytest.mark.parametrize("space", ["darts64", "darts"])
def test_at_most_the_sample_is_scored_and_it_is_the_same_in_every_run(space):
    config = small_run(space, order="uniform", dense_sample=9)
    scored = [
        DenseScores(each, make_sampler(each), task_of(each)).architectures for each in (config, replace(config, seed=5))
    ]
    assert len(set(scored[0])) == 9
    assert scored[0].tolist() == scored[1].tolist()
    few = replace(config, standalone=scored[0][0])
    assert DenseScores(few, make_sampler(few), task_of(few)).architectures.tolist() == [scored[0][0]]


def test_the_file_says_how_it_was_scored(config, tmp_path):
    folder = train_run(replace(config, dense_steps=1, dense_bn="batch", seed=3), tmp_path / "run")
    table, about = load_predictions(folder.path / "steps.parquet"), read_about(folder.path / "steps.parquet")
    assert (set(table["bn"]), set(table["seed"]), set(table["run"])) == ({"batch"}, {3}, {"run"})
    assert table["epoch"].tolist() == [2] * 8
    assert (about["bn"], about["sharing"], about["n_valid"]) == ("batch", "all", 300)
    assert about["run"] == folder.config.identity


def test_networks_that_read_text_are_refused():
    config = small_run("ptb", dense_steps=1)
    with pytest.raises(InputError, match="scores image networks; ptb reads text"):
        DenseScores(config, make_sampler(config), task_of(config))
