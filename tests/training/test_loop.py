import functools
import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from nasbias.campaigns import train_run
from nasbias.errors import InputError
from nasbias.runs import Training, read_config
from nasbias.runs.checkpoints import read_tensors
from nasbias.spaces import get_space
from nasbias.training import loop, train
from nasbias.training.run import Run
from tests.small import SPACES, small_run

TINY = Training(epochs=3, checkpoints=(1,), batch_size=128, crop=1, network={"channels": 4, "cells": 1, "affine": True})


def weights(folder, epoch=3):
    return read_tensors(folder.checkpoint(epoch))[0]


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return train(TINY, tmp_path_factory.mktemp("runs") / "whole")


def test_a_run_leaves_a_folder_that_tells_what_it_was(finished):
    assert read_config(finished.path / "config.toml") == TINY
    assert finished.epochs == [1, 3]
    assert [record["epoch"] for record in finished.log] == [1, 2, 3]
    assert {"commit", "versions", "hardware", "seed"} <= json.loads(
        (finished.path / "provenance.json").read_text()
    ).keys()
    assert not finished.latest.exists()


def test_the_same_seed_gives_the_same_weights_to_the_bit(finished, tmp_path):
    assert same(weights(train(TINY, tmp_path / "again")), weights(finished))
    assert not same(weights(train(replace(TINY, seed=1), tmp_path / "other")), weights(finished))


def test_a_resumed_run_equals_an_uninterrupted_one(finished, tmp_path):
    for order in ("uniform", "reshuffled"):
        config = replace(TINY, order=order)
        whole = finished if order == "uniform" else train(config, tmp_path / f"{order}-whole")
        folder = train(config, tmp_path / order, stop_after=2)
        assert not folder.is_finished
        train(config, tmp_path / order)
        assert same(weights(folder), weights(whole))
        assert [record["loss"] for record in folder.log] == [record["loss"] for record in whole.log]


def test_a_finished_run_is_not_run_again(finished):
    train(TINY, finished.path, report=lambda record: pytest.fail("trained again"))


def test_a_folder_of_another_run_is_refused(finished):
    with pytest.raises(InputError, match="holds another run"):
        train(replace(TINY, seed=9), finished.path)


def test_unsampled_weights_stay_still_unless_asked():
    for moved in (False, True):
        run = Run(replace(TINY, move_unsampled=moved))
        run.sampler.population = get_space("nb201").encode(get_space("nb201").sample(1, seed=0))
        (choice,) = {tuple(row) for row in run.sampler.population.tolist()}
        used = {id(parameter) for parameter in run.network.parameters_of(choice)}
        before = {name: parameter.clone() for name, parameter in run.network.named_parameters()}
        run.train_epoch()
        others = [name for name, parameter in run.network.named_parameters() if id(parameter) not in used]
        still = [torch.equal(before[name], dict(run.network.named_parameters())[name]) for name in others]
        assert others
        assert all(still) is not moved


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("order", [{"per_step": 1}, {"per_step": 2}])
def test_a_step_over_the_sampled_weights_is_the_optimisers_step_to_the_bit(space, order):
    config = small_run(space, **order)
    runs = [Run(config), Run(config)]
    ways = [Run.sampled_parameters, lambda run, choices: [p for p in run.parameters if p.grad is not None]]
    for run, way in zip(runs, ways):
        run.sampled_parameters = functools.partial(way, run)
    runs[1].step = lambda moving: runs[1].optimiser.step()
    for run in runs:
        run.network.train()
        run.task.begin_epoch(run.generator)
        for step in range(4):
            run.train_step(step, step)
    first, second = (dict(run.network.named_parameters()) for run in runs)
    assert same(first, second)
    for name, parameter in first.items():
        momenta = [
            run.optimiser.state[p]["momentum_buffer"] for run, p in ((runs[0], parameter), (runs[1], second[name]))
        ]
        assert torch.equal(*momenta)
        assert parameter.grad is None


def test_standalone_is_the_same_loop_with_one_architecture(tmp_path):
    architecture = get_space("nb201").sample(1, seed=3)[0]
    folder = train(replace(TINY, epochs=1, checkpoints=(), standalone=architecture), tmp_path / "alone")
    names = {name for name in weights(folder, 1) if name.startswith("network.blocks.0.edges")}
    convolutions = get_space("nb201").describe([architecture])[["n_nor_conv_1x1", "n_nor_conv_3x3"]].sum(axis=1)[0]
    assert len({name.split(".")[4] for name in names}) == convolutions


@pytest.mark.parametrize("space", SPACES)
def test_a_run_of_any_space_trains_and_resumes_as_if_uninterrupted(space, tmp_path):
    config = small_run(space, epochs=2, checkpoints=(0,))
    whole = train(config, tmp_path / "whole")
    train(config, tmp_path / "parts", stop_after=1)
    parts = train(config, tmp_path / "parts")
    assert [record["epoch"] for record in whole.log] == [1, 2]
    assert all(np.isfinite(record["loss"]) for record in whole.log)
    assert [record["loss"] for record in parts.log] == [record["loss"] for record in whole.log]
    assert same(weights(parts, 2), weights(whole, 2))
    assert not same(weights(whole, 0), weights(whole, 2))


def test_a_diverging_run_says_so(tmp_path):
    with pytest.raises(InputError, match=r"training loss is (nan|inf)"):
        train(replace(TINY, learning_rate=1e20, clip=0.0), tmp_path / "x")


def test_checkpoint_0_is_the_network_before_training(tmp_path):
    config = replace(TINY, epochs=1, checkpoints=(0,), train_size=256)
    folder = train(config, tmp_path / "run")
    assert folder.epochs == [0, 1]
    untrained, kept = Run(config).network.state_dict(), weights(folder, 0)
    assert all(torch.equal(kept[f"network.{name}"], tensor) for name, tensor in untrained.items())
    assert not same(kept, weights(folder, 1))


GROUPS, HALVE = {"sharing": "groups:2", "dense_steps": 2, "dense_sample": 3}, {"prune": "halve"}


@pytest.mark.parametrize(
    ("more", "points"),
    [
        (GROUPS, (9, 30)),
        pytest.param(GROUPS, range(1, 40), marks=pytest.mark.faults),
        pytest.param(HALVE, range(1, 40), marks=pytest.mark.faults),
    ],
)
def test_a_folder_that_is_moved_away_before_any_write_gets_no_part_of_the_run_back(more, points, tmp_path, monkeypatch):
    """Moved between the writing of a file and its name, which no check before the writing can see."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("\n".join(get_space("nb201").sample(8, 0)))
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1.0)
    config = small_run("nb201", epochs=2, checkpoints=(0,), prune_every=1, architectures="list.txt", **more)
    fsync, written, moved = os.fsync, [], 0

    def synced(handle):
        fsync(handle)
        written.append(handle)
        if len(written) == point:
            (tmp_path / "run").rename(tmp_path / f"away-{point}")

    monkeypatch.setattr(os, "fsync", synced)
    for point in points:
        written.clear()
        try:
            train_run(config, tmp_path / "run")
        except InputError as error:
            assert "was removed or replaced while this process worked in it" in str(error)
            assert not (tmp_path / "run").exists(), point
            moved += 1
        else:
            assert len(written) <= point, "the folder was gone, and the run went on"
    assert moved >= min(len(points), 20)
