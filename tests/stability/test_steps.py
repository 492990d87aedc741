"""The last mini-batches: which steps, which lags, and what training an architecture does to it."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from nasbias.matching import match, select_panel
from nasbias.spaces import get_space
from nasbias.stability.steps import (
    Steps,
    collect_steps,
    follow_lags,
    follow_steps,
    measure_autocorrelation,
    measure_gain,
    measure_tau_at_lag,
    summarise_steps,
    tau_matrix,
)

SPACE = get_space("darts64")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def truth(rng):
    names = SPACE.architectures()["architecture"].tolist()
    return pd.DataFrame({"architecture": names, "test_accuracy": 85 + rng.permutation(64) / 10})


def test_the_tau_matrix_is_scipys_pair_by_pair(rng):
    for n in (30, 600):
        scores = rng.integers(0, 12, (4, n))
        matrix = tau_matrix(scores)
        for i in range(4):
            for j in range(4):
                assert matrix[i, j] == pytest.approx(scipy.stats.kendalltau(scores[i], scores[j]).statistic)


def planted_steps(rng, period):
    """Scores after 128 steps that each lift the architecture they train; in a fixed order the period is 64."""
    usual = rng.normal(size=64)
    order = np.tile(np.arange(64), 2) if period else np.concatenate([rng.permutation(64), rng.permutation(64)])
    lift = np.zeros(64)
    rows = []
    for trained in order:
        lift *= 0.9
        lift[trained] += 3
        rows.append(usual + lift + 0.05 * rng.normal(size=64))
    return Steps("a", 0, np.arange(1000, 1128), np.arange(64), np.array(rows), usual), order.tolist()


def test_a_fixed_order_shows_its_period_and_a_shuffled_one_does_not(rng):
    fixed, _ = planted_steps(rng, period=True)
    shuffled, _ = planted_steps(rng, period=False)
    assert measure_autocorrelation(fixed)["64"] > measure_autocorrelation(fixed)["32"] + 0.2
    assert measure_autocorrelation(shuffled)["64"] < measure_autocorrelation(fixed)["64"] - 0.2
    taus = measure_tau_at_lag(fixed)
    assert taus["1"] > taus["16"] and taus["64"] > taus["32"] + 0.1
    expected = np.mean([scipy.stats.kendalltau(fixed.scores[i], fixed.scores[i + 32]).statistic for i in range(96)])
    assert taus["32"] == pytest.approx(expected)
    assert list(taus) == ["1", "2", "4", "8", "16", "32", "48", "64", "96"]
    wide = Steps("a", 0, np.arange(3), np.arange(600), rng.normal(size=(3, 600)), np.arange(600.0))
    found = measure_tau_at_lag(wide, (2,))["2"]
    assert found == pytest.approx(scipy.stats.kendalltau(wide.scores[0], wide.scores[2]).statistic)


def test_the_architecture_just_trained_gains(rng):
    fixed, order = planted_steps(rng, period=True)
    gain = measure_gain(fixed, order)
    assert gain["gain"] > 5 * gain["error"] and gain["rank_gain"] > 0 and gain["n"] == 128
    nobody = measure_gain(fixed, [None] * 128)
    assert nobody["n"] == 0 and math.isnan(nobody["gain"])
    other = measure_gain(fixed, [(column + 32) % 64 for column in order])
    assert abs(other["gain"]) < gain["gain"] / 10


def test_what_was_trained_travels_with_the_predictions(rng):
    fixed, order = planted_steps(rng, period=True)
    codes = get_space("darts64").architectures()["architecture"].to_numpy()
    frames = [
        pd.DataFrame({"architecture": codes, "step": step, "accuracy": 50 + row, "trained": np.arange(64) == at})
        for step, row, at in zip(fixed.step, fixed.scores, order)
    ]
    table = pd.concat(frames).assign(run="a", seed=0, epoch=8)
    truth = pd.DataFrame({"architecture": codes, "valid_accuracy": 50 + fixed.truth})
    (steps,) = collect_steps(match(table, truth, space="darts64"), "accuracy", None)
    assert steps.trained is not None
    assert summarise_steps(steps)["gain"] == pytest.approx(measure_gain(fixed, order))
    plain = match(table.drop(columns="trained"), truth, space="darts64")
    (steps,) = collect_steps(plain, "accuracy", None)
    assert summarise_steps(steps)["gain"]["n"] == 0


def test_steps_keep_the_last_k_in_order_of_step(truth, rng):
    mean = truth.groupby("architecture", sort=False)["test_accuracy"].mean()
    frames = []
    for step in rng.permutation(np.arange(500, 510)):
        noise = 0.0 if step >= 506 else 3.0
        frames.append(
            pd.DataFrame({"run": "a", "seed": 0, "epoch": 8, "step": step, "architecture": mean.index}).assign(
                accuracy=mean.to_numpy() - 40 + noise * rng.normal(size=64)
            )
        )
    matched = match(pd.concat(frames), truth, space="darts64")
    (steps,) = collect_steps(matched, "accuracy", None)
    assert steps.step.tolist() == list(range(500, 510))
    row = summarise_steps(steps, last=4)
    assert (row["k"], row["first_step"], row["last_step"]) == (4, 506, 509)
    assert row["gt_tau_mean"] == pytest.approx(1) and row["gt_tau_std"] == pytest.approx(0) and row["t1r"] == 1
    assert summarise_steps(steps, last=99)["k"] == 10
    taus = [scipy.stats.kendalltau(score, steps.truth).statistic for score in steps.scores]
    assert summarise_steps(steps)["gt_tau_std"] == pytest.approx(np.std(taus))
    assert select_panel(matched, least=4).scores.shape == (1, 64)  # the last step stands for the epoch


def test_constant_rows_have_no_tau_and_a_row_agrees_with_itself(rng):
    for n in (30, 600):
        scores = np.stack([rng.normal(size=n), np.ones(n), rng.normal(size=n)])
        matrix = tau_matrix(scores)
        assert np.isnan(matrix[1]).all() and np.isnan(matrix[:, 1]).all()
        assert matrix[0, 0] == pytest.approx(1) and matrix[2, 2] == pytest.approx(1) and matrix[0, 2] == matrix[2, 0]


@pytest.mark.parametrize("n", [40, 600])
def test_scores_in_small_whole_numbers_have_the_same_taus(rng, n):
    scores = rng.integers(0, 200, (3, n))
    assert tau_matrix(scores.astype(np.uint8)).tolist() == tau_matrix(scores.astype(float)).tolist()


def test_more_values_than_sixteen_bits_hold_are_ranked_rightly(rng):
    scores = rng.permutation(70_000) + np.stack([np.zeros(70_000), 30_000 * rng.normal(size=70_000)])
    assert tau_matrix(scores)[0, 1] == pytest.approx(scipy.stats.kendalltau(*scores).statistic)


def test_a_step_is_summarised_as_p1_defines(rng):
    truth = np.arange(64.0)
    scores = np.stack([truth, truth, truth])
    scores[1, 0] = scores[2, 20] = 100  # the best by score is the worst, and the 44th best
    row = summarise_steps(Steps("a", 3, np.array([5, 6, 7]), np.arange(64), scores, truth), last=2)
    assert (row["run"], row["seed"], row["k"], row["first_step"], row["last_step"]) == ("a", 3, 2, 6, 7)
    assert (row["t1r"], row["t3r"]) == ((64 + 44) / 2, 1.0)
    taus = [scipy.stats.kendalltau(score, truth).statistic for score in scores[1:]]
    assert row["gt_tau_mean"] == pytest.approx(np.mean(taus)) and row["gt_tau_std"] == pytest.approx(np.std(taus))
    assert math.isnan(row["gain"]["gain"]) and row["gain"]["n"] == 0
    steps = Steps("a", 3, np.array([5, 6, 7]), np.arange(64), scores, truth)
    assert row["tau_at_lag"] == measure_tau_at_lag(steps) and set(row["tau_at_lag"]) == {"1", "2"}
    assert row["autocorrelation"] == measure_autocorrelation(steps) and set(row["autocorrelation"]) == {"1", "2"}


def test_lags_are_counted_in_steps_not_in_rows(rng):
    scores = rng.normal(size=(4, 30))
    steps = Steps("a", 0, np.array([10, 12, 13, 14]), np.arange(30), scores, np.arange(30.0))
    tau = lambda i, j: scipy.stats.kendalltau(scores[i], scores[j]).statistic  # noqa: E731
    found = measure_tau_at_lag(steps, (1, 2, 3, 8))
    assert list(found) == ["1", "2", "3"] and found["3"] == pytest.approx(tau(0, 2))
    assert found["1"] == pytest.approx((tau(1, 2) + tau(2, 3)) / 2)
    assert found["2"] == pytest.approx((tau(0, 1) + tau(1, 3)) / 2)


def test_the_autocorrelation_is_the_mean_over_architectures_that_move(rng):
    scores = rng.normal(size=(6, 3))
    scores[:, 2] = 7.0
    steps = Steps("a", 0, np.arange(6), np.arange(3), scores, np.arange(3.0))
    centred = scores[:, :2] - scores[:, :2].mean(axis=0)
    expected = np.mean((centred[:-2] * centred[2:]).mean(axis=0) / centred.var(axis=0))
    assert measure_autocorrelation(steps, (2,)) == {"2": pytest.approx(expected)}
    still = Steps("a", 0, np.arange(6), np.arange(3), np.ones((6, 3)), np.arange(3.0))
    assert measure_autocorrelation(still) == {}


def test_the_gain_is_over_the_scores_around_without_the_step_itself():
    scores = np.zeros((5, 3))
    scores[2, 1] = 4.0
    scores[1, 1], scores[3, 1] = 1.0, 2.0
    scores[:, 0] = 1.5
    steps = Steps("a", 0, np.arange(5), np.arange(3), scores, np.arange(3.0))
    found = measure_gain(steps, [None, None, 1, None, None], window=1)
    assert found["gain"] == pytest.approx(4 - 1.5) and found["n"] == 1 and math.isnan(found["error"])
    assert found["rank_gain"] == pytest.approx(0.5)  # second before, first after: place 1 and 0; at the step 0
    two = measure_gain(steps, [None, 1, 1, None, None], window=2)
    gains = [1 - np.mean([0, 4, 2]), 4 - np.mean([0, 1, 2, 0])]
    assert two["gain"] == pytest.approx(np.mean(gains)) and two["n"] == 2
    assert two["error"] == pytest.approx(np.std(gains, ddof=1) / math.sqrt(2))


def test_only_runs_with_two_steps_of_this_score_and_mode_are_collected(truth, rng):
    names = truth["architecture"]
    frames = [
        pd.DataFrame({"run": run, "seed": 0, "epoch": 8, "step": step, "architecture": names}).assign(
            accuracy=50 + rng.normal(size=64), loss=rng.random(64)
        )
        for run, step in (("a", 3), ("a", 1), ("b", 1))
    ]
    matched = match(pd.concat(frames), truth, space="darts64")
    (steps,) = collect_steps(matched, "accuracy", None)
    assert (steps.run, steps.seed, steps.step.tolist()) == ("a", 0, [1, 3]) and steps.trained is None
    assert steps.scores[1].tolist() == pytest.approx(frames[0]["accuracy"].tolist())
    assert steps.truth.tolist() == pytest.approx(truth["test_accuracy"].tolist())
    assert collect_steps(matched, "accuracy", "batch") == []


def test_every_step_is_followed_by_its_own_tau(rng):
    steps, _ = planted_steps(rng, period=True)
    table = follow_steps(steps)
    expected = [scipy.stats.kendalltau(row, steps.truth).statistic for row in steps.scores]
    assert table["gt_tau"].tolist() == pytest.approx(expected) and table["step"].tolist() == list(range(1000, 1128))
    assert set(table["run"]) == {"a"} and set(table["seed"]) == {0}


def test_lags_are_followed_up_to_two_thirds_of_the_steps(rng):
    steps, _ = planted_steps(rng, period=True)
    table = follow_lags(steps)
    assert table["lag"].tolist() == list(range(1, 86))
    some = table.set_index("lag").loc[[1, 64]]
    assert some["tau"].tolist() == pytest.approx(list(measure_tau_at_lag(steps, [1, 64]).values()))
    assert some["autocorrelation"].tolist() == pytest.approx(list(measure_autocorrelation(steps, [1, 64]).values()))


def test_of_two_steps_only_the_next_is_looked_for(rng):
    scores = rng.normal(size=(2, 30))
    found = [follow_lags(Steps("a", 0, np.array(at), np.arange(30), scores, scores[0])) for at in ([1, 2], [1, 3])]
    assert found[0]["lag"].tolist() == [1] and found[1].empty
