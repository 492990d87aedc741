import argparse

import pytest

from nasbias.matching import add_match_options, add_truth_options, match_options
from nasbias.tables import Reading


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_match_options(parser)
    return parser


def test_the_defaults_ask_for_nothing(parser):
    options = match_options(parser.parse_args([]))
    assert options.pop("reading") == Reading()
    assert options == {
        "space": "nb201", "dataset": None, "split": None, "epochs": None, "sample": None, "unique": False,
        "lower_is_better": [], "higher_is_better": [],
    }  # fmt: skip


def test_directions_and_the_truths_column_are_options(parser):
    words = "--lower-is-better a b --higher-is-better c --dataset d --split test --budget 9 --truth-sample all --unique"
    options = dict(match_options(parser.parse_args(words.split())))
    assert (options["lower_is_better"], options["higher_is_better"]) == (["a", "b"], ["c"])
    assert (options["dataset"], options["split"], options["epochs"]) == ("d", "test", 9)
    assert (options["sample"], options["unique"]) == ("all", True)


def test_the_truth_alone_has_no_predictions():
    parser = argparse.ArgumentParser()
    add_truth_options(parser)
    assert vars(parser.parse_args(["--truth", "mine"])) == {
        "truth": "mine", "dataset": None, "split": None, "epochs": None,
    }  # fmt: skip


def test_every_option_is_explained_and_takes_what_its_help_shows(parser):
    text = " ".join(parser.format_help().split())
    for part in (
        "--space SPACE one of darts, darts64", "--predictions PATH [PATH ...] run folders or tables",
        "--truth NAME|PATH a stored truth or a file", "--dataset DATASET data set of the truth",
        "--split {valid,test} split of the truth", "--budget EPOCHS epochs that the truth", "--truth-sample HOW",
        "--unique count isomorphic", "--lower-is-better SCORE [SCORE ...] scores whose low",
        "--higher-is-better SCORE [SCORE ...] scores whose high", "--column NAME=COLUMN which of the table's columns",
        "--notation NOTATION what a list",
    ):  # fmt: skip
        assert part in text, part
    assert parser.parse_args(["--predictions", "a", "b"]).predictions == ["a", "b"]
    with pytest.raises(argparse.ArgumentError):
        parser.parse_args(["--budget", "x"])
