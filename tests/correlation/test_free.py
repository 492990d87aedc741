"""Free baselines on the architectures of a study."""

import numpy as np
import pandas as pd
import pytest

from nasbias.correlation import correlate
from nasbias.correlation.free import rank_free, say_free
from nasbias.matching import match
from nasbias.spaces import get_space
from nasbias.tables import shipped

SPACE = get_space("darts64")
CODES = SPACE.architectures()["architecture"].tolist()


@pytest.fixture
def truth():
    return pd.DataFrame({"architecture": CODES, "test_accuracy": np.random.default_rng(0).permutation(64) + 10.0})


def matched_with(truth, n=64):
    return match((CODES[:n], list(range(n))), truth, space="darts64")


@pytest.fixture
def proxies(truth, tmp_path, monkeypatch):
    """Shipped: one that ranks perfectly as a loss, one constant, one with too many NaN, one with few."""
    value = truth["test_accuracy"]
    table = pd.DataFrame({"architecture": CODES, "untrained_loss": 100 - value, "flat": 1.0})
    table["gaps"] = value.where(np.arange(64) >= 30)
    table["some"] = value.where(np.arange(64) >= 3)
    table.to_parquet(tmp_path / "darts64_proxies.parquet")
    monkeypatch.setattr(shipped, "shipped_folders", lambda: [tmp_path])


def test_shipped_proxies_are_ranked_in_their_own_direction(truth, proxies):
    table = rank_free(matched_with(truth)).set_index("baseline")
    assert table.index[0] == "untrained_loss" and table.loc["untrained_loss", "gt_tau"] == pytest.approx(1)
    assert table.loc["some", "n"] == 61 and not {"flat", "gaps"} & set(table.index)
    params = correlate((CODES, SPACE.describe(CODES)["params"].tolist()), truth, space="darts64").iloc[0]
    for name in ("gt_tau", "gt_tau_low", "gt_tau_high"):
        assert table.loc["params", name] == pytest.approx(params[name])


def test_only_the_scored_architectures_count(truth, proxies):
    assert rank_free(matched_with(truth, 20)).set_index("baseline").loc["params", "n"] == 20


def test_without_shipped_proxies_the_costs_are_there(truth, monkeypatch):
    monkeypatch.setattr(shipped, "shipped_folders", list)
    assert set(rank_free(matched_with(truth))["baseline"]) == {"params", "flops"}


def test_the_line_names_the_best_and_how_many_were_tried(truth, proxies):
    line = say_free(rank_free(matched_with(truth)))
    assert line.startswith("best free baseline of 4 tried on these: untrained_loss, tau 1.00 (") and "chosen" in line
    assert say_free(rank_free(matched_with(truth)).iloc[:0]) == ""


def test_of_too_few_architectures_for_an_interval_nothing_is_said(truth, proxies):
    table = rank_free(matched_with(truth, 3))
    assert len(table) and say_free(table) == ""
    assert say_free(rank_free(matched_with(truth, 4))).startswith("best free baseline of ")
