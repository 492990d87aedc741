"""The command."""

import json

import pandas as pd

from nasbias.proxies.__main__ import main

SMALL = ["--channels", "4", "--cells", "1", "--batch-size", "8", "--untrained-images", "16"]


def test_the_command_writes_a_table_and_prints_a_summary(tmp_path, capsys):
    out = tmp_path / "p.parquet"
    assert main(["--space", "nb201", "--sample", "3", *SMALL, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("nb201: 3 architectures") and "synflow" in printed
    assert f"--predictions {out} --score untrained_loss" in printed
    assert len(pd.read_parquet(out)) == 3


def test_the_document_has_every_proxy(capsys):
    assert main(["--space", "darts64", "--sample", "2", *SMALL, "--proxies", "zen", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["n"] == 2 and {"zen", "depth"} <= {row["proxy"] for row in document["proxies"]}


def test_a_bad_proxy_is_one_line(capsys):
    assert main(["--proxies", "zenn"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
