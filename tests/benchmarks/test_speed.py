"""The benchmark itself: what it measures, what it writes, and when it warns."""

import os

import pytest

torch = pytest.importorskip("torch")

from benchmarks import machine, speed  # noqa: E402
from tests.small import SPACES  # noqa: E402


def test_every_space_has_a_row_for_its_training():
    sizes = [value for value in vars(speed).values() if isinstance(value, speed.Size)]
    names = [name for name, _ in speed.list_rows()]
    trained = {size.space for size in sizes if f"training, {size.name}" in names}
    assert trained == set(SPACES)


def test_the_sides_take_turns_on_the_same_rounds():
    turns = []
    sides = {name: (lambda i, name=name: turns.append((name, i))) for name in ("plain", "fast")}
    seconds = speed.measure(speed.Row("scoring, nothing", sides, units=1, rounds=2))
    assert turns == [("plain", 0), ("fast", 0), ("plain", 1), ("fast", 1)]
    assert {name: len(each) for name, each in seconds.items()} == {"plain": 2, "fast": 2}


def test_a_ratio_is_the_median_over_rounds_and_a_time_the_best():
    row = speed.Row("title", {}, units=1)
    *_, fast, blank = speed.describe(row, {"plain": [0.4, 0.2, 0.9], "fast": [0.1, 0.1, 0.1]})
    assert fast.split() == ["fast", "100.0", "ms", "4.00", "x", "plain"]
    assert not blank


@pytest.mark.parametrize(("load", "others", "warns"), [(1.0, 0, False), (3.0, 0, True), (1.0, 50, True)])
def test_a_busy_machine_is_said_to_be_one(load, others, warns, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0, 0))
    monkeypatch.setattr(machine, "stolen", lambda: (float(others), 1000.0))
    assert bool(machine.caution((0.0, 0.0))) == warns
