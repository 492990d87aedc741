"""The options of the commands that read somebody's own table."""

import argparse

from nasbias.tables.columns import Reading, column_option


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """The options that say how somebody's own table is to be read."""
    parser.add_argument(
        "--column",
        dest="columns",
        action="append",
        type=column_option,
        default=[],
        metavar="NAME=COLUMN",
        help="which of the table's columns is NAME: architecture=mine, accuracy=acc_mean; repeatable (default: names)",
    )
    parser.add_argument(
        "--notation", help="what a list of operation numbers means (nb201: nats or naslib; default: asked for)"
    )


def reading_of(given: argparse.Namespace) -> Reading:
    """The `Reading` that `add_reading_options` parsed."""
    return Reading(dict(given.columns), given.notation)
