"""Agreement between instances, epochs and mini-batches against definitions written out and against simulations."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from nasbias import stability
from nasbias.matching import match, select_panel
from nasbias.stability.steps import tau_matrix
from nasbias.statistics import influence, mean_interval, mean_over_runs, spread_of
from tests.stability.made import predictions_of


def test_instances_are_summarised_as_p1_defines(rng):
    truth = rng.permutation(64)
    scores = truth + 20 * rng.normal(size=(5, 64))
    row = stability.summarise_instances(scores, truth)
    pairs = [scipy.stats.kendalltau(scores[i], scores[j]).statistic for i in range(5) for j in range(i)]
    gt = [scipy.stats.kendalltau(score, truth).statistic for score in scores]
    best = [64 - truth[np.argsort(-score)[:3]].max() for score in scores]
    assert (row["n_runs"], row["s_tau_max"], row["s_tau_min"]) == (
        5,
        pytest.approx(max(pairs)),
        pytest.approx(min(pairs)),
    )
    assert row["s_tau"] == pytest.approx(2 / (5 * 4) * sum(pairs))
    assert (row["gt_tau"], row["gt_tau_std"]) == (pytest.approx(np.mean(gt)), pytest.approx(np.std(gt)))
    assert row["t3r"] == pytest.approx(np.mean(best)) and row["t3r"] <= row["t1r"]
    assert row["s_tau_low"] < row["s_tau"] < row["s_tau_high"]


def test_the_interval_of_s_tau_covers_what_more_instances_would_give(rng):
    truth = np.arange(64.0)
    noisy = lambda n: truth + 25 * np.exp(0.3 * rng.normal(size=(n, 1))) * rng.normal(size=(n, 64))  # noqa: E731
    true = stability.summarise_instances(noisy(80), truth)["s_tau"]
    rows = [stability.summarise_instances(noisy(6), truth) for _ in range(120)]
    assert 0.9 <= np.mean([row["s_tau_low"] < true < row["s_tau_high"] for row in rows]) <= 1


def test_one_instance_has_no_s_tau_and_says_so(rng):
    row = stability.summarise_instances(rng.normal(size=(1, 20)), np.arange(20))
    assert math.isnan(row["s_tau"]) and row["reason"] == "one instance: nothing to compare it with"
    assert not math.isnan(row["gt_tau"])


def test_random_rankings_spread_as_the_formula_says(truth, rng):
    panel = select_panel(match(predictions_of(truth, rng, runs=10), truth, space="darts64"))
    truth_row, random_row = stability.frame_instances(panel, rng)
    assert random_row["expected_sd"] == pytest.approx(0.0856, abs=5e-5)  # study.md, n = 64
    assert abs(random_row["s_tau"]) < 0.02 and random_row["gt_tau_std"] == pytest.approx(0.0856, rel=0.25)
    assert truth_row["name"] == "ground truth" and truth_row["n_runs"] == 3
    seeds = truth.pivot(index="architecture", columns="seed", values="test_accuracy")
    expected = np.mean([scipy.stats.kendalltau(seeds[i], seeds[j]).statistic for i, j in ((0, 1), (0, 2), (1, 2))])
    assert truth_row["s_tau"] == pytest.approx(expected)


def test_what_a_filter_loses_is_counted_among_the_true_best():
    truth = np.arange(100.0)
    perfect = stability.measure_filter(np.stack([truth, truth]), truth)
    kept = perfect[perfect["dropped"] + perfect["top"] <= 100]
    assert (kept["lost"] == 0).all() and (perfect["random"] == perfect["dropped"]).all()
    reverse = stability.measure_filter(-truth[None], truth).set_index(["dropped", "top"])
    assert reverse.loc[(10, 10), "lost"] == 100 and reverse["low"].isna().all()
    half = truth.copy()
    half[95:] = -1  # the best five are ranked last
    assert stability.measure_filter(half[None], truth).set_index(["dropped", "top"]).loc[(10, 10), "lost"] == 50


def test_reliably_bad_is_in_the_worst_quarter_of_every_run(truth, rng):
    panel = select_panel(match(predictions_of(truth, rng), truth, space="darts64"))
    table = stability.rank_spread(panel)
    assert table["true_rank"].is_monotonic_increasing and len(table) == 64
    ranks = pd.DataFrame(scipy.stats.rankdata(-panel.scores, axis=1), columns=panel.architectures["architecture"])
    bad = ranks.columns[(ranks > 48).all()]
    assert set(table.loc[table["is_reliably_bad"], "architecture"]) == set(bad) and len(bad) > 0


def test_the_best_true_rank_of_one_and_of_three_are_told_apart(rng):
    truth = np.arange(64.0)
    scores = np.stack([truth, truth])
    scores[0, 0], scores[1, 20] = 100, 100  # what is ranked first is the worst, and the 44th best
    row = stability.summarise_instances(scores, truth)
    assert (row["t1r"], row["t3r"]) == ((64 + 44) / 2, 1.0)
    assert (row["t1r_std"], row["t3r_std"]) == (10.0, 0.0)


def test_the_interval_of_s_tau_is_the_jackknife_over_instances(rng):
    scores = np.arange(40) + 15 * rng.normal(size=(5, 40))
    row = stability.summarise_instances(scores, np.arange(40))
    matrix = tau_matrix(scores)
    mean = matrix[np.triu_indices(5, 1)].mean()
    keep = [np.delete(np.arange(5), i) for i in range(5)]
    without = np.array([matrix[np.ix_(k, k)][np.triu_indices(4, 1)].mean() for k in keep])
    error = np.sqrt(4 / 5 * ((without - without.mean()) ** 2).sum()) / (1 - mean**2)
    half = scipy.stats.t.ppf(0.975, 4) * error
    expected = np.tanh(np.arctanh(mean) + np.array([-half, half]))
    assert (row["s_tau_low"], row["s_tau_high"]) == pytest.approx(tuple(expected))
    two = stability.summarise_instances(scores[:2], np.arange(40))
    assert two["reason"] == "two instances: no interval for S-Tau" and math.isnan(two["s_tau_low"])
    assert two["s_tau"] == pytest.approx(matrix[0, 1]) and row["reason"] == ""


def test_gt_tau_has_the_interval_of_all_studies_with_the_seed_pooled_over_epochs(truth, rng):
    matched = match(predictions_of(truth, rng, runs=2, epochs=(1, 2, 4)), truth, space="darts64")
    panels = [select_panel(matched, epoch=epoch, least=4) for epoch in (1, 2, 4)]
    pulls = [[influence(row, panel.truth) for row in panel.scores] for panel in panels]
    spread = spread_of(pulls, [[0, 1]] * 3)
    result = stability.analyse_stability(matched)
    about, runs = result.about, result.instances["n_runs"]
    assert result.headline() == f"{about['space']}, {about['n_architectures']} architectures, {runs} runs"
    assert result.epochs["epoch"].tolist() == [1, 2, 4]
    for row, own in zip(result.epochs.to_dict("records"), pulls):
        estimate = mean_over_runs(own, spread)
        assert (row["gt_tau_low"], row["gt_tau_high"]) == pytest.approx((estimate.low, estimate.high))
    assert result.instances["gt_tau_low"] == result.epochs["gt_tau_low"].iloc[-1]
    first = stability.analyse_stability(matched, epoch=1)
    assert first.instances["gt_tau"] == result.epochs["gt_tau"].iloc[0]
    assert first.epochs["epoch"].tolist() == [1, 2, 4] and first.about["epoch"] == 1


def test_only_the_last_epochs_of_a_run_are_taken_for_instances(truth, rng):
    predictions = predictions_of(truth, rng, runs=2, epochs=(1, 2, 3, 4, 5))
    matched = match(predictions, truth, space="darts64")
    rows = stability.analyse_stability(matched, last_epochs=3).last_epochs
    assert rows[["first_epoch", "last_epoch", "n_runs"]].to_numpy().tolist() == [[3, 5, 3]] * 2
    scores = [
        predictions[(predictions["run"] == "s0") & (predictions["epoch"] == epoch)]["accuracy"] for epoch in (3, 4, 5)
    ]
    expected = np.mean([scipy.stats.kendalltau(scores[i], scores[j]).statistic for i, j in ((0, 1), (0, 2), (1, 2))])
    assert rows["s_tau"][0] == pytest.approx(expected) and "s_tau_low" not in rows and "reason" not in rows
    assert stability.analyse_stability(matched, last_epochs=1).last_epochs.empty
    assert stability.analyse_stability(matched).last_epochs["n_runs"].tolist() == [5, 5]


def test_a_filter_counts_ties_in_part_and_its_interval_is_over_instances(rng):
    truth = np.arange(100.0)
    tied = np.repeat([1.0, 2.0], 50)  # of the better half any may be dropped
    lost = stability.measure_filter(tied[None], truth).set_index(["dropped", "top"])
    assert lost.loc[(80, 10), "lost"] == pytest.approx(60) and lost.loc[(50, 10), "lost"] == 0
    scores = truth + 40 * rng.normal(size=(3, 100))
    found = stability.measure_filter(scores, truth).set_index(["dropped", "top"]).loc[(50, 5)]
    each = [100 * np.mean(np.argsort(np.argsort(row))[95:] < 50) for row in scores]
    assert found[["lost", "low", "high"]].tolist() == pytest.approx(list(mean_interval(each, 0, 100)))


def test_ranks_of_an_architecture_over_runs_are_those_of_numpy(truth, rng):
    panel = select_panel(match(predictions_of(truth, rng), truth, space="darts64"))
    table = stability.rank_spread(panel).set_index("architecture").loc[panel.architectures["architecture"]]
    ranks = scipy.stats.rankdata(-panel.scores, axis=1)
    assert table["mean_rank"].tolist() == pytest.approx(ranks.mean(axis=0).tolist())
    assert table["std_rank"].tolist() == pytest.approx(ranks.std(axis=0).tolist())
    for name, share in (("min_rank", 0), ("q1_rank", 0.25), ("median_rank", 0.5), ("q3_rank", 0.75), ("max_rank", 1)):
        assert table[name].tolist() == pytest.approx(np.quantile(ranks, share, axis=0).tolist())
    assert table["true_rank"].tolist() == scipy.stats.rankdata(-panel.truth).tolist()
    assert (table["is_reliably_good"] == (ranks <= 16).all(axis=0)).all() and table["is_reliably_good"].any()


def test_random_frames_of_many_architectures_are_drawn_as_those_of_few(truth, rng):
    values = np.arange(400.0)
    large = [stability._draw_large(values, 4, 0.0335, rng) for _ in range(300)]
    small = [stability._draw_small(values, 4, 0.0335, rng) for _ in range(300)]
    for key, within in (("s_tau_max", 0.1), ("gt_tau_std", 0.1), ("t1r", 0.06), ("t3r", 0.1), ("s_tau_min", 0.1)):
        means = [np.mean([row[key] for row in rows]) for rows in (large, small)]
        assert means[0] == pytest.approx(means[1], rel=within)
    assert abs(np.mean([row["s_tau"] for row in large])) < 0.005
