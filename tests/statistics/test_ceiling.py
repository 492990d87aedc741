"""The truth against itself, and tau without the truth's noise."""

import math

import numpy as np
import pytest
import scipy.stats

from nasbias.statistics.ceiling import ceiling_of, correct_for_noise, count_repeated
from nasbias.statistics.metrics import kendall_tau


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_ceiling_is_the_mean_tau_between_repeats_that_both_exist(rng):
    repeats = rng.normal(size=(50, 1)) + 0.5 * rng.normal(size=(50, 3))
    repeats[:10, 2] = np.nan
    taus = [
        scipy.stats.kendalltau(repeats[k:, i], repeats[k:, j]).statistic
        for i, j, k in ((0, 1, 0), (0, 2, 10), (1, 2, 10))
    ]
    ceiling = ceiling_of(repeats)
    assert ceiling.value == pytest.approx(np.mean(taus))
    assert ceiling.low < ceiling.value < ceiling.high
    assert math.isnan(ceiling_of(repeats[:, :1]).value)


def test_correcting_for_truth_noise_recovers_the_tau_without_it(rng):
    truth = rng.normal(size=20_000)
    score = truth + rng.normal(size=20_000)
    repeats = truth[:, None] + 0.7 * rng.normal(size=(20_000, 3))
    ceiling = kendall_tau(repeats[:, 0], repeats[:, 1])
    true = kendall_tau(score, truth)
    for seeds in (1, 3):
        noisy = kendall_tau(score, repeats[:, :seeds].mean(axis=1))
        assert noisy < true - 0.02
        assert correct_for_noise(noisy, ceiling, seeds) == pytest.approx(true, abs=0.01)
    assert math.isnan(correct_for_noise(0.3, 0.0))
    assert correct_for_noise(0.9, 0.3) == 1 and correct_for_noise(-0.9, 0.3) == -1
    assert correct_for_noise(0.3, 1.0) == pytest.approx(0.3)


def test_the_ceilings_interval_covers_the_tau_of_all_architectures(rng):
    expected = 2 / np.pi * np.arcsin(1 / 1.25)
    hits = []
    for _ in range(200):
        repeats = rng.normal(size=(80, 1)) + 0.5 * rng.normal(size=(80, 3))
        found = ceiling_of(repeats)
        hits.append(found.low < expected < found.high)
    assert 0.9 <= np.mean(hits) <= 0.99 and found.n_runs == 3


def test_only_architectures_with_two_repeats_count_and_none_has_a_reason():
    repeats = np.array([[1.0, 2.0, np.nan], [np.nan, 1.0, np.nan], [3.0, 2.0, 1.0], [4.0, np.nan, 5.0]])
    assert count_repeated(repeats) == 3
    none = ceiling_of(np.array([[1.0, np.nan], [np.nan, 2.0]]))
    assert math.isnan(none.value) and none.n_runs == 0 and "two repeats" in none.reason
    assert ceiling_of(np.array([[1.0, 2.0], [2.0, 3.0]])).value == 1
