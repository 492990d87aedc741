"""How far, how fast, how long."""

import pytest

torch = pytest.importorskip("torch")

from nasbias.campaigns import companions_of  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.training import estimate_seconds, pace, train  # noqa: E402
from tests.small import small_run  # noqa: E402


def test_every_pace_is_further_than_the_last_and_the_last_is_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(pace, "TOLD_EVERY", -1.0)
    told = []
    train(small_run("nb201", epochs=3), tmp_path / "run", watch=told.append)  # of two steps each
    assert [(each.epoch, each.step) for each in told] == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]
    assert {(each.epochs, each.steps, each.unit) for each in told} == {(3, 2, "images")}
    assert all(each.per_second > 0 for each in told)
    assert told[0].seconds_left > 0 == told[-1].seconds_left


def test_it_is_told_a_few_times_a_second_only(tmp_path):
    told = []
    train(small_run("nb201", epochs=40), tmp_path / "run", watch=told.append)
    assert 1 <= len(told) < 40


def test_an_estimate_is_of_the_size_of_what_it_takes_and_grows_with_the_epochs(tmp_path, monkeypatch):
    monkeypatch.setattr(pace, "MEASURED", 0.3)
    config = small_run("nb201", epochs=30)
    estimate = estimate_seconds(config)
    taken = sum(record["seconds"] for record in train(config, tmp_path / "run").log)
    assert taken / 5 < estimate < 5 * taken  # a machine under load
    assert estimate_seconds(small_run("nb201", epochs=3000)) > 20 * estimate
    assert (
        estimate_seconds(small_run("nb201", epochs=30, dense_steps=50, dense_sample=50), companions_of) > 1.5 * estimate
    )
    dense = small_run("nb201", epochs=1, dense_steps=10**9, dense_sample=2)
    assert estimate_seconds(dense, companions_of) < 1000 * estimate  # its two steps, and not the 10^9 asked for
    assert estimate_seconds(small_run("nb201", train_size=64, epochs=1)) > 0  # an epoch of one step


def test_what_can_not_be_trained_can_not_be_estimated():
    with pytest.raises(InputError):
        estimate_seconds(small_run("nb201", dataset="/no/such"))
