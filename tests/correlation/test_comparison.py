"""A against B on the same architectures: the row, the sentence, and when there is no verdict."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from nasbias.correlation import comparison, wording
from nasbias.errors import InputError
from nasbias.matching import match
from tests.predicted import runs_of


def test_two_supernets_are_compared_on_the_same_architectures(table, truth):
    good, bad = runs_of(table, seeds=range(3)), runs_of(table.iloc[50:], seeds=range(3), epochs=[8])
    rng = np.random.default_rng(0)
    bad["accuracy"] = (bad["accuracy"] + 3 * rng.normal(size=len(bad))).clip(0, 100)
    row = comparison.compare_supernets(good, bad, truth, scores=["accuracy"]).iloc[0]
    assert (row["n"], row["runs_a"], row["epoch_a"]) == (250, 3, 8)
    mean = truth.groupby("architecture")["valid_accuracy"].mean()
    common = good[good["architecture"].isin(bad["architecture"]) & (good["epoch"] == 8)]
    taus = [
        scipy.stats.kendalltau(run["accuracy"], mean[run["architecture"]]).statistic for _, run in common.groupby("run")
    ]
    assert row["gt_tau_a"] == pytest.approx(np.mean(taus))
    assert row["gt_tau_b"] == pytest.approx(row["gt_tau_a"] - row["difference"])
    assert list(row.index) == [
        "score", "n", "runs_a", "runs_b", "epoch_a", "epoch_b", "gt_tau_a", "gt_tau_b", "difference", "low", "high",
        "p_value", "p_adjusted", "reason",
    ]  # fmt: skip
    assert 0 < row["low"] < row["difference"] < row["high"] and row["p_value"] < 0.05


def test_the_same_recipe_is_hardly_ever_called_better_than_itself():
    row = {"score": "accuracy", "gt_tau_a": 0.5, "gt_tau_b": 0.4, "difference": 0.1, "low": -0.1, "high": 0.3}
    said = wording.verdict({**row, "p_value": 0.3, "reason": ""}, "nb201")
    assert said.startswith("nb201: no difference found between A and B by accuracy (tau 0.500 against 0.400")
    better = wording.verdict({**row, "low": 0.01, "p_value": 0.04, "reason": ""}, "nb201")
    assert "A ranks better by accuracy" in better and "difference +0.100, 95 % +0.010 to +0.300, p 0.04" in better
    worse = {**row, "difference": -0.2, "low": -0.3, "high": -0.1, "p_value": 0.01, "reason": ""}
    assert "B ranks better" in wording.verdict(worse, "nb201")


def test_the_seeds_spread_is_pooled_over_each_recipes_lengths(table, truth):
    rng = np.random.default_rng(0)
    lengths = [runs_of(table, seeds=(0, 1), epochs=[epoch]) for epoch in (2, 4, 8, 16)]
    for epoch, part in enumerate(lengths):
        part["run"] = part["run"] + f"-{epoch}"
        shift = rng.normal(size=2)[part["seed"]] / 4
        part["accuracy"] += shift * rng.normal(size=len(part))
    every = pd.concat(lengths)
    longest = every[every["epoch"] == 16]
    alone, pooled = (
        comparison.compare_supernets(part, part.assign(run=part["run"] + "x"), truth, scores=["accuracy"], epoch=16)
        for part in (longest, every)
    )
    assert alone["difference"][0] == pooled["difference"][0] == 0
    assert pooled["high"][0] - pooled["low"][0] != pytest.approx(alone["high"][0] - alone["low"][0])


def test_runs_of_other_samples_share_only_the_architectures_that_both_scored(table, truth):
    """The more of them two runs have in common, the less the choice of architectures makes their taus differ."""
    least = []
    for shift in (0, 20, 140):
        runs = [runs_of(table.iloc[seed * shift :][:140], seeds=[seed], epochs=[8]) for seed in (0, 1)]
        for run in runs:
            run["accuracy"] = 50 + table.set_index("architecture")["noise"].loc[run["architecture"]].to_numpy()
        spread = comparison._spread(match(pd.concat(runs), truth, space="nb201", scores=["accuracy"]), "accuracy", None)
        assert spread is not None
        least.append(float(spread.least[0]))
    assert least[0] == pytest.approx(0, abs=1e-12) and 0 < least[1] < least[2] / 3


def test_p_values_are_adjusted_over_the_scores(table, truth):
    good, bad = runs_of(table, seeds=range(3)), runs_of(table, seeds=range(3))
    bad["loss"] += 3 * np.random.default_rng(0).random(size=len(bad))
    found = comparison.compare_supernets(good, bad, truth).set_index("score")
    assert found.loc["loss", "p_adjusted"] == pytest.approx(min(2 * found.loc["loss", "p_value"], 1))
    assert found.loc["loss", "p_adjusted"] < 0.05 < found.loc["accuracy", "p_value"]
    assert found["runs_a"].tolist() == [3, 3] and math.isclose(found.loc["loss", "n"], 300)
    only = comparison.compare_supernets(good, bad, truth, scores=["loss"])
    assert only["p_adjusted"][0] == only["p_value"][0]


def test_what_cannot_be_compared_is_refused(table, truth):
    accuracy, loss = (runs_of(table)[["run", "seed", "epoch", "architecture", name]] for name in ("accuracy", "loss"))
    with pytest.raises(InputError, match="no score in common: accuracy against loss"):
        comparison.compare_supernets(accuracy, loss, truth)
    with pytest.raises(InputError, match="10 scored architectures in common; a comparison needs 30"):
        comparison.compare_supernets(runs_of(table.iloc[:100]), runs_of(table.iloc[90:200]), truth)
    assert comparison.compare_supernets(runs_of(table.iloc[:100]), runs_of(table.iloc[70:200]), truth)["n"][0] == 30


def test_the_mode_and_the_length_compared_are_the_ones_asked_for(table, truth):
    both = pd.concat([runs_of(table).assign(bn="batch"), runs_of(table).assign(bn="running", loss=9.0)])
    running = both["bn"] == "running"
    both.loc[running, "loss"] = np.random.default_rng(0).random(running.sum())
    found = [
        comparison.compare_supernets(both, both, truth, scores=["loss"], bn=bn, epoch=4) for bn in ("batch", "running")
    ]
    taus = [one["gt_tau_a"][0] for one in found]
    assert taus[0] > 0.15 and abs(taus[1]) < 0.1
    assert all(one[["epoch_a", "epoch_b"]].to_numpy().tolist() == [[4, 4]] for one in found)


def test_of_several_steps_in_an_epoch_the_last_tells_the_spread_of_the_seeds(table, truth):
    last = pd.concat([runs_of(table, seeds=range(3), epochs=[epoch]).assign(step=2) for epoch in (4, 8)])
    early = last.assign(step=1, accuracy=50.0 + np.random.default_rng(0).normal(size=len(last)))
    several = pd.concat([early, last])  # in another order the last is the last, too
    other = runs_of(table, seeds=(7, 8, 9))
    found = [
        comparison.compare_supernets(given, other, truth, scores=["accuracy"])
        for given in (last, several, several.iloc[::-1])
    ]
    for one in found[1:]:
        assert one[["low", "high"]].to_numpy() == pytest.approx(found[0][["low", "high"]].to_numpy())
    assert found[0].columns.tolist().index("p_adjusted") == found[0].columns.tolist().index("p_value") + 1
