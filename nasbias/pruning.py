"""Pruned spaces: is a supernet better inside a part of the space, and is a better architecture found there?

    python -m nasbias.pruning select --space nb201 --share 0.33 --out best.txt         # the best third by truth
    python -m nasbias.train --space nb201 --architectures best.txt --out runs/best-0   # a supernet of these alone
    python -m nasbias.pruning compare --space nb201 runs/whole-* runs/best-* runs/random-*

P2 (arXiv 2010.08219), experiments 7 and 8. Training prunes by the supernet itself with `python -m nasbias.train --prune
halve` (drop the worse half) or `--prune shrink:accuracy` (fix the best operation), again and again at equal cost.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError, unknown
from nasbias.files import records, to_json, written_atomically
from nasbias.matching import TruthSource, add_truth_options, describe_truth, match, read_truth_column
from nasbias.metrics import best_at, spearman
from nasbias.panel import select_panel
from nasbias.runs import read_run
from nasbias.spaces import get_space, list_spaces
from nasbias.statistics import influence, mean_interval, mean_over_runs
from nasbias.tables import MEASURES, Split, join_keys
from nasbias.terminal import Parser, add_format, add_table_options, command, print_table, say, suggest

Array = np.ndarray
CHOOSERS = ("accuracy", "residual", "pareto")
_LEAST = 10  # architectures that must have a value before it may be chosen (P2)


def select_architectures(
    truth: TruthSource = None,
    *,
    space: str = "nb201",
    share: float = 0.33,
    by: str = "truth",
    seed: int = 0,
    subset: str | None = None,
    dataset: str | None = None,
    split: Split | None = None,
    epochs: int | None = None,
) -> Array:
    """Canonical strings of a share of a space: the best by truth, or as many at random.

    Args:
        by: "truth" (P2's omniscient pruning) or "random"; both draw on the architectures that have a truth.
        seed: of the random draw.
        subset: of the space, default its first; a space too large to list is represented by its truth's rows.

    Raises:
        InputError: share outside (0, 1], another `by`, or nothing that has a truth.
    """
    if not 0 < share <= 1:
        raise InputError(f"share must be above 0 and at most 1, not {share}.")
    if by not in ("truth", "random"):
        raise unknown("way to select", by, ("truth", "random"))
    home = get_space(space)
    known = read_truth_column(truth, space, dataset, epochs, split)
    population = home.population(subset)
    if population is None:
        names, values = known.keys, known.value
    else:
        names = home.decode(population)
        place = pd.Index(known.keys).get_indexer(pd.Index(join_keys(home, names.tolist())))
        names, values = names[place >= 0], known.value[place[place >= 0]]
    if len(names) == 0:
        raise InputError(f"no architecture of {space} has a truth in {known.name}.")
    n = max(1, round(share * len(names)))
    if by == "random":
        return names[np.sort(np.random.default_rng(seed).choice(len(names), size=n, replace=False))]
    return names[np.sort(np.argsort(-values * known.sign, kind="stable")[:n])]


def keep_better_half(scores: Array) -> Array:
    """Which of the scores [n] (higher = better) are in the better half; of equal ones the first, of an odd number one
    more than half."""
    kept = np.zeros(len(scores), dtype=bool)
    kept[np.argsort(-np.asarray(scores, dtype=float), kind="stable")[: (len(scores) + 1) // 2]] = True
    return kept


def choose_value(
    codes: Array, accuracy: Array, params: Array, by: str = "accuracy", least: int = _LEAST
) -> tuple[int, int] | None:
    """The (decision, value) whose architectures do best on average: what progressive shrinking fixes next.

    Args:
        codes: choices [n, decisions]; decisions with one value left are passed over.
        accuracy: scores [n], higher = better; `params` [n] are numbers of parameters.
        by: "accuracy"; "residual", accuracy minus a straight line in log(params); "pareto", the architecture's front in
            the non-dominated sorting by high accuracy and few parameters (1 = first; our reading of P2's third score).
        least: a value that fewer architectures have is not considered (P2: 10).

    Returns:
        None if no value may be chosen.
    """
    if by not in CHOOSERS:
        raise unknown("score to shrink by", by, CHOOSERS)
    if by == "residual":
        size = np.log(params) - np.log(params).mean()
        slope = size @ (accuracy - accuracy.mean()) / (size @ size) if size.any() else 0.0
        score = accuracy - slope * size
    else:
        score = accuracy if by == "accuracy" else -sort_fronts(accuracy, params)
    found = [
        (float(score[codes[:, d] == value].mean()), -d, -int(value))
        for d in range(codes.shape[1])
        if len(np.unique(codes[:, d])) > 1
        for value in np.unique(codes[:, d])
        if (codes[:, d] == value).sum() >= least
    ]
    if not found:
        return None
    _, decision, value = max(found)  # of equal ones the first
    return -decision, -value


def sort_fronts(accuracy: Array, params: Array) -> Array:
    """Non-dominated sorting [n]: 1 for what no other beats in accuracy and size, 2 for what only these do, ..."""
    better = (accuracy[:, None] >= accuracy) & (params[:, None] <= params)
    strictly = (accuracy[:, None] > accuracy) | (params[:, None] < params)
    dominates = better & strictly
    front, left = np.zeros(len(accuracy)), np.ones(len(accuracy), dtype=bool)
    number = 0
    while left.any():
        number += 1
        first = left & ~(dominates & left[:, None]).any(axis=0)
        front[first] = number
        left &= ~first
    return front


def compare_pruned(
    runs: Iterable[str | PathLike],
    truth: TruthSource = None,
    *,
    space: str = "nb201",
    score: str = "accuracy",
    k: int = 10,
    dataset: str | None = None,
    split: Split | None = None,
    epochs: int | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Correlation inside the space that each run trained on at the end, and the best architecture found there.

    Runs that were pruned the same way (the same list, rule or none) are repeats of each other.

    Returns:
        The table, and what was compared with. `space` (what was trained on), `runs`, `n` scored architectures (fewest),
        `gt_tau` with its 95 % interval `low, high`, `spearman` (Corr-GT); in the truth's own unit: `mean_truth` of
        the scored, `best` among them, `found`: the truth of the one ranked first, with the interval over runs
        `found_low, found_high` (missing with one run), and `found_top`: the best truth among the `k` ranked first.

    Raises:
        InputError: no runs, a folder that is no scored run of `space`, or no common architecture with the truth.
    """
    if k < 1:
        raise InputError(f"k must be 1 or more, not {k}.")
    groups: dict[str, list[Path]] = {}
    for run in map(Path, dict.fromkeys(runs)):
        groups.setdefault(_trained_on(run, space), []).append(run)
    if not groups:
        raise InputError("no runs given. Name scored run folders of python -m nasbias.train.")
    rows, about = [], {}
    columns: dict[str, Any] = {"dataset": dataset, "split": split, "epochs": epochs}
    for label, folders in groups.items():
        pulls, correlations, found, found_top, mean, best, n = [], [], [], [], [], [], []
        for folder in folders:
            matched = match(folder, truth, space=space, scores=[score], **columns)
            panel = select_panel(matched, score, least=4)
            about = {"space": space, "score": score, "k": k, "truth": describe_truth(matched.truth)}
            (values,) = panel.scores
            pulls.append(influence(values, panel.truth))
            correlations.append(spearman(values, panel.truth))
            sign = panel.truth_sign
            found.append(best_at(values, panel.truth, 1) * sign)
            found_top.append(best_at(values, panel.truth, min(k, panel.n)) * sign)
            mean.append(panel.truth.mean() * sign)
            best.append(panel.truth.max() * sign)
            n.append(panel.n)
        estimate = mean_over_runs(pulls)
        measure = MEASURES[matched.truth.column]
        first, low, high = mean_interval(found, measure.low, measure.high)
        rows.append(
            {
                "space": label,
                "runs": len(folders),
                "n": min(n),
                "gt_tau": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
                "spearman": float(np.mean(correlations)),
                "mean_truth": float(np.mean(mean)),
                "best": float(np.mean(best)),
                "found": first,
                "found_low": low,
                "found_high": high,
                "found_top": float(np.mean(found_top)),
            }
        )
    return pd.DataFrame(rows), about


def _trained_on(run: Path, space: str) -> str:
    """What a run was trained on, in a few words: the rule that pruned it, its list, or its subset."""
    config = read_run(run, space)
    listed = Path(config.architectures).stem if config.architectures else None
    rule = config.prune
    where = listed or config.subset or "whole space"
    return where if rule == "none" else f"{rule}, from {where}"


_LEGEND = {
    "gt_tau": "Kendall's tau with the truth inside the space trained on, mean over runs; low, high: 95 % over runs",
    "mean_truth": "mean truth of the space trained on; best: the best there",
    "found": "truth of the architecture ranked first, mean over runs; found_low, found_high: 95 % over runs",
    "found_top": "the best truth among those ranked first (--top)",
}
_SHOWN = ["space", "runs", "n", "gt_tau", "low", "high", "mean_truth", "best", "found", "found_top"]


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
    select.add_argument("--share", type=float, default=0.33, help="of the space (default: 0.33)")
    select.add_argument("--by", choices=("truth", "random"), default="truth", help="the best, or any (default: truth)")
    select.add_argument("--sample-seed", type=int, default=0, help="seed of the random draw (default: 0)")
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
    compare.add_argument("--top", type=int, default=10, help="how many ranked first are looked at (default: 10)")
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
    sys.exit(main())
