import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from nasbias.spaces import get_space
from nasbias.truth import read_truth
from nasbias.truth.summary import ceiling, describe_parts

NAMES = get_space("nb201").sample(30, seed=0)
RNG = np.random.default_rng(0)
VALUES = {seed: RNG.uniform(80, 90, 30) for seed in (1, 2, 3)}
TABLE = read_truth(
    "nb201",
    pd.concat(
        pd.DataFrame({"architecture": NAMES, "dataset": "cifar10", "epochs": epochs, "seed": seed})
        .assign(test_accuracy=values + epochs / 100, train_accuracy=values)
        .iloc[: 30 - seed]
        for epochs in (12, 200)
        for seed, values in VALUES.items()
    ),
)


def test_the_ceiling_is_the_mean_over_pairs_of_seeds_of_scipys_tau():
    found = ceiling(TABLE)
    pairs = {(1, 2): 28, (1, 3): 27, (2, 3): 27}
    assert [(tuple(pair["seeds"]), pair["n"]) for pair in found["pairs"]] == list(pairs.items())
    for pair in found["pairs"]:
        one, two = (VALUES[seed][: pair["n"]] for seed in pair["seeds"])
        assert pair["gt_tau"] == pytest.approx(kendalltau(one, two).statistic)
    assert found["gt_tau"] == pytest.approx(np.mean([pair["gt_tau"] for pair in found["pairs"]]))
    assert (found["n"], found["dataset"], found["epochs"], found["measure"]) == (28, "cifar10", 200, "test_accuracy")


def test_the_ceiling_is_of_the_numbers_that_are_asked_for():
    assert ceiling(TABLE, epochs=12)["epochs"] == 12
    assert ceiling(TABLE, "cifar10", 12, "test")["measure"] == "test_accuracy"
    unnamed = ceiling(read_truth("nb201", TABLE.drop(columns=["dataset", "epochs"]).iloc[: 29 + 28]))
    assert (unnamed["dataset"], unnamed["epochs"]) == (None, None)


def test_one_seed_or_one_common_architecture_is_no_ceiling():
    assert ceiling(TABLE[TABLE["seed"] == 1]) is None
    one = TABLE[(TABLE["epochs"] == 200) & ((TABLE["seed"] == 1) | (TABLE["architecture"] == NAMES[0]))]
    assert ceiling(one[one["seed"] != 3]) is None


def test_every_part_says_what_its_numbers_are():
    parts = describe_parts(TABLE)
    assert [(part["epochs"], part["measure"]) for part in parts] == [
        (epochs, measure) for epochs in (12, 200) for measure in ("test_accuracy", "train_accuracy")
    ]
    part = parts[2]
    means = TABLE[TABLE["epochs"] == 200].groupby("architecture")["test_accuracy"].mean()
    assert (part["min"], part["max"], part["best"]) == (means.min(), means.max(), means.idxmax())
    assert (part["architectures"], part["rows"], part["seeds"]) == (29, 29 + 28 + 27, [1, 2, 3])
    assert (part["dataset"], part["unit"], part["better"]) == ("cifar10", "%", "higher")
    assert part["ceiling"]["gt_tau"] == ceiling(TABLE)["gt_tau"] and set(part["ceiling"]) == {"gt_tau", "n", "pairs"}
    assert parts[3]["ceiling"] is None  # training accuracies are no truth


def test_a_measure_without_values_in_a_part_is_left_out_and_missing_keys_are_none():
    names = get_space("ptb").sample(2, seed=0)
    columns = {"dataset": ["a", "a", "b"], "valid_perplexity": [60.0, 50, 70], "test_perplexity": [60.0, 50, np.nan]}
    table = read_truth("ptb", pd.DataFrame({"architecture": [*names, names[0]], **columns}))
    parts = describe_parts(table)
    assert [(part["dataset"], part["measure"]) for part in parts] == [
        ("a", "valid_perplexity"), ("a", "test_perplexity"), ("b", "valid_perplexity"),
    ]  # fmt: skip
    assert (parts[0]["best"], parts[0]["better"], parts[0]["epochs"], parts[0]["seeds"]) == (
        names[1],
        "lower",
        None,
        [],
    )
