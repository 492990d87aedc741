"""The seed's variance pooled over training lengths: what it is, how well it is known, and what it must not believe."""

import numpy as np
import pytest
import scipy.stats

from nasbias.statistics.spread import Group, moderate_spread, pool_spread


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_one_length_alone_has_its_own_variance_and_degrees():
    spread = pool_spread([Group(np.array([1.0, 2.0, 4.0]), least=0.5)])
    assert spread is not None and spread.freedom == 2
    assert spread.at(0.5) == pytest.approx((np.var([1, 2, 4], ddof=1), 2))
    assert spread.excess == pytest.approx(np.var([1, 2, 4], ddof=1) - 0.5)


def test_lengths_of_other_runs_weigh_by_their_degrees_of_freedom():
    groups = [Group(np.array([0.0, 2.0])), Group(np.array([0.0, 3.0, 6.0])), Group(np.array([9.0]))]
    spread = pool_spread(groups)
    assert spread is not None
    assert spread.at(0.0) == pytest.approx(((1 * 2 + 2 * 9) / 3, 3))


def test_what_architectures_make_is_taken_out_at_each_length_and_added_again(rng):
    least = np.array([0.1, 1.0, 3.0])
    groups = [Group(rng.normal(size=4000) * np.sqrt(one + 0.5), least=one) for one in least]
    spread = pool_spread(groups)
    assert spread is not None and spread.excess == pytest.approx(0.5, abs=0.1)
    assert spread.at(2.0)[0] == pytest.approx(2.5, abs=0.1)


def test_a_noisier_length_than_the_others_is_known_with_fewer_degrees():
    groups = [Group(np.array([0.0, 2.0]), least=0.0), Group(np.array([0.0, 8.0]), least=30.0)]
    spread = pool_spread(groups)
    assert spread is not None and spread.excess == pytest.approx(2.0)
    variance, freedom = spread.at(0.0)
    assert variance == pytest.approx(2) and freedom == 1.0
    assert spread.at(30.0)[1] == pytest.approx(2.0)  # (32)^2 / ((2^2 + 32^2) / 4), at most the two there are


def test_runs_that_agree_by_chance_leave_no_variance_below_nothing():
    spread = pool_spread([Group(np.array([1.0, 1.0, 1.0]), least=0.5)])
    assert spread is not None and spread.excess == -0.5
    assert spread.at(0.2) == (0.0, 2.0) and spread.at(0.5)[0] == 0.0
    spread = pool_spread([Group(np.array([1.0, 1.0]), least=0.5), Group(np.array([0.0, 2.0]), least=1.5)])
    assert spread is not None and spread.excess == 0 and spread.at(0.0) == (0.0, 2.0)


def test_nothing_to_pool_is_said():
    assert pool_spread([]) is None
    assert pool_spread([Group(np.array([1.0])), Group(np.array([2.0, np.nan]))]) is None


def test_checkpoints_of_the_same_runs_that_go_together_are_not_taken_for_several():
    values = np.array([0.0, 1.0, 3.0])
    same = pool_spread([Group(values, runs=("a", "b", "c")) for _ in range(4)])
    others = pool_spread([Group(values, runs=(f"a{i}", f"b{i}", f"c{i}")) for i in range(4)])
    assert same is not None and others is not None
    assert same.at(0.0) == pytest.approx((values.var(ddof=1), 2)) and others.at(0.0)[1] == 8


def test_how_much_checkpoints_go_together_is_estimated_over_the_runs_in_common():
    first, second = np.array([0.0, 2.0, 5.0]), np.array([1.0, 0.0, 4.0])
    spread = pool_spread([Group(first, runs=(1, 2, 3)), Group(second, runs=(3, 1, 9))])
    assert spread is not None
    mine, theirs = np.array([0.0, 5.0]) - 2.5, np.array([0.0, 1.0]) - 0.5  # runs 1 and 3
    r = (mine @ theirs) / ((mine @ mine + theirs @ theirs) / 2)
    assert spread.freedom == pytest.approx(16 / (2 + 2 + 2 * r**2))


def test_checkpoints_that_go_against_each_other_are_as_good_as_others():
    spread = pool_spread([Group(np.array([0.0, 1.0]), runs=(1, 2)), Group(np.array([1.0, 0.0]), runs=(1, 2))])
    assert spread is not None and spread.freedom == 2
    still = pool_spread([Group(np.array([1.0, 1.0]), runs=(1, 2))] * 2)
    assert still is not None and still.at(0.0) == (0.0, 2.0)


@pytest.mark.parametrize(("correlation", "least"), [(0.0, 0.93), (0.5, 0.93), (0.8, 0.91)])
def test_the_interval_covers_where_two_checkpointed_runs_go_together(rng, correlation, least):
    places = np.arange(4)
    root = np.linalg.cholesky(correlation ** np.abs(np.subtract.outer(places, places)))
    hits = []
    for _ in range(1500):
        values = root @ rng.normal(size=(4, 2))
        spread = pool_spread([Group(row, runs=(0, 1)) for row in values])
        assert spread is not None
        variance, freedom = spread.at(0.0)
        hits.append(abs(values[-1].mean()) < scipy.stats.t.ppf(0.975, freedom) * np.sqrt(variance / 2))
    assert least <= np.mean(hits) <= 0.975


def test_many_estimates_of_one_variance_are_shrunk_to_it_and_of_several_are_not(rng):
    units = rng.uniform(0.5, 2, 40)
    alike, freedom = moderate_spread(units * 3 * rng.chisquare(2, 40) / 2, units, 2.0)
    assert freedom > 20 and np.std(alike / units) < 0.4 and np.mean(alike / units) == pytest.approx(3, rel=0.3)
    truly = 10.0 ** rng.uniform(-3, 3, 40)
    drawn = units * truly * rng.chisquare(8, 40) / 8
    other, freedom = moderate_spread(drawn, units, 8.0)
    assert 8 < freedom < 9 and np.median(np.abs(np.log(other / drawn))) < 0.1


def test_the_moderated_variances_are_those_of_smyth(rng):
    variances, units = rng.chisquare(3, 60) / 3 * rng.chisquare(6, 60) / 6, np.full(60, 2.0)
    found, freedom = moderate_spread(variances, units, 3.0)
    prior = freedom - 3
    logs = np.log(variances / 2) - scipy.special.polygamma(0, 1.5) + np.log(1.5)
    assert scipy.special.polygamma(1, prior / 2) == pytest.approx(logs.var(ddof=1) - scipy.special.polygamma(1, 1.5))
    common = np.exp(logs.mean() + scipy.special.polygamma(0, prior / 2) - np.log(prior / 2))
    assert found == pytest.approx((prior * common * 2 + 3 * variances) / freedom)


def test_few_estimates_or_no_unit_leave_the_variances_as_they_are(rng):
    seven = rng.chisquare(2, 7)
    assert moderate_spread(seven, np.ones(7), 2.0) == (pytest.approx(seven), 2.0)
    eight = rng.chisquare(2, 8)
    assert moderate_spread(eight, np.r_[np.ones(7), 0.0], 2.0) == (pytest.approx(eight), 2.0)
    assert moderate_spread(eight, np.ones(8), 2.0)[1] > 2
    nothing = np.r_[0.0, eight[1:]]
    assert moderate_spread(nothing, np.ones(8), 2.0) == (pytest.approx(nothing), 2.0)
