"""Runs against each other: every pair once, and no run against itself in the map."""

import pandas as pd
import pytest
import scipy.stats

from nasbias.correlation import cross_run
from nasbias.errors import InputError
from nasbias.statistics import tau_interval
from nasbias.statistics.metrics import spearman
from tests.predicted import runs_of


def test_the_cross_run_map_holds_every_pair_once_and_needs_no_truth(files):
    pairs = cross_run.cross_run(files / "runs.parquet", scores=["accuracy"])
    predictions = pd.read_parquet(files / "runs.parquet")
    assert len(pairs) == 6
    row = pairs[(pairs["run_a"] == "s0") & (pairs["epoch_a"] == 4) & (pairs["run_b"] == "s1") & (pairs["epoch_b"] == 8)]
    one, other = (
        predictions[(predictions["run"] == run) & (predictions["epoch"] == epoch)]["accuracy"]
        for run, epoch in (("s0", 4), ("s1", 8))
    )
    assert row["tau"].item() == pytest.approx(scipy.stats.kendalltau(one, other).statistic)
    grid = cross_run.map_lengths(pairs)
    assert grid["epoch"].tolist() == [4, 8] and grid.loc[0, 8] == grid.loc[1, 4]


def test_a_runs_pairs_with_itself_are_left_out_of_the_map(table):
    pairs = cross_run.cross_run(runs_of(table), scores=["accuracy"])
    grid = cross_run.map_lengths(pairs).set_index("epoch")
    other = pairs[pairs["run_a"] != pairs["run_b"]]
    mixed = other[other["epoch_a"] != other["epoch_b"]]["tau"].mean()
    assert len(other) == 4 and grid.loc[4, 8] == pytest.approx(mixed)
    within = pairs[pairs["run_a"] == pairs["run_b"]]["tau"]
    assert len(within) == 2 and abs(within.mean() - mixed) > 1e-6  # they would have moved it
    alone = cross_run.cross_run(runs_of(table, seeds=[0]), scores=["accuracy"])
    assert len(alone) == 1 and cross_run.map_lengths(alone).empty


def test_runs_of_one_name_and_two_seeds_are_two(table):
    one_name = runs_of(table, epochs=[8]).assign(run="a")
    assert len(cross_run.map_lengths(cross_run.cross_run(one_name, scores=["loss"]))) == 1
    no_seed = runs_of(table, seeds=[0]).drop(columns="seed")
    assert cross_run.map_lengths(cross_run.cross_run(no_seed, scores=["loss"])).empty


def test_pairs_stand_on_the_architectures_that_both_scored_in_the_right_direction(table):
    parts = [runs_of(table.iloc[:200], seeds=[0], epochs=[8]), runs_of(table.iloc[100:], seeds=[1], epochs=[8])]
    pairs = cross_run.cross_run(pd.concat(parts))
    row = pairs[pairs["score"] == "loss"].iloc[0]
    x, y = (part.set_index("architecture")["loss"].loc[table["architecture"][100:200]] for part in parts)
    found = tau_interval(-x.to_numpy(), -y.to_numpy())
    assert row["n"] == 100 and (row["tau"], row["tau_low"], row["tau_high"]) == (
        found.value,
        found.low,
        found.high,
    )
    assert row["spearman"] == pytest.approx(spearman(x, y)) and row["reason"] == ""
    scores = pd.concat(parts).rename(columns={"loss": "mine"}).drop(columns="accuracy")
    turned = cross_run.cross_run(scores, lower_is_better=["mine"])
    assert turned["tau"].tolist() == pytest.approx([row["tau"]])


def test_a_map_needs_two_runs_or_lengths(table):
    with pytest.raises(InputError, match="at least two runs"):
        cross_run.cross_run(runs_of(table, seeds=[0], epochs=[8]))


def test_one_score_may_be_named_by_a_string(table):
    pairs = cross_run.cross_run(runs_of(table), scores="loss")
    assert set(pairs["score"]) == {"loss"} and len(pairs) == 6


def test_a_run_whose_seed_is_known_is_another_than_one_whose_is_not(table):
    known = runs_of(table, seeds=[0], epochs=[8]).assign(run="a")
    unknown = runs_of(table, seeds=[1], epochs=[8]).assign(run="a").drop(columns="seed")
    assert len(cross_run.map_lengths(cross_run.cross_run(pd.concat([known, unknown]), scores="loss"))) == 1
