import pandas as pd
import pytest

from nasbias.tables import MEASURES, by_headline, has_headline, measures, says_lower, scores_of, sign_of
from nasbias.tables.measures import extras_of, is_junk, measures_of, numbers_of


def test_directions_are_declared_once_and_losses_are_lower_better():
    assert (sign_of("test_accuracy"), sign_of("loss"), sign_of("valid_perplexity"), sign_of("mine")) == (1, -1, -1, 1)
    assert sign_of("mine", lower_is_better=["mine"]) == -1
    assert all(measure.better == ("higher" if "accuracy" in name else "lower") for name, measure in MEASURES.items())


@pytest.mark.parametrize(
    "name",
    ["nll", "ce", "error", "err", "ppl", "top1_error", "my_loss", "Val_Loss", "error_rate", "cross_entropy"],
)
def test_a_name_that_says_lower_is_better_is_read_so(name):
    assert says_lower(name) and sign_of(name) == -1
    assert sign_of(name, higher_is_better=[name]) == 1


@pytest.mark.parametrize("name", ["zen", "synflow", "lossless", "terror", "score", "cell", "grad_norm"])
def test_other_names_are_higher_is_better(name):
    assert not says_lower(name) and sign_of(name) == 1
    assert sign_of(name, [name]) == -1


def test_a_declared_direction_needs_no_word():
    assert not says_lower("loss") and not says_lower("valid_perplexity")
    assert sign_of("accuracy", ["accuracy"]) == -1 and sign_of("loss", (), ["loss"]) == 1


@pytest.mark.parametrize(
    "name",
    [
        "epochs",
        "id",
        "ID",
        "latency",
        "latency_ms",
        "acc_std",
        "n_seeds",
        "train_seconds",
        "Unnamed: 0",
        "wall time",
        "lr",
    ],
)
def test_what_describes_a_row_is_no_score(name):
    table = pd.DataFrame({name: [1.0, 2.0], "zen": [1.0, 2.0]})
    assert is_junk(name) and scores_of(table) == ["zen"]


@pytest.mark.parametrize("name", ["accuracy", "zen", "flops_score", "synflow", "idle", "jacob_cov", "valid_loss"])
def test_what_judges_an_architecture_is_a_score(name):
    assert not is_junk(name) and scores_of(pd.DataFrame({name: [1.0, 2.0]})) == [name]


def test_keys_and_costs_are_no_numbers_to_ask_for_but_latency_is():
    table = pd.DataFrame({name: [1] for name in ("seed", "epoch", "params", "FLOPs", "latency", "zen")})
    assert numbers_of(table) == ["latency", "zen"]
    assert numbers_of(table.assign(text="a", Unnamed=1)) == ["latency", "zen"]


def test_the_headline_is_accuracy_else_a_loss_else_the_order_given():
    assert by_headline(["zen", "loss", "accuracy"]) == ["accuracy", "loss", "zen"]
    assert by_headline(["zen", "valid_loss", "loss"]) == ["loss", "valid_loss", "zen"]
    assert by_headline(["test_accuracy", "valid_accuracy"]) == ["valid_accuracy", "test_accuracy"]
    assert by_headline(["b", "a"]) == ["b", "a"]
    assert has_headline(["zen", "perplexity"]) and not has_headline(["zen", "train_accuracy"])


def test_measures_and_extras_are_those_declared():
    table = pd.DataFrame(columns=["architecture", "test_accuracy", "fun", "n_seeds", "test_accuracy_std", "sample"])
    assert measures_of(table) == ["test_accuracy"]
    assert extras_of(table) == ["sample", "n_seeds", "test_accuracy_std"]
    assert (MEASURES["half_valid_accuracy"].unit, MEASURES["accuracy"].high, MEASURES["perplexity"].low) == (
        "%",
        100,
        1,
    )
    assert MEASURES["loss"].unit == "nats" and MEASURES["loss"].low == 0


def test_every_measure_has_its_unit_direction_and_range():
    expected = {}
    for prefix in ("", "train_", "valid_", "test_"):
        expected[f"{prefix}accuracy"] = ("higher", "%", 0, 100)
        expected[f"{prefix}loss"] = ("lower", "nats", 0, float("inf"))
        expected[f"{prefix}perplexity"] = ("lower", "", 1, float("inf"))
    for moment in ("start", "half"):
        for split in ("train", "valid", "test"):
            expected[f"{moment}_{split}_accuracy"] = ("higher", "%", 0, 100)
    assert {name: (each.better, each.unit, each.low, each.high) for name, each in MEASURES.items()} == expected
    assert all(
        each.name == name and each.sign == (1 if each.better == "higher" else -1) for name, each in MEASURES.items()
    )


def test_the_schemas_keys_are_these():
    assert measures.SPLITS == ("valid", "test")
    assert measures.TRUTH_KEYS == ("architecture", "dataset", "epochs", "seed")
    assert measures.RUN_KEYS == ("run", "seed", "epoch", "step", "bn")
    assert measures.PREDICTION_KEYS == ("run", "seed", "epoch", "step", "bn", "architecture")
    assert measures.TRUTH_EXTRAS == (
        "sample", "n_seeds", "valid_accuracy_std", "valid_perplexity_std", "test_accuracy_std", "test_perplexity_std",
    )  # fmt: skip
    no_scores = (
        "run seed epoch step bn architecture dataset split index arch_index architecture_index params flops trained"
    )
    assert set(no_scores.split()) == measures.NOT_SCORES
    assert numbers_of(pd.DataFrame({name: [1] for name in measures.NOT_SCORES})) == []
    assert numbers_of(pd.DataFrame({"Unnamed: 0": [1], "b": [2]})) == ["b"]


def test_a_name_in_capitals_says_the_same():
    assert is_junk("Train-Seconds") and is_junk(" Seed.Count ") and says_lower("NLL") and not says_lower("Score")
    assert by_headline(["test_loss", "test_perplexity", "perplexity", "valid_loss"]) == [
        "valid_loss", "test_loss", "perplexity", "test_perplexity",
    ]  # fmt: skip
