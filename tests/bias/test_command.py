"""The command: its document, its tables within 80 columns, and sentences that follow them."""

import json

import pandas as pd
import pytest

from nasbias.bias import __main__ as command
from nasbias.bias.gaussian_process import REMEDY
from tests.bias.simulated import OPERATION, simulate


@pytest.fixture
def arguments(tmp_path):
    predictions, truth = simulate(0, n=400, delta=20.0)
    predictions.to_csv(tmp_path / "p.csv", index=False)
    truth.to_csv(tmp_path / "t.csv", index=False)
    return ["--predictions", str(tmp_path / "p.csv"), "--truth", str(tmp_path / "t.csv"), "--draws", "4"]


def test_the_document_has_all_four_studies(arguments, capsys):
    assert command.main([*arguments, "--format", "json", "--top", "40"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"size", "operators", "decomposition", "correction"} <= set(document)
    keys = "decision operation n mean_truth mean_score rank_difference low high effect effect_low effect_high"
    keys += " score_effect score_effect_low score_effect_high p_adjusted found top_share_truth top_share_score"
    assert set(keys.split()) <= set(document["operators"][0])
    by_edge = pd.DataFrame(document["operators"]).groupby("decision")
    assert by_edge["top_share_truth"].sum().tolist() == pytest.approx([1] * 6)
    assert by_edge["n"].sum().tolist() == [400] * 6
    assert sum(row["share"] for row in document["decomposition"]) == pytest.approx(100)
    assert [row["n"] for row in document["correction"]] == [0, 10, 20, 50, 100, 200]
    assert document["truth_noise_from"] == "unknown" and document["truth_noise"] is None


def test_the_tables_fit_80_columns_with_a_line_on_each_column_and_wide_shows_all(arguments, capsys):
    assert command.main([*arguments, "--sizes", "20"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("nb201: rank_score after 8 epochs, 3 run(s), 400 architectures") and OPERATION in out
    assert max(map(len, out.splitlines())) <= 80
    shown = {**command._OPERATORS, **command._CORRECTION}
    for head, _, text in shown.values():
        assert head in out and " ".join(text.split()) in " ".join(out.split())
    assert "mean_truth" not in out
    assert command.main([*arguments, "--sizes", "20", "--wide"]) == 0
    wide = capsys.readouterr().out
    assert "mean_truth" in wide and "score_effect_low" in wide and "gp_tau_without_supernet" in wide


def test_a_stated_noise_is_said_and_one_unknown_is_warned_of(arguments, capsys):
    assert command.main([*arguments, "--sizes", "20"]) == 0
    assert "--truth-noise 0.3" in capsys.readouterr().out
    assert command.main([*arguments, "--sizes", "20", "--truth-noise", "0.4"]) == 0
    out = capsys.readouterr().out
    assert "noise of the truth: sd 0.4 (as stated)" in out and "unknown" not in out
    assert command.main([*arguments, "--truth-noise", "-1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_epoch_that_is_not_there_is_refused_in_one_line(arguments, capsys):
    assert command.main([*arguments, "--epoch", "9"]) == 2
    assert "unknown epoch '9'" in capsys.readouterr().err


def test_without_scikit_learn_the_rest_is_there_and_one_line_says_what_is_missing(arguments, capsys, monkeypatch):
    for module in ("nasbias.bias.correction", "nasbias.bias.__main__"):
        monkeypatch.setattr(f"{module}.has_gaussian_process", lambda: False)
    assert command.main([*arguments, "--sizes", "20"]) == 0
    out = capsys.readouterr().out
    assert " ".join(REMEDY.split()) in " ".join(out.split())
    assert "gp" not in out.split("what stand-alone trainings buy")[1].splitlines()[1]
