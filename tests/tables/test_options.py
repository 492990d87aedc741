"""The options that say how somebody's own table is to be read."""

import argparse

import pytest

from nasbias.tables import Reading, add_reading_options, reading_of


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_reading_options(parser)
    return parser


def test_columns_are_named_one_by_one_and_the_notation_once(parser):
    given = parser.parse_args(["--column", "architecture=mine", "--column", "accuracy=acc=1", "--notation", "nats"])
    assert reading_of(given) == Reading({"architecture": "mine", "accuracy": "acc=1"}, "nats")


def test_one_calls_columns_are_not_the_next_ones(parser):
    parser.parse_args(["--column", "architecture=mine"])
    assert reading_of(parser.parse_args([])) == Reading()


def test_a_column_without_its_name_is_refused(parser):
    with pytest.raises(argparse.ArgumentError, match="mine"):
        parser.parse_args(["--column", "mine"])
