"""How many architectures should share one set of weights? Rankings under sharing plans, side by side.

    python -m nasbias.density --space darts64 runs/all-* runs/groups4-*

P1 (arXiv 2001.01431): GT-Tau-Mean-k and GT-Tau-Std-k, the mean and the population standard deviation of GT-Tau over the
last k mini-batches of one run, averaged over runs. P2 (arXiv 2010.08219): correlation inside each fold of a partition,
because architectures of different folds have different weights. A run folder says its own plan (config.toml), the
groups (groups.csv) and the scores: steps.parquet where it was trained with --dense-steps, else the last epoch of
predictions.parquet, which is one step.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.files import records
from nasbias.matching import (
    Matched,
    TruthSource,
    align_scores,
    describe_truth,
    match,
)
from nasbias.outline import Outlined
from nasbias.runs import read_run
from nasbias.spaces import get_space
from nasbias.statistics import mean_interval
from nasbias.statistics.metrics import METRICS, kendall_tau, spearman
from nasbias.tables import Split, read_table

Array = np.ndarray
LAST = (1, 16, 64)
_LEAST = 4  # architectures of a fold that a correlation is given for


@dataclass(frozen=True, repr=False)
class Density(Outlined):
    """`plans`: a row per (plan, k). `folds`: a row per (plan, group) of the plans that have groups.

    plans: `plan, n_runs, k` (steps used: fewer where a run has fewer), `n` architectures, `gt_tau_mean` with its 95 %
    interval over runs `low, high` (missing with one run), `gt_tau_std`, `t1r, t3r` (means). folds: `plan, group, n,
    n_runs, spearman` (Corr-GT after the last step, mean over runs) with `low, high` over runs, `gt_tau`.
    """

    about: dict[str, Any]
    plans: pd.DataFrame
    folds: pd.DataFrame

    figures: ClassVar = {"groups": {"plans": "longest"}, "prefixes": {"plans": "longest"}}

    def headline(self) -> str:
        return f"{self.plans['plan'].nunique()} sharing plans, {sum(self.plans['n_runs'].tolist()):,} runs"

    @property
    def longest(self) -> pd.DataFrame:
        """The plans over the most mini-batches."""
        return self.plans.loc[self.plans["k"] == self.plans["k"].max()]

    def to_plain(self) -> dict[str, Any]:
        """The command's JSON document."""
        return {**self.about, "plans": records(self.plans), "folds": records(self.folds)}


def compare_density(
    runs: Iterable[str | os.PathLike],
    truth: TruthSource = None,
    *,
    space: str = "darts64",
    last: Sequence[int] = LAST,
    score: str = "accuracy",
    bn: str | None = None,
    dataset: str | None = None,
    split: Split | None = None,
    epochs: int | None = None,
    sample: str | None = None,
) -> Density:
    """Compare run folders that differ by their sharing plan; runs of one plan are its instances.

    Args:
        truth: as in `nasbias.correlate`.
        last: the k of GT-Tau-Mean-k.
        bn: BN mode of the scores; default: the file's first.

    Raises:
        InputError: no runs, a folder that is no run of `space` or has no scores, no common architecture with the truth.
    """
    by_plan: dict[str, list[Path]] = {}
    for run in map(Path, dict.fromkeys(runs)):
        by_plan.setdefault(read_run(run, space).sharing, []).append(run)
    if not by_plan:
        raise InputError("no runs given. Name run folders of python -m nasbias.train --sharing ... --dense-steps 64.")
    if min(last, default=0) < 1:
        raise InputError(f"the last k steps: k must be 1 or more, not {','.join(map(str, last)) or 'nothing'}.")
    columns: dict[str, Any] = {"dataset": dataset, "split": split, "epochs": epochs, "sample": sample}
    plans, folds, about = [], [], {}
    for plan in sorted(by_plan, key=_plan_order):
        instances = []
        for run in by_plan[plan]:
            matched = match(_scores_file(run), truth, space=space, scores=[score], **columns)
            about = {"space": space, "score": score, "truth": describe_truth(matched.truth)}
            instances.append(_last_steps(matched, run, bn))
        plans += [_summarise(plan, instances, k) for k in last]
        folds += _fold_rows(plan, by_plan[plan], instances, space)
    return Density(about, pd.DataFrame(plans), pd.DataFrame(folds))


@dataclass(frozen=True)
class _Instance:
    """Scores [steps, n] of one run, the last step last, and truth [n]; higher = better in both."""

    architectures: Array
    scores: Array
    truth: Array


def _plan_order(plan: str) -> tuple[str, int, str]:
    kind, _, value = plan.partition(":")
    return ("" if kind == "all" else kind, int(value) if value.isdecimal() else 0, value)


def _scores_file(run: Path) -> Path:
    for name in ("steps.parquet", "predictions.parquet"):
        if (run / name).exists():
            return run / name
    raise InputError(f"{run} has no scores. Train it with --dense-steps, or run python -m nasbias.score {run}.")


def _last_steps(matched: Matched, run: Path, bn: str | None) -> _Instance:
    modes = list(dict.fromkeys(row.keys["bn"] for row in matched.rows))
    bn = modes[0] if bn is None else bn
    rows = [row for row in matched.rows if row.keys["bn"] == bn]
    if not rows:
        raise InputError(f"{run} has no scores with BN mode {bn!r}. It has: {', '.join(map(str, modes))}.")
    rows = sorted(rows, key=lambda row: (row.keys["epoch"] or 0, row.keys["step"] or 0))
    if rows[-1].keys["step"] is None:  # epochs are no mini-batches: the last one only
        rows = rows[-1:]
    items, scores = align_scores(rows)
    architectures = matched.architectures.iloc[items]
    return _Instance(architectures["architecture"].to_numpy(), scores, architectures["truth"].to_numpy(dtype=float))


def _summarise(plan: str, instances: Sequence[_Instance], k: int) -> dict[str, Any]:
    taus, used, tops = [], [], {1: [], 3: []}
    for instance in instances:
        steps = instance.scores[-k:]
        used.append(len(steps))
        taus.append([kendall_tau(row, instance.truth) for row in steps])
        for n, found in tops.items():
            found.append(np.mean([METRICS[f"top{n}_rank"](row, instance.truth) for row in steps]))
    mean, low, high = mean_interval([float(np.mean(row)) for row in taus], *METRICS["gt_tau"].bounds)
    return {
        "plan": plan,
        "n_runs": len(instances),
        "k": min(used),
        "n": min(len(instance.truth) for instance in instances),
        "gt_tau_mean": mean,
        "low": low,
        "high": high,
        "gt_tau_std": float(np.mean([np.std(row) for row in taus])) if min(used) > 1 else np.nan,
        "t1r": float(np.mean(tops[1])),
        "t3r": float(np.mean(tops[3])),
    }


def _fold_rows(plan: str, runs: Sequence[Path], instances: Sequence[_Instance], space: str) -> list[dict[str, Any]]:
    """Correlation inside each group, after the last step; groups of fewer than four architectures have none."""
    found: dict[Any, list[tuple[float, float, int]]] = {}
    for run, instance in zip(runs, instances):
        if not (run / "groups.csv").exists():
            continue
        table = read_table(run / "groups.csv")
        group_of = dict(zip(get_space(space).parse_all(table["architecture"].astype(str)), table["group"]))
        groups = pd.Series(instance.architectures).map(group_of)
        for group in sorted(groups.dropna().unique()):
            inside = (groups == group).to_numpy()
            if inside.sum() >= _LEAST:
                score, truth = instance.scores[-1][inside], instance.truth[inside]
                found.setdefault(int(group), []).append(
                    (spearman(score, truth), kendall_tau(score, truth), int(inside.sum()))
                )
    rows = []
    for group, values in found.items():
        mean, low, high = mean_interval([value[0] for value in values], *METRICS["spearman"].bounds)
        rows.append(
            {
                "plan": plan,
                "group": group,
                "n": min(value[2] for value in values),
                "n_runs": len(values),
                "spearman": mean,
                "low": low,
                "high": high,
                "gt_tau": float(np.mean([value[1] for value in values])),
            }
        )
    return rows
