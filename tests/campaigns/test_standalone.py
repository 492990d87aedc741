"""Stand-alone ground truths: what a table of them holds, interruption, and what the command says."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias.campaigns.standalone import choose_architectures, train_alone  # noqa: E402
from nasbias.datasets import load_images  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.notices import Notice  # noqa: E402
from nasbias.runs import Training  # noqa: E402
from nasbias.runs.checkpoints import read_tensors  # noqa: E402
from nasbias.runs.network import make_network  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import recipe_of  # noqa: E402
from nasbias.tables import read_about, read_table  # noqa: E402
from nasbias.training import train  # noqa: E402
from nasbias.training.run import make_task  # noqa: E402

TINY = Training(epochs=2, batch_size=128, crop=1, network={"channels": 4, "cells": 1})
TWO = get_space("nb201").sample(2, seed=1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("truths") / "whole"
    train_alone(TINY, TWO, (0, 1), out)
    return out


def interrupt(result, finished, total):
    raise KeyboardInterrupt


def test_a_truth_has_a_row_per_architecture_and_seed_and_keeps_no_weights(whole):
    table = read_table(whole / "truth.parquet")
    assert sorted(zip(table["architecture"], table["seed"])) == sorted((text, seed) for text in TWO for seed in (0, 1))
    assert set(table["dataset"]) == {"digits"}
    assert set(table["epochs"]) == {2}
    assert table[["valid_accuracy", "test_accuracy"]].notna().all(axis=None)
    assert (
        table.loc[table["seed"] == 0, "valid_accuracy"].tolist()
        != table.loc[table["seed"] == 1, "valid_accuracy"].tolist()
    )
    assert not list(whole.rglob("*.safetensors"))
    assert read_about(whole / "truth.parquet")["recipe"]["epochs"] == 2


def test_killed_after_one_and_resumed_by_two_processes_gives_the_same_table(whole, tmp_path):
    out = tmp_path / "killed"
    with pytest.raises(KeyboardInterrupt):
        train_alone(TINY, TWO, (0, 1), out, report=interrupt)
    assert len(list((out / "trainings").iterdir())) == 1
    counted = []
    train_alone(TINY, TWO, (0, 1), out, processes=2, report=lambda result, *counts: counted.append(counts))
    assert counted == [(2, 4), (3, 4), (4, 4)]
    pd.testing.assert_frame_equal(read_table(out / "truth.parquet"), read_table(whole / "truth.parquet"))


def test_what_is_done_is_not_trained_again_and_more_seeds_are_added(whole, tmp_path):
    train_alone(TINY, TWO, (0, 1), whole, report=lambda *_: pytest.fail("trained again"))
    out = tmp_path / "grown"
    train_alone(TINY, TWO[:1], (0,), out)
    train_alone(TINY, TWO[:1], (1,), out)
    assert read_table(out / "truth.parquet")["seed"].tolist() == [0, 1]
    with pytest.raises(InputError, match="holds another run"):
        train_alone(replace(TINY, epochs=3), TWO, (0,), out)


def test_an_accuracy_is_that_of_the_network_in_eval_mode(whole, tmp_path):
    config = replace(TINY, standalone=TWO[0], seed=1)
    folder = train(config, tmp_path / "run")
    network = make_network(config, make_task(config, torch.device("cpu")).sizes)
    network.load_state_dict(read_tensors(folder.checkpoint(2), "network.")[0])
    network.eval()
    images = load_images("digits")
    choice = tuple(get_space("nb201").encode(TWO[:1])[0].tolist())
    with torch.no_grad():
        guessed = network(images.normalise(images.test_x), choice).argmax(1)
    table = read_table(whole / "truth.parquet").set_index(["architecture", "seed"])
    expected = 100 * (guessed == images.test_y).double().mean().item()
    assert table.loc[(TWO[0], 1), "test_accuracy"] == pytest.approx(expected)


def test_cells_of_the_language_model_get_perplexities(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for split, lines in (("train", 60), ("valid", 40), ("test", 45)):
        (corpus / f"{split}.txt").write_text("".join(f"w{i % 7} w{i * i % 13} w{i % 3} <unk>\n" for i in range(lines)))
    network = {"hidden": 8, "vocabulary": 50, "evaluate_every": 1}
    recipe = {**recipe_of("ptb"), "dataset": str(corpus), "batch_size": 4, "learning_rate": 5.0, "epochs": 1}
    path = train_alone(
        Training(space="ptb", network=network, **recipe), get_space("ptb").sample(2, 0), (0,), tmp_path / "out"
    )
    table = read_table(path)
    assert set(table["dataset"]) == {"corpus"}
    assert (table[["valid_perplexity", "test_perplexity"]] > 1).all(axis=None)
    assert (table["valid_perplexity"] != table["test_perplexity"]).all()


def test_a_sample_comes_from_the_list_or_the_subset():
    assert len(choose_architectures(replace(TINY, subset="unique"))) == 6461
    assert choose_architectures(TINY, 3).tolist() == get_space("nb201").sample(3, 0).tolist()
    assert np.unique(choose_architectures(TINY, 50, seed=1)).size == 50


def test_a_loss_that_is_no_number_anywhere_is_missing_in_the_truth(tmp_path):
    recipe = replace(TINY, epochs=1, train_size=64, valid_size=32, batch_size=32, final_learning_rate=2.0**31, clip=0.0)
    with pytest.warns(Notice, match="nothing is ranked"):
        table = read_table(train_alone(recipe, TWO, [0], tmp_path / "hot"))
    assert table["valid_loss"].isna().all() and table["valid_accuracy"].notna().all()
