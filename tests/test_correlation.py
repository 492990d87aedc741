"""Predictions and truth to the table of correlations: joined, counted, in the right direction, against scipy."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import nasbias
from nasbias import comparison, correlation, cross_run
from nasbias.notices import Notice
from nasbias.spaces import get_space

KEYS = [
    "run",
    "seed",
    "epoch",
    "score",
    "n",
    "gt_tau",
    "gt_tau_low",
    "gt_tau_high",
    "gt_tau_connected",
    "spearman",
    "sparse_tau",
    "top1_rank",
    "top3_rank",
    "p_at_5",
    "p_at_10",
    "best_at_1",
    "best_at_10",
    "tau_given_params",
]


@pytest.fixture
def table():
    """300 architectures, 20 of them disconnected, a made-up truth of two seeds, and what a run says of them."""
    rng = np.random.default_rng(0)
    space = get_space("nb201")
    everything = space.architectures()
    dead = everything[~everything["is_valid"]]["architecture"].sample(20, random_state=0)
    names = [*space.sample(280, seed=0), *dead]
    described = space.describe(names)
    quality = np.log(described["params"].to_numpy()) + 0.5 * rng.normal(size=300)
    quality[~described["is_valid"].to_numpy()] = 0
    table = described.assign(valid_accuracy=80 + quality - quality.max() / 2)
    table["noise"] = rng.normal(size=300)
    return table


@pytest.fixture
def truth(table):
    rng = np.random.default_rng(1)
    rows = [
        pd.DataFrame(
            {"architecture": table["architecture"], "dataset": "cifar10", "epochs": 200, "seed": seed}
            | {"valid_accuracy": table["valid_accuracy"] + 0.1 * rng.normal(size=300)}
        )
        for seed in (777, 888)
    ]
    return pd.concat(rows, ignore_index=True)


def runs_of(table, seeds=(0, 1), epochs=(4, 8)):
    rng = np.random.default_rng(2)
    rows = [
        pd.DataFrame({"run": f"s{seed}", "seed": seed, "epoch": epoch, "architecture": table["architecture"]}).assign(
            accuracy=(table["valid_accuracy"] / 2 + rng.normal(size=len(table)) * 4 / epoch).round(1),
            loss=5 - table["valid_accuracy"] / 20 + rng.normal(size=len(table)) / epoch,
        )
        for seed in seeds
        for epoch in epochs
    ]
    return pd.concat(rows, ignore_index=True)


@pytest.fixture
def files(tmp_path, table, truth):
    runs_of(table).to_parquet(tmp_path / "runs.parquet")
    truth.to_csv(tmp_path / "truth.csv", index=False)
    return tmp_path


def call(capsys, *argv):
    code = correlation.main([str(part) for part in argv])
    output = capsys.readouterr()
    return code, output.out, output.err


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


def test_what_has_no_truth_is_counted_and_printed_never_dropped(files, table, capsys):
    truth = pd.read_csv(files / "truth.csv")
    truth[~truth["architecture"].isin(table["architecture"][:7])].to_csv(files / "truth.csv", index=False)
    code, out, err = call(
        capsys, "--predictions", files / "runs.parquet", "--truth", files / "truth.csv", "--format", "json"
    )
    assert code == 0 and "7 architecture(s)" in err
    document = json.loads(out)
    assert {row["n"] for row in document["rows"]} == {293} and document["truth"]["n_not_joined"] == 7


def test_the_document_has_the_promised_keys(files, capsys):
    arguments = ["--predictions", files / "runs.parquet", "--truth", files / "truth.csv"]
    code, out, _ = call(capsys, *arguments, "--format", "json", "--out", files / "out.json")
    document = json.loads(out)
    assert code == 0 and list(document) == ["space", "truth", "ceiling", "baselines", "rows", "lengths"]
    assert document == json.loads((files / "out.json").read_text())
    assert all(set(KEYS) <= set(row) for row in document["rows"] + document["baselines"])
    assert document["truth"]["split"] == "valid_accuracy" and document["truth"]["n_seeds"] == 2
    code, out, _ = call(capsys, *arguments, "--format", "csv")
    assert code == 0 and out.splitlines()[0].startswith("run,seed,epoch,step,bn,score,n,")


def test_the_table_puts_answer_baselines_and_ceiling_in_view(files, capsys):
    arguments = ["--predictions", files / "runs.parquet", "--truth", files / "truth.csv"]
    code, out, _ = call(capsys, *arguments)
    assert code == 0 and out.startswith("nb201: accuracy ranks 300 architectures with Kendall tau 0.")
    first_words = [line.split()[0] for line in out.splitlines() if line.strip()]
    assert {"accuracy", "loss", "params", "flops", "ceiling", "next:"} <= set(first_words)
    code, per_run, _ = call(capsys, *arguments, "--per-run")
    assert sum(line.startswith(("s0 ", "s1 ")) for line in per_run.splitlines()) == 8


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


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p.assign(architecture="|conv_5x5~0|+|none~0|none~1|+|none~0|none~1|none~2|"), "conv_5x5"),
        (lambda p: p.drop(columns="architecture"), "no column 'architecture'"),
        (lambda p: p[["architecture"]], "no numeric score"),
        (lambda p: p.assign(accuracy=200.0), "0 to 100"),
        (lambda p: pd.concat([p, p]), "repeat"),
        (lambda p: p.iloc[:0], "no rows"),
    ],
)
def test_bad_predictions_end_with_one_line_and_code_2(files, capsys, change, words):
    change(pd.read_parquet(files / "runs.parquet")).to_csv(files / "bad.csv", index=False)
    code, out, err = call(capsys, "--predictions", files / "bad.csv", "--truth", files / "truth.csv")
    assert (code, out) == (2, "") and words in err and err.count("\n") == 1


def test_an_empty_join_and_unknown_names_are_errors(files, table, capsys):
    other = sorted(set(get_space("nb201").architectures()["architecture"]) - set(table["architecture"]))[:50]
    pd.DataFrame({"architecture": other, "accuracy": range(50)}).to_csv(files / "other.csv", index=False)
    truth = ["--truth", files / "truth.csv"]
    for arguments, words in [
        (["--predictions", files / "other.csv", *truth], "none of the 50 predicted"),
        (["--predictions", files / "runs.parquet", *truth, "--scores", "acuracy"], "Did you mean accuracy"),
        (["--predictions", files / "runs.parquet", *truth, "--split", "test"], "no test split"),
        (["--predictions", files / "runs.parquet", *truth, "--epochs", "12"], "no budget of 12"),
        (["--predictions", files / "runs.parquet", files / "runs.parquet", *truth], "given twice"),
        (["--predictions", files / "none.csv", *truth], "no such file"),
        (["--space", "nb210"], "Did you mean"),
    ]:
        code, out, err = call(capsys, *arguments)
        assert (code, out) == (2, "") and words in err and err.count("\n") == 1


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


def test_the_cross_run_map_holds_every_pair_once_and_needs_no_truth(files, table, capsys):
    pairs = cross_run.cross_run(files / "runs.parquet", scores=["accuracy"])
    predictions = pd.read_parquet(files / "runs.parquet")
    assert len(pairs) == 6
    row = pairs[(pairs["run_a"] == "s0") & (pairs["epoch_a"] == 4) & (pairs["run_b"] == "s1") & (pairs["epoch_b"] == 8)]
    one, other = (
        predictions[(predictions["run"] == run) & (predictions["epoch"] == epoch)]["accuracy"]
        for run, epoch in (("s0", 4), ("s1", 8))
    )
    assert row["gt_tau"].item() == pytest.approx(scipy.stats.kendalltau(one, other).statistic)
    grid = cross_run.map_lengths(pairs)
    assert grid["epoch"].tolist() == [4, 8] and grid.loc[0, 8] == grid.loc[1, 4]
    code, out, _ = call(capsys, "--predictions", files / "runs.parquet", "--cross-run", "--format", "json")
    assert code == 0 and len(json.loads(out)["cross_run"]) == 12


def test_two_supernets_are_compared_on_the_same_architectures(tmp_path, table, truth, capsys):
    good, bad = runs_of(table, seeds=range(3)), runs_of(table.iloc[50:], seeds=range(3), epochs=[8])
    rng = np.random.default_rng(0)
    bad["accuracy"] = (bad["accuracy"] + 3 * rng.normal(size=len(bad))).clip(0, 100)
    good.to_csv(tmp_path / "good.csv", index=False)
    bad.to_csv(tmp_path / "bad.csv", index=False)
    row = comparison.compare_supernets(good, bad, truth, scores=["accuracy"]).iloc[0]
    assert (row["n"], row["runs_a"], row["epoch_a"]) == (250, 3, 8)
    mean = truth.groupby("architecture")["valid_accuracy"].mean()
    common = good[good["architecture"].isin(bad["architecture"]) & (good["epoch"] == 8)]
    taus = [
        scipy.stats.kendalltau(run["accuracy"], mean[run["architecture"]]).statistic for _, run in common.groupby("run")
    ]
    assert row["gt_tau_a"] == pytest.approx(np.mean(taus))
    assert 0 < row["low"] < row["difference"] < row["high"] and row["p_value"] < 0.05
    truth.to_csv(tmp_path / "truth.csv", index=False)
    paths = [
        "--predictions",
        tmp_path / "bad.csv",
        "--against",
        tmp_path / "good.csv",
        "--truth",
        tmp_path / "truth.csv",
    ]
    code, out, _ = call(capsys, *paths)
    assert code == 0 and out.startswith("nb201: B ranks better by accuracy")
    code, out, _ = call(capsys, *paths, "--format", "json")
    assert {row["score"] for row in json.loads(out)["comparison"]} == {"accuracy", "loss"}
