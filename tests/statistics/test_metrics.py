"""Rank metrics against scipy and against their definitions written out naively."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nasbias.errors import InputError
from nasbias.statistics.metrics import (
    METRICS,
    best_at,
    best_places,
    best_rank_at,
    get_metric,
    kendall_tau,
    partial_tau,
    precision_at_bottom,
    precision_at_top,
    rank_difference,
    similarity,
    sparse_tau,
    spearman,
    tau_given,
    top_rank,
    top_weights,
    why_undefined,
    worst_rank_at,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


pairs = st.integers(2, 40).flatmap(
    lambda n: st.tuples(
        arrays(np.int64, n, elements=st.integers(0, 9)), arrays(np.int64, n, elements=st.integers(-50, 50))
    )
)


@given(arrays(np.int64, st.integers(1, 30), elements=st.integers(0, 6)), st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_the_best_places_are_those_of_a_full_stable_sort(values, k):
    assert best_places(values, k).tolist() == np.argsort(-values, kind="stable")[:k].tolist()


@given(pairs)
@settings(max_examples=40, deadline=None)
def test_spearman_is_scipys(pair):
    x, y = pair
    if len(set(x)) < 2 or len(set(y)) < 2:
        assert math.isnan(spearman(x, y))
    else:
        assert spearman(x, y) == pytest.approx(scipy.stats.spearmanr(x, y).statistic, abs=1e-12)


def test_sparse_tau_does_not_rank_within_a_tenth_of_a_per_cent(rng):
    truth = 90 + rng.normal(size=200)
    score = truth + rng.normal(size=200) * 0.02  # wrong only where truths are close
    expected = scipy.stats.kendalltau(score, np.round(truth, 1)).statistic
    assert sparse_tau(score, truth) == pytest.approx(expected, abs=1e-12)
    assert sparse_tau([1, 2, 3], [91.01, 91.04, 91.02]) != sparse_tau([1, 2, 3], [91.01, 91.04, 92])


def test_top_rank_is_the_best_true_rank_among_those_scored_highest():
    truth = np.array([50.0, 90.0, 80.0, 70.0, 90.0])
    score = np.array([5.0, 1.0, 4.0, 3.0, 2.0])
    assert top_rank(score, truth, 1) == 5  # 50 is the worst of five
    assert top_rank(score, truth, 2) == 3  # 80 comes after the two 90s
    assert top_rank(score, truth, 4) == 1
    assert best_at(score, truth, 3) == 80


def means_over_ties(score, truth, k, of_top):
    """The mean of `of_top(chosen)` over every way to choose the k highest scores."""
    edge = np.sort(score)[::-1][k - 1]
    certain, tied = np.flatnonzero(score > edge), np.flatnonzero(score == edge)
    ways = itertools.combinations(tied, k - len(certain))
    return np.mean([of_top(np.array([*certain, *way])) for way in ways])


@given(st.integers(2, 9), st.integers(1, 9), st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_ties_at_the_top_are_averaged_over_every_way_to_choose(n, k, seed):
    rng = np.random.default_rng(seed)
    k = min(k, n)
    score, truth = rng.integers(0, 3, n).astype(float), rng.integers(0, 5, n).astype(float)
    if len(set(score)) < 2 or len(set(truth)) < 2:
        return
    ranks = scipy.stats.rankdata(-truth, method="min")
    expected = means_over_ties(score, truth, k, lambda top: ranks[top].min())
    assert top_rank(score, truth, k) == pytest.approx(expected)
    assert best_at(score, truth, k) == pytest.approx(means_over_ties(score, truth, k, lambda top: truth[top].max()))
    share = k / n
    k = max(1, round(share * n))
    assert best_rank_at(score, truth, share) == pytest.approx(expected / n)
    worst = means_over_ties(score, truth, k, lambda top: ranks[top].max())
    assert worst_rank_at(score, truth, share) == pytest.approx(worst / n)
    common = means_over_ties(
        score, truth, k, lambda top: means_over_ties(truth, truth, k, lambda best: len({*top} & {*best}))
    )
    assert precision_at_top(score, truth, share) == pytest.approx(common / k)


def test_equal_scores_share_their_places_whatever_their_order():
    assert best_at([1, 1, 0], [70.0, 90.0, 80.0], 1) == 80.0
    assert top_rank([1, 1, 0], [70.0, 90.0, 80.0], 1) == 2.0
    assert top_weights([3, 1, 1, 0], 2).tolist() == [1, 0.5, 0.5, 0]
    assert top_weights([3, 1], 2).tolist() == [1, 1] and top_weights([3, 1], 0).tolist() == [0, 0]


def test_a_metric_says_how_large_its_top_is():
    counts = {name: METRICS[name].count(200) for name in METRICS}
    assert counts["best_at_10"] == 10 and counts["top3_rank"] == 3 and counts["p_at_5"] == 10
    assert counts["p_at_10"] == 20 and counts["wr_at_5"] == 10 and counts["gt_tau"] == 200
    assert METRICS["best_at_10"].count(4) == 4 and METRICS["p_at_5"].count(4) == 1


def test_the_reason_of_an_undefined_metric_is_told():
    assert why_undefined([1.0], [2.0]) == "1 architecture(s): a ranking needs two"
    assert why_undefined([1, np.nan, np.nan], [1, 2, 3]) == "2 of 3 scores are NaN"
    assert why_undefined([1, 2, 3], [1, 2, np.nan]) == "1 of 3 truths are NaN"
    assert why_undefined([1, 2], [3, 3]) == "the truth is constant (3)"
    assert why_undefined([1, 2], [1, 2]) == ""
    assert math.isnan(partial_tau(0.5, 1.0, 0.2)) and math.isnan(tau_given([1, 2], [1, 2], [1, np.nan]))


def test_the_registered_names_directions_and_ranges_are_these():
    said = {name: (each.better, each.range) for name, each in METRICS.items()}
    correlation, share, rank = ("higher", (-1, 1)), ("higher", (0, 1)), ("lower", (1, None))
    assert said == {
        "gt_tau": correlation,
        "spearman": correlation,
        "sparse_tau": correlation,
        "top1_rank": rank,
        "top3_rank": rank,
        "best_at_1": ("higher", (None, None)),
        "best_at_10": ("higher", (None, None)),
        "p_at_5": share,
        "p_at_10": share,
        "p_bottom_5": share,
        "p_bottom_10": share,
        "br_at_5": ("lower", (0, 1)),
        "wr_at_5": ("lower", (0, 1)),
    }
    assert all(METRICS[name].name == name and get_metric(name) is METRICS[name] for name in METRICS)


def test_precision_counts_the_common_members_of_two_tops(rng):
    score, truth = rng.permutation(40), rng.permutation(40)
    for share, k in ((0.05, 2), (0.1, 4), (0.5, 20)):
        top = {int(i) for i in np.argsort(-score)[:k]} & {int(i) for i in np.argsort(-truth)[:k]}
        bottom = {int(i) for i in np.argsort(score)[:k]} & {int(i) for i in np.argsort(truth)[:k]}
        assert precision_at_top(score, truth, share) == len(top) / k
        assert precision_at_bottom(score, truth, share) == len(bottom) / k


def test_best_and_worst_rank_of_the_predicted_top_are_shares_of_the_space():
    truth = np.arange(100.0)
    score = truth.copy()
    score[10] = 1000  # an architecture of true rank 90 is ranked first
    assert METRICS["wr_at_5"](score, truth) == 0.90
    assert METRICS["br_at_5"](score, truth) == 0.01


def test_rank_difference_is_positive_where_the_score_overestimates():
    assert rank_difference([3, 2, 1], [1, 2, 3]).tolist() == [2, 0, -2]


def test_partial_tau_follows_the_textbook_formula_and_removes_what_the_third_explains(rng):
    x, y, z = rng.normal(size=(3, 400))
    x, y = x + 2 * z, y + 2 * z
    xy, xz, yz = (scipy.stats.kendalltau(a, b).statistic for a, b in ((x, y), (x, z), (y, z)))
    expected = (xy - xz * yz) / math.sqrt((1 - xz**2) * (1 - yz**2))
    assert tau_given(x, y, z) == pytest.approx(expected, abs=1e-12)
    assert abs(expected) < xy / 2
    assert tau_given(x, y, np.ones(400)) == pytest.approx(xy)
    assert math.isnan(tau_given(z, y, z))


def test_similarity_is_the_share_of_equal_digits():
    assert similarity(np.array([[1, 2, 3], [1, 1, 1]]), np.array([1, 2, 4])).tolist() == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(
    ("score", "truth"), [([], []), ([1.0], [2.0]), ([1.0, 1.0], [1.0, 2.0]), ([1, 2], [3, 3]), ([1, np.nan], [1, 2])]
)
def test_every_metric_is_nan_where_undefined(name, score, truth):
    assert math.isnan(METRICS[name](np.array(score), np.array(truth)))


@pytest.mark.parametrize("name", METRICS)
def test_the_declared_direction_and_range_hold(name, rng):
    truth = rng.normal(size=200)
    good, bad = METRICS[name](truth, truth), METRICS[name](-truth, truth)
    assert (good > bad) if METRICS[name].better == "higher" else (good < bad)
    low, high = METRICS[name].range
    for value in (good, bad):
        assert (low is None or value >= low) and (high is None or value <= high)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, bool, object])
def test_whole_numbers_of_any_kind_are_ranked_as_the_same_numbers(kind, rng):
    score, truth = (rng.integers(0, 2 if kind is bool else 200, 60).astype(kind) for _ in range(2))
    pair = score.astype(float), truth.astype(float)
    for name, metric in METRICS.items():
        assert metric(score, truth) == metric(*pair), name
    assert rank_difference(score, truth).tolist() == rank_difference(*pair).tolist()


def test_unequal_lengths_and_unknown_names_are_refused():
    with pytest.raises(InputError, match="equal length"):
        kendall_tau([1, 2], [1, 2, 3])
    with pytest.raises(InputError, match="unknown metric .gt_taw.*gt_tau"):
        get_metric("gt_taw")


def test_published_facts_of_nasbench201_hold(shared):
    """The best test accuracy is 94.3733 (study.md); counting parameters ranks close to Ning's tau of .61."""
    import pandas as pd

    from nasbias.spaces import get_space

    table = pd.read_parquet(shared / "nb201_accuracy.parquet")
    connected = get_space("nb201").describe(table["arch_str"].tolist())["is_valid"].to_numpy()
    params, truth = table["c10_params"].to_numpy(), table["c10_test_200"].to_numpy()
    assert kendall_tau(params[connected], truth[connected]) == pytest.approx(0.58, abs=0.005)
    assert best_at(truth, truth, 1) == pytest.approx(94.3733, abs=1e-4)
    assert top_rank(table["c10_test_12"].to_numpy(), truth, 3) < 20


def test_bounds_are_the_range_with_infinity_where_it_is_open():
    assert METRICS["gt_tau"].bounds == (-1, 1) and METRICS["top1_rank"].bounds == (1, np.inf)
    assert METRICS["best_at_10"].bounds == (-np.inf, np.inf)
