"""Pruned spaces: is a supernet better inside a part of the space, and is a better architecture found there?

    python -m nasbias.pruning select --space nb201 --share 0.33 --out best.txt         # the best third by truth
    python -m nasbias.train --space nb201 --architectures best.txt --out runs/best-0   # a supernet of these alone
    python -m nasbias.pruning compare --space nb201 runs/whole-* runs/best-* runs/random-*

P2 (arXiv 2010.08219), experiments 7 and 8. Training prunes by the supernet itself with `python -m nasbias.train --prune
halve` (drop the worse half) or `--prune shrink:accuracy` (fix the best operation), again and again at equal cost.
"""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError, unknown
from nasbias.matching import TruthSource, describe_truth, match, read_truth_column, select_panel
from nasbias.runs import read_run
from nasbias.spaces import get_space
from nasbias.statistics import influence, mean_interval, mean_over_runs
from nasbias.statistics.metrics import best_at, spearman
from nasbias.streams import stream
from nasbias.tables import MEASURES, Split, join_keys

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
        return names[np.sort(stream("draw", seed).choice(len(names), size=n, replace=False))]
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
        The table, and what was compared with. `space` (what was trained on), `n_runs`, `n` scored (fewest),
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
                "n_runs": len(folders),
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
