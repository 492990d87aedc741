"""The command: its document, its tables, and one line for what the user can mend."""

import json

import pandas as pd
import pytest

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
    assert code == 0 and list(document) == ["space", "truth", "ceiling", "baselines", "rows", "lengths"]
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
