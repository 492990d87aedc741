"""Intervals, bootstraps and tests against naive versions, scipy and simulations."""

import math

import numpy as np
import pytest
import scipy.stats

from nasbias.errors import InputError
from nasbias.metrics import kendall_tau
from nasbias.statistics import (
    adjust_p_values,
    ceiling_of,
    compare_runs,
    correct_for_noise,
    influence,
    mean_over_runs,
    resample_tau,
    spearman_over_runs,
    tau_interval,
    two_level_bootstrap,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_spearman_over_runs_is_scipys_and_its_interval_holds():
    rng = np.random.default_rng(0)
    target = 6 / np.pi * np.arcsin(np.sqrt(0.5) / 2)  # of normal variables whose correlation is sqrt(1/2)
    hits = {1: 0, 3: 0}
    truth, scores = np.zeros(80), np.zeros((3, 80))
    for _ in range(400):
        truth = rng.normal(size=80)
        scores = truth + rng.normal(size=(3, 80))
        for runs in hits:
            estimate = spearman_over_runs(scores[:runs], truth)
            hits[runs] += estimate.low <= target <= estimate.high
    expected = np.mean([scipy.stats.spearmanr(score, truth).statistic for score in scores])
    assert spearman_over_runs(scores, truth).value == pytest.approx(expected)
    assert 0.92 <= hits[1] / 400 <= 0.98
    assert hits[3] / 400 >= 0.94  # rather too wide, as it says
    assert np.isnan(spearman_over_runs(np.ones((2, 80)), truth).value)


def supernets(rng, n, runs, noise=1.0, consistent=0.5, spread=0.0):
    """Scores [runs, n] = truth + a bias that all runs share + noise of their own, and the truth [n]."""
    truth = rng.normal(size=n)
    shared = truth + consistent * rng.normal(size=n)
    own = noise * np.exp(spread * rng.normal(size=(runs, 1))) * rng.normal(size=(runs, n))
    return shared + own, truth


def test_the_jackknife_is_the_one_written_out(rng):
    score, truth = rng.integers(0, 20, 60), rng.integers(0, 15, 60)
    without = np.array([kendall_tau(np.delete(score, i), np.delete(truth, i)) for i in range(60)])
    tau = kendall_tau(score, truth)
    expected = 59 / 60 * ((without - without.mean()) ** 2).sum() / (1 - tau**2) ** 2
    assert influence(score, truth).variance == pytest.approx(expected)


def test_the_interval_of_one_run_covers_and_says_what_it_leaves_out(rng):
    hits = []
    for _ in range(400):
        scores, truth = supernets(rng, 64, 1)
        estimate = tau_interval(scores[0], truth)
        # two normal variables of correlation r have tau 2/pi asin(r); r = 1 / sqrt(1 + .25 + 1)
        hits.append(estimate.low < 2 / np.pi * np.arcsin(1 / 1.5) < estimate.high)
    assert 0.92 < np.mean(hits) < 0.98
    assert math.isnan(estimate.error_runs) and "seed" in estimate.reason


@pytest.mark.parametrize("spread", [0.0, 0.4])
def test_the_interval_over_three_runs_covers_new_runs_and_architectures(rng, spread):
    intervals, taus = [], []
    for _ in range(300):
        scores, truth = supernets(rng, 100, 3, spread=spread)
        runs = [influence(score, truth) for score in scores]
        taus += [run.tau for run in runs]
        estimate = mean_over_runs(runs)
        intervals.append((estimate.low, estimate.high))
    low, high = np.transpose(intervals)
    assert 0.91 < np.mean((low < np.mean(taus)) & (np.mean(taus) < high)) < 0.985


def test_more_runs_do_not_shrink_what_all_runs_owe_to_the_architectures(rng):
    scores, truth = supernets(rng, 200, 1, noise=0.0)
    one = tau_interval(scores[0], truth)
    many = mean_over_runs([influence(scores[0], truth)] * 8)
    assert many.error_architectures == pytest.approx(one.error_architectures)
    assert many.error_runs == pytest.approx(0, abs=1e-9)


def test_runs_on_other_architectures_do_not_count_as_the_same(rng):
    scores, truth = supernets(rng, 400, 2)
    halves = [
        influence(scores[i, half], truth[half], half) for i, half in enumerate((np.arange(200), np.arange(200, 400)))
    ]
    assert halves[0].covariance(halves[1]) == 0
    assert halves[0].covariance(halves[0]) == pytest.approx(halves[0].variance)


def test_undefined_and_perfect_rankings_are_said_plainly():
    assert math.isnan(tau_interval(np.ones(10), np.arange(10)).value)
    assert "constant" in tau_interval(np.ones(10), np.arange(10)).reason
    perfect = tau_interval(np.arange(10), np.arange(10))
    assert (perfect.low, perfect.value, perfect.high) == pytest.approx((1, 1, 1))
    assert "four" in tau_interval(np.arange(3), np.array([1, 3, 2])).reason
    assert math.isnan(
        mean_over_runs([influence(np.ones(9), np.arange(9)), influence(np.arange(9), np.arange(9))]).value
    )


@pytest.mark.parametrize("values", [8, 10**9])
def test_resampled_tau_spreads_as_the_jackknife_says(rng, values):
    score = rng.integers(0, values, 500)
    truth = score + rng.integers(0, values, 500)
    spread = resample_tau(score, truth, 300, rng).std()
    expected = np.sqrt(influence(score, truth).variance) * (1 - kendall_tau(score, truth) ** 2)
    assert spread == pytest.approx(expected, rel=0.15)


def test_a_resample_of_integer_scores_is_exact(rng):
    score, truth = rng.integers(0, 5, 80), rng.integers(0, 5, 80)
    ours = resample_tau(score, truth, 3, np.random.default_rng(7))
    generator = np.random.default_rng(7)
    order = np.lexsort((truth, score))  # it draws from the cells of the joint histogram
    for tau in ours:
        chosen = order[generator.integers(0, 80, 80, dtype=np.int32)]
        assert tau == pytest.approx(scipy.stats.kendalltau(score[chosen], truth[chosen]).statistic)


def test_the_two_level_bootstrap_pairs_methods_and_varies_with_the_runs(rng):
    scores, truth = supernets(rng, 150, 6, spread=0.6)
    drawn = two_level_bootstrap([scores, scores], truth, 100, rng)
    assert (drawn[:, 0] == drawn[:, 1]).all()
    alone = two_level_bootstrap([scores[:1]], truth, 100, rng)
    estimate = mean_over_runs([influence(score, truth) for score in scores])
    assert drawn[:, 0].std() == pytest.approx(np.hypot(estimate.error_architectures, estimate.error_runs), rel=0.4)
    assert alone.std() == pytest.approx(
        np.sqrt(influence(scores[0], truth).variance) * (1 - kendall_tau(scores[0], truth) ** 2), rel=0.3
    )
    with pytest.raises(InputError, match="NaN"):
        two_level_bootstrap([np.full((2, 150), np.nan)], truth, 5, rng)


def test_the_paired_test_finds_a_difference_and_keeps_its_level(rng):
    scores, truth = supernets(rng, 300, 4)
    better = [influence(score, truth) for score in scores]
    worse = [influence(score + 2 * rng.normal(size=300), truth) for score in scores]
    found = compare_runs(better, worse)
    assert 0 < found.low < found.difference < found.high and found.p_value < 0.01
    assert compare_runs(worse, better).difference == pytest.approx(-found.difference)
    p_values = []
    for _ in range(200):
        scores, truth = supernets(rng, 100, 6, spread=0.2)
        runs = [influence(score, truth) for score in scores]
        p_values.append(compare_runs(runs[:3], runs[3:]).p_value)
    assert np.mean(np.array(p_values) < 0.05) < 0.09


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


def test_adjusted_p_values_are_scipys_and_the_textbooks():
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.005])
    assert adjust_p_values(p, "bh")[[0, 2, 3, 4]] == pytest.approx(scipy.stats.false_discovery_control(p[[0, 2, 3, 4]]))
    assert adjust_p_values(p)[[0, 2, 3, 4]] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert np.isnan(adjust_p_values(p)[1])
    with pytest.raises(InputError, match="holm"):
        adjust_p_values(p, "holmes")
