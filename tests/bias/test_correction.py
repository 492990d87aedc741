"""Corrected scores: what helps, what is measured off the fit, and the sentence that follows the table."""

import numpy as np
import pandas as pd
import pytest

from nasbias.bias.correction import correct_scores, predict_truth, say_correction
from nasbias.bias.effects import percentiles
from nasbias.matching import match, select_panel
from nasbias.statistics.metrics import kendall_tau
from tests.bias.simulated import panel_of, simulate


def test_correction_helps_where_there_is_bias_and_is_measured_off_the_fit():
    panel = panel_of(0, n=1000, delta=60.0, noise=10.0)
    table = correct_scores(panel, np.random.default_rng(0), sizes=(10, 100, 400, 500, 501), draws=6).set_index("n")
    assert table.index.tolist() == [0, 10, 100, 400, 500]  # no more than half
    assert table.loc[100, "gt_tau"] > table.loc[0, "gt_tau"] + 0.1
    assert table.loc[10, "gt_tau"] > table.loc[0, "gt_tau"] - 0.1
    assert (table["low"] <= table["gt_tau"]).all() and (table["gt_tau"] <= table["high"]).all()
    assert (table["gt_tau"] > table["gt_tau_without_supernet"])[[100, 400]].all()
    assert (table["gp_tau"] > table["gp_tau_without_supernet"])[[100, 400]].all()


def test_without_trainings_it_is_the_score_of_each_run():
    panel = panel_of(1, n=200)
    row = correct_scores(panel, np.random.default_rng(0), sizes=()).iloc[0]
    taus = [kendall_tau(run, panel.truth) for run in panel.scores]
    assert row["gt_tau"] == pytest.approx(np.mean(taus))
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.quantile(taus, [0.025, 0.975])))
    regrets = [panel.truth.max() - panel.truth[np.argmax(run)] for run in panel.scores]
    assert row["regret"] == pytest.approx(np.mean(regrets))
    assert row.drop(["n", "gt_tau", "low", "high", "regret"]).isna().all()


def test_a_supernet_that_says_nothing_adds_nothing_to_either_predictor():
    predictions, truth = simulate(1)
    predictions["rank_score"] = np.random.default_rng(5).normal(size=len(predictions))
    panel = select_panel(match(predictions, truth))
    row = correct_scores(panel, np.random.default_rng(0), sizes=(200,), draws=6).set_index("n").loc[200]
    assert row["gt_tau"] < row["gt_tau_without_supernet"] + 0.02
    assert row["gp_tau"] < row["gp_tau_without_supernet"] + 0.02


def test_up_to_200_trainings_are_tried_by_default():
    table = correct_scores(panel_of(2, n=400), np.random.default_rng(0), draws=1)
    assert table["n"].tolist() == [0, 10, 20, 50, 100, 200]


def test_draws_depend_on_the_generator_alone():
    panel = panel_of(2, n=120)
    first, again, other = (
        correct_scores(panel, np.random.default_rng(seed), sizes=(20,), draws=2) for seed in (0, 0, 1)
    )
    assert first.equals(again) and not first.equals(other)


def ridge(score, features, truth, fit, rest, penalty):
    """Explicit: penalised columns standardised on the fit, intercept and score free."""
    centre, scale = features[fit].mean(axis=0), features[fit].std(axis=0)
    x, new = (features[fit] - centre) / scale, (features[rest] - centre) / scale
    free = np.column_stack([np.ones(len(fit)), score[fit]])
    matrix = np.hstack([free, x])
    weights = np.linalg.solve(matrix.T @ matrix + np.diag([0, 0] + [penalty] * x.shape[1]), matrix.T @ truth[fit])
    hat = matrix @ np.linalg.solve(matrix.T @ matrix + np.diag([0, 0] + [penalty] * x.shape[1]), matrix.T)
    residual = truth[fit] - matrix @ weights
    return new @ weights[2:] + weights[1] * score[rest], ((residual / (1 - np.diag(hat))) ** 2).mean()


def test_the_ridge_is_that_of_the_least_error_when_one_is_left_out():
    rng = np.random.default_rng(3)
    features, score = rng.normal(size=(90, 6)), rng.normal(size=90)
    truth = score + features @ [2.0, -1, 0, 0, 0.5, 0] + rng.normal(size=90)
    fit, rest = np.arange(40), np.arange(40, 90)
    tried = [ridge(score, features, truth, fit, rest, penalty) for penalty in np.geomspace(1e-2, 1e7, 28)]
    expected, _ = min(tried, key=lambda pair: pair[1])
    ours = predict_truth(score, features, truth, fit, rest)
    assert ours - ours.mean() == pytest.approx(expected - expected.mean(), rel=1e-6, abs=1e-8)


def test_a_score_that_the_fit_calls_worthless_keeps_its_order():
    rng = np.random.default_rng(4)
    score = rng.normal(size=60)
    for truth in (-score, np.zeros(60)):
        ours = predict_truth(score, np.zeros((60, 1)), truth, np.arange(20), np.arange(20, 60))
        assert kendall_tau(ours, score[20:]) == pytest.approx(1)
    constant = np.r_[np.zeros(20), np.arange(40.0)]
    ours = predict_truth(constant, np.zeros((60, 1)), rng.normal(size=60), np.arange(20), np.arange(20, 60))
    assert kendall_tau(ours, constant[20:]) == pytest.approx(1)


def table_of(*rows):
    names = ["n", "gt_tau", "gt_tau_without_supernet", "gp_tau", "gp_tau_without_supernet"]
    return pd.DataFrame(rows, columns=names)


def test_the_sentence_compares_the_better_predictor_of_each_side():
    nan = np.nan
    table = table_of([0, 0.5, nan, nan, nan], [50, 0.6, 0.4, 0.55, 0.5], [100, 0.65, 0.6, 0.75, 0.7])
    said = say_correction(table)
    assert "100 stand-alone trainings: tau 0.75 with the supernet (a Gaussian process), 0.70 without it" in said
    assert "its score adds 0.05" in said and "(0.50) is worth no more than 50 trainings" in said
    longer = pd.concat([table, table_of([200, 0.7, 0.6, 0.8, 0.7])])
    assert say_correction(longer).startswith("200 stand-alone trainings: tau 0.80")
    assert "adds nothing" in say_correction(table.assign(gt_tau=[0.5, 0.6, 0.4], gp_tau=[nan, 0.5, 0.7]))
    bare = table.drop(columns=[]).assign(gp_tau=nan, gp_tau_without_supernet=nan, gt_tau=[0.9, 0.9, 0.91])
    assert "No number of trainings tried" in say_correction(
        bare
    ) and "0.91 with the supernet (a ridge)" in say_correction(bare)
    assert say_correction(table.iloc[:1]) == "" and say_correction(table.iloc[1:]) == ""


def test_without_scikit_learn_its_columns_are_missing(monkeypatch):
    monkeypatch.setattr("nasbias.bias.correction.has_gaussian_process", lambda: False)
    table = correct_scores(panel_of(0, n=80), np.random.default_rng(0), sizes=(20,), draws=2)
    assert (
        table[["gp_tau", "gp_regret", "gp_tau_without_supernet", "gp_regret_without_supernet"]].isna().to_numpy().all()
    )
    assert table.loc[1, ["gt_tau", "gt_tau_without_supernet"]].notna().all()


def test_a_correction_to_the_digit_on_a_fixed_draw():
    table = correct_scores(panel_of(6, n=200, delta=30.0), np.random.default_rng(1), sizes=(40,), draws=4)
    assert percentiles(np.arange(2.0)).tolist() == [25, 75]
    assert table.loc[1].to_numpy(float) == pytest.approx(ROW, abs=2e-3)


ROW = [40.0, 0.689898, 0.672693, 0.723475, 0.825, 0.549096, 2.35, 0.601336, 3.075, 0.31481, 2.2]
