"""What each architecture contributes, against leaving it out."""

import math

import numpy as np
import pytest
import scipy.stats

from nasbias.statistics.influence import Influence, influence, spearman_influence
from nasbias.statistics.metrics import kendall_tau, spearman
from tests.statistics.supernets import supernets


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_jackknife_is_the_one_written_out(rng):
    score, truth = rng.integers(0, 20, 60), rng.integers(0, 15, 60)
    without = np.array([kendall_tau(np.delete(score, i), np.delete(truth, i)) for i in range(60)])
    tau = kendall_tau(score, truth)
    expected = 59 / 60 * ((without - without.mean()) ** 2).sum() / (1 - tau**2) ** 2
    assert influence(score, truth).variance == pytest.approx(expected)


def test_runs_on_other_architectures_do_not_count_as_the_same(rng):
    scores, truth = supernets(rng, 400, 2)
    halves = [
        influence(scores[i, half], truth[half], half) for i, half in enumerate((np.arange(200), np.arange(200, 400)))
    ]
    assert halves[0].covariance(halves[1]) == 0
    assert halves[0].covariance(halves[0]) == pytest.approx(halves[0].variance)


def test_common_architectures_are_found_by_name_in_any_order(rng):
    scores, truth = supernets(rng, 100, 2)
    one, other = (influence(score, truth, np.arange(100)) for score in scores)
    order = rng.permutation(100)[:60]
    part = Influence(other.tau, other.pull[order], order)
    assert one.covariance(part) == pytest.approx(one.pull[order] @ other.pull[order])
    assert one.covariance(other) == pytest.approx(one.pull @ other.pull) and one.covariance(other) > 0


def test_undefined_perfect_and_tiny_rankings_pull_nothing():
    for measure in (influence, spearman_influence):
        constant = measure(np.ones(6), np.arange(6))
        assert math.isnan(constant.tau) and (constant.pull == 0).all() and len(constant.pull) == 6
        perfect = measure(np.arange(6), np.arange(6))
        assert perfect.tau == pytest.approx(1) and perfect.variance == 0
        tiny = measure(np.array([1, 2, 3]), np.array([1, 3, 2]))
        assert tiny.tau == pytest.approx(1 / 3 if measure is influence else 0.5) and tiny.variance == 0
        four = measure(np.array([1, 2, 3, 4]), np.array([2, 1, 3, 4]))
        assert four.variance > 0 and four.items.tolist() == [0, 1, 2, 3]
        assert measure(np.arange(6), np.arange(6), [3, 4, 5, 6, 7, 8]).items.tolist() == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("levels", [4, 10**6])
def test_spearmans_influence_is_what_leaving_out_one_changes(rng, levels):
    score = rng.integers(0, levels, 400)
    truth = score + rng.integers(0, levels, 400)
    rho = spearman(score, truth)
    found = spearman_influence(score, truth)
    assert found.tau == pytest.approx(scipy.stats.spearmanr(score, truth).statistic)
    without = np.array([spearman(np.delete(score, i), np.delete(truth, i)) for i in range(400)])
    jackknife = (without.mean() - without) * np.sqrt(399 / 400) / (1 - rho**2)
    assert found.variance == pytest.approx(jackknife @ jackknife, rel=0.03)
    assert np.corrcoef(found.pull, jackknife)[0, 1] > 0.999
    assert found.pull.sum() == pytest.approx(0, abs=1e-9)
