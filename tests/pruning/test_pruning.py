"""Pruned spaces: which part is kept, what shrinking fixes, and what the comparison says of runs."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from nasbias.errors import InputError
from nasbias.pruning import choose_value, compare_pruned, keep_better_half, select_architectures, sort_fronts
from nasbias.spaces import get_space
from tests.pruning.made import CODES, make_run


def test_the_best_share_is_the_best_by_truth(truth):
    kept = select_architectures(truth, space="darts64", share=0.25)
    best = truth.nlargest(16, "valid_accuracy")["architecture"]
    assert set(kept) == set(best)
    lower = truth.assign(valid_perplexity=truth["valid_accuracy"]).drop(columns="valid_accuracy")
    kept = select_architectures(lower, space="darts64", share=0.25)
    assert set(kept) == set(truth.nsmallest(16, "valid_accuracy")["architecture"])  # lower perplexity is better


def test_a_random_share_is_as_large_and_depends_on_its_seed_alone(truth):
    first, again, other = (
        select_architectures(truth, space="darts64", share=0.25, by="random", seed=seed) for seed in (0, 0, 1)
    )
    assert len(set(first)) == 16
    assert (first == again).all()
    assert set(first) != set(other)


@pytest.mark.parametrize(("share", "by", "message"), [(0, "truth", "share"), (1.5, "truth", "share"), (1, "x", "way")])
def test_what_can_not_be_selected(truth, share, by, message):
    with pytest.raises(InputError, match=message):
        select_architectures(truth, space="darts64", share=share, by=by)


def test_the_better_half():
    assert keep_better_half(np.array([1.0, 5.0, 3.0, 4.0])).tolist() == [False, True, False, True]
    assert keep_better_half(np.array([1.0, 1.0, 1.0])).tolist() == [True, True, False]


def test_shrinking_fixes_the_best_value_that_enough_have():
    rng = np.random.default_rng(0)
    codes = rng.integers(4, size=(200, 3))
    params = np.exp(rng.normal(size=200))
    accuracy = 50 + 5 * (codes[:, 1] == 2) + rng.normal(size=200)
    assert choose_value(codes, accuracy, params) == (1, 2)
    few = codes.copy()
    few[few[:, 1] == 2, 1] = 0
    few[:9, 1] = 2  # nine are too few to be judged by
    assert choose_value(few, np.where(few[:, 1] == 2, 99.0, accuracy), params) != (1, 2)
    assert choose_value(codes[:, :1] * 0, accuracy, params) is None  # nothing is left to choose


def test_the_residual_does_not_credit_size():
    rng = np.random.default_rng(1)
    codes = rng.integers(2, size=(200, 2))
    params = np.exp(codes[:, 0] + 0.1 * rng.normal(size=200))  # value 1 of the first decision is large
    accuracy = 50 + 4 * np.log(params) + 1 * (codes[:, 1] == 1)
    assert choose_value(codes, accuracy, params, "accuracy") == (0, 1)
    assert choose_value(codes, accuracy, params, "residual") == (1, 1)


def test_fronts_by_hand_and_against_the_definition():
    fronts = sort_fronts(np.array([3.0, 2.0, 1.0, 3.0]), np.array([3.0, 1.0, 2.0, 4.0]))
    assert fronts.tolist() == [1, 1, 2, 2]
    rng = np.random.default_rng(2)
    accuracy, params = rng.integers(8, size=60).astype(float), rng.integers(8, size=60).astype(float)
    fronts = sort_fronts(accuracy, params)
    for i in range(60):
        beaten_by = [
            fronts[j]
            for j in range(60)
            if accuracy[j] >= accuracy[i]
            and params[j] <= params[i]
            and (accuracy[j] > accuracy[i] or params[j] < params[i])
        ]
        assert fronts[i] == 1 + max(beaten_by, default=0)


def test_the_figures_of_repeats_are_their_means_and_found_has_an_interval(truth, tmp_path):
    values = truth["valid_accuracy"].to_numpy()
    scores = [values + np.random.default_rng(seed).normal(0, 4, 64) for seed in range(3)]
    runs = [
        make_run(tmp_path / str(seed), pd.DataFrame({"architecture": CODES, "accuracy": each}))
        for seed, each in enumerate(scores)
    ]
    table, about = compare_pruned([*runs, runs[0]], truth, space="darts64", k=5)
    (row,) = table.to_dict("records")
    taus = [scipy.stats.kendalltau(each, values).statistic for each in scores]
    rhos = [scipy.stats.spearmanr(each, values).statistic for each in scores]
    found = [values[np.argmax(each)] for each in scores]
    half = scipy.stats.t.ppf(0.975, 2) * scipy.stats.sem(found)
    assert row["gt_tau"] == pytest.approx(np.mean(taus)) and row["low"] < row["gt_tau"] < row["high"]
    assert row["spearman"] == pytest.approx(np.mean(rhos))
    assert row["found"] == pytest.approx(np.mean(found))
    assert row["found_low"] == pytest.approx(np.mean(found) - half)
    assert row["found_high"] == pytest.approx(min(np.mean(found) + half, 100))
    assert row["found_top"] == pytest.approx(np.mean([values[np.argsort(-each)[:5]].max() for each in scores]))
    assert (row["mean_truth"], row["best"]) == pytest.approx((values.mean(), values.max()))
    assert (row["n_runs"], row["n"], row["space"]) == (3, 64, "whole space")
    assert (about["space"], about["score"], about["k"]) == ("darts64", "accuracy", 5)


def test_where_low_is_better_the_figures_are_in_the_truths_own_unit(truth, tmp_path):
    lower = truth.rename(columns={"valid_accuracy": "valid_perplexity"})
    values = lower["valid_perplexity"].to_numpy()
    run = make_run(tmp_path / "a", pd.DataFrame({"architecture": CODES, "accuracy": 100 - values}))
    (row,) = compare_pruned([run], lower, space="darts64", k=100)[0].to_dict("records")
    assert row["gt_tau"] == pytest.approx(1)
    assert row["best"] == row["found"] == row["found_top"] == values.min()
    assert row["mean_truth"] == pytest.approx(values.mean())


@pytest.mark.parametrize(
    ("config", "label"),
    [
        ({}, "whole space"),
        ({"subset": "small"}, "small"),
        ({"architectures": "lists/best.txt"}, "best"),
        ({"prune": "none"}, "whole space"),
        ({"prune": "halve", "architectures": "x/some.txt"}, "halve, from some"),
    ],
)
def test_runs_are_named_by_what_they_were_trained_on(config, label, truth, tmp_path):
    run = make_run(tmp_path / "a", pd.DataFrame({"architecture": CODES, "accuracy": np.arange(64.0)}), **config)
    assert compare_pruned([run], truth, space="darts64")[0]["space"].tolist() == [label]


def test_a_share_is_of_what_has_a_truth_and_at_least_one(truth):
    known = truth.iloc[::2]
    assert len(select_architectures(known, space="darts64", share=0.25)) == 8
    assert len(select_architectures(known, space="darts64", share=0.001)) == 1
    assert len(select_architectures(known, space="darts64", share=1)) == 32
    assert set(select_architectures(known, space="darts64", share=0.5, by="random")) <= set(known["architecture"])
    best = select_architectures(truth, space="darts64", share=0.25)
    assert best.tolist() == [code for code in CODES if code in set(best)]  # in the space's order


def test_a_space_too_large_to_list_is_its_truths_rows():
    names = get_space("darts").sample(20, seed=0)
    table = pd.DataFrame({"architecture": names, "dataset": "cifar10", "test_accuracy": np.arange(20.0)})
    kept = select_architectures(table, space="darts", share=0.2)
    assert set(kept) == set(get_space("darts").truth_keys(names[-4:].tolist()))


def test_the_first_of_equal_values_is_fixed_and_one_value_left_is_passed_over():
    codes = np.array([[0, 0, 1]] * 10 + [[0, 1, 0]] * 10)
    accuracy, params = np.r_[np.full(10, 5.0), np.full(10, 5.0)], np.ones(20)
    assert choose_value(codes, accuracy, params) == (1, 0)
    assert choose_value(codes, accuracy, params, least=11) is None
    assert choose_value(codes, accuracy, params, "residual") == (1, 0)  # one size: nothing to take off
    assert choose_value(codes, np.r_[np.zeros(10), np.ones(10)], np.r_[np.ones(10), np.full(10, 2.0)], "pareto") == (
        1,
        0,
    )
    with pytest.raises(InputError, match="score to shrink by"):
        choose_value(codes, accuracy, params, "size")


def test_without_being_told_a_third_is_kept_and_the_best_of_ten_is_found(truth, tmp_path):
    assert len(select_architectures(truth, space="darts64")) == round(0.33 * 64)
    values = truth["valid_accuracy"].to_numpy()
    order = np.argsort(values)
    score = np.linspace(0, 5, 64)
    score[order[:10]] = np.arange(20, 10, -1)  # the ten worst are ranked first, the best of all comes eleventh
    score[order[-1]] = 10
    run = make_run(tmp_path / "a", pd.DataFrame({"architecture": CODES, "accuracy": score}))
    usual, about = compare_pruned([run], truth, space="darts64")
    assert about["k"] == 10 and usual["found_top"][0] == pytest.approx(values[order[9]])
    assert compare_pruned([run], truth, space="darts64", k=11)[0]["found_top"][0] == pytest.approx(values.max())
    one = compare_pruned([run], truth, space="darts64", k=1)[0]
    assert one["found_top"][0] == one["found"][0] == pytest.approx(values[order[0]])
    with pytest.raises(InputError, match="k must be 1 or more, not 0"):
        compare_pruned([run], truth, space="darts64", k=0)


def test_runs_are_read_in_their_own_space_and_four_architectures_are_enough(tmp_path):
    sizes = get_space("nats-sss").sample(4, seed=0)
    truth = pd.DataFrame({"architecture": sizes, "test_accuracy": [1.0, 2, 3, 4]})
    run = make_run(tmp_path / "a", pd.DataFrame({"architecture": sizes, "accuracy": [1.0, 2, 4, 3]}), space="nats-sss")
    row = compare_pruned([run], truth, space="nats-sss")[0].iloc[0]
    assert (row["n"], row["best"], row["found"]) == (4, 4, 3) and row["gt_tau"] == pytest.approx(2 / 3)


def test_the_better_half_of_small_whole_numbers_is_the_same():
    assert keep_better_half(np.array([0, 200, 3], dtype=np.uint8)).tolist() == [False, True, True]
