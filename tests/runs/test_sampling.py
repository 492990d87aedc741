"""Which architectures a step trains: orders, their state, and the lists they need."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")

from nasbias.errors import InputError
from nasbias.runs.sampling import Sampler
from nasbias.spaces import get_space
from nasbias.streams import stream
from tests.small import SPACES


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


@pytest.mark.parametrize("space", SPACES)
def test_every_space_is_sampled_and_a_restored_sampler_goes_on_as_the_first(space):
    home = get_space(space)
    for order in ("uniform", "reshuffled") if home.population() is not None else ("uniform",):
        sampler = Sampler(home, order, 2, stream("order", 3), subset=None)
        taken = [sampler.step() for _ in range(5)]
        assert all(len(step) == 2 and isinstance(step[0], tuple) for step in taken)
        home.parse_all(home.decode(np.array([choice for step in taken for choice in step])))
        other = Sampler(home, order, 2, stream("order", 9), subset=None)
        other.restore(json.loads(json.dumps(sampler.state())))
        assert [sampler.step() for _ in range(5)] == [other.step() for _ in range(5)]


def test_a_restored_cycle_goes_on_in_the_middle_of_its_permutation():
    space = get_space("darts64")
    first, second = (Sampler(space, "reshuffled", 1, stream("order", seed), None) for seed in (0, 1))
    start = [first.step()[0] for _ in range(40)]
    second.restore(first.state())
    rest = [second.step()[0] for _ in range(24)]
    assert len({*start, *rest}) == 64
    assert [second.step() for _ in range(64)] == [first.step() for _ in range(24 + 64)][24:]


def test_a_seed_is_an_order_of_its_own():
    orders = [
        [Sampler(get_space("darts64"), "shuffled", 64, stream("order", seed), None).step()] for seed in (0, 0, 1)
    ]  # fmt: skip
    assert orders[0] == orders[1] != orders[2]


def test_a_subset_is_all_that_is_drawn_from_and_only_replaces_it():
    space = get_space("nb201")
    population = space.population("unique")
    assert population is not None
    unique = set(map(tuple, population.tolist()))
    assert set(Sampler(space, "uniform", 500, stream("order", 0), "unique").step()) <= unique
    only = space.encode(space.sample(2, seed=0))
    assert set(Sampler(space, "uniform", 50, stream("order", 0), None, only).step()) == set(map(tuple, only.tolist()))


def test_orders_that_need_a_list_refuse_a_space_that_has_none():
    with pytest.raises(InputError, match="order 'cycle' needs a list of architectures and darts is too large to list"):
        Sampler(get_space("darts"), "cycle", 1, stream("order", 0), None)
    with pytest.raises(InputError, match="order 'fair'.*no list of architectures"):
        only = get_space("nb201").encode(get_space("nb201").sample(5, seed=0))
        Sampler(get_space("nb201"), "fair", 5, stream("order", 0), None, only)


def test_a_subset_that_no_space_has_is_refused_before_the_first_step():
    for name in ("nb201", "darts", "ptb"):
        with pytest.raises(InputError, match="unknown subset"):
            Sampler(get_space(name), "uniform", 1, stream("order", 0), "foo")
