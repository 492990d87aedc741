"""The sentence, the evidence, the tables and what they leave out."""

import math

import numpy as np
import pandas as pd
import pytest

from nasbias.correlation import Correlation, analyse_correlation
from nasbias.correlation.free import say_free
from nasbias.correlation.wording import (
    answer,
    blocks_of,
    evidence,
    next_step,
    remarks,
    say_apart,
)
from nasbias.spaces import get_space
from tests.predicted import runs_of


@pytest.fixture(scope="module")
def result(table, truth):
    return analyse_correlation(runs_of(table), truth)


def said(**changes) -> str:
    """`answer` for one row of lengths."""
    row = {"score": "accuracy", "n": 1000, "n_runs": 3, "epoch": 64, "step": None, "reason": "", "error_runs": 0.1}
    row |= {"gt_tau": 0.47, "gt_tau_low": 0.36, "gt_tau_high": 0.58}
    row |= {"over_params": -0.09, "over_params_low": -0.21, "over_params_high": 0.02}
    empty = pd.DataFrame()
    return answer(Correlation("nb201", {}, None, empty, empty, pd.DataFrame([row | changes]), {}))


def test_the_answer_says_how_well_how_surely_and_against_counting_parameters():
    assert said() == (
        "nb201: accuracy ranks 1,000 architectures with Kendall tau 0.47 (95 % 0.36 to 0.58, 3 runs) after 64 epochs: "
        "no difference found from counting parameters (tau 0.56; difference -0.09, 95 % -0.21 to +0.02)."
    )


def test_better_and_worse_than_counting_parameters_are_not_mixed_up():
    assert ": better than counting parameters (tau 0.37; difference +0.10, 95 % +0.02 to +0.18)." in said(
        over_params=0.10, over_params_low=0.02, over_params_high=0.18
    )
    worse = said(over_params=-0.10, over_params_low=-0.18, over_params_high=-0.02)
    assert "worse than counting parameters" in worse and "better" not in worse
    for low, high in ((0.0, 0.2), (-0.2, 0.0)):
        assert "no difference found" in said(over_params_low=low, over_params_high=high)


def test_one_run_is_said_and_a_length_in_steps_too():
    one = said(n_runs=1, error_runs=math.nan)
    assert "1 run, its seed's part of the error is unknown) after 64 epochs" in one
    assert "1 run)" in said(n_runs=1)
    assert "3 runs) after 250 steps:" in said(epoch=None, step=250) and "3 runs):" in said(epoch=None)


def test_too_few_architectures_are_called_too_few():
    few = said(
        n=2, gt_tau=1.0, gt_tau_low=math.nan, gt_tau_high=math.nan, reason="2 architectures: an interval needs four"
    )
    assert few.endswith(
        "tau 1.00 after 64 epochs: too few to say how sure that is (2 architectures: an interval needs four)."
    )
    compare = said(over_params_low=math.nan, over_params_high=math.nan)
    assert "too few to compare with counting parameters (tau 0.56; difference -0.09)" in compare
    assert said(over_params=math.nan).endswith("after 64 epochs.")
    nothing = said(gt_tau=math.nan, reason="the score is constant (50)")
    assert nothing == "nb201: no ranking to judge: the score is constant (50)."


def test_the_longest_training_that_ranks_is_the_answers(result):
    lengths = result.lengths.copy()
    assert "after 8 epochs" in answer(result)
    lengths.loc[lengths["epoch"] == 8, "gt_tau"] = np.nan
    shorter = Correlation("nb201", result.truth, None, result.baselines, result.rows, lengths, {})
    assert "accuracy" in answer(shorter) and "after 4 epochs" in answer(shorter)


def test_the_evidence_names_truth_ceiling_and_what_did_not_join(result):
    lines = evidence(result)
    assert lines[0] == (
        "truth: truth (cifar10, valid_accuracy, 200 epochs, mean of 2 seed(s)), 300 architectures; higher is better"
    )
    ceiling = result.ceiling
    assert lines[1] == (
        f"ceiling: the truth's own seeds agree at tau {ceiling['gt_tau']:.3f} ({ceiling['gt_tau_low']:.3f} to "
        f"{ceiling['gt_tau_high']:.3f}), on the 300 scored architectures that have two seeds"
    )
    assert lines[2:] == ["rows: 8 of 2 run(s)"]
    about = {**result.truth, "n_not_joined": 1234, "describes": "what", "licence": "ours", "epochs": None}
    about |= {"n_seeds": math.nan, "dataset": None}
    other = Correlation("nb201", about, None, result.baselines, result.rows.assign(bn="batch"), result.lengths, {})
    assert evidence(other) == [
        "truth: truth (valid_accuracy), 300 architectures; higher is better",
        "  describes: what",
        "  licence: ours",
        "ceiling: unknown (this truth has no repeats)",
        "rows: 8 of 2 run(s); BN: batch; 1,234 predicted architecture(s) without truth",
    ]
    marked = {**result.ceiling, "sample": "uniform"}
    line = evidence(Correlation("nb201", result.truth, marked, result.baselines, result.rows, result.lengths, {}))[1]
    assert line.endswith("on the 300 scored architectures of the rows marked uniform that have two seeds")


def test_baselines_that_rank_nothing_are_said():
    cells = list(get_space("ptb").sample(40, seed=0))
    truth = pd.DataFrame({"architecture": cells, "valid_perplexity": 70.0 - np.arange(40) / 10})
    predictions = pd.DataFrame({"architecture": cells, "perplexity": 200.0 - np.arange(40)})
    found = evidence(analyse_correlation(predictions, truth, space="ptb"))
    assert found[-1] == "baselines: params and flops are the same for all of these, so they rank nothing"


def test_there_is_a_block_for_each_score_and_one_to_hold_them_against(result):
    (first, accuracy), (second, loss), (third, beside) = blocks_of(result)
    assert (first, second) == (
        "accuracy: 300 architectures, 2 runs a length",
        "loss: 300 architectures, 2 runs a length",
    )
    assert third.startswith("to hold them against") and beside[""].tolist() == ["params", "random", "ceiling"]
    assert accuracy["epoch"].tolist() == [4, 8]
    lengths = result.lengths[result.lengths["score"] == "loss"]
    assert loss["tau"].tolist() == lengths["gt_tau"].tolist() and loss["rho"].tolist() == lengths["spearman"].tolist()
    assert loss["|params"].tolist() == lengths["tau_given_params"].tolist()
    assert beside["tau"].iloc[2] == result.ceiling["gt_tau"] and math.isnan(beside["top1"].iloc[2])
    assert "n" not in accuracy and "runs" not in accuracy and not {"sparse", "top3", "P@5"} & set(accuracy)


def test_wide_adds_columns_and_valid_is_there_only_where_some_are_not(result, table, truth):
    wide = blocks_of(result, wide=True)[0][1]
    assert {"sparse", "top3", "P@5", "valid"} <= set(wide) and list(wide)[-1] == "|params"
    assert "valid" in blocks_of(result)[0][1]
    connected = analyse_correlation(runs_of(table.iloc[:200]), truth)
    assert all("valid" not in block for _, block in blocks_of(connected, wide=True))


def test_every_runs_tau_stands_beside_the_mean_and_a_range_where_they_are_many(result, table, truth):
    taus = result.rows[(result.rows["score"] == "accuracy") & (result.rows["epoch"] == 4)]["gt_tau"]
    shown = blocks_of(result)[0][1]["each run"][0]
    assert shown == " ".join(f"{tau:.2f}"[1:] for tau in taus)
    many = analyse_correlation(runs_of(table, seeds=range(5), epochs=[4]), truth, scores=["accuracy"])
    low, high = many.rows["gt_tau"].min(), many.rows["gt_tau"].max()
    (title, block), _ = blocks_of(many)
    assert block["each run"].tolist() == [f"{low:.2f}"[1:] + " to " + f"{high:.2f}"[1:]]
    assert title == "accuracy: 300 architectures, 5 runs"


def test_what_varies_between_rows_is_a_column(table, truth):
    mixed = pd.concat([runs_of(table, seeds=[0, 1], epochs=[4]), runs_of(table.iloc[:250], seeds=[0], epochs=[8])])
    found = analyse_correlation(mixed.assign(bn="batch"), truth, scores=["accuracy"])
    (title, block), (_, beside) = blocks_of(found)
    assert title == "accuracy" and block[["n", "runs"]].to_numpy().tolist() == [[250, 1], [300, 2]]
    assert "bn" not in block and beside["n"].tolist()[:2] == [300, 300] and "step" not in block
    modes = analyse_correlation(
        pd.concat([runs_of(table, seeds=[0]).assign(bn=bn) for bn in ("batch", "running")]), truth, scores=["loss"]
    )
    assert blocks_of(modes)[0][1]["bn"].tolist() == ["batch", "batch", "running", "running"]


def test_per_run_has_a_line_for_every_run(result):
    block = blocks_of(result, per_run=True)[0][1]
    assert block["run"].tolist() == ["s0", "s0", "s1", "s1"] and block["seed"].tolist() == [0, 0, 1, 1]
    assert "each run" not in block and "bn" not in block
    rows = result.rows[result.rows["score"] == "accuracy"]
    assert block["tau"].tolist() == rows["gt_tau"].tolist()
    low, high = rows["gt_tau_low"].iloc[0], rows["gt_tau_high"].iloc[0]
    assert block["95 %"][0] == f"{low:.2f}"[1:].rjust(4) + " to " + f"{high:.2f}"[1:].rjust(4)


def test_what_is_left_out_and_the_range_of_chance_are_said(result):
    same, free, random = remarks(result)
    assert free == say_free(result.free)  # nb201's proxies are shipped
    assert same == "flops orders these architectures exactly like params and is left out."
    row = result.baselines.set_index("score").loc["random"]
    assert f"95 % of them get top1 {row['top1_rank_low']:,.0f} to {row['top1_rank_high']:,.0f}, best@10 " in random
    assert f"best@10 {row['best_at_10_low']:.2f} to {row['best_at_10_high']:.2f}." in random
    other = result.baselines.assign(same_order_as=None)
    unlike = Correlation("nb201", result.truth, None, other, result.rows, result.lengths, {})
    assert len(remarks(unlike)) == 1 and blocks_of(unlike)[-1][1][""].tolist() == ["params", "flops", "random"]


def test_the_way_on_names_the_space_and_the_runs(result):
    lines = next_step(result, per_run=False).splitlines()
    assert (
        lines[0].startswith("next: ") and "--per-run" in lines[1] and lines[-1].endswith("nasbias.bias --space nb201")
    )
    assert all(line.startswith("      ") for line in lines[1:])
    assert "--per-run" not in next_step(result, per_run=True)


def test_three_runs_are_listed_and_four_are_a_range(table, truth):
    for runs, words in ((3, 3), (4, 3)):
        found = analyse_correlation(runs_of(table, seeds=range(runs), epochs=[4]), truth, scores=["loss"])
        shown = blocks_of(found)[0][1]["each run"][0]
        assert len(shown.split()) == words and (" to " in shown) == (runs == 4)


def test_the_ceilings_own_number_of_architectures_is_shown_where_numbers_vary(table, truth):
    mixed = pd.concat([runs_of(table, seeds=[0], epochs=[4]), runs_of(table.iloc[:250], seeds=[0], epochs=[8])])
    beside = blocks_of(analyse_correlation(mixed, truth))[-1][1]
    assert beside[""].tolist()[-1] == "ceiling" and beside["n"].tolist()[-1] == 300


def test_one_run_is_not_several_and_a_data_set_without_a_name_is_not_named(result, table, truth):
    one = analyse_correlation(runs_of(table, seeds=[0]), truth, scores=["loss"])
    assert blocks_of(one)[0][0] == "loss: 300 architectures, 1 run a length"
    nameless = {**result.truth, "dataset": "nan"}
    line = evidence(Correlation("nb201", nameless, None, result.baselines, result.rows, result.lengths, {}))[0]
    assert line.startswith("truth: truth (valid_accuracy, 200 epochs")


def test_a_run_that_failed_is_named_where_its_tau_lies_apart(table, truth):
    runs = runs_of(table, seeds=range(5), epochs=[4, 8])
    broken = (runs["seed"] == 3) & (runs["epoch"] == 8)
    noise = np.random.default_rng(4).uniform(0, 100, size=len(runs))
    failed = runs.assign(accuracy=np.where(broken, noise, runs["accuracy"]))
    result = analyse_correlation(failed, truth, scores="accuracy")
    assert result.lengths.set_index("epoch")["apart"].to_dict() == {4: [], 8: ["s3"]}
    (line,) = [text for text in remarks(result) if "apart" in text]
    assert line.startswith("accuracy after 8 epochs: run s3 lies apart from the others. If runs of this recipe fail")
    two = say_apart({"score": "loss", "epoch": None, "step": 20, "apart": ["a", "b"]})
    assert two.startswith("loss after 20 steps: runs a, b lie apart")
    assert not [text for text in remarks(analyse_correlation(runs, truth)) if "apart" in text]
