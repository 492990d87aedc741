"""The command: its document, its tables, and one line for what the user can mend."""

import dataclasses
import json

import pandas as pd
import pytest

from nasbias.correlation import analyse_correlation, comparison
from nasbias.correlation.__main__ import main, print_comparison, print_correlation, write_correlation
from nasbias.correlation.wording import LEGEND
from nasbias.errors import InputError
from nasbias.notices import Notice
from nasbias.spaces import get_space
from tests.predicted import KEYS, make_table, runs_of


@pytest.fixture(scope="module")
def result(table, truth):
    return analyse_correlation(runs_of(table), truth)


def test_what_has_no_truth_is_counted_and_printed_never_dropped(files, table, call):
    truth = pd.read_csv(files / "truth.csv")
    truth[~truth["architecture"].isin(table["architecture"][:7])].to_csv(files / "truth.csv", index=False)
    code, out, err = call("--predictions", files / "runs.parquet", "--truth", files / "truth.csv", "--format", "json")
    assert code == 0 and "7 architecture(s)" in err
    document = json.loads(out)
    assert {row["n"] for row in document["rows"]} == {293} and document["truth"]["n_not_joined"] == 7


def test_the_document_has_the_promised_keys(files, call):
    arguments = ["--predictions", files / "runs.parquet", "--truth", files / "truth.csv"]
    code, out, _ = call(*arguments, "--format", "json", "--out", files / "out.json")
    document = json.loads(out)
    assert code == 0 and list(document) == ["space", "truth", "ceiling", "baselines", "free", "rows", "lengths"]
    assert document == json.loads((files / "out.json").read_text())
    scored = [row for row in document["baselines"] if row["score"] != "random"]
    assert all(set(KEYS) <= set(row) for row in document["rows"] + scored) and len(scored) == 2
    assert document["truth"]["split"] == "valid_accuracy" and document["truth"]["n_seeds"] == 2
    code, out, _ = call(*arguments, "--format", "csv")
    assert code == 0 and out.splitlines()[0].startswith("run,seed,epoch,step,bn,score,n,")


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
def test_bad_predictions_end_with_one_line_and_code_2(files, call, change, words):
    change(pd.read_parquet(files / "runs.parquet")).to_csv(files / "bad.csv", index=False)
    code, out, err = call("--predictions", files / "bad.csv", "--truth", files / "truth.csv")
    assert (code, out) == (2, "") and words in err and err.count("\n") == 1


def test_an_empty_join_and_unknown_names_are_errors(files, table, call):
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
        code, out, err = call(*arguments)
        assert (code, out) == (2, "") and words in err and err.count("\n") == 1


def test_two_architectures_print_neither_nan_nor_inf(table, truth, tmp_path, capsys):
    runs_of(table.iloc[[0, 5]]).to_csv(tmp_path / "two.csv", index=False)
    truth.to_csv(tmp_path / "truth.csv", index=False)
    arguments = ["--predictions", str(tmp_path / "two.csv"), "--truth", str(tmp_path / "truth.csv")]
    assert main(arguments) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "too few" in out and "nan" not in out.lower() and "inf " not in out and "no difference" not in out


def test_the_printed_table_fits_80_columns_and_explains_its_columns(result, capsys):
    print_correlation(result)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80 and "…" not in out and "not shown" not in out
    for name in ("tau", "95 %", "each run", "valid", "rho", "top1", "best@10", "|params"):
        assert any(line.startswith(name) for line in out.splitlines())
    assert LEGEND["sparse"] not in out and "nan" not in out
    print_correlation(result, wide=True)
    wide = capsys.readouterr().out
    assert "sparse" in wide and "top3" in wide


def test_the_reason_of_a_dash_is_printed(table, truth, capsys):
    constant = runs_of(table).assign(accuracy=50.0)
    with pytest.warns(Notice, match="nothing is ranked"):
        result = analyse_correlation(constant, truth)
    print_correlation(result)
    out = capsys.readouterr().out
    assert "'-': the score is constant (50)." in out and out.startswith("nb201: no ranking to judge")


def test_the_document_and_the_rows_are_written(result, tmp_path):
    write_correlation(result, str(tmp_path / "a.json"))
    assert json.loads((tmp_path / "a.json").read_text())["space"] == "nb201"
    write_correlation(result, str(tmp_path / "a.csv"))
    assert len(pd.read_csv(tmp_path / "a.csv")) == 8
    with pytest.raises(InputError, match="ending"):
        write_correlation(result, str(tmp_path / "a.txt"))


def test_a_printed_line_holds_the_rows_numbers_in_short(result, capsys):
    print_correlation(result)
    lines = capsys.readouterr().out.splitlines()
    row = result.lengths[result.lengths["score"] == "loss"].iloc[1]
    short = lambda value: f"{value:.2f}".replace("0.", ".", 1)  # noqa: E731
    start = lines.index("loss: 300 architectures, 2 runs a length")
    assert " ".join(lines[start + 1].split()) == "epoch tau 95 % each run valid rho top1 best@10 |params"
    assert lines[start + 3].split() == [
        *("8", short(row["gt_tau"]), short(row["gt_tau_low"]), "to", short(row["gt_tau_high"])),
        *map(short, row["taus"]),
        *(short(row[name]) for name in ("gt_tau_connected", "spearman")),
        *(f"{row['top1_rank']:.0f}", f"{row['best_at_10']:.2f}", short(row["tau_given_params"])),
    ]
    print_correlation(result, per_run=True, wide=True)
    lines = capsys.readouterr().out.splitlines()
    row = result.rows.iloc[0]
    line = next(line.split() for line in lines if line.startswith("s0 "))
    assert line[-3:] == [short(row["p_at_5"]), f"{row['best_at_10']:.2f}", short(row["tau_given_params"])]


def test_with_one_run_on_a_side_the_command_gives_no_verdict_and_no_p_value(files, table, call):
    runs_of(table, seeds=[5]).to_csv(files / "one.csv", index=False)
    paths = ["--predictions", files / "one.csv", "--against", files / "runs.parquet", "--truth", files / "truth.csv"]
    code, out, _ = call(*paths)
    assert code == 0 and "no verdict by accuracy" in out and "seed is not" in out and "ranks better" not in out
    code, out, _ = call(*paths, "--format", "json")
    row = json.loads(out)["comparison"][0]
    assert row["p_value"] is None and row["low"] is None and row["p_adjusted"] is None and row["runs_a"] == 1
    assert row["difference"] == pytest.approx(row["gt_tau_a"] - row["gt_tau_b"])
    code, out, _ = call(*paths, "--format", "csv")
    assert out.splitlines()[0].startswith("score,n,runs_a,runs_b,epoch_a,epoch_b,gt_tau_a,gt_tau_b,difference,low,high")


def test_the_printed_comparison_has_a_row_for_each_score_in_short_numbers(files, table, call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    other = runs_of(table, seeds=(3, 4)).to_csv(files / "b.csv", index=False)
    assert other is None
    paths = ["--predictions", files / "b.csv", "--against", files / "runs.parquet", "--truth", files / "truth.csv"]
    code, out, _ = call(*paths)
    row = comparison.compare_supernets(files / "b.csv", files / "runs.parquet", files / "truth.csv").iloc[1]
    line = next(line.split() for line in out.splitlines() if line.startswith("loss "))
    assert code == 0 and line == [
        *("loss", "300", "2", "2", f"{row['gt_tau_a']:.3f}", f"{row['gt_tau_b']:.3f}"),
        *(f"{row[name]:+.3f}" for name in ("difference", "low", "high")),
        f"{row['p_adjusted']:.2g}",
    ]
    heads = next(line.split() for line in out.splitlines() if line.startswith("score "))
    names = "score n runs_a runs_b gt_tau_a gt_tau_b difference low high p_adjusted"
    assert heads == names.split() and "not shown: epoch_a, epoch_b, p_value, reason (all columns: --wide)." in out
    code, out, _ = call(*paths, "--wide")
    assert "epoch_a" in out and "not shown" not in out
    code, _, _ = call(*paths, "--out", files / "out.csv")
    assert code == 0 and len(pd.read_csv(files / "out.csv")) == 2
    code, out, _ = call(*paths, "--format", "json")
    assert json.loads(out)["space"] == "nb201"


def test_the_map_is_printed_and_the_pairs_are_written(files, call):
    arguments = ["--predictions", files / "runs.parquet", "--cross-run", "--scores", "accuracy"]
    code, out, err = call(*arguments, "--out", files / "pairs.csv")
    assert code == 0 and out.startswith("nb201: tau between supernets, 2 run(s), 6 pairs; median 0.")
    assert "mean tau between different runs" in out and "every pair" in err
    assert len(pd.read_csv(files / "pairs.csv")) == 6
    code, out, _ = call(*arguments, "--format", "csv")
    assert out.splitlines()[0].startswith("score,bn,run_a,") and len(out.splitlines()) == 7
    runs_of(make_table(), seeds=[0]).to_csv(files / "one.csv", index=False)
    code, out, _ = call("--predictions", files / "one.csv", "--cross-run", "--scores", "accuracy")
    assert code == 0 and "run_a" in out and "different runs" not in out


def test_ranks_are_printed_without_decimals_and_correlations_with_two(result, capsys):
    lengths = result.lengths.assign(top1_rank=16.25, top3_rank=3.75, sparse_tau=0.4321, best_at_10=92.456)
    print_correlation(dataclasses.replace(result, lengths=lengths), wide=True)
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("loss: 300 architectures, 2 runs a length")
    values = dict(zip(lines[start + 1].split()[::-1], lines[start + 3].split()[::-1]))
    shown = [values[name] for name in ("top1", "top3", "sparse", "best@10")]
    assert shown == ["16", "4", ".43", "92.46"]


def test_the_second_supernet_is_the_one_after_against(files, table, truth, call):
    worse = runs_of(table, seeds=range(3), epochs=[8])
    worse["accuracy"] = (worse["accuracy"] * 0.2 + 50).round(1)[::-1].to_numpy()
    worse.to_csv(files / "worse.csv", index=False)
    runs_of(table, seeds=range(3), epochs=[8]).to_csv(files / "good.csv", index=False)
    truth = ["--truth", files / "truth.csv", "--score", "accuracy"]
    code, out, _ = call("--predictions", files / "worse.csv", "--against", files / "good.csv", *truth)
    assert code == 0 and out.startswith("nb201: B ranks better by accuracy")
    code, out, _ = call("--predictions", files / "good.csv", "--against", files / "worse.csv", *truth)
    assert code == 0 and out.startswith("nb201: A ranks better by accuracy")


def test_all_pairs_are_in_the_document_of_a_cross_run_in_its_own_space(files, call):
    code, out, _ = call("--predictions", files / "runs.parquet", "--cross-run", "--format", "json")
    document = json.loads(out)
    assert code == 0 and list(document) == ["space", "cross_run"]
    assert len(document["cross_run"]) == 12 and document["space"] == "nb201"
    sizes = get_space("nats-sss").sample(50, seed=0).tolist()
    table = pd.DataFrame({"architecture": sizes * 2, "seed": [0] * 50 + [1] * 50, "loss": range(100)})
    table.to_csv(files / "sizes.csv", index=False)
    code, out, _ = call("--space", "nats-sss", "--predictions", files / "sizes.csv", "--cross-run", "--format", "json")
    (pair,) = json.loads(out)["cross_run"]
    assert code == 0 and (pair["n"], pair["tau"]) == (50, 1.0)


def test_the_help_has_an_example_that_runs(files, call, capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith("usage: python -m nasbias.correlation ")
    assert "python -m nasbias.correlation --space nb201 --predictions mine.csv --truth NAME --format json" in text
    assert "--out FILE" in text and "--against PATH" in text and "--format {table,json,csv}" in text
    assert "--score SCORE [SCORE ...] score columns to use (default: all)" in text


def test_the_table_is_wide_or_by_run_where_that_is_asked_for(files, call):
    arguments = ["--predictions", files / "runs.parquet", "--truth", files / "truth.csv"]
    _, usual, _ = call(*arguments)
    _, wide, _ = call(*arguments, "--wide")
    _, by_run, _ = call(*arguments, "--per-run")
    assert "sparse" not in usual and "sparse" in wide and not any(line.startswith("s0 ") for line in wide.splitlines())
    assert sum(line.startswith("s0 ") for line in by_run.splitlines()) == 4  # two lengths by two scores
    assert call(*arguments, "--format", "table")[1] == usual


def test_taus_of_a_comparison_are_printed_with_three_decimals(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    row = {"score": "loss", "n": 50, "runs_a": 2, "runs_b": 3, "gt_tau_a": 0.5, "gt_tau_b": 0.12345}
    row |= {"difference": 0.37655, "low": 0.1, "high": 0.65, "p_value": 0.01, "p_adjusted": 0.0213, "reason": ""}
    print_comparison(pd.DataFrame([row | {"epoch_a": 4, "epoch_b": 4}]), "nb201", "table", None)
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("loss "))
    for text in ("0.500", "0.123", "+0.377", "+0.100", "+0.650", "0.021"):
        assert text in line.split()
