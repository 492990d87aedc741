"""A configuration's network and order: which weights a seed gives, and what each list asks for."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import Training, network  # noqa: E402
from nasbias.runs.network import _truth_of, make_network, make_sampler  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import task_of  # noqa: E402
from nasbias.training.run import Run  # noqa: E402
from nasbias.truth import import_truth  # noqa: E402
from tests.small import SIZES, SPACES, small_run  # noqa: E402

TINY = Training(network={"channels": 4, "cells": 1})
ONE_GRAY = {"inputs": 1, "classes": 10}


@pytest.mark.parametrize("space", SPACES)
def test_the_seed_alone_decides_the_weights_and_torchs_own_generator_stays(space):
    config, sizes = small_run(space), SIZES[task_of(space)]
    states = []
    for seed in (0, 0, 1):
        before = torch.random.get_rng_state()
        states.append(make_network(replace(config, seed=seed), sizes).state_dict())
        assert torch.equal(torch.random.get_rng_state(), before)
        torch.rand(1)
    first, again, other = states
    assert all(torch.equal(tensor, again[name]) for name, tensor in first.items())
    assert any(not torch.equal(tensor, other[name]) for name, tensor in first.items())


@pytest.mark.parametrize("space", SPACES)
def test_an_architecture_alone_gets_a_network_and_an_order_of_its_own(space):
    config = small_run(space)
    (architecture,) = get_space(space).sample(1, seed=4)
    alone = replace(config, standalone=architecture)
    (choice,) = set(make_sampler(alone).step())
    assert get_space(space).decode(np.array([choice])).tolist() == [architecture]
    whole, single = (make_network(each, SIZES[task_of(space)]) for each in (config, alone))
    assert {id(p) for p in single.parameters_of(choice)} <= {id(p) for p in single.parameters()}
    assert sum(p.numel() for p in single.parameters()) <= sum(p.numel() for p in whole.parameters())


def test_a_network_reads_images_channels_last():
    weight = make_network(TINY, ONE_GRAY).blocks[0].edges[0]["3"].conv.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


LARGE = {
    "nb201": {"channels": 4096},
    "darts": {"channels": 4096},
    "nb101": {"channels": 4096},  # of ptb the bounds of its options allow none so large
}


@pytest.mark.parametrize("space", LARGE)
def test_a_network_larger_than_the_memory_is_refused_before_it_is_built(space):
    config = replace(small_run(space), network=LARGE[space])
    with pytest.raises(
        InputError, match=r"weights alone would take [\d,.]+ GB of this machine's [\d,.]+ GB\. Ask for a"
    ):
        make_network(config, SIZES[task_of(space)])


def test_what_training_holds_besides_the_weights_and_every_group_count(monkeypatch):
    size = network.count_bytes(make_network(TINY, ONE_GRAY))
    monkeypatch.setattr(network, "total_memory", lambda: 2 * size)
    make_network(TINY, ONE_GRAY, copies=2)
    with pytest.raises(InputError, match="weights, gradients and momentum alone would take"):
        make_network(TINY, ONE_GRAY, copies=3)
    make_network(replace(TINY, sharing="groups:2"), ONE_GRAY)
    with pytest.raises(InputError, match="or for fewer groups"):
        make_network(replace(TINY, sharing="groups:3"), ONE_GRAY)


def test_the_memory_is_the_machines_or_its_control_groups(monkeypatch):
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < network.total_memory() <= whole
    monkeypatch.setattr(network.Path, "read_text", lambda path: "1000000\n")
    assert network.total_memory() == 1_000_000
    monkeypatch.setattr(network.Path, "read_text", lambda path: "max\n")
    assert network.total_memory() == whole


def test_a_plan_for_supernets_is_refused_for_an_architecture_alone():
    with pytest.raises(InputError, match="'groups:2' is for supernets, not for an architecture alone"):
        make_network(replace(TINY, standalone="42", sharing="groups:2"), ONE_GRAY)


def test_sorting_by_truth_wants_one_of_every_architecture(tmp_path):
    space = get_space("nb201")
    names = space.sample(6, seed=0)
    (tmp_path / "list.txt").write_text("\n".join(names))
    config = replace(TINY, architectures=str(tmp_path / "list.txt"), sharing="truth:2")
    table = pd.DataFrame({"architecture": names, "test_accuracy": [70.0, 90, 60, 80, 50, 40]})
    only = space.sample(15_000, seed=1)
    wide = pd.DataFrame({"architecture": only[~np.isin(only, names[:2])], "test_accuracy": 10.0})
    import_truth("nb201", pd.concat([table.iloc[2:], wide[~wide["architecture"].isin(names)]]), "wide")
    with pytest.raises(InputError, match="2 of 6 architectures have no truth in wide, so they can't be sorted by it"):
        make_network(config, ONE_GRAY)
    import_truth("nb201", pd.concat([table, wide[~wide["architecture"].isin(names)]]), "wide")
    network = make_network(config, ONE_GRAY)
    groups = [network.group_of(tuple(code)) for code in space.encode(names).tolist()]
    assert groups == [0, 0, 1, 0, 1, 1]


def test_the_lower_perplexity_is_the_better_truth():
    names = get_space("ptb").sample(60, seed=0).tolist()  # more than the shipped truth has
    perplexities = [60.0, 58.0, 70.0, *([80.0] * 57)]
    import_truth("ptb", pd.DataFrame({"architecture": names, "valid_perplexity": perplexities}), "mine")
    values = _truth_of("ptb", names)
    assert np.argsort(-values[:3]).tolist() == [1, 0, 2]


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


def test_a_list_is_what_is_trained(tmp_path):
    names = get_space("nb201").sample(3, seed=0)
    (tmp_path / "list.txt").write_text("\n".join(names))
    sampler = make_sampler(replace(TINY, architectures=str(tmp_path / "list.txt"), order="cycle", per_step=3))
    assert get_space("nb201").decode(np.array(sampler.step())).tolist() == names.tolist()
    assert len(make_sampler(replace(TINY, subset="unique")).population) == 6461


def test_a_network_has_the_sizes_of_the_configuration_and_alone_only_its_own_operations():
    whole = make_network(TINY, ONE_GRAY)
    assert whole.blocks[0].edges[0]["3"].conv.weight.shape[:2] == (4, 4)
    (empty,) = get_space("nb201").parse_all(["|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"])
    alone = make_network(replace(TINY, standalone=empty), ONE_GRAY)
    sizes = [sum(tensor.numel() for tensor in network.parameters()) for network in (alone, whole)]
    assert sizes[0] < sizes[1] / 4
