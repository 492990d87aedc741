"""The options of the commands that start from a truth, or from predictions and a truth."""

import argparse
from typing import Any

from nasbias.spaces import list_spaces
from nasbias.tables import SPLITS, Reading, column_option


def add_truth_options(parser: argparse.ArgumentParser) -> None:
    """The options of a command that choose which column of which truth."""
    parser.add_argument("--truth", metavar="NAME|PATH", help="a stored truth or a file (default: the best present)")
    parser.add_argument("--dataset", help="data set of the truth (default: cifar10 if there)")
    parser.add_argument("--split", choices=SPLITS, help="split of the truth (default: valid if there)")
    parser.add_argument("--epochs", type=int, help="training budget of the truth (default: the largest)")


def add_match_options(parser: argparse.ArgumentParser) -> None:
    """The options of a command that starts from `match`: predictions, truth and the direction of scores."""
    parser.add_argument("--space", default="nb201", help=f"one of {', '.join(list_spaces())} (default: nb201)")
    parser.add_argument(
        "--predictions", nargs="+", metavar="PATH", help="run folders or tables (default: those shipped)"
    )
    add_truth_options(parser)
    parser.add_argument("--sample", help="rows of the truth by how they were chosen (default: uniform if marked; all)")
    parser.add_argument("--unique", action="store_true", help="count isomorphic architectures once")
    parser.add_argument(
        "--lower-is-better", nargs="+", default=[], metavar="SCORE", help="scores whose low values are good"
    )
    parser.add_argument(
        "--higher-is-better", nargs="+", default=[], metavar="SCORE", help="scores whose high values are good"
    )
    add_reading_options(parser)


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """The options that say how somebody's own table is to be read."""
    parser.add_argument(
        "--column",
        dest="columns",
        action="append",
        type=column_option,
        default=[],
        metavar="NAME=COLUMN",
        help="which of the table's columns is NAME, such as architecture=mine or accuracy=acc_mean (repeatable)",
    )
    parser.add_argument("--notation", help="what a list of operation numbers means (nb201: nats or naslib)")


def reading_of(given: argparse.Namespace) -> Reading:
    """The `Reading` that `add_reading_options` parsed."""
    return Reading(dict(given.columns), given.notation)


def match_options(given: argparse.Namespace) -> dict[str, Any]:
    """The keyword arguments of `match` in what `add_match_options` parsed."""
    names = ("space", "dataset", "split", "epochs", "sample", "unique", "lower_is_better", "higher_is_better")
    return {name: getattr(given, name) for name in names} | {"reading": reading_of(given)}
