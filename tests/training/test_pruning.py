"""Runs that prune their own space, and the control of replicated operations."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")
from nasbias import score  # noqa: E402
from nasbias.campaigns import companions_of, train_run  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import RunFolder, Training  # noqa: E402
from nasbias.runs.checkpoints import read_tensors  # noqa: E402
from nasbias.runs.network import make_network  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets.sharing.copies import CopiesNetwork  # noqa: E402
from nasbias.tables import load_predictions  # noqa: E402
from nasbias.training.loop import Run  # noqa: E402

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


@pytest.mark.parametrize(
    ("space", "operation", "network", "copies"),
    [
        ("nb201", "nor_conv_3x3", {"channels": 4, "cells": 1}, 5),
        ("darts64", "sep_conv_3x3", {"channels": 4, "cells": 1}, 4),
        ("nb101", "conv3x3-bn-relu", {"channels": 8, "stacks": 1, "cells": 1}, 3),
    ],
)
def test_copies_are_independent_and_the_rest_is_shared(space, operation, network, copies):
    config = dataclasses.replace(TINY, space=space, sharing=f"copies:{operation}", network=network)
    built = make_network(config, {"inputs": 1, "classes": 10})
    assert isinstance(built, CopiesNetwork)
    assert len(built.networks) == copies
    home = get_space(space)
    first = tuple(home.encode(home.sample(1, seed=0))[0].tolist())
    at = next(i for i, op in enumerate(built.operation) if op is not None)
    second = tuple((value + 1) % copies if i == at else value for i, value in enumerate(first))
    one, two = ({id(p) for p in built.parameters_of(choice)} for choice in (first, second))
    assert one != two
    assert len(one) == len(two)  # the same architecture
    assert one & two
    x = torch.rand(4, 1, 8, 8)
    built(x, first).sum().backward()
    touched = {id(p) for p in built.parameters() if p.grad is not None}
    assert touched == one
    names = dict(built.named_parameters())
    assert len({id(p) for p in names.values()}) == len(names)
    state = {name: tensor.clone() for name, tensor in built.state_dict().items()}
    other = make_network(dataclasses.replace(config, seed=1), {"inputs": 1, "classes": 10})
    other.load_state_dict(state)
    with torch.no_grad():
        assert torch.equal(built.eval()(x, second), other.eval()(x, second))


def test_copies_that_would_be_equal_or_unknown_are_refused():
    sizes = {"inputs": 1, "classes": 10}
    for operation, message in (("skip_connect", "no weights"), ("conv9x9", "operation")):
        config = dataclasses.replace(TINY, space="nb201", network={}, sharing=f"copies:{operation}")
        with pytest.raises(InputError, match=message):
            make_network(config, sizes)


def test_a_run_of_copies_trains_and_scores(tmp_path):
    network = {"channels": 4, "cells": 1}
    config = dataclasses.replace(
        TINY, space="nb201", epochs=1, sharing="copies:nor_conv_3x3", subset="all", network=network
    )
    train_run(config, tmp_path / "run")
    assert score.main([str(tmp_path / "run"), "--sample", "5", "--recalibration-images", "64", "--processes", "1"]) == 0
    scores = load_predictions(tmp_path / "run", "nb201")
    assert np.isfinite(scores["loss"]).all()
    assert scores["loss"].nunique() == 5


def test_folds_by_sorted_truth_hold_the_best_first(tmp_path, monkeypatch):
    from nasbias.truth import import_truth

    codes = get_space("darts64").architectures()["architecture"].to_numpy()
    truth = pd.DataFrame({"architecture": codes, "dataset": "cifar10", "valid_accuracy": np.arange(64.0)})
    import_truth("darts64", truth, "mine")
    config = dataclasses.replace(TINY, epochs=1, sharing="truth:4")
    folder = train_run(config, tmp_path / "run")
    groups = pd.read_csv(folder.groups, dtype={"architecture": str}).set_index("architecture")["group"]
    assert groups.loc[codes[::-1]].tolist() == np.repeat([0, 1, 2, 3], 16).tolist()
