"""Runs that prune their own space."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from nasbias import score  # noqa: E402
from nasbias.campaigns import companions_of, train_run  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import RunFolder, Training  # noqa: E402
from nasbias.runs.checkpoints import read_tensors  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.tables import load_predictions  # noqa: E402
from nasbias.training.run import Run  # noqa: E402

TINY = Training(
    space="darts64", epochs=4, batch_size=64, train_size=256, valid_size=64, learning_rate=0.025, crop=0,
    network={"channels": 4, "cells": 1}, prune_every=1,
)  # fmt: skip


def test_halving_leaves_an_eighth_and_a_resumed_run_is_the_same(tmp_path):
    config = dataclasses.replace(TINY, prune="halve")
    train_run(config, tmp_path / "whole")
    train_run(config, tmp_path / "parts", stop_after=2)
    train_run(config, tmp_path / "parts")
    logs = [RunFolder(tmp_path / name).log for name in ("whole", "parts")]
    assert [record.get("remaining") for record in logs[0]] == [32, 16, 8, None]
    assert [[r["loss"], r.get("remaining")] for r in logs[0]] == [[r["loss"], r.get("remaining")] for r in logs[1]]
    tensors = [read_tensors(RunFolder(tmp_path / name).checkpoint(4))[0] for name in ("whole", "parts")]
    assert all(torch.equal(tensors[0][name], tensors[1][name]) for name in tensors[0])
    left = [(tmp_path / name / "remaining.txt").read_text().split() for name in ("whole", "parts")]
    assert left[0] == left[1]
    assert len(set(left[0])) == 8
    assert score.main([str(tmp_path / "whole"), "--recalibration-images", "64", "--processes", "1"]) == 0
    assert set(load_predictions(tmp_path / "whole", "darts64")["architecture"]) == set(left[0])


@pytest.mark.parametrize("by", ["accuracy", "residual", "pareto"])
def test_shrinking_fixes_one_decision_a_round(tmp_path, by):
    config = dataclasses.replace(TINY, epochs=3, prune=f"shrink:{by}", prune_sample=64)
    train_run(config, tmp_path / "run")
    log = RunFolder(tmp_path / "run").log
    assert [record.get("remaining") for record in log] == [16, 16, None]
    assert log[1]["fixed"] is None  # of 16 left 4 have each value: too few to judge
    space = get_space("darts64")
    codes = space.encode((tmp_path / "run" / "remaining.txt").read_text().split())
    assert sorted(len(np.unique(column)) for column in codes.T) == [1, 4, 4]
    names = {decision.name for decision in space.decisions}
    assert log[0]["fixed"].rsplit("=")[0] in names


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prune": "half"}, "did you mean|halve"),
        ({"prune": "halve", "prune_every": 0}, "prune_every"),
        ({"prune": "halve", "order": "cycle"}, "uniform"),
        ({"prune": "halve", "space": "darts", "network": {}}, "too large"),
    ],
)
def test_what_can_not_be_pruned(change, message):
    with pytest.raises(InputError, match=message):
        Run(dataclasses.replace(TINY, **change), companions_of)
