import numpy as np
import pandas as pd
import pytest

from nasbias.correlation import wording
from nasbias.report import make_report
from nasbias.report.ranking import tell_certainty, tell_picking, tell_ranking
from nasbias.report.studies import study
from nasbias.spaces import get_space
from tests.report.conftest import section_of, table_of


def test_the_first_claim_is_the_commands_and_its_numbers_stand_in_the_table(report, runs, truth):
    section = section_of(report, "ranking")
    assert section.claims[0] == wording.answer(study(runs, truth, draws=1).correlation)
    row = table_of(report, "ranking", "What ranks how well").frame.set_index("score").loc["accuracy"]
    for number in (f"{row['gt_tau']:.2f}", f"95 % {row['gt_tau_low']:.2f} to {row['gt_tau_high']:.2f}"):
        assert number in section.claims[0]
    names = list(table_of(report, "ranking", "What ranks how well").frame["score"])
    assert names == ["accuracy", "loss", "n_nor_conv_3x3 (best free)", "params", "random", "ceiling"]
    assert [drawing.name for drawing in section.drawings] == ["training_length", "score_against_truth"]


def test_the_ceiling_is_said_where_the_truth_was_repeated_and_missed_where_not(report, alone):
    row = table_of(report, "ranking", "What ranks how well").frame.set_index("score").loc["ceiling"]
    assert f"agree at tau {row['gt_tau']:.2f}" in section_of(report, "ranking").claims[2]
    assert "no repeats" in section_of(alone, "ranking").missing[0]
    assert "ceiling" not in set(table_of(alone, "ranking", "What ranks how well").frame["score"])


@pytest.mark.parametrize(("sign", "word"), [(1, "better than chance"), (-1, "worse than chance"), (0, "no difference")])
def test_chance_is_judged_by_the_intervals(runs, truth, sign, word):
    noise = np.random.default_rng(5).uniform(0, 100, size=len(runs))
    scores = noise if sign == 0 else 50 + sign * (runs["accuracy"] - 50)
    studied = study(runs.assign(accuracy=scores), truth, score="accuracy", draws=1)
    assert word in tell_ranking(studied).claims[1]


def test_every_runs_tau_is_told(report, runs, truth):
    section = section_of(report, "certainty")
    rows = table_of(report, "certainty", "Each run").frame
    taus = rows.loc[rows["epoch"] == 8, "gt_tau"]
    assert (
        f"3 runs have taus from {taus.min():.2f} to {taus.max():.2f}; their mean of {taus.mean():.2f}"
        in section.claims[0]
    )
    last = table_of(report, "certainty", "Training lengths with both parts of the error").frame.iloc[-1]
    assert f"{last['error_runs']:.3f} from the seeds" in section.claims[1]
    larger = "seeds of the runs" if last["error_runs"] > last["error_architectures"] else "which architectures"
    assert larger in section.claims[1]


def test_one_run_without_an_epoch_draws_nothing_empty_and_says_what_is_missing(alone):
    ranking, certainty, picking = (section_of(alone, key) for key in ("ranking", "certainty", "picking"))
    assert [drawing.name for drawing in ranking.drawings] == ["score_against_truth"]
    assert any("one training length" in text for text in ranking.missing)
    assert not certainty.drawings and "--predictions A.csv B.csv" in certainty.missing[0]
    assert [drawing.name for drawing in picking.drawings] == ["filter_curve"]
    assert "with one run" in picking.claims[1]


def test_the_top_and_the_filter_are_the_tables(report):
    section = section_of(report, "picking")
    top = table_of(report, "picking", "At the top and at the bottom").frame.set_index("score")
    low, high = top.loc[["random, 2.5 %", "random, 97.5 %"], "best_at_10"]
    assert f"has a truth of {top.loc['accuracy', 'best_at_10']:.2f} %" in section.claims[0]
    assert f"(95 % {low:.2f} to {high:.2f})" in section.claims[0]
    assert "300 architectures are too few to show that" in section.claims[0] and "401" in section.missing[0]
    loss = (
        table_of(report, "picking", "What dropping the worst loses").frame.query("dropped == 50 and top == 5").iloc[0]
    )
    assert f"loses {loss['lost']:.0f} % of the true top 5 %" in section.claims[1]


def test_a_perfect_ranking_picks_the_best_and_a_reversed_one_the_worst():
    names = get_space("nb201").sample(500, seed=0)
    quality = np.random.default_rng(0).uniform(50, 95, 500)
    truth = pd.DataFrame({"architecture": names, "dataset": "cifar10", "seed": 0, "test_accuracy": quality})
    told = []
    for score in (quality, 100 - quality):
        runs = [pd.DataFrame({"run": run, "architecture": names, "accuracy": score}) for run in "abc"]
        told.append(tell_picking(study(pd.concat(runs), truth, draws=1)).claims)
    assert "To pick the best: better than ten at random" in told[0][0]
    assert "To drop the worst: better than at random" in told[0][1]
    assert "worse than ten at random" in told[1][0] and "worse than at random" in told[1][1]


def test_ten_architectures_have_no_top(runs, truth, table):
    ten = study(runs[runs["architecture"].isin(table["architecture"][:10])].drop(columns="accuracy"), truth, draws=1)
    picking = tell_picking(ten)
    assert not picking.claims and not picking.drawings and not picking.tables
    assert picking.missing[0].startswith("10 architectures have no top")
    assert tell_ranking(ten).claims[0].startswith("nb201: loss ranks 10 architectures")


@pytest.mark.filterwarnings("ignore:.*nothing is ranked")
def test_a_constant_score_is_no_ranking(runs, truth):
    studied = study(runs.drop(columns="loss").assign(accuracy=3.0), truth, draws=1)
    assert "no ranking to judge" in tell_ranking(studied).claims[0]
    for section in (tell_ranking(studied), tell_certainty(studied), tell_picking(studied)):
        assert not section.drawings
    assert "constant" in tell_certainty(studied).missing[0] and "constant" in tell_picking(studied).missing[0]


def test_a_run_that_failed_is_named_beside_the_interval_that_cannot_know_how_often(runs, truth):
    last = runs[runs["epoch"] == 8]
    many = pd.concat([last[last["seed"] == 0].assign(run=f"r{i}", seed=i) for i in range(5)])
    noise = np.random.default_rng(4).normal(size=len(many))
    score = np.where(many["run"] == "r2", 50 + noise, many["accuracy"] + 0.05 * noise)
    section = tell_certainty(study(many.assign(accuracy=score), truth, score="accuracy", draws=1))
    assert any(claim.startswith("accuracy after 8 epochs: run r2 lies apart") for claim in section.claims)
    assert all(tell_certainty(study(runs, truth, draws=1)).claims)


def test_the_best_free_baseline_is_named_and_has_a_row(report):
    section = section_of(report, "ranking")
    (said,) = [claim for claim in section.claims if claim.startswith("best free baseline")]
    table = table_of(report, "ranking", "What ranks how well").frame.set_index("score")
    (row,) = [name for name in table.index if name.endswith("(best free)")]
    best = row.removesuffix(" (best free)")
    assert f": {best}, tau {table.loc[row, 'gt_tau']:.2f}" in said
    assert table.loc[row, "gt_tau"] > table.loc["params", "gt_tau"] and table.loc[row, "n"] == 300


def test_where_parameters_are_the_best_free_baseline_they_have_one_row(runs, truth, monkeypatch):
    monkeypatch.setattr("nasbias.correlation.free.free_values", lambda space, architectures: {})
    table = table_of(make_report(runs, truth, draws=1), "ranking", "What ranks how well").frame
    assert table["score"].str.startswith("params").sum() == 1
