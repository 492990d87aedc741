"""Intervals against formulas written out, scipy and simulations."""

import math

import numpy as np
import pytest
import scipy.stats

from nasbias.statistics.influence import influence, spearman_influence
from nasbias.statistics.intervals import (
    Part,
    combine_runs,
    error_parts,
    half_width,
    mean_interval,
    mean_over_runs,
    spearman_over_runs,
    split_error,
    spread_of,
    tau_interval,
    two_sided_p,
)
from tests.statistics.supernets import supernets


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
    assert 0.93 <= hits[3] / 400 <= 0.99
    assert np.isnan(spearman_over_runs(np.ones((2, 80)), truth).value)


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


def test_undefined_and_perfect_rankings_are_said_plainly():
    assert math.isnan(tau_interval(np.ones(10), np.arange(10)).value)
    assert "constant" in tau_interval(np.ones(10), np.arange(10)).reason
    perfect = tau_interval(np.arange(10), np.arange(10))
    assert (perfect.low, perfect.value, perfect.high) == pytest.approx((1, 1, 1))
    assert "four" in tau_interval(np.arange(3), np.array([1, 3, 2])).reason
    assert math.isnan(
        mean_over_runs([influence(np.ones(9), np.arange(9)), influence(np.arange(9), np.arange(9))]).value
    )


def test_half_widths_add_in_squares_each_with_its_own_t():
    t = scipy.stats.t.ppf(0.975, [5, 2])
    assert half_width([Part(4.0, 5), Part(9.0, 2)]) == pytest.approx(math.sqrt(t[0] ** 2 * 4 + t[1] ** 2 * 9))
    assert half_width([Part(4.0, 5)], 0.2) == pytest.approx(2 * scipy.stats.t.ppf(0.9, 5))


def test_a_part_is_never_taken_for_less_than_is_known():
    known = Part(0.0, 2, least=4.0, least_freedom=99)
    assert half_width([known]) == pytest.approx(2 * scipy.stats.t.ppf(0.975, 99))
    assert half_width([Part(4.0, 2, least=4.0, least_freedom=99)]) == pytest.approx(2 * scipy.stats.t.ppf(0.975, 2))
    # No jump: just below and just above where the estimate takes over, the width is the same.
    edge = 4.0 * (scipy.stats.t.ppf(0.975, 99) / scipy.stats.t.ppf(0.975, 2)) ** 2
    below, above = (half_width([Part(edge * factor, 2, 4.0, 99)]) for factor in (1 - 1e-6, 1 + 1e-6))
    assert below == pytest.approx(above, rel=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.5, 3.0, -3.0, 30.0])
def test_the_p_value_is_that_of_the_interval_that_ends_at_zero(value):
    parts = [Part(1.0, 9), Part(0.5, 2, 0.1, 9)]
    p = float(two_sided_p(value, parts))
    assert half_width(parts, p) == pytest.approx(abs(value), abs=1e-6)
    assert float(two_sided_p(value, [Part(1.0, 7)])) == pytest.approx(2 * scipy.stats.t.sf(abs(value), 7))


def test_the_interval_of_three_runs_is_the_one_written_out(rng):
    scores, truth = supernets(rng, 150, 3, spread=0.5)
    runs = [influence(score, truth) for score in scores]
    estimate = mean_over_runs(runs)
    pulls = np.stack([run.pull for run in runs])
    together = pulls @ pulls.T
    shared = together[np.triu_indices(3, 1)].mean()
    z = np.arctanh([run.tau for run in runs])
    least = max(np.trace(together) / 3 - shared, 0)
    t = scipy.stats.t.ppf(0.975, [149, 2])
    half = math.sqrt(t[0] ** 2 * shared + max(t[1] ** 2 * z.var(ddof=1), t[0] ** 2 * least) / 3)
    centre = np.arctanh(estimate.value)
    assert estimate.value == pytest.approx(np.mean([run.tau for run in runs]))
    assert (estimate.low, estimate.high) == pytest.approx((np.tanh(centre - half), np.tanh(centre + half)))
    slope = 1 - estimate.value**2
    assert estimate.error_architectures == pytest.approx(slope * math.sqrt(shared))
    assert estimate.error_runs == pytest.approx(slope * math.sqrt(max(z.var(ddof=1), least) / 3))
    assert (estimate.n_runs, estimate.reason) == (3, "")
    assert split_error(runs) == pytest.approx((shared, least))


def test_a_pooled_spread_gives_even_one_run_an_interval_that_covers_its_seed(rng):
    scores, truth = supernets(rng, 200, 12, spread=0.4)
    runs = [influence(score, truth) for score in scores]
    spread = spread_of([runs[:6], runs[6:]])
    assert spread is not None
    alone, pooled = mean_over_runs(runs[:1]), mean_over_runs(runs[:1], spread)
    assert pooled.reason == "" and pooled.high - pooled.low > alone.high - alone.low
    variance, freedom = spread.at(0.0)
    t = scipy.stats.t.ppf(0.975, [199, freedom])
    half = math.sqrt(t[0] ** 2 * runs[0].variance + t[1] ** 2 * variance)
    assert pooled.high == pytest.approx(np.tanh(np.arctanh(runs[0].tau) + half))
    part = error_parts(runs[:3], spread)[1]
    least = split_error(runs[:3])[1]
    assert part is not None and part.variance == pytest.approx(spread.at(least)[0] / 3)
    assert (part.least, part.least_freedom) == (pytest.approx(least / 3), 199)


def test_the_spread_over_lengths_leaves_out_runs_that_have_no_place_on_the_scale(rng):
    scores, truth = supernets(rng, 60, 3)
    runs = [influence(score, truth) for score in scores]
    perfect, constant = influence(truth, truth), influence(np.ones(60), truth)
    whole, mixed = spread_of([runs]), spread_of([[perfect, *runs, constant]], [["p", 0, 1, 2, "c"]])
    assert whole is not None and mixed is not None and mixed.excess == pytest.approx(whole.excess)
    assert spread_of([[perfect, perfect], runs[:1]]) is None
    twice = spread_of([runs, runs], [[0, 1, 2]] * 2)
    assert twice is not None and twice.freedom == pytest.approx(2)


@pytest.mark.parametrize("lengths", [1, 4])
@pytest.mark.parametrize("runs", [2, 3])
def test_intervals_of_few_runs_cover_what_new_seeds_give(lengths, runs):
    rng = np.random.default_rng([lengths, runs])
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    target = np.average(2 / np.pi * np.arcsin(1 / np.sqrt(1.25 + np.exp(0.8 * nodes))), weights=weights)
    hits = []
    for _ in range(300):
        scores, truth = supernets(rng, 100, runs * lengths, spread=0.4)
        pulls = [influence(score, truth) for score in scores]
        groups = [pulls[i : i + runs] for i in range(0, runs * lengths, runs)]
        estimate = mean_over_runs(groups[0], spread_of(groups))
        hits.append(estimate.low < target < estimate.high)
    assert 0.915 <= np.mean(hits) <= 0.985


def test_spearman_over_runs_is_the_same_interval_of_spearmans_influence(rng):
    scores, truth = supernets(rng, 90, 3)
    runs = [spearman_influence(score, truth) for score in scores]
    assert spearman_over_runs(scores, truth) == mean_over_runs(runs)
    spread = spread_of([runs])
    assert spearman_over_runs(scores[:1], truth, spread).reason == ""
    assert spearman_over_runs(np.ones((2, 90)), truth).reason == "constant"


def test_the_mean_of_values_has_students_interval_within_its_range():
    values = [1.0, 2.0, 6.0]
    half = scipy.stats.t.ppf(0.975, 2) * np.std(values, ddof=1) / math.sqrt(3)
    assert mean_interval(values, -100, 100) == pytest.approx((3, 3 - half, 3 + half))
    assert mean_interval(values, 0, 5) == pytest.approx((3, 0, 5))
    assert mean_interval([1.0], 0, 5)[0] == 1 and np.isnan(mean_interval([1.0], 0, 5)[1:]).all()
    pooled = math.sqrt((2 * np.var(values, ddof=1) + 1 * 2.0) / 3 / 3) * scipy.stats.t.ppf(0.975, 3)
    assert mean_interval(values, -9, 99, [[3.0, 5.0], [4.0]]) == pytest.approx((3, 3 - pooled, 3 + pooled))
    assert mean_interval([2.0], -99, 99, [[3.0, 5.0]])[1] == pytest.approx(
        2 - scipy.stats.t.ppf(0.975, 1) * math.sqrt(2)
    )
    assert np.isnan(mean_interval([1.0, np.nan], 0, 5)).all()


def draw_estimates(rng, runs, n, k, seed, architectures=1.0):
    """Values [runs, k] with errors of architectures, of the interaction and of the seed; their pulls."""
    common = rng.normal(size=(n, k)) * architectures / np.sqrt(n)
    own = rng.normal(size=(runs, n, k)) / np.sqrt(n)
    values = (common + own).sum(axis=1) + seed * rng.normal(size=(runs, k))
    return values, common + own


@pytest.mark.parametrize(("runs", "seed"), [(2, 0.0), (3, 0.0), (2, 2.0), (3, 2.0)])
def test_means_of_few_runs_cover_and_find_falsely_as_seldom_as_promised(runs, seed):
    rng = np.random.default_rng(runs)
    hits, p_values = [], []
    for _ in range(300):
        found = combine_runs(*draw_estimates(rng, runs, 40, 3, seed))
        hits.append((found.low < 0) & (found.high > 0))
        p_values.append(found.p_value)
    assert 0.93 <= np.mean(hits) <= 0.995  # two runs that differ by architectures alone: rather wide
    assert np.array_equal(np.array(p_values) > 0.05, hits)


def test_combined_runs_are_those_written_out(rng):
    values, pulls = draw_estimates(rng, 3, 40, 2, 1.0)
    found = combine_runs(values, pulls)
    t = scipy.stats.t.ppf(0.975, [39, 2])
    for k in range(2):
        together = pulls[:, :, k] @ pulls[:, :, k].T
        shared = max(together[np.triu_indices(3, 1)].mean(), 0)
        least = max(np.trace(together) / 3 - shared, 0) / 3
        between = values[:, k].var(ddof=1) / 3
        half = math.sqrt(t[0] ** 2 * shared + max(t[1] ** 2 * between, t[0] ** 2 * least))
        assert found.value[k] == pytest.approx(values[:, k].mean())
        assert (found.low[k], found.high[k]) == pytest.approx((found.value[k] - half, found.value[k] + half))
        assert found.error[k] == pytest.approx(math.sqrt(shared + max(between, least)))


def test_one_run_or_no_error_at_all_is_combined_plainly(rng):
    values, pulls = draw_estimates(rng, 1, 40, 2, 0.0)
    found = combine_runs(values, pulls)
    assert found.error == pytest.approx(np.sqrt((pulls[0] ** 2).sum(axis=0)))
    assert found.high - found.value == pytest.approx(scipy.stats.t.ppf(0.975, 39) * found.error)
    assert found.p_value == pytest.approx(2 * scipy.stats.t.sf(np.abs(found.value) / found.error, 39))
    exact = combine_runs(np.ones((2, 1)), np.zeros((2, 5, 1)))
    assert exact.low == exact.high == 1 and np.isnan(exact.p_value).all()
    unknown = combine_runs(np.full((2, 1), np.nan), np.full((2, 5, 1), np.nan))
    assert np.isnan([unknown.value, unknown.low, unknown.p_value]).all()


def test_many_estimates_of_one_kind_tell_each_other_their_spread(rng):
    widths = []
    for k in (7, 12):
        found = [combine_runs(*draw_estimates(rng, 2, 40, k, 1.0)) for _ in range(30)]
        widths.append(np.mean([one.high - one.low for one in found]))
    assert widths[1] < widths[0] / 2
