"""Training the recurrent supernet: averaged SGD against torch's, roll-back, exact resume, and how text is read."""

import math

import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import Training  # noqa: E402
from nasbias.runs.checkpoints import read_tensors  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import recipe_of  # noqa: E402
from nasbias.training import train  # noqa: E402
from nasbias.training.run import Run  # noqa: E402
from nasbias.training.text import Averaging  # noqa: E402

SMALL = {"hidden": 8, "vocabulary": 50, "evaluate_every": 1, "evaluated_cells": 3, "patience": 2}


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for split, lines in (("train", 150), ("valid", 40), ("test", 40)):
        text = "".join(f"w{i % 7} w{i * i % 13} w{i % 3} <unk>\n" for i in range(lines))
        (folder / f"{split}.txt").write_text(text)
    return folder


def configured(corpus, network=(), **fields):
    options = {**recipe_of("ptb"), "dataset": str(corpus), "batch_size": 4, "learning_rate": 5.0, "clip": 0.25}
    options["final_learning_rate"] = fields.get("learning_rate", 5.0)
    return Training(space="ptb", network={**SMALL, **dict(network)}, **{**options, **fields})


def test_averaging_is_torchs_asgd():
    torch.manual_seed(0)
    ours, theirs = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    sgd = torch.optim.SGD(ours.parameters(), lr=0.3, weight_decay=0.01)
    asgd = torch.optim.ASGD(theirs.parameters(), lr=0.3, lambd=0.0, t0=0.0, weight_decay=0.01)
    averaging = Averaging({name: p.detach().clone() for name, p in ours.named_parameters()})
    for _ in range(7):
        x, y = torch.randn(5, 3), torch.randn(5, 2)
        for model, optimiser in ((ours, sgd), (theirs, asgd)):
            optimiser.zero_grad()
            (model(x) - y).pow(2).mean().backward()
            optimiser.step()
        averaging.add(ours)
    for name, parameter in theirs.named_parameters():
        torch.testing.assert_close(ours.get_parameter(name), parameter)
        torch.testing.assert_close(averaging.mean[name], asgd.state[parameter]["ax"])


def test_nothing_is_averaged_before_the_switch():
    averaging = Averaging()
    averaging.add(torch.nn.Linear(1, 1))
    assert averaging.mean == {}


def test_a_run_learns_and_says_so_in_words(corpus, tmp_path):
    records = []
    train(configured(corpus, epochs=5, learning_rate=15.0), tmp_path / "run", records.append)
    assert records[-1]["valid_perplexity"] < 0.8 * records[0]["valid_perplexity"]
    assert all("words_per_second" in record for record in records)
    assert [record["step"] for record in records] == sorted({record["step"] for record in records})


def test_after_patience_the_checkpoint_holds_the_mean_of_the_weights(corpus, tmp_path):
    # At a rate this high validation soon gets worse once.
    config = configured(corpus, epochs=8, network={"patience": 1}, learning_rate=15.0)
    folder = train(config, tmp_path / "run")
    averaging = [record["averaging"] for record in folder.log if "averaging" in record]
    assert averaging[0] is False
    assert averaging[-1] is True
    assert averaging == sorted(averaging)
    judged, _ = read_tensors(folder.checkpoint(8), "network.")
    now, _ = read_tensors(folder.checkpoint(8), "task.now.")
    assert any((judged[name] != now[name]).any() for name in judged)


def tensors_of(folder, epoch):
    return read_tensors(folder.checkpoint(epoch))[0]


@pytest.mark.parametrize("stop_after", [1, 6])
def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(corpus, tmp_path, stop_after):
    config = configured(corpus, epochs=8, network={"patience": 1}, learning_rate=15.0, seed=1)
    whole = train(config, tmp_path / "whole")
    assert any(record.get("averaging") for record in whole.log[:6])
    train(config, tmp_path / "resumed", stop_after=stop_after)
    resumed = train(config, tmp_path / "resumed")
    expected, got = tensors_of(whole, 8), tensors_of(resumed, 8)
    assert expected.keys() == got.keys()
    assert all(torch.equal(tensor, got[name]) for name, tensor in expected.items())
    assert [r["loss"] for r in whole.log] == [r["loss"] for r in resumed.log]


def test_another_seed_is_another_run_judged_by_the_same_cells(corpus):
    first, other = Run(configured(corpus, seed=0)), Run(configured(corpus, seed=1))
    assert not torch.equal(first.network.embedding, other.network.embedding)
    assert torch.equal(first.task.cells, other.task.cells)
    assert first.train_epoch()["loss"] != other.train_epoch()["loss"]


def test_a_nan_is_rolled_back_to_the_best_validation(corpus):
    run = Run(configured(corpus))
    run.train_epoch()
    best = {name: tensor.clone() for name, tensor in run.network.state_dict().items()}
    loss = run.task.loss
    run.task.loss = lambda *arguments: loss(*arguments) * math.nan
    record = run.train_epoch()
    assert record["rolled_back"] is True
    assert all(torch.equal(tensor, best[name]) for name, tensor in run.network.state_dict().items())
    run.task.loss = loss
    assert math.isfinite(run.train_epoch()["loss"])


def test_a_nan_before_any_validation_is_an_error(corpus):
    run = Run(configured(corpus))
    run.task.loss = lambda network, *arguments: network.bias.sum() * math.nan
    with pytest.raises(InputError, match=r"the training loss is nan in epoch 1, step 1 .*Lower --learning-rate"):
        run.train_epoch()


def test_the_learning_rate_follows_the_length_of_the_window(corpus):
    run = Run(configured(corpus))
    rates = []
    step = run.train_step
    run.train_step = lambda *numbers: (step(*numbers), rates.append(run.optimiser.param_groups[0]["lr"]))[0]
    run.train_epoch()
    assert rates == pytest.approx([5.0 * len(inputs) / 35 for inputs, _ in run.task.windows])
    assert len(set(rates)) > 1


def test_the_state_is_carried_over_windows_and_equal_for_cells_of_one_step(corpus):
    run = Run(configured(corpus, per_step=2))
    started = []
    forward = run.network.forward
    run.network.forward = lambda words, choice, hidden, masks: (
        started.append(hidden.clone()), forward(words, choice, hidden, masks)
    )[1]  # fmt: skip
    run.train_epoch()
    assert not started[0].any()
    assert all(state.any() for state in started[2:])
    assert all(torch.equal(a, b) for a, b in zip(started[::2], started[1::2]))
    assert not torch.equal(started[2], started[4])


def test_a_standalone_cell_is_trained_and_validated_alone(corpus):
    cell = get_space("ptb").sample(1, seed=0)[0]
    run = Run(configured(corpus, standalone=cell))
    assert run.task.cells.tolist() == get_space("ptb").encode([cell]).tolist()
    assert math.isfinite(run.train_epoch()["valid_perplexity"])


def test_bad_texts_and_cells_are_refused(corpus, tmp_path):
    def refused(match, **fields):
        with pytest.raises(InputError, match=match):
            train(configured(corpus, **fields), tmp_path / "refused")
        assert not (tmp_path / "refused").exists()

    refused("train_size is 10,000,000, but corpus has", train_size=10_000_000)
    refused("fewer than two words each", batch_size=5_000)
    refused("slot 'act/1' is missing", standalone='{"act/0": 1, "act/7": 0}')
    refused("too large to list", order="cycle")
    (corpus / "valid.txt").write_text("\n\n")
    refused("the valid text is empty")
