"""The command: its document and one line for what is no run."""

import json

import numpy as np
import pytest

from nasbias.density import compare_density
from nasbias.density.__main__ import main
from nasbias.errors import InputError
from tests.density.made import make_run, noisy


def test_the_command_answers_in_json_and_refuses_what_is_no_run(truth, tmp_path, capsys):
    truth.to_parquet(tmp_path / "truth.parquet")
    runs = [
        make_run(tmp_path / str(seed), "similar:4", noisy(truth, 1, seed), np.arange(64) // 16) for seed in range(3)
    ]
    options = ["--truth", str(tmp_path / "truth.parquet"), "--last", "1,4"]
    assert main([*map(str, runs), *options, "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [(row["plan"], row["k"], row["n_runs"]) for row in answer["plans"]] == [
        ("similar:4", 1, 3),
        ("similar:4", 4, 3),
    ]
    assert [row["group"] for row in answer["folds"]] == [0, 1, 2, 3]
    assert main([*map(str, runs), *options]) == 0
    assert "similar:4" in capsys.readouterr().out
    for bad, says in (
        ([str(tmp_path)], "no run folder"),
        ([str(runs[0]), "--space", "nb201"], "is a run of darts64"),
        ([str(runs[0]), *options, "--last", "0"], "0: 1 or more is needed"),
    ):
        assert main(bad) == 2
        assert says in capsys.readouterr().err
    (runs[0] / "steps.parquet").unlink()
    with pytest.raises(InputError, match="has no scores"):
        compare_density(runs, truth)
