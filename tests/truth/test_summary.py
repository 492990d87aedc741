"""What a truth holds, and how well it repeats: by the function that the correlation uses."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from nasbias.spaces import get_space
from nasbias.statistics import ceiling_of
from nasbias.tables import check_truth
from nasbias.truth.summary import ceiling, describe_parts


@pytest.fixture
def table():
    """60 architectures of two seeds, 20 of them of three; 40 are marked uniform."""
    rng = np.random.default_rng(0)
    names = list(get_space("nb201").sample(60, seed=0))
    quality = rng.normal(size=60)
    frames = []
    for seed, n in ((1, 60), (2, 60), (3, 20)):
        values = 90 + quality[:n] + 0.5 * rng.normal(size=n)
        frames.append(pd.DataFrame({"architecture": names[:n], "seed": seed, "test_accuracy": values}))
    rows = pd.concat(frames).assign(dataset="cifar10", epochs=200)
    rows["sample"] = np.where(rows["architecture"].isin(names[:40]), "uniform", "search")
    return check_truth(rows, "nb201", "truth")


def wide(table):
    return table.pivot(index="architecture", columns="seed", values="test_accuracy").to_numpy(dtype=float)


def test_the_ceiling_stands_on_the_uniform_rows_unless_all_are_asked_for(table):
    for sample, rows in ((None, table[table["sample"] == "uniform"]), ("all", table)):
        found, expected = ceiling(table, sample=sample), ceiling_of(wide(rows))
        assert found is not None and found["gt_tau"] == pytest.approx(expected.value)
        assert (found["gt_tau_low"], found["gt_tau_high"]) == pytest.approx((expected.low, expected.high))
        assert (found["n"], found["sample"]) == (rows["architecture"].nunique(), sample or "uniform")
    unmarked = ceiling(table.drop(columns="sample"))
    assert unmarked is not None and (unmarked["n"], unmarked["sample"]) == (60, None)


def test_every_pair_of_seeds_is_listed_with_its_own_tau(table):
    found = ceiling(table, sample="all")
    assert found is not None and [pair["seeds"] for pair in found["pairs"]] == [[1, 2], [1, 3], [2, 3]]
    assert [pair["n"] for pair in found["pairs"]] == [60, 20, 20]
    columns = wide(table)
    both = ~np.isnan(columns[:, 2])
    tau = scipy.stats.kendalltau(columns[both, 0], columns[both, 2]).statistic
    assert found["pairs"][1]["gt_tau"] == pytest.approx(tau)
    assert (found["dataset"], found["epochs"], found["measure"]) == ("cifar10", 200, "test_accuracy")


def test_a_truth_of_one_seed_has_no_ceiling(table):
    assert ceiling(table[table["seed"] == 1]) is None


def test_parts_say_what_each_number_is(table):
    (part,) = describe_parts(table)
    means = table.groupby("architecture")["test_accuracy"].mean()
    assert (part["dataset"], part["epochs"], part["measure"]) == ("cifar10", 200, "test_accuracy")
    assert (part["architectures"], part["rows"], part["seeds"]) == (60, 140, [1, 2, 3])
    assert part["max"] == pytest.approx(means.max()) and part["min"] == pytest.approx(means.min())
    assert part["best"] == means.idxmax() and part["better"] == "higher"
    assert part["ceiling"] is not None and part["ceiling"]["n"] == 40 and part["ceiling"]["sample"] == "uniform"
    perplexity = pd.DataFrame(
        {"architecture": get_space("ptb").sample(5, seed=0), "valid_perplexity": [5.0, 3.0, 4.0, 6.0, 7.0]}
    )
    (part,) = describe_parts(check_truth(perplexity, "ptb", "truth"))
    assert part["best"] == perplexity["architecture"][1] and part["better"] == "lower" and part["ceiling"] is None


def test_the_ceiling_of_two_seeds_is_scipys_tau_over_the_architectures_that_both_have():
    names = get_space("nb201").sample(40, seed=1)
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"architecture": [*names, *names[:30]], "seed": [0] * 40 + [1] * 30, "dataset": "cifar10"})
    tidy = check_truth(rows.assign(epochs=200, test_accuracy=rng.uniform(80, 90, 70)), "nb201", "truth")
    found, both = ceiling(tidy), wide(tidy)
    both = both[~np.isnan(both).any(axis=1)]
    assert found is not None
    assert found["gt_tau"] == pytest.approx(scipy.stats.kendalltau(*both.T).statistic)
    assert (found["n"], found["measure"]) == (30, "test_accuracy")
    assert ceiling(tidy[tidy["seed"] == 0]) is None


def test_the_best_perplexity_is_the_lowest():
    names = get_space("ptb").sample(3, seed=0)
    table = pd.DataFrame({"architecture": names, "valid_perplexity": [60.0, 58.0, 70.0]})
    (part,) = describe_parts(check_truth(table, "ptb", "truth"))
    assert (part["best"], part["better"]) == (names[1], "lower")
