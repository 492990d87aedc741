"""Sharing plans: whose gradient reaches which tensor, and that a plan is only that."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias.campaigns import train_run  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import Training  # noqa: E402
from nasbias.runs.checkpoints import read_tensors  # noqa: E402
from nasbias.scoring import load_scoring_data, score_architectures  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets.sharing import parse_plan, share  # noqa: E402
from nasbias.training.run import Run  # noqa: E402
from nasbias.truth import import_truth  # noqa: E402
from tests.small import small_run  # noqa: E402

SPACE = get_space("nb201")
SOME = SPACE.sample(8, seed=1)


@pytest.fixture
def config(tmp_path):
    (tmp_path / "some.txt").write_text("\n".join(SOME))
    network = {"channels": 4, "cells": 1}
    return Training(epochs=2, batch_size=256, crop=1, network=network, architectures=str(tmp_path / "some.txt"))


def labels_of(plan, codes=64, space="darts64"):
    """Group of every architecture in code order, by the plan's own look-up."""
    choices = get_space(space).population()
    assert choices is not None
    network = share(plan, space, choices[:codes], lambda allowed: torch.nn.Identity())
    return [network.group_of(tuple(choice)) for choice in choices[:codes].tolist()]


def trained_tensors(run, choice):
    """Names of the tensors that one step with `choice` gives a gradient, and of the BN buffers it moves."""
    run.network.train()
    before = {name: buffer.clone() for name, buffer in run.network.named_buffers()}
    run.network.zero_grad(set_to_none=True)
    run.task.begin_epoch(run.generator)
    run.task.loss(run.network, choice, 0, run.generator).backward()
    moved = {name for name, buffer in run.network.named_buffers() if not torch.equal(buffer, before[name])}
    return {name for name, p in run.network.named_parameters() if p.grad is not None}, moved


def choices_of(run):
    return [tuple(row) for row in run.sampler.population.tolist()]


def test_random_groups_are_p1s_partition():
    expected = [i % 4 for i in range(64)]
    np.random.RandomState(42).shuffle(expected)
    assert labels_of("groups:4") == expected
    assert labels_of("similar:4") == [i // 16 for i in range(64)]
    assert labels_of("decision:0->1") == [i // 16 for i in range(64)]
    assert labels_of("none") == list(range(64))
    assert np.bincount(labels_of("similar:5")).tolist() == [13, 13, 13, 13, 12]


def test_a_group_trains_its_own_network_and_no_other(config):
    run = Run(replace(config, sharing="groups:3"))
    seen = set()
    for choice in choices_of(run):
        group = run.network.group_of(choice)
        seen.add(group)
        gradients, moved = trained_tensors(run, choice)
        expected = {id(p) for p in run.network.networks[group].parameters_of(choice)}
        assert gradients == {name for name, p in run.network.named_parameters() if id(p) in expected}
        assert moved
        assert all(name.startswith(f"networks.{group}.") for name in gradients | moved)
    assert seen == {0, 1, 2}


@pytest.mark.parametrize("cells", [0, 1, 2])
def test_a_prefix_is_everybodys_and_the_rest_is_ones_own(config, cells):
    run = Run(replace(config, sharing=f"prefix:{cells}"))
    choices = choices_of(run)
    tensors = {}
    for choice in choices:
        gradients, _ = trained_tensors(run, choice)
        assert {id(run.network.get_parameter(name)) for name in gradients} == {
            id(p) for p in run.network.parameters_of(choice)
        }
        tensors[choice] = gradients
    common = set.intersection(*tensors.values())
    modules = {run.network.networks[0].stem, *list(run.network.networks[0].blocks)[: [0, 1, 3][cells]]}
    shared = {id(p) for module in modules for p in module.parameters()}
    assert common
    assert {id(run.network.get_parameter(name)) for name in common} <= shared
    for first in choices:
        for second in choices:
            if first != second:
                both = {id(run.network.get_parameter(name)) for name in tensors[first] & tensors[second]}
                assert both <= shared
    assert len({id(network.classifier) for network in run.network.networks}) == len(choices)


def test_all_but_the_linear_layer_is_shared_at_the_last_prefix_of_darts64(tmp_path):
    (tmp_path / "two.txt").write_text("222\n443")
    network = {"channels": 4, "cells": 2}
    run = Run(Training(space="darts64", sharing="prefix:2", architectures=str(tmp_path / "two.txt"), network=network))
    first, second = run.network.networks
    assert first.stem is second.stem
    assert all(a is b for a, b in zip(first.cells, second.cells))
    assert first.classifier is not second.classifier


def test_one_group_is_the_plan_all_to_the_bit(config, tmp_path):
    folders = [
        train_run(replace(config, sharing=plan, order="cycle", dense_steps=2), tmp_path / plan.replace(":", ""))
        for plan in ("all", "groups:1")
    ]
    whole, grouped = (read_tensors(folder.checkpoint(2))[0] for folder in folders)
    assert len(whole) == len(grouped)
    for name, tensor in whole.items():
        assert torch.equal(tensor, grouped[name.replace("network.", "network.networks.0.", 1)
                                          .replace("momentum.", "momentum.networks.0.", 1)])  # fmt: skip
    scores = [pd.read_parquet(folder.path / "steps.parquet").drop(columns="run") for folder in folders]
    pd.testing.assert_frame_equal(*scores)


def test_nothing_shared_is_the_standalone_training(config, tmp_path):
    (tmp_path / "one.txt").write_text(SOME[0])
    config = replace(config, architectures=str(tmp_path / "one.txt"))
    none = train_run(replace(config, sharing="none", order="cycle"), tmp_path / "none")
    alone = train_run(replace(config, architectures=None, standalone=SOME[0]), tmp_path / "alone")
    got, _ = read_tensors(none.checkpoint(2), "network.networks.0.")
    expected, _ = read_tensors(alone.checkpoint(2), "network.")
    assert got.keys() == expected.keys()
    assert all(torch.equal(tensor, got[name]) for name, tensor in expected.items())


def test_a_shared_tensor_is_saved_once_and_a_resumed_run_is_the_same(config, tmp_path):
    config = replace(config, sharing="prefix:1", order="reshuffled", dense_steps=6)
    whole = train_run(config, tmp_path / "whole")
    train_run(config, tmp_path / "parts", stop_after=1)
    parts = train_run(config, tmp_path / "parts")
    expected, got = (read_tensors(folder.checkpoint(2))[0] for folder in (whole, parts))
    assert sum(name.startswith("network.") and name.endswith(".stem.0.weight") for name in expected) == 1
    assert expected.keys() == got.keys()
    assert all(torch.equal(tensor, got[name]) for name, tensor in expected.items())
    steps = [pd.read_parquet(folder.path / "steps.parquet").drop(columns="run") for folder in (whole, parts)]
    pd.testing.assert_frame_equal(*steps)
    assert steps[0].groupby("step")["architecture"].nunique().tolist() == [8] * 6
    assert steps[0]["step"].max() == whole.log[-1]["step"]
    assert steps[0].loc[steps[0]["epoch"] == 1, "step"].max() == whole.log[0]["step"]


def test_the_fast_engine_scores_each_group_in_its_own_network(config):
    run = Run(replace(config, sharing="groups:3"))
    run.train_epoch()
    data = load_scoring_data(run.config)
    fast, plain = (score_architectures(run.network, SOME, data, engine=engine) for engine in ("fast", "plain"))
    np.testing.assert_allclose(fast["loss"], plain["loss"], atol=1e-4)
    assert run.sampler.population is not None
    alone = score_architectures(run.network.of(choices_of(run)[0]), SPACE.decode(run.sampler.population[:1]), data)
    row = fast.set_index("architecture").loc[alone["architecture"][0]]
    assert row["loss"] == pytest.approx(alone["loss"][0], abs=1e-5)


def test_a_file_parts_the_architectures(config, tmp_path):
    path = tmp_path / "parts.csv"
    pd.DataFrame({"architecture": SOME, "group": list("abababab")}).to_csv(path, index=False)
    run = Run(replace(config, sharing=f"file:{path}"))
    group = {text: run.network.group_of(tuple(code)) for text, code in zip(SOME, SPACE.encode(SOME).tolist())}
    assert len({group[text] for text in SOME[::2]}) == len({group[text] for text in SOME[1::2]}) == 1
    assert len(set(group.values())) == 2
    pd.DataFrame({"architecture": SOME[:7], "group": 0}).to_csv(path, index=False)
    with pytest.raises(InputError, match="1 of 8 architectures have no group"):
        Run(run.config)
    pd.DataFrame({"architecture": [*SOME, SOME[0]], "group": [0] * 8 + [1]}).to_csv(path, index=False)
    with pytest.raises(InputError, match="in two groups"):
        Run(run.config)


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ("group:4", "Did you mean"),
        ("groups", "the form is groups:M"),
        ("groups:0", "a whole number from 1"),
        ("prefix:x", "a whole number from 0"),
        ("all:3", "the form is all"),
        ("groups:9", "8 architectures can't be parted into 9"),
        ("prefix:4", "this network has 3 cells"),
        ("decision:0->9", "unknown decision of nb201"),
        ("file:/no/such.csv", "no such file"),
    ],
)
def test_a_plan_that_does_not_fit_is_said_before_training(config, tmp_path, plan, says):
    with pytest.raises(InputError, match=says.replace("(", r"\(")):
        train_run(replace(config, sharing=plan), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_other_spaces_and_other_architectures_are_refused(config):
    run = Run(replace(config, sharing="none"))
    with pytest.raises(InputError, match="was not trained"):
        score_architectures(run.network, SPACE.sample(9, seed=5), load_scoring_data(config))
    with pytest.raises(InputError, match="only 'all'"):
        share("groups:2", "ptb", None, lambda allowed: torch.nn.Identity())
    with pytest.raises(InputError, match="4,096"):
        share("none", "nb201", SPACE.population(), lambda allowed: torch.nn.Identity())
    with pytest.raises(InputError, match="too large to list"):
        share("groups:2", "darts", None, lambda allowed: torch.nn.Identity())
    assert parse_plan("file:a:b.csv") == ("file", "a:b.csv")


def test_a_run_says_its_groups_in_the_form_that_a_plan_takes(config, tmp_path):
    folder = train_run(replace(config, epochs=1, sharing="groups:3"), tmp_path / "run")
    table = pd.read_csv(folder.groups)
    first, again = (Run(replace(config, sharing=plan)).network for plan in ("groups:3", f"file:{folder.groups}"))
    labels = [[network.group_of(tuple(code)) for code in SPACE.encode(SOME).tolist()] for network in (first, again)]
    assert sorted(table["architecture"]) == sorted(SOME)
    assert len(set(zip(*labels))) == 3


def test_folds_by_sorted_truth_hold_the_best_first(tmp_path):
    codes = get_space("darts64").architectures()["architecture"].to_numpy()
    truth = pd.DataFrame({"architecture": codes, "dataset": "cifar10", "valid_accuracy": np.arange(64.0)})
    import_truth("darts64", truth, "mine")
    config = small_run("darts64", epochs=1, sharing="truth:4")
    folder = train_run(config, tmp_path / "run")
    groups = pd.read_csv(folder.groups, dtype={"architecture": str}).set_index("architecture")["group"]
    assert groups.loc[codes[::-1]].tolist() == np.repeat([0, 1, 2, 3], 16).tolist()
