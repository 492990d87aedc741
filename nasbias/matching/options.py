"""The options of the commands that start from a truth, or from predictions and a truth."""

import argparse

from nasbias.matching.joining import MatchOptions
from nasbias.options import FROM_ZERO, number
from nasbias.spaces import list_spaces
from nasbias.tables import SPLITS, add_reading_options, reading_of


def add_truth_options(parser: argparse.ArgumentParser) -> None:
    """The options of a command that choose which column of which truth."""
    parser.add_argument("--truth", metavar="NAME|PATH", help="a stored truth or a file (default: the best present)")
    parser.add_argument("--dataset", help="data set of the truth (default: cifar10 if there)")
    parser.add_argument("--split", choices=SPLITS, help="split of the truth (default: valid if there)")
    parser.add_argument(
        "--budget",
        dest="epochs",
        type=number(int, FROM_ZERO),
        help="epochs that the truth was trained for (default: the largest)",
    )


def add_truth_sample(parser: argparse.ArgumentParser) -> None:
    """--truth-sample: which of the truth's rows, where it marks how they were chosen."""
    parser.add_argument(
        "--truth-sample",
        dest="sample",
        metavar="HOW",
        help="rows of the truth by how they were chosen: uniform, search, all (default: uniform if marked, else all)",
    )


def add_match_options(parser: argparse.ArgumentParser, space: str | None = "nb201") -> None:
    """The options of a command that starts from `match`: predictions, truth and the direction of scores.

    Args:
        space: the default; None leaves the choice to the command.
    """
    fallback = space or "all of our own studies"
    parser.add_argument("--space", default=space, help=f"one of {', '.join(list_spaces())} (default: {fallback})")
    parser.add_argument(
        "--predictions",
        nargs="+",
        metavar="PATH",
        help="run folders or tables, shipped:NAME (default: those shipped)",
    )
    add_truth_options(parser)
    add_truth_sample(parser)
    parser.add_argument("--unique", action="store_true", help="count isomorphic architectures once (default: no)")
    parser.add_argument(
        "--lower-is-better",
        nargs="+",
        default=[],
        metavar="SCORE",
        help="scores whose low values are good (default: by their names: loss, perplexity, error, ...)",
    )
    parser.add_argument(
        "--higher-is-better",
        nargs="+",
        default=[],
        metavar="SCORE",
        help="scores whose high values are good, whatever their names say (default: none)",
    )
    add_reading_options(parser)


def add_panel_options(parser: argparse.ArgumentParser) -> None:
    """The options of a command that choose a panel: those of `select_panel`."""
    parser.add_argument("--score", help="the score column (default: the first)")
    parser.add_argument(
        "--epoch", type=number(int, FROM_ZERO), help="training length of the supernets (default: the longest)"
    )
    parser.add_argument("--bn", help="BN mode of the scores (default: recalibrated if there)")


def match_options(given: argparse.Namespace) -> MatchOptions:
    """The keyword arguments of `match` in what `add_match_options` parsed."""
    return MatchOptions(
        space=given.space,
        dataset=given.dataset,
        split=given.split,
        epochs=given.epochs,
        sample=given.sample,
        unique=given.unique,
        lower_is_better=given.lower_is_better,
        higher_is_better=given.higher_is_better,
        reading=reading_of(given),
    )
