import functools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from nasbias.errors import InputError
from nasbias.runs import RunFolder, Training, read_config
from nasbias.runs.checkpoints import read_tensors
from nasbias.runs.sampling import Sampler
from nasbias.score import main as score
from nasbias.spaces import get_space, list_spaces
from nasbias.streams import stream
from nasbias.supernets import has_supernet, recipe_of, task_of
from nasbias.tables import load_predictions, read_table
from nasbias.train import main
from nasbias.training import train
from nasbias.training.loop import Run

TINY = Training(epochs=3, checkpoints=(1,), batch_size=128, crop=1, network={"channels": 4, "cells": 1, "affine": True})

# The smallest network of each space; a space that is not here is tried at its own default.
SMALL = {
    "nb201": {"channels": 4, "cells": 1},
    "nb101": {"channels": 4, "stacks": 2, "cells": 1},
    "darts": {"layers": 3, "channels": 4},
    "darts64": {"channels": 4, "cells": 1},
    "ptb": {"hidden": 8, "vocabulary": 50},
}


def tiny(space, **fields):
    """A run of a few steps of any space."""
    sizes = {"batch_size": 16, "train_size": 4000 if task_of(space) == "text" else 128, "crop": 1}
    return Training(**{**recipe_of(space), "space": space, **sizes, "network": SMALL.get(space, {}), **fields})


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


def test_a_cut_checkpoint_is_an_error_of_one_line(finished, tmp_path):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(finished.checkpoint(3).read_bytes()[:1000])
    with pytest.raises(InputError, match="not a whole nasbias checkpoint"):
        read_tensors(path)


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


@pytest.mark.parametrize("space", [name for name in list_spaces() if has_supernet(name)])
@pytest.mark.parametrize("order", [{"per_step": 1}, {"per_step": 2}])
def test_a_step_over_the_sampled_weights_is_the_optimisers_step_to_the_bit(space, order):
    config = tiny(space, **order)
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


def test_a_diverging_run_says_so(tmp_path):
    with pytest.raises(InputError, match=r"training loss is (nan|inf)"):
        train(replace(TINY, learning_rate=1e20, clip=0.0), tmp_path / "x")


def test_standalone_is_the_same_loop_with_one_architecture(tmp_path):
    architecture = get_space("nb201").sample(1, seed=3)[0]
    folder = train(replace(TINY, epochs=1, checkpoints=(), standalone=architecture), tmp_path / "alone")
    names = {name for name in weights(folder, 1) if name.startswith("network.blocks.0.edges")}
    convolutions = get_space("nb201").describe([architecture])[["n_nor_conv_1x1", "n_nor_conv_3x3"]].sum(axis=1)[0]
    assert len({name.split(".")[4] for name in names}) == convolutions


@pytest.mark.parametrize("order", ["cycle", "shuffled", "reshuffled"])
def test_a_cycle_visits_every_architecture_once(order):
    space = get_space("nb201")
    only = space.encode(space.sample(10, seed=0))
    sampler = Sampler(space, order, 1, stream("order", 0), subset=None, only=only)
    cycles = [[sampler.step()[0] for _ in range(10)] for _ in range(3)]
    everyone = {tuple(row) for row in only.tolist()}
    assert all(set(cycle) == everyone for cycle in cycles)
    assert (cycles[0] == cycles[1]) is (order != "reshuffled")
    assert (cycles[0] == [tuple(row) for row in only.tolist()]) is (order == "cycle")


def test_a_fair_step_uses_every_operation_of_every_edge_once():
    sampler = Sampler(get_space("nb201"), "fair", 5, stream("order", 0), subset=None)
    table = np.array(sampler.step())
    assert (np.sort(table, axis=0) == np.arange(5)[:, None]).all()
    with pytest.raises(InputError, match="needs --per-step 5"):
        Sampler(get_space("nb201"), "fair", 3, stream("order", 0), subset=None)


def test_uniform_sampling_draws_connected_architectures_only():
    space = get_space("nb201")
    sampler = Sampler(space, "uniform", 200, stream("order", 0), subset=None)
    assert space.describe(space.decode(np.array(sampler.step())))["is_valid"].all()


def test_train_and_score_work_as_a_user_would_use_them(tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--epochs", "2", "--checkpoints", "1", "--channels", "4", "--cells", "1", "--batch-size", "128"]
    assert main(["--space", "nb201", *options, "--out", str(out), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["checkpoints"] == [1, 2]
    assert score([str(out), "--sample", "20", "--recalibration-images", "64", "--format", "json"]) == 0
    table = load_predictions(out, space="nb201")
    assert table.groupby("epoch")["architecture"].nunique().to_dict() == {1: 20, 2: 20}
    assert table["loss"].notna().all()
    assert RunFolder(out).config.identity
    parallel = tmp_path / "parallel.parquet"
    two = ["--sample", "20", "--recalibration-images", "64", "--processes", "2", "--out", str(parallel)]
    assert score([str(out), *two]) == 0
    pd.testing.assert_frame_equal(read_table(parallel), read_table(out / "predictions.parquet"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--space", "nb20"], "Did you mean nb201"),
        (["--epochs", "0"], "epochs (0)"),
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


def beginning_of(config):
    """(first weights, order of architectures, state of the images' generator) of a run that has not begun."""
    run = Run(config)
    weights = torch.cat([tensor.flatten().float() for tensor in run.network.state_dict().values()])
    return weights.tolist(), [run.sampler.step() for _ in range(64)], run.generator.get_state().tolist()


@pytest.mark.parametrize(("field", "changed"), [("init_seed", 0), ("order_seed", 1), ("data_seed", 2), ("seed", None)])
def test_a_seed_of_its_own_changes_one_stream_and_the_runs_seed_all(field, changed):
    config = Training(
        space="darts64", epochs=1, train_size=64, valid_size=32, batch_size=32, order="shuffled",
        network={"channels": 4, "cells": 1},
    )  # fmt: skip
    usual, same, other = (beginning_of(replace(config, **{field: seed})) for seed in (config.seed, 0, 1))
    assert usual == same
    assert [part != of_usual for part, of_usual in zip(other, usual)] == [changed in (i, None) for i in range(3)]


def test_a_field_that_came_later_changes_no_older_identity():
    assert Training().identity == "a7d3a3100e5e"  # of the first round's Training()
    assert Training(order_seed=0).identity != Training().identity


def test_checkpoint_0_is_the_network_before_training(tmp_path):
    config = replace(TINY, epochs=1, checkpoints=(0,), train_size=256)
    folder = train(config, tmp_path / "run")
    assert folder.epochs == [0, 1]
    untrained, kept = Run(config).network.state_dict(), weights(folder, 0)
    assert all(torch.equal(kept[f"network.{name}"], tensor) for name, tensor in untrained.items())
    assert not same(kept, weights(folder, 1))
