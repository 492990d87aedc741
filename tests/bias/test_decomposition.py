"""Shares of the squared rank difference: planted parts go where they belong, and noise is not taken for bias."""

import numpy as np
import pandas as pd
import pytest

from nasbias.bias.decomposition import _leave_one_out, decompose_error
from nasbias.bias.effects import percentiles
from nasbias.bias.truth_noise import noise_of_percentiles
from nasbias.matching import match, select_panel
from nasbias.statistics.metrics import kendall_tau
from tests.bias.simulated import panel_of, simulate

NOISE, REST = "shrinkage to the middle: by noise", "shrinkage to the middle: the rest"


def tau(panel):
    return np.mean([kendall_tau(run, panel.truth) for run in panel.scores])


def test_shares_add_up_and_put_planted_parts_where_they_belong():
    panel = panel_of(0, n=1600, delta=40.0, noise=10.0)
    table = decompose_error(panel).set_index("part")
    parts = ["size", "decisions", "pairs of decisions", "consistent, unexplained", "seed noise"]
    assert table.index.tolist() == [NOISE, REST, *parts]
    assert table.columns.tolist() == ["share", "points", "n_columns", "gt_tau_without", "note"]
    assert table["share"].sum() == pytest.approx(100) and (table["share"] >= 0).all()
    assert table.loc[[NOISE, REST], "gt_tau_without"].isna().all()
    assert table["share"].idxmax() == "decisions"
    assert table.loc["decisions", "gt_tau_without"] > tau(panel) + 0.05
    assert abs(table.loc["size", "gt_tau_without"] - tau(panel)) < 0.03
    assert table.loc[["decisions", "pairs of decisions"], "n_columns"].tolist() == [24, 240]


def test_points_are_root_mean_squares_and_seed_noise_is_the_spread_between_runs():
    panel = panel_of(1, n=600, delta=20.0)
    table = decompose_error(panel).set_index("part")
    difference = percentiles(panel.scores) - percentiles(panel.truth)
    assert (table["points"] ** 2).sum() == pytest.approx((difference**2).mean())
    assert table["share"].to_numpy() == pytest.approx((100 * table["points"] ** 2 / (difference**2).mean()).to_numpy())
    assert table.loc["seed noise", "points"] ** 2 == pytest.approx(difference.var(axis=0, ddof=1).mean(), rel=0.1)
    averaged = kendall_tau(percentiles(panel.scores).mean(axis=0), panel.truth)
    assert table.loc["seed noise", "gt_tau_without"] == pytest.approx(averaged)


def test_pure_noise_is_noise_and_its_shrinkage_too():
    noisy = decompose_error(panel_of(0, n=1600, noise=60.0)).set_index("part")
    assert noisy["share"].idxmax() == "seed noise" and noisy.loc["consistent, unexplained", "share"] < 5
    both = noisy.loc[NOISE, "share"] + noisy.loc[REST, "share"]
    assert both > 15 and noisy.loc[NOISE, "share"] > 0.8 * both


def test_shrinkage_by_a_pure_bias_is_not_called_noise():
    panel = panel_of(0, n=1600, noise=0.01, delta=60.0)
    table = decompose_error(panel).set_index("part")
    assert table.loc[NOISE, "share"] < 0.1 and table.loc[REST, "share"] > 3


def test_consistent_bias_is_told_from_seed_noise():
    predictions, truth = simulate(0, noise=10.0)
    wrong = pd.Series(25 * np.random.default_rng(9).normal(size=800), predictions["architecture"].unique())
    predictions["rank_score"] += predictions["architecture"].map(wrong)
    panel = select_panel(match(predictions, truth))
    table = decompose_error(panel).set_index("part")
    assert table.loc["consistent, unexplained", "share"] > 3 * table.loc["seed noise", "share"]
    assert table.loc["consistent, unexplained", "gt_tau_without"] > tau(panel) + 0.1


def test_noise_of_the_truth_is_no_consistent_bias():
    predictions, truth = simulate(0, noise=10.0)
    wrong = pd.Series(25 * np.random.default_rng(9).normal(size=800), predictions["architecture"].unique())
    predictions["rank_score"] += predictions["architecture"].map(wrong)
    panel = select_panel(match(predictions, truth))
    noise = np.full(800, 2.0)
    with_it, without = (decompose_error(panel, each).set_index("part") for each in (noise, None))
    assert "truth noise" not in without.index
    expected = noise_of_percentiles(panel.truth, noise).mean()
    assert with_it.loc["truth noise", "points"] ** 2 == pytest.approx(expected)
    assert with_it.loc["truth noise", "share"] > 10 and with_it["share"].sum() == pytest.approx(100)
    taken = without.loc["consistent, unexplained", "share"] - with_it.loc["consistent, unexplained", "share"]
    assert taken == pytest.approx(with_it.loc["truth noise", "share"])
    assert with_it.loc["seed noise", "share"] == pytest.approx(without.loc["seed noise", "share"])
    assert with_it.loc[NOISE, "share"] > without.loc[NOISE, "share"]


def test_no_more_is_called_truth_noise_than_all_runs_share():
    panel = panel_of(0, n=800, noise=30.0)
    table = decompose_error(panel, np.full(800, 5.0)).set_index("part")
    assert table.loc["consistent, unexplained", "share"] == 0 and table["share"].sum() == pytest.approx(100)


def test_one_run_cannot_tell_noise_from_bias():
    table = decompose_error(panel_of(0, runs=1)).set_index("part")
    assert table.index.tolist()[0] == "shrinkage to the middle" and table.index.tolist()[-1] == "unexplained"
    assert "one run" in table.loc["unexplained", "note"] and table["share"].sum() == pytest.approx(100)


def test_what_there_are_too_few_architectures_for_is_said_and_counts_nothing():
    few = decompose_error(panel_of(0, n=170)).set_index("part")
    assert few.loc["pairs of decisions", ["share", "n_columns"]].tolist() == [0, 0]
    assert "170 architectures are too few" in few.loc["pairs of decisions", "note"]
    assert few.loc["decisions", "n_columns"] == 24
    panel = panel_of(0, n=170)
    panel.architectures["params"] = 1.0
    assert "not fitted" in decompose_error(panel).set_index("part").loc["size", "note"]
    # 9 columns of shrinkage, 9 of size, 24 of decisions: four architectures each are 168
    least = [decompose_error(panel_of(0, n=n)).set_index("part").loc["decisions", "note"] == "" for n in (167, 168)]
    assert least == [False, True]
    # and with 240 of their pairs 1,128
    least = [
        decompose_error(panel_of(0, n=n)).set_index("part")["n_columns"]["pairs of decisions"] for n in (1127, 1128)
    ]
    assert least == [0, 240]


def test_a_row_that_only_its_own_column_explains_has_a_finite_prediction():
    matrix = np.column_stack([np.ones(5), [0.0, 0, 0, 0, 1]])
    predicted, residual, _ = _leave_one_out(matrix, np.array([1.0, 2, 3, 4, 50]))
    assert np.isfinite(predicted).all() and residual[4] == pytest.approx(0)
    assert predicted[0] == pytest.approx(3.0)


def test_predictions_that_leave_one_out_are_those_of_as_many_fits():
    rng = np.random.default_rng(0)
    matrix, target = np.column_stack([np.ones(30), rng.normal(size=(30, 3))]), rng.normal(size=30)
    matrix = np.column_stack([matrix, matrix[:, 1] + matrix[:, 2]])  # one column says nothing new
    predicted, residual, rank = _leave_one_out(matrix, target)
    for i in range(30):
        others = np.arange(30) != i
        weights = np.linalg.lstsq(matrix[others], target[others], rcond=None)[0]
        assert predicted[i] == pytest.approx(matrix[i] @ weights)
    assert rank == 4
    assert residual == pytest.approx(target - matrix @ np.linalg.lstsq(matrix, target, rcond=None)[0])


def test_a_decomposition_to_the_digit_on_a_fixed_draw():
    """Degrees of freedom, order and least counts are in these digits."""
    table = decompose_error(panel_of(7, n=1300, delta=25.0, gamma=15.0)).set_index("part")
    assert table["share"].to_numpy() == pytest.approx(SHARES, abs=1e-4)
    assert table["gt_tau_without"].dropna().to_numpy() == pytest.approx(TAUS, abs=1e-4)


SHARES = [4.882393, 3.69263, 2.432934, 16.264283, 0.0, 1.477072, 71.250689]
TAUS = [0.631017, 0.656068, 0.617955, 0.632342, 0.725133]
