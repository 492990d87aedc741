"""Concordance counted both ways against the sum over all pairs, scipy's tau, and tau without any one item."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nasbias.statistics.kendall import Concordance, count_concordance, dense_ranks, tau_b
from nasbias.statistics.metrics import kendall_tau


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def naive_concordance(x, y):
    return (np.sign(x[:, None] - x) * np.sign(y[:, None] - y)).sum(axis=1)


pairs = st.integers(2, 40).flatmap(
    lambda n: st.tuples(
        arrays(np.int64, n, elements=st.integers(0, 9)), arrays(np.int64, n, elements=st.integers(-50, 50))
    )
)


@given(pairs)
@settings(max_examples=60, deadline=None)
def test_concordance_is_the_sum_over_all_partners(pair):
    x, y = pair
    counted = count_concordance(x, y)
    assert counted.s.tolist() == naive_concordance(x, y).tolist()
    assert counted.ties_x.tolist() == ((x[:, None] == x).sum(axis=1) - 1).tolist()
    without = [kendall_tau(np.delete(x, i), np.delete(y, i)) for i in range(len(x))]
    np.testing.assert_allclose(counted.leave_one_out(), without, atol=1e-12)


@pytest.mark.parametrize(("values", "n"), [(2, 300), (17, 300), (10**6, 300), (40, 3000), (10**6, 3000)])
def test_both_ways_of_counting_agree_with_the_definition(rng, values, n):
    x, y = rng.integers(0, values, n), rng.integers(0, max(values // 3, 2), n)
    assert (count_concordance(x, y).s == naive_concordance(x, y)).all()


def test_every_way_to_tau_is_scipys_on_ties_and_on_a_census(rng):
    score, truth = rng.integers(0, 40, 15_625), rng.integers(0, 9, 15_625)
    expected = scipy.stats.kendalltau(score, truth).statistic
    assert count_concordance(score, truth).tau == pytest.approx(expected, abs=1e-12)
    assert kendall_tau(score, truth) == pytest.approx(expected, abs=1e-12)
    score = rng.normal(size=15_625)
    truth = score + rng.normal(size=15_625)
    expected = scipy.stats.kendalltau(score, truth).statistic
    assert count_concordance(score, truth).tau == pytest.approx(expected, abs=1e-12)


def test_constant_values_and_fewer_than_two_items_have_no_tau():
    assert math.isnan(count_concordance(np.ones(5), np.arange(5)).tau)
    assert math.isnan(count_concordance(np.arange(5), np.ones(5)).tau)
    assert math.isnan(count_concordance(np.array([1.0]), np.array([2.0])).tau)
    assert count_concordance(np.array([1, 2]), np.array([2, 1])).tau == -1


def test_leaving_out_the_one_that_differs_leaves_no_tau():
    without = count_concordance(np.array([0, 0, 0, 1]), np.arange(4)).leave_one_out()
    assert np.isnan(without).tolist() == [False, False, False, True]


def test_tau_b_takes_the_tied_pairs_out_of_each_side_and_stays_within_one():
    assert tau_b(3, 10, 1, 4) == pytest.approx(3 / math.sqrt(9 * 6))
    assert tau_b(11, 10, 0, 0) == 1 and tau_b(-11, 10, 0, 0) == -1
    assert math.isnan(tau_b(0, 10, 10, 0))
    assert Concordance(np.array([1, 1]), np.zeros(2), np.zeros(2)).n == 2


def test_dense_ranks_leave_none_out():
    assert dense_ranks(np.array([5.0, 1.0, 5.0, 9.0])).tolist() == [1, 0, 1, 2]


@pytest.mark.parametrize("levels", [3, 10**6])
def test_a_strong_correlation_with_ties_in_one_variable_only_is_counted_by_either_way(rng, levels):
    x = rng.permutation(1500)
    y = (x + rng.integers(0, 300, 1500)) * levels // 2000
    s = (np.sign(x[:, None] - x) * np.sign(y[:, None] - y)).sum(axis=1)
    assert (count_concordance(x, y).s == s).all() and (count_concordance(y, x).s == s).all()


def test_items_that_are_equal_in_both_are_counted_where_there_are_too_many_values_for_a_table(rng):
    x = np.tile(rng.permutation(400), 3)
    y = np.concatenate([x[:800] // 2, rng.permutation(400)])  # most pairs of equal x are equal in y, some are not
    assert len(np.unique(x)) * len(np.unique(y)) > 8 * len(x) + 256
    assert count_concordance(x, y).s.tolist() == naive_concordance(x, y).tolist()
    assert count_concordance(y, x).s.tolist() == naive_concordance(y, x).tolist()
