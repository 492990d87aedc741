"""The density study: P1's numbers from dense scores, folds, and runs as they come from training."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from nasbias.density import compare_density
from nasbias.errors import InputError
from tests.density.made import CODES, make_run, noisy


def test_mean_k_and_std_k_are_those_of_the_last_steps_over_runs(truth, tmp_path):
    first, second = noisy(truth, 3, 1), noisy(truth, 3, 2)
    runs = [make_run(tmp_path / name, "groups:4", scores) for name, scores in (("a", first), ("b", second))]
    row = compare_density(runs, truth, last=[4]).plans.iloc[0]
    taus = np.array(
        [
            [scipy.stats.kendalltau(row, truth["valid_accuracy"]).statistic for row in scores[-4:]]
            for scores in (first, second)
        ]
    )
    assert row["gt_tau_mean"] == pytest.approx(taus.mean())
    assert row["gt_tau_std"] == pytest.approx(taus.std(axis=1).mean())
    interval = scipy.stats.t.interval(0.95, 1, taus.mean(), scipy.stats.sem(taus.mean(axis=1)))
    assert row["low"] == pytest.approx(max(interval[0], -1))
    assert row["high"] == pytest.approx(min(interval[1], 1))
    assert (row["n_runs"], row["k"], row["n"]) == (2, 4, 64)


def test_one_run_has_no_interval_and_k_says_what_there_was(truth, tmp_path):
    density = compare_density([make_run(tmp_path / "a", "all", noisy(truth, 1, 0))], truth, last=[1, 64])
    assert density.plans["k"].tolist() == [1, 6]
    assert density.plans["low"].isna().all()
    assert np.isnan(density.plans["gt_tau_std"][0])


def test_plans_come_in_the_order_of_their_numbers(truth, tmp_path):
    plans = ["groups:16", "none", "groups:2", "all", "prefix:1"]
    runs = [make_run(tmp_path / str(i), plan, noisy(truth, 1, i)) for i, plan in enumerate(plans)]
    found = compare_density(runs, truth, last=[2]).plans["plan"].tolist()
    assert found == ["all", "groups:2", "groups:16", "none", "prefix:1"]


def test_correlation_inside_a_fold_ignores_what_separates_folds(truth, tmp_path):
    groups = np.arange(64) % 2
    scores = truth["valid_accuracy"].to_numpy() / 2 + np.where(groups, 40, 0)  # perfect inside, wrong between
    run = make_run(tmp_path / "a", "groups:2", scores[None], groups, steps=False)
    density = compare_density([run], truth, last=[1])
    assert density.folds["spearman"].tolist() == pytest.approx([1, 1])
    assert density.folds["n"].tolist() == [32, 32]
    assert density.plans["gt_tau_mean"][0] < 0.7


def test_top_ranks_and_the_last_scores_are_means_over_the_steps_used(truth, tmp_path):
    scores = noisy(truth, 6, 4)
    run = make_run(tmp_path / "a", "all", scores)
    values = truth["valid_accuracy"].to_numpy()
    rank = scipy.stats.rankdata(-values)
    for k in (1, 3):
        row = compare_density([run], truth, last=[k]).plans.iloc[0]
        order = np.argsort(-scores[-k:], axis=1, kind="stable")
        assert row["t1r"] == pytest.approx(rank[order[:, 0]].mean())
        assert row["t3r"] == pytest.approx(rank[order[:, :3]].min(axis=1).mean())
        assert row["k"] == k and row["plan"] == "all"


def test_steps_are_ordered_by_epoch_first(truth, tmp_path):
    run = make_run(tmp_path / "a", "all", noisy(truth, 1, 0, steps=2))
    table = pd.read_parquet(run / "steps.parquet")
    perfect = dict(zip(CODES, truth["valid_accuracy"]))
    late = table[table["step"] == 0].assign(epoch=3, step=0)
    late["accuracy"] = late["architecture"].map(perfect) - 30
    pd.concat([late, table]).to_parquet(run / "steps.parquet")
    assert compare_density([run], truth, last=[1]).plans["gt_tau_mean"][0] == pytest.approx(1)


def test_only_the_last_epoch_of_predictions_counts_as_a_step(truth, tmp_path):
    run = make_run(tmp_path / "a", "all", noisy(truth, 1, 0)[:1], steps=False)
    table = pd.read_parquet(run / "predictions.parquet")
    later = table.assign(epoch=9, accuracy=100 - table["accuracy"])
    pd.concat([later, table]).to_parquet(run / "predictions.parquet")
    plans = compare_density([run], truth, last=[4]).plans
    assert plans["k"].tolist() == [1] and plans["gt_tau_mean"][0] < -0.5 and np.isnan(plans["gt_tau_std"][0])


def test_the_first_bn_mode_counts_unless_another_is_named(truth, tmp_path):
    run = make_run(tmp_path / "a", "all", noisy(truth, 1, 0)[:1], steps=False)
    table = pd.read_parquet(run / "predictions.parquet")
    both = pd.concat([table.assign(bn="running"), table.assign(bn="batch", accuracy=100 - table["accuracy"])])
    both.to_parquet(run / "predictions.parquet")
    first = compare_density([run], truth, last=[1]).plans["gt_tau_mean"][0]
    assert first > 0.5
    assert compare_density([run], truth, last=[1], bn="batch").plans["gt_tau_mean"][0] == pytest.approx(-first)
    with pytest.raises(InputError, match=r"BN mode 'x'. It has: running, batch"):
        compare_density([run], truth, bn="x")


def test_folds_are_means_over_runs_with_an_interval_and_need_four_architectures(truth, tmp_path):
    groups = np.r_[np.zeros(3), np.ones(4), np.full(57, 2)].astype(int)
    scores = [noisy(truth, 4, seed, steps=2) for seed in range(3)]
    runs = [make_run(tmp_path / str(seed), "groups:3", rows, groups) for seed, rows in enumerate(scores)]
    folds = compare_density(runs, truth, last=[1]).folds.set_index("group")
    assert folds.index.tolist() == [1, 2]  # three architectures have no correlation, four have
    values = truth["valid_accuracy"].to_numpy()
    inside = groups == 2
    rhos = [scipy.stats.spearmanr(rows[-1][inside], values[inside]).statistic for rows in scores]
    taus = [scipy.stats.kendalltau(rows[-1][inside], values[inside]).statistic for rows in scores]
    assert folds.loc[2, "spearman"] == pytest.approx(np.mean(rhos))
    assert folds.loc[2, "gt_tau"] == pytest.approx(np.mean(taus))
    half = scipy.stats.t.ppf(0.975, 2) * scipy.stats.sem(rhos)
    assert folds.loc[2, "low"] == pytest.approx(max(np.mean(rhos) - half, -1))
    assert folds.loc[2, "high"] == pytest.approx(min(np.mean(rhos) + half, 1))
    assert folds.loc[2, ["n", "n_runs", "plan"]].tolist() == [57, 3, "groups:3"]


def test_a_run_without_groups_is_passed_over_and_one_given_twice_counts_once(truth, tmp_path):
    bare = make_run(tmp_path / "a", "groups:2", noisy(truth, 1, 0))
    grouped = make_run(tmp_path / "b", "groups:2", noisy(truth, 1, 1), np.arange(64) % 2)
    density = compare_density([bare, grouped, bare], truth, last=[1])
    assert density.folds["n_runs"].tolist() == [1, 1] and density.plans["n_runs"].tolist() == [2]


def test_the_answer_says_what_was_compared(truth, tmp_path):
    density = compare_density([make_run(tmp_path / "a", "all", noisy(truth, 1, 0))], truth, last=[1])
    assert (density.about["space"], density.about["score"]) == ("darts64", "accuracy")
    assert density.about["truth"]["split"] == "valid_accuracy" and density.to_plain()["space"] == "darts64"
    with pytest.raises(InputError, match="no runs given"):
        compare_density([], truth)
    with pytest.raises(InputError, match="k must be 1 or more, not 0,4"):
        compare_density([tmp_path / "a"], truth, last=[0, 4])
    with pytest.raises(InputError, match="not nothing"):
        compare_density([tmp_path / "a"], truth, last=[])


def test_one_sixteen_and_sixty_four_steps_are_the_usual_ones_and_the_document_has_both_tables(truth, tmp_path):
    run = make_run(tmp_path / "a", "groups:2", noisy(truth, 1, 0, steps=70), np.arange(64) % 2)
    density = compare_density([run], truth)
    assert density.plans["k"].tolist() == [1, 16, 64]
    document = density.to_plain()
    assert (len(document["plans"]), len(document["folds"])) == (3, 2)


def test_an_interval_ends_where_correlations_end(truth, tmp_path):
    values, groups = truth["valid_accuracy"].to_numpy(), np.zeros(64)
    scores = [100 - values, 100 - values, np.random.default_rng(0).permutation(values)]
    runs = [make_run(tmp_path / str(i), "groups:1", each[None], groups, steps=False) for i, each in enumerate(scores)]
    density = compare_density(runs, truth, last=[1])
    assert density.folds["low"].tolist() == density.plans["low"].tolist() == [-1]
    turned = [
        make_run(tmp_path / f"t{i}", "groups:1", 100 - each[None], groups, False) for i, each in enumerate(scores)
    ]
    density = compare_density(turned, truth, last=[1])
    assert density.folds["high"].tolist() == density.plans["high"].tolist() == [1]
