"""A run that failed is named, runs that are alike are not."""

import math

import numpy as np
import pytest

from nasbias.statistics import influence, stand_apart
from nasbias.statistics.influence import Influence


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def runs_with(rng, noises, n=200):
    truth = rng.normal(size=n)
    return [influence(truth + noise * rng.normal(size=n), truth) for noise in noises]


def bare(*taus, n=50):
    return [Influence(tau, np.zeros(n), np.arange(n)) for tau in taus]


@pytest.mark.parametrize("place", range(5))
def test_the_run_that_ranks_at_random_is_found_wherever_it_stands(rng, place):
    noises = np.ones(5)
    noises[place] = 1e6
    assert stand_apart(runs_with(rng, noises, 1000)) == [place]


def test_runs_that_are_alike_are_rarely_called_apart(rng):
    found = [len(stand_apart(runs_with(rng, np.exp(rng.normal(0, 0.2, 5)), 60))) for _ in range(200)]
    assert np.mean(np.array(found) > 0) < 0.09


def test_a_distance_that_the_architectures_explain_is_none():
    pulls = np.eye(50) * 0.5  # each run owes .25 of variance to an architecture of its own
    alike = [Influence(tau, pulls[i], np.arange(50)) for i, tau in enumerate((0.50, 0.501, 0.499, 0.5, 0.55))]
    assert stand_apart(alike) == [] and stand_apart(bare(0.50, 0.501, 0.499, 0.5, 0.55)) == [4]


def test_few_runs_or_one_without_a_tau_say_nothing():
    assert stand_apart(bare(0.5, 0.5001, -0.5)) == [] and stand_apart(bare(0.5, 0.5001, 0.5, -0.5)) == [3]
    assert stand_apart(bare(0.5, 0.5, 0.5, math.nan)) == []
    assert stand_apart(bare(0.5, 0.5, 0.5, 0.5, 0.4)) == [4] and stand_apart(bare(0.5, 0.5, 0.5, 0.5)) == []
    assert stand_apart(bare(1.0, 1.0, 1.0, 1.0, 0.9)) == [4]


def test_the_threshold_is_one_twentieth_shared_by_the_runs():
    rest = np.array([0.1, -0.1, 0.05, -0.05])
    edge = -np.sqrt(rest.var(ddof=1) * 1.25) * -5.841  # t of 3 degrees at .01 two-sided
    inside, outside = (stand_apart(bare(*np.tanh([*rest, edge * share]))) for share in (0.99, 1.01))
    assert (inside, outside) == ([], [4])
