"""A against B: the difference, its test, and when there is none."""

import math

import numpy as np
import pytest
import scipy.stats

from nasbias.errors import InputError
from nasbias.statistics.influence import influence
from nasbias.statistics.intervals import combine_runs, error_parts, mean_over_runs, spread_of
from nasbias.statistics.paired import adjust_p_values, compare_runs, compare_same_runs, compare_with_fixed
from tests.statistics.supernets import supernets


@pytest.fixture
def rng():
    return np.random.default_rng(0)


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


@pytest.mark.parametrize(("sides", "named"), [((1, 3), "A"), ((3, 1), "B"), ((1, 1), "A and of B")])
def test_with_one_run_on_a_side_there_is_no_verdict(rng, sides, named):
    scores, truth = supernets(rng, 100, 6)
    runs = [influence(score, truth) for score in scores]
    found = compare_runs(runs[: sides[0]], runs[3 : 3 + sides[1]])
    assert math.isnan(found.low) and math.isnan(found.high) and math.isnan(found.p_value)
    assert found.reason == f"fewer than two runs of {named}: the seed is not covered"
    means = [mean_over_runs(runs[: sides[0]]).value, mean_over_runs(runs[3 : 3 + sides[1]]).value]
    assert found.difference == pytest.approx(means[0] - means[1])


def test_the_difference_has_a_part_of_the_architectures_and_one_t_for_the_seeds_of_both(rng):
    scores, truth = supernets(rng, 200, 6, spread=0.3)
    runs = [influence(score, truth) for score in scores]
    first, second = runs[:2], runs[2:]
    taus = [np.mean([run.tau for run in side]) for side in (first, second)]
    slopes = [1 - tau**2 for tau in taus]
    parts = [error_parts(side) for side in (first, second)]
    crossed = np.mean([a.covariance(b) for a in first for b in second])
    shared = sum(k**2 * part[0].variance for k, part in zip(slopes, parts)) - 2 * slopes[0] * slopes[1] * crossed
    own = [part[1] for part in parts if part[1] is not None]
    assert len(own) == 2
    seeds = [k**2 * part.variance for k, part in zip(slopes, own)]
    freedom = sum(seeds) ** 2 / (seeds[0] ** 2 / 1 + seeds[1] ** 2 / 3)
    least = sum(k**2 * part.least for k, part in zip(slopes, own))
    t = scipy.stats.t.ppf(0.975, [199, freedom])
    half = math.sqrt(t[0] ** 2 * max(shared, 0) + max(t[1] ** 2 * sum(seeds), t[0] ** 2 * least))
    found = compare_runs(first, second)
    assert found.high - found.difference == pytest.approx(half) == pytest.approx(found.difference - found.low)
    assert (found.p_value < 0.05) == (abs(found.difference) > half) and found.reason == ""


def test_a_pooled_spread_narrows_the_comparison(rng):
    scores, truth = supernets(rng, 300, 20, spread=0.3)
    runs = [influence(score, truth) for score in scores]
    spread = spread_of([runs[i : i + 2] for i in range(0, 20, 2)])
    widths = [found.high - found.low for found in (compare_runs(runs[:2], runs[2:4], *[s] * 2) for s in (None, spread))]
    alone = compare_runs(runs[:2], runs[2:4], spread, spread)
    assert alone.high - alone.low == widths[1] and widths[1] < 0.3


def test_against_something_without_a_seed_one_run_is_judged_as_that_run(rng):
    scores, truth = supernets(rng, 300, 3)
    runs = [influence(score, truth) for score in scores]
    fixed = influence(truth + 3 * rng.normal(size=300), truth)
    one = compare_with_fixed(runs[:1], fixed)
    assert one.reason == "one run: the part of the seed is unknown" and 0 < one.low < one.difference < one.high
    three = compare_with_fixed(runs, fixed)
    assert three.reason == "" and three.p_value < 0.05
    spread = spread_of([runs])
    assert compare_with_fixed(runs[:1], fixed, spread).reason == ""
    same = compare_with_fixed([fixed], fixed)
    assert (same.difference, same.low, same.high, same.p_value) == (0, 0, 0, 1) and "one run" in same.reason


def test_the_reason_of_no_comparison_is_that_of_the_side_without_a_tau(rng):
    fine, constant = influence(np.arange(9), np.arange(9) ** 2), influence(np.ones(9), np.arange(9))
    assert compare_runs([fine] * 2, [constant] * 2).reason == "2 of 2 runs have no tau"
    assert math.isnan(compare_runs([constant] * 2, [fine] * 2).difference)
    tiny = influence(np.array([1, 2, 3]), np.array([1, 3, 2]))
    found = compare_runs([tiny] * 2, [tiny] * 2)
    assert found.difference == 0 and math.isnan(found.low) and found.reason == "3 architectures: an interval needs four"


def test_adjusted_p_values_are_scipys_and_the_textbooks():
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.005])
    assert adjust_p_values(p, "bh")[[0, 2, 3, 4]] == pytest.approx(scipy.stats.false_discovery_control(p[[0, 2, 3, 4]]))
    assert adjust_p_values(p)[[0, 2, 3, 4]] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert np.isnan(adjust_p_values(p)[1])
    with pytest.raises(InputError, match="unknown method 'holmes'"):
        adjust_p_values(p, "holmes")
    assert len(adjust_p_values(np.array([np.nan]), "bh")) == 1
    assert adjust_p_values(np.array([0.6, 0.7])).tolist() == [1, 1]


def test_the_same_runs_twice_are_told_apart_where_two_sets_of_seeds_are_not(rng):
    scores, truth = supernets(rng, 300, 6, spread=0.5)
    before = [influence(score, truth) for score in scores]
    after = [influence(score + rng.normal(size=300), truth) for score in scores]
    found, apart = compare_same_runs(before, after), compare_runs(before, after)
    assert found.difference == pytest.approx(apart.difference)
    assert 0 < found.low < found.difference < found.high and found.p_value < 0.05 < apart.p_value
    turned = compare_same_runs(after, before)
    assert (turned.difference, turned.low) == pytest.approx((-found.difference, -found.high))


def test_the_same_runs_need_as_many_on_both_sides_and_two_of_them(rng):
    scores, truth = supernets(rng, 50, 3)
    runs = [influence(score, truth) for score in scores]
    with pytest.raises(ValueError, match="3 and 2 runs are not the same"):
        compare_same_runs(runs, runs[:2])
    alone = compare_same_runs(runs[:1], runs[1:2])
    assert alone.difference == pytest.approx(runs[0].tau - runs[1].tau) and math.isnan(alone.low)
    assert alone.reason == "fewer than two runs: the seed is not covered"
    few = [influence(score[:3], truth[:3]) for score in scores]
    assert compare_same_runs(few, few).reason == "3 architectures: an interval needs four"
    constant = influence(np.zeros(50), truth)
    assert math.isnan(compare_same_runs([constant], runs[:1]).difference)


def test_the_same_runs_against_two_truths_may_lack_architectures_of_one_another(rng):
    scores, truth = supernets(rng, 200, 3)
    whole = [influence(score, truth, np.arange(200)) for score in scores]
    part = [influence(score[50:], truth[50:] + rng.normal(size=150), np.arange(50, 200)) for score in scores]
    found = compare_same_runs(whole, part)
    errors = np.array([
        [(1 - one.tau**2) * one.pull[item] - (1 - other.tau**2) * (other.pull[item - 50] if item >= 50 else 0.0)
         for item in range(200)]
        for one, other in zip(whole, part)
    ])  # fmt: skip
    expected = combine_runs(np.array([[a.tau - b.tau] for a, b in zip(whole, part)]), errors[:, :, None])
    assert (found.low, found.high) == pytest.approx((expected.low[0], expected.high[0]))
