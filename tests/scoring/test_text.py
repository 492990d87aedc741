"""Scoring of recurrent cells: engines agree, NaN stays NaN, and train - score - correlate from the embedded text."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nasbias import score, train  # noqa: E402
from nasbias.correlation.__main__ import main as correlate_command  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import Training  # noqa: E402
from nasbias.scoring import engines, load_scoring_data, score_architectures  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import build_supernet, recipe_of  # noqa: E402
from nasbias.supernets.ptb import Options  # noqa: E402
from nasbias.tables import load_predictions  # noqa: E402

PTB = get_space("ptb")


@pytest.fixture
def config():
    return Training(space="ptb", network={"hidden": 8, "vocabulary": 100}, **recipe_of("ptb"))


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = build_supernet("ptb", Options(hidden=8, vocabulary=100), classes=100)
    for parameter in network.parameters():
        torch.nn.init.uniform_(parameter, -0.7, 0.7)
    return network


def test_engines_give_the_same_perplexities(config, network):
    data = load_scoring_data(config, valid_size=600)
    cells = PTB.sample(9, seed=0)
    plain, fast, batched = (
        score_architectures(network, cells, data, "ptb", engine=engine) for engine in ("plain", "fast", "batched")
    )
    assert plain["perplexity"].std() > 0.1
    for other in (fast, batched):
        np.testing.assert_allclose(other["loss"], plain["loss"], atol=1e-5)
        np.testing.assert_allclose(other["perplexity"], np.exp(other["loss"]))
    assert plain["architecture"].tolist() == cells.tolist()
    assert plain["bn"].isna().all()
    assert set(engines("ptb")) == {"plain", "fast", "batched"}
    assert data.n_valid == 590


def test_the_perplexity_of_a_cell_that_diverges_is_missing(config, network):
    data = load_scoring_data(config, valid_size=300)
    with torch.no_grad():
        network.steps[7].fill_(float("inf"))
    only_last = "+".join(["tanh~0"] * 8)
    scores = score_architectures(network, [only_last], data, "ptb")
    assert scores["perplexity"].isna().all()


def test_the_number_of_words_must_be_there(config):
    for words in (10_000_000, 5):
        with pytest.raises(InputError, match=r"validation words asked for\. Ask for 20 to"):
            load_scoring_data(config, valid_size=words)


def test_train_score_correlate_from_the_embedded_text(tmp_path, capsys):
    run, cells, truth = tmp_path / "run", tmp_path / "cells.txt", tmp_path / "truth.csv"
    options = ["--hidden", "8", "--vocabulary", "100", "--train-size", "8000", "--valid-size", "600", "--bptt", "20"]
    argv = ["--space", "ptb", "--epochs", "2", "--checkpoints", "1", "--batch-size", "20", "--out", str(run), *options]
    assert train.main(argv) == 0
    sample = PTB.sample(12, seed=0)
    cells.write_text("\n".join(sample))
    assert score.main([str(run), "--architectures", str(cells)]) == 0
    predictions = load_predictions(run, "ptb")
    assert len(predictions) == 24
    assert set(predictions["epoch"]) == {1, 2}
    assert predictions["perplexity"].between(1, 100).all()

    # A truth that orders the cells as epoch 2 does, in perplexity: low is good in both, so tau is 1.
    last = predictions[predictions["epoch"] == 2]
    last.assign(valid_perplexity=last["perplexity"] * 2)[["architecture", "valid_perplexity"]].to_csv(
        truth, index=False
    )
    capsys.readouterr()
    argv = ["--space", "ptb", "--predictions", str(run), "--truth", str(truth), "--format", "json"]
    assert correlate_command(argv) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    row = next(row for row in rows if row["score"] == "perplexity" and row["epoch"] == 2)
    assert row["gt_tau"] == pytest.approx(1)
    assert row["n"] == 12


def test_bad_input_is_one_line_and_exit_code_2(tmp_path, capsys):
    (tmp_path / "train.txt").write_text("")
    for split in ("valid", "test"):
        (tmp_path / f"{split}.txt").write_text("some words\n")
    argv = ["--space", "ptb", "--dataset", str(tmp_path), "--out", str(tmp_path / "run"), "--hidden", "4"]
    assert train.main(argv) == 2
    assert "the train text is empty" in (error := capsys.readouterr().err)
    assert error.count("\n") == 1
    assert train.main([*argv, "--standalone", '{"act/0": 1}']) == 2
    assert "slot 'act/1' is missing" in capsys.readouterr().err
