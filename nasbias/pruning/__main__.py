"""`python -m nasbias.pruning select|compare`: parts of a space, and supernets that were trained on them."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from nasbias.files import records, to_json, written_atomically
from nasbias.matching import add_truth_options
from nasbias.options import COUNT, SEED, SHARE
from nasbias.pruning import Array, compare_pruned, select_architectures
from nasbias.spaces import list_spaces
from nasbias.terminal import Parser, add_format, add_table_options, command, number, print_table, say, suggest

_LEGEND = {
    "gt_tau": "Kendall's tau with the truth inside the space trained on, mean over runs; low, high: 95 % over runs",
    "mean_truth": "mean truth of the space trained on; best: the best there",
    "found": "truth of the architecture ranked first, mean over runs; found_low, found_high: 95 % over runs",
    "found_top": "the best truth among those ranked first (--top)",
}
_SHOWN = ["space", "n_runs", "n", "gt_tau", "low", "high", "mean_truth", "best", "found", "found_top"]


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    given = _parser().parse_args(argv)
    columns = {name: getattr(given, name) for name in ("space", "dataset", "split", "epochs")}
    if given.action == "select":
        chosen = select_architectures(
            given.truth, share=given.share, by=given.by, seed=given.sample_seed, subset=given.subset, **columns
        )
        return _write(chosen, given)
    table, about = compare_pruned(given.runs, given.truth, score=given.score, k=given.top, **columns)
    if given.format == "json":
        print(to_json({**about, "spaces": records(table)}))
        return 0
    truth = about["truth"]
    title = f"{given.space}: {given.score} against {truth['name']}, {truth['split']}; inside the space trained on"
    print_table(table, title, columns=_SHOWN, wide=given.wide, legend=_LEGEND, names=["space"])
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nasbias.pruning",
        description="Parts of a space: choose one, and compare supernets that were trained on them.",
        example="python -m nasbias.pruning select --space nb201 --share 0.33 --out best.txt\n"
        "  python -m nasbias.pruning compare --space nb201 runs/whole-* runs/best-* runs/random-*",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="select|compare", parser_class=Parser)
    select = actions.add_parser(
        "select",
        help="write the best share by truth, or a random one, for --architectures",
        example="python -m nasbias.pruning select --space nb201 --share 0.33 --out best.txt",
        old={"--seed": "--sample-seed"},
    )
    select.add_argument("--share", type=number(float, SHARE), default=0.33, help="of the space (default: 0.33)")
    select.add_argument("--by", choices=("truth", "random"), default="truth", help="the best, or any (default: truth)")
    select.add_argument("--sample-seed", type=number(int, SEED), default=0, help="seed of the random draw (default: 0)")
    select.add_argument("--subset", help="subset of the space (default: its first)")
    select.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="text file, one architecture a line (required)"
    )
    compare = actions.add_parser(
        "compare",
        help="correlation and best architecture found, inside each run's space",
        example="python -m nasbias.pruning compare --space nb201 runs/whole-* runs/best-*",
        old={"-k": "--top"},
    )
    compare.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="scored run folders")
    compare.add_argument("--score", default="accuracy", help="score column (default: accuracy)")
    compare.add_argument(
        "--top", type=number(int, COUNT), default=10, help="how many ranked first are looked at (default: 10)"
    )
    for each in (select, compare):
        each.add_argument("--space", default="nb201", help=f"one of {', '.join(list_spaces())} (default: nb201)")
        add_truth_options(each)
    add_format(select)
    add_table_options(compare)
    return parser


def _write(chosen: Array, given: argparse.Namespace) -> int:
    with written_atomically(given.out) as temporary:
        temporary.write_text("".join(f"{name}\n" for name in chosen))
    if given.format == "json":
        print(to_json({"out": str(given.out), "n": len(chosen), "by": given.by, "share": given.share}))
    else:
        say(f"{given.out}: {len(chosen):,} architectures")
        train = ["python", "-m", "nasbias.train", "--space", given.space, "--architectures", given.out, "--out", "RUN"]
        suggest(train)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
