"""Predictions and truth to the table of correlations: joined, counted, in the right direction, against scipy."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import nasbias
from nasbias import correlation
from nasbias.matching import match
from nasbias.notices import Notice
from nasbias.spaces import get_space
from nasbias.statistics import influence, mean_over_runs, random_rankings, spread_of
from nasbias.tables import check_truth
from nasbias.truth.summary import ceiling
from tests.predicted import KEYS, runs_of


def test_every_row_is_what_scipy_says_of_its_run(table, truth):
    predictions = runs_of(table)
    rows = nasbias.correlate(predictions, truth)
    assert list(rows.columns[:6]) == ["run", "seed", "epoch", "step", "bn", "score"] and set(KEYS) <= set(rows)
    assert len(rows) == 2 * 2 * 2 and (rows["n"] == 300).all() and (rows["n_not_joined"] == 0).all()
    mean = truth.groupby("architecture", sort=False)["valid_accuracy"].mean().loc[table["architecture"]].to_numpy()
    valid = table["is_valid"].to_numpy()
    for row in rows.to_dict("records"):
        of_run = predictions[(predictions["seed"] == row["seed"]) & (predictions["epoch"] == row["epoch"])]
        score = of_run[row["score"]].to_numpy() * (-1 if row["score"] == "loss" else 1)
        assert row["gt_tau"] == pytest.approx(scipy.stats.kendalltau(score, mean).statistic)
        assert row["gt_tau_connected"] == pytest.approx(scipy.stats.kendalltau(score[valid], mean[valid]).statistic)
        assert row["gt_tau_connected"] < row["gt_tau"]
        assert row["spearman"] == pytest.approx(scipy.stats.spearmanr(score, mean).statistic)
        if row["score"] == "loss":  # without ties
            assert row["best_at_10"] == pytest.approx(mean[np.argsort(-score, kind="stable")[:10]].max())
        assert row["gt_tau_low"] < row["gt_tau"] < row["gt_tau_high"]


def test_baselines_and_ceiling_are_on_the_same_architectures(table, truth):
    sample = table.iloc[::2]
    result = correlation.analyse_correlation(runs_of(sample), truth)
    mean = truth.groupby("architecture")["valid_accuracy"].mean()[sample["architecture"]].to_numpy()
    params = result.baselines.set_index("score").loc["params"]
    assert params["n"] == 150
    assert params["gt_tau"] == pytest.approx(scipy.stats.kendalltau(sample["params"], mean).statistic)
    assert math.isnan(params["tau_given_params"])
    seeds = truth.pivot(index="architecture", columns="seed", values="valid_accuracy").loc[sample["architecture"]]
    assert result.ceiling is not None and result.ceiling["n"] == 150
    assert result.ceiling["gt_tau"] == pytest.approx(scipy.stats.kendalltau(seeds[777], seeds[888]).statistic)


def test_lengths_are_means_over_runs_with_wider_intervals_for_fewer(table, truth):
    result = correlation.analyse_correlation(runs_of(table, seeds=range(4)), truth, scores=["accuracy"])
    means = result.rows.groupby("epoch")["gt_tau"].mean()
    assert result.lengths["epoch"].tolist() == [4, 8] and (result.lengths["n_runs"] == 4).all()
    assert result.lengths["gt_tau"].tolist() == pytest.approx(means.tolist())
    params = result.baselines.set_index("score").loc["params", "gt_tau"]
    assert result.lengths["over_params"].tolist() == pytest.approx([tau - params for tau in means])
    assert (result.lengths["gt_tau_corrected"] > result.lengths["gt_tau"]).all()
    one = correlation.analyse_correlation(runs_of(table, seeds=[0]), truth, scores=["accuracy"])
    assert one.lengths["error_runs"].isna().all() and "seed" in one.lengths["reason"][0]


def test_a_csv_with_two_columns_is_enough_and_any_notation_joins(tmp_path, table, truth):
    table[["architecture"]].assign(my_score=table["noise"]).to_csv(tmp_path / "mine.csv", index=False)
    by_name = nasbias.correlate(tmp_path / "mine.csv", truth)
    index = get_space("nb201").index(table["architecture"].tolist())
    pd.DataFrame({"architecture": index, "my_score": table["noise"]}).to_csv(tmp_path / "index.csv", index=False)
    by_index = nasbias.correlate(tmp_path / "index.csv", truth)
    assert by_name["score"].tolist() == ["my_score"]
    assert by_name["gt_tau"].tolist() == pytest.approx(by_index["gt_tau"].tolist())
    turned = nasbias.correlate(tmp_path / "mine.csv", truth, lower_is_better=["my_score"])
    assert turned["gt_tau"].tolist() == pytest.approx((-by_name["gt_tau"]).tolist())


def test_unique_counts_isomorphic_architectures_once():
    space = get_space("nb201").architectures()
    truth = space[["architecture"]].assign(test_accuracy=50.0 + np.arange(15_625) / 1000)
    rows = nasbias.correlate(truth.rename(columns={"test_accuracy": "accuracy"}), truth, unique=True)
    assert rows["n"].tolist() == [6_466] and rows["gt_tau"].tolist() == [1.0]


def test_a_constant_score_gives_nan_with_the_reason_and_a_missing_one_is_counted_out(table, truth):
    predictions = table[["architecture"]].assign(accuracy=50.0, loss=table["noise"] ** 2)
    predictions.loc[3, "loss"] = np.nan
    with pytest.warns(Notice) as notices:
        rows = nasbias.correlate(predictions, truth).set_index("score")
    said = [str(notice.message) for notice in notices]
    assert "accuracy of run predictions: all 300 are 50: nothing is ranked." in said
    assert "loss of run predictions is NaN for 1 of 300 architectures: counted out, the rest is judged." in said
    assert rows.loc["accuracy", ["gt_tau", "gt_tau_low", "spearman", "p_at_5", "tau_given_params"]].isna().all()
    assert "constant (50)" in rows.loc["accuracy", "reason"]
    assert rows.loc["loss", ["n", "n_nan", "reason"]].tolist() == [299, 1, ""]
    mean = truth.groupby("architecture")["valid_accuracy"].mean().loc[table["architecture"]].to_numpy()
    kept = np.arange(300) != 3
    expected = scipy.stats.kendalltau(-predictions["loss"][kept], mean[kept]).statistic
    assert rows.loc["loss", "gt_tau"] == pytest.approx(expected)


def test_a_perplexity_truth_is_turned_round_and_reported_in_its_unit():
    space = get_space("ptb")
    cells = list(space.sample(40, seed=0))
    quality = np.random.default_rng(0).permutation(40)
    truth = pd.DataFrame({"architecture": cells, "valid_perplexity": 70.0 - quality / 10})
    rows = nasbias.correlate(pd.DataFrame({"architecture": cells, "perplexity": 200.0 - quality}), truth, space="ptb")
    assert rows["gt_tau"].tolist() == [1.0]
    assert rows["best_at_1"].tolist() == pytest.approx([70 - 3.9])
    assert rows["top1_rank"].tolist() == [1]


def test_only_uniformly_drawn_truths_are_correlated_unless_asked(table):
    truth = table[["architecture", "valid_accuracy"]].assign(sample=["uniform"] * 200 + ["search"] * 100)
    predictions = table[["architecture"]].assign(accuracy=table["valid_accuracy"])
    assert nasbias.correlate(predictions, truth)[["n", "n_not_joined"]].to_numpy().tolist() == [[200, 100]]
    assert nasbias.correlate(predictions, truth, sample="all")["n"].tolist() == [300]


def test_two_files_that_name_their_run_alike_stay_two_runs(tmp_path, table, truth):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        runs_of(table, seeds=[0], epochs=[4]).drop(columns=["run", "seed"]).to_csv(
            tmp_path / folder / "predictions.csv", index=False
        )
    paths = [tmp_path / folder / "predictions.csv" for folder in ("a", "b")]
    result = correlation.analyse_correlation(paths, truth)
    assert result.rows["run"].nunique() == 2 and (result.lengths["n_runs"] == 2).all()


def test_the_last_step_of_an_epoch_stands_for_it(table, truth):
    steps = [runs_of(table, seeds=[0], epochs=[8]).assign(step=step) for step in (101, 103, 102)]
    steps[1]["accuracy"] = table["valid_accuracy"].to_numpy()
    result = correlation.analyse_correlation(pd.concat(steps), truth, scores=["accuracy"])
    assert len(result.rows) == 3 and len(result.lengths) == 1
    assert result.lengths["gt_tau"][0] == result.rows.set_index("step").loc[103, "gt_tau"]


def test_the_seeds_spread_is_pooled_over_the_lengths_of_a_score(table, truth):
    result = correlation.analyse_correlation(runs_of(table, seeds=range(2), epochs=(2, 4, 8)), truth)
    matched = match(runs_of(table, seeds=range(2), epochs=(2, 4, 8)), truth)
    for score in ("accuracy", "loss"):
        rows = [row for row in matched.rows if row.keys["score"] == score]
        groups: dict = {}
        for row in rows:
            groups.setdefault(row.keys["epoch"], []).append(influence(row.score, row.truth, row.items))
        spread = spread_of(list(groups.values()), [[0, 1]] * 3)
        of_score = result.lengths[result.lengths["score"] == score].set_index("epoch")
        for epoch, runs in groups.items():
            estimate = mean_over_runs(runs, spread)
            assert of_score.loc[epoch, "gt_tau_low"] == pytest.approx(estimate.low)
            assert of_score.loc[epoch, "error_runs"] == pytest.approx(estimate.error_runs)
            assert of_score.loc[epoch, "taus"] == pytest.approx([run.tau for run in runs])


def test_random_rankings_stand_beside_the_baselines_on_the_same_sample(table, truth):
    sample = table.iloc[:200]
    result = correlation.analyse_correlation(runs_of(sample), truth)
    mean = truth.groupby("architecture")["valid_accuracy"].mean()[sample["architecture"]].to_numpy()
    row = result.baselines.set_index("score").loc["random"]
    expected = random_rankings(mean)
    assert row["n"] == 200 and row["gt_tau"] == pytest.approx(0)
    for name in ("gt_tau", "top1_rank", "best_at_10", "p_at_5"):
        found = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
        assert found == pytest.approx(list(expected[name]))


def test_random_rankings_count_what_has_no_truth_as_their_sample_does(table, truth):
    known = truth[truth["architecture"].isin(table["architecture"][:250])]
    baselines = correlation.analyse_correlation(runs_of(table), known, scores=["accuracy"]).baselines
    assert baselines["n_not_joined"].tolist() == [50] * len(baselines)


def test_what_figures_draw_is_one_score_in_one_mode_on_the_most_architectures(table, truth):
    modes = [runs_of(table).assign(bn="batch"), runs_of(table.iloc[:250]).assign(bn="recalibrated")]
    several = pd.concat([*modes, runs_of(table.iloc[:100], seeds=[5]).assign(bn="recalibrated")])
    result = correlation.analyse_correlation(several, truth)
    shown = result.shown
    assert shown[["score", "bn", "n", "epoch"]].to_numpy().tolist() == [
        ["accuracy", "recalibrated", 250, epoch] for epoch in (4, 8)
    ]
    assert set(result.beside["n"]) == {250} and "random" in result.beside["score"].tolist()
    assert set(correlation.analyse_correlation(modes[0], truth).shown["bn"]) == {"batch"}
    assert len(correlation.analyse_correlation(runs_of(table), truth).shown) == 2


def test_only_the_scores_asked_for_are_correlated(table, truth):
    found = nasbias.correlate(runs_of(table), truth, scores=["loss"])
    assert set(found["score"]) == {"loss"} and len(found) == 4


def test_where_parameters_do_not_vary_nothing_is_said_of_a_lead_over_them():
    cells = list(get_space("ptb").sample(40, seed=0))
    truth = pd.DataFrame({"architecture": cells, "valid_perplexity": 70.0 - np.arange(40) / 10})
    predictions = pd.DataFrame({"architecture": cells, "perplexity": 200.0 - np.arange(40)})
    lengths = correlation.analyse_correlation(predictions, truth, space="ptb").lengths
    lead = lengths[["over_params", "over_params_low", "over_params_high"]]
    assert lead.isna().all(axis=None) and [str(kind) for kind in lead.dtypes] == ["float64"] * 3


def test_a_baseline_that_orders_like_another_says_so(table, truth):
    baselines = correlation.analyse_correlation(runs_of(table), truth).baselines.set_index("score")
    params, flops = (scipy.stats.rankdata(table[name]) for name in ("params", "flops"))
    assert (baselines.loc["flops", "same_order_as"] == "params") == (params == flops).all()
    assert pd.isna(baselines.loc["params", "same_order_as"])
    darts = get_space("darts").sample(40, seed=0)
    truth = pd.DataFrame({"architecture": darts, "test_accuracy": 90 + np.arange(40) / 10})
    row = correlation.analyse_correlation(
        pd.DataFrame({"architecture": darts, "accuracy": np.arange(40.0)}), truth, space="darts"
    )
    assert row.baselines["same_order_as"].isna().all()


def test_chance_at_the_top_of_a_perplexity_is_in_its_own_unit():
    cells = list(get_space("ptb").sample(40, seed=0))
    truth = pd.DataFrame({"architecture": cells, "valid_perplexity": 70.0 - np.arange(40) / 10})
    predictions = pd.DataFrame({"architecture": cells, "perplexity": 200.0 - np.arange(40)})
    random = correlation.analyse_correlation(predictions, truth, space="ptb").baselines.set_index("score").loc["random"]
    assert 66.1 <= random["best_at_10_low"] <= random["best_at_10"] <= random["best_at_10_high"] <= 69.1


def test_the_ceiling_says_on_which_rows_it_stands(table, truth):
    marked = truth.assign(sample=np.where(truth["architecture"].isin(table["architecture"][:100]), "uniform", "search"))
    result = correlation.analyse_correlation(runs_of(table), marked)
    assert result.ceiling is not None and (result.ceiling["n"], result.ceiling["sample"]) == (100, "uniform")
    shown = ceiling(check_truth(marked, "nb201", "truth"))
    assert shown is not None and shown["gt_tau"] == pytest.approx(result.ceiling["gt_tau"])
    assert (shown["n"], shown["sample"]) == (100, "uniform")


def test_partial_tau_given_params_is_scipys_three_taus(table, truth):
    row = nasbias.correlate(runs_of(table, seeds=[0], epochs=[8]), truth, scores=["accuracy"]).iloc[0]
    score = runs_of(table, seeds=[0], epochs=[8])["accuracy"]
    mean = truth.groupby("architecture")["valid_accuracy"].mean()[table["architecture"]].to_numpy()
    xy, xz, yz = (
        scipy.stats.kendalltau(a, b).statistic
        for a, b in ((score, mean), (score, table["params"]), (mean, table["params"]))
    )
    assert row["tau_given_params"] == pytest.approx((xy - xz * yz) / math.sqrt((1 - xz**2) * (1 - yz**2)))


def test_runs_are_only_averaged_with_those_on_the_same_architectures(table, truth):
    mixed = pd.concat([runs_of(table, seeds=[0]), runs_of(table.iloc[:250], seeds=[1])])
    lengths = correlation.analyse_correlation(mixed, truth, scores=["accuracy"]).lengths
    assert lengths[["n", "epoch", "n_runs"]].to_numpy().tolist() == [[250, 4, 1], [250, 8, 1], [300, 4, 1], [300, 8, 1]]
    assert lengths["reason"].str.contains("seed").all() and lengths["error_runs"].isna().all()


def test_the_document_holds_every_part_under_its_own_name(table, truth):
    result = correlation.analyse_correlation(runs_of(table), truth)
    document = result.to_plain()
    assert list(document) == ["space", "truth", "ceiling", "baselines", "free", "rows", "lengths"]
    assert document["ceiling"] == result.ceiling and len(document["lengths"]) == 4 and len(document["rows"]) == 8
    assert list(result.ceiling or {}) == ["gt_tau", "gt_tau_low", "gt_tau_high", "n", "n_pairs", "sample"]
    assert result.ceiling is not None and result.ceiling["n_pairs"] == 1


def test_the_connected_are_counted_in_every_row(table, truth):
    result = correlation.analyse_correlation(runs_of(table), truth)
    assert (result.rows["n_connected"] == 280).all()
    assert (result.baselines["n_connected"] == 280).all()
    fewer = correlation.analyse_correlation(runs_of(table.iloc[200:]), truth)
    assert (fewer.rows["n_connected"] == int(table["is_valid"].iloc[200:].sum())).all()


def test_without_epochs_the_step_is_the_length(table, truth):
    parts = [
        runs_of(table, epochs=[epoch]).drop(columns="epoch").assign(step=step) for epoch, step in ((4, 100), (8, 200))
    ]
    result = correlation.analyse_correlation(pd.concat(parts), truth, scores=["accuracy"])
    assert result.lengths["step"].tolist() == [100, 200] and result.lengths["epoch"].isna().all()
    assert (result.lengths["n_runs"] == 2).all() and str(result.lengths["step"].dtype) == "Int64"
    for row in result.lengths.to_dict("records"):
        of_step = result.rows[result.rows["step"] == row["step"]]
        assert row["gt_tau"] == pytest.approx(of_step["gt_tau"].mean())


def test_architectures_that_a_run_scored_in_another_order_are_the_same_ones(table, truth):
    """What architectures contribute is joined by which they are, not by their places."""
    straight = runs_of(table, seeds=range(3))
    parts = [part for _, part in straight.groupby(["epoch", "run"])]
    shuffled = pd.concat([part.sample(frac=1, random_state=seed) for seed, part in enumerate(parts)])
    first, second = (
        correlation.analyse_correlation(runs, truth, scores=["accuracy"]).lengths for runs in (straight, shuffled)
    )
    assert len(first) == len(second) == 2
    for name in ("gt_tau", "gt_tau_low", "gt_tau_high", "over_params", "over_params_low", "over_params_high"):
        assert second[name].tolist() == pytest.approx(first[name].tolist()), name
