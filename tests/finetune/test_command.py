"""The command: it tunes, writes and correlates."""

import json

import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias.finetune.__main__ import main  # noqa: E402
from tests.finetune.made import SOME  # noqa: E402


def test_the_command_tunes_and_correlates(folder, tmp_path, capsys):
    truth = tmp_path / "truth.csv"
    pd.DataFrame({"architecture": SOME, "valid_accuracy": [90.0, 80, 85, 70, 60]}).to_csv(truth, index=False)
    (tmp_path / "some.txt").write_text("\n".join(SOME))
    options = [str(folder.path), "--steps", "2", "--architectures", str(tmp_path / "some.txt"), "--valid-size", "64"]
    options += ["--out", str(tmp_path / "tuned.parquet")]
    assert main([*options, "--truth", str(truth), "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {(row["score"], row["step"], row["n"]) for row in rows} == {
        (score, step, 5) for score in ("accuracy", "loss") for step in (0, 1, 2)
    }
    assert main([*options, "--truth", "none"]) == 0
    for bad, says in (
        ([str(folder.path), "--epoch", "7"], "no checkpoint of epoch 7. It has: 1, 2"),
        ([str(folder.path), "--steps", "0"], "0: 1 or more is needed"),
        ([str(folder.path), "--learning-rate", "0"], "nothing would move"),
        ([str(tmp_path / "none")], "no such file"),
    ):
        assert main(bad) == 2
        assert says in capsys.readouterr().err
