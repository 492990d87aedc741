"""`python -m nasbias.density`: rankings under sharing plans, side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nasbias.density import LAST, compare_density
from nasbias.files import to_json
from nasbias.matching import add_truth_options, add_truth_sample
from nasbias.options import COUNT
from nasbias.spaces import list_spaces
from nasbias.terminal import Parser, add_table_options, command, numbers, print_table, say

_LEGEND = {
    "k": "mini-batches at the end of training that are looked at (fewer where a run has fewer)",
    "gt_tau_mean": "Kendall's tau with the truth, mean over these and over runs; low, high: 95 % over runs",
    "gt_tau_std": "its standard deviation over these mini-batches, mean over runs",
    "t1r": "true rank of the one ranked first; t3r: the best of the first three",
    "spearman": "rank correlation inside the group; low, high: 95 % over runs",
}


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    given = _parser().parse_args(argv)
    names = ("space", "last", "score", "bn", "dataset", "split", "epochs", "sample")
    density = compare_density(given.runs, given.truth, **{name: getattr(given, name) for name in names})
    if given.format == "json":
        print(to_json(density.to_plain()))
        return 0
    truth = density.about["truth"]
    shown: dict[str, Any] = {"wide": given.wide, "legend": _LEGEND, "names": ["plan"]}
    shown["forms"] = {"t1r": ".1f", "t3r": ".1f", **dict.fromkeys(("gt_tau_mean", "gt_tau_std", "low", "high"), ".3f")}
    print_table(density.plans, f"{given.space}: {given.score} against {truth['name']}, {truth['split']}", **shown)
    if len(density.folds):
        say()
        print_table(density.folds, "inside the groups, after the last step", **shown)
    if (density.plans["n_runs"] == 1).to_numpy().any():
        say("a plan with one run has no interval: how much the seed moves it is unknown")
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nasbias.density",
        description="GT-Tau over the last mini-batches and correlation inside groups, by sharing plan.",
        example="python -m nasbias.density --space darts64 runs/all-* runs/groups4-*",
    )
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="run folders; those of one plan are its instances"
    )
    parser.add_argument("--space", default="darts64", help=f"one of {', '.join(list_spaces())} (default: darts64)")
    add_truth_options(parser)
    add_truth_sample(parser)
    parser.add_argument("--last", type=numbers(int, COUNT), default=LAST, help="k of GT-Tau-Mean-k (default: 1,16,64)")
    parser.add_argument("--score", default="accuracy", help="score column (default: accuracy)")
    parser.add_argument("--bn", help="BN mode of the scores (default: the file's first)")
    add_table_options(parser)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
