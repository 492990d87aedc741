"""How stably supernets rank: between instances, between epochs, between mini-batches, and which architectures reliably.

    python -m nasbias.stability --space darts64 --predictions runs/*

An instance is one run (and seed). P1 (arXiv 2001.01431): S-Tau is the mean tau between instances, GT-Tau each one's tau
with the truth, TnR the best true rank among the n ranked highest. The truth against itself and random rankings frame
them. Whatever order or seed makes runs differ is the caller's to choose: give the runs to be compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import scipy  # its parts are imported when they are first used

from nasbias.files import records
from nasbias.matching import Matched, Panel, Scored, align_scores, describe_truth, last_steps, select_panel
from nasbias.outline import Outlined
from nasbias.stability.steps import collect_steps, summarise_steps, tau_matrix
from nasbias.statistics import LEVEL, Influence, Spread, influence, mean_interval, mean_over_runs, spread_of
from nasbias.statistics.metrics import METRICS, top_weights
from nasbias.streams import stream

Array = np.ndarray
DROPPED = (10, 20, 30, 40, 50, 60, 70, 80, 90)
TOPS = (1, 5, 10)
_SMALL = 512  # architectures up to which random rankings are drawn whole


@dataclass(frozen=True, repr=False)
class Stability(Outlined):
    """The command's answer; every table is tidy. `about` says what was studied."""

    about: dict[str, Any]
    instances: dict[str, Any]
    frames: list[dict[str, Any]]
    epochs: pd.DataFrame
    last_epochs: pd.DataFrame
    steps: list[dict[str, Any]]
    filter: pd.DataFrame
    ranks: pd.DataFrame

    figures: ClassVar = {
        "s_tau_over_epochs": {"epochs": "epochs", "frames": "frames"},
        "rank_boxes": {"ranks": "ranks"},
        "filter_curve": {"loss": "filter"},
    }

    def headline(self) -> str:
        runs = self.instances["n_runs"]
        return f"{self.about['space']}, {self.about['n_architectures']:,} architectures, {runs} run{'s' * (runs != 1)}"

    def to_plain(self) -> dict[str, Any]:
        """The command's JSON document; of the ranks only how many are reliably bad or good."""
        reliable = {name: sum(self.ranks[name].tolist()) for name in ("is_reliably_bad", "is_reliably_good")}
        return {
            **self.about,
            "instances": self.instances,
            "frames": self.frames,
            "epochs": records(self.epochs),
            "last_epochs": records(self.last_epochs),
            "steps": self.steps,
            "filter": records(self.filter),
            "reliable": reliable,
        }


def analyse_stability(
    matched: Matched,
    *,
    score: str | None = None,
    epoch: int | None = None,
    bn: str | None = None,
    last: int = 64,
    last_epochs: int = 10,
    seed: int = 0,
) -> Stability:
    """All of the stability study on what `nasbias.matching.match` joined; `seed` is the random frame's.

    Raises:
        InputError: what `select_panel` raises.
    """
    panel = select_panel(matched, score, epoch, bn, least=4)
    others = [at for at in _epochs(matched, panel) if at != panel.epoch]
    panels = [panel, *(select_panel(matched, panel.score, at, panel.bn, least=4) for at in others)]
    epochs = follow_epochs(panels)
    return Stability(
        about={
            "space": panel.space.name,
            "score": panel.score,
            "epoch": panel.epoch,
            "bn": panel.bn,
            "n_architectures": panel.n,
            "truth": describe_truth(matched.truth),
        },
        instances=epochs[0],
        frames=frame_instances(panel, stream("chance", seed)),
        epochs=_table_of_epochs(panels, epochs),
        last_epochs=summarise_last_epochs(matched, panel, last_epochs),
        steps=[summarise_steps(steps, last) for steps in collect_steps(matched, panel.score, panel.bn)],
        filter=measure_filter(panel.scores, panel.truth),
        ranks=rank_spread(panel),
    )


def summarise_instances(
    scores: Array, truth: Array, pulls: Sequence[Influence] | None = None, spread: Spread | None = None
) -> dict[str, Any]:
    """One row of P1's tables 1 and 2, of scores [instances, n] and the truth [n].

    Args:
        pulls: the instances' `influence`, where it is known already.
        spread: the seed's, pooled over training lengths (`spread_of`); default: from these instances alone.

    Returns:
        `n_runs` instances, `s_tau` with `s_tau_low, s_tau_high` (95 %, jackknife over instances; missing below three),
        `s_tau_max`, `s_tau_min` over the pairs, `gt_tau` with its interval and `gt_tau_std`, `t1r`, `t3r` and their
        `_std`; standard deviations are population ones, as in P1's code. `reason` says why something is missing.
    """
    n = len(scores)
    pulls = [influence(row, truth) for row in scores] if pulls is None else pulls
    estimate = mean_over_runs(pulls, spread)
    gt = np.array([pull.tau for pull in pulls])
    tops = {f"t{k}r": np.array([METRICS[f"top{k}_rank"](row, truth) for row in scores]) for k in (1, 3)}
    result: dict[str, Any] = {"n_runs": n} | dict.fromkeys(
        ("s_tau", "s_tau_low", "s_tau_high", "s_tau_max", "s_tau_min"), np.nan
    )
    if n > 1:
        matrix = tau_matrix(scores)
        pairs = matrix[np.triu_indices(n, 1)]
        result |= {"s_tau": float(pairs.mean()), "s_tau_max": float(pairs.max()), "s_tau_min": float(pairs.min())}
        if n > 2:
            result["s_tau_low"], result["s_tau_high"] = _jackknife_pairs(matrix)
    result |= {"gt_tau": float(gt.mean()), "gt_tau_low": estimate.low, "gt_tau_high": estimate.high}
    result |= {"gt_tau_std": float(gt.std())}
    for name, ranks in tops.items():
        result |= {name: float(ranks.mean()), f"{name}_std": float(ranks.std())}
    reasons = {1: "one instance: nothing to compare it with", 2: "two instances: no interval for S-Tau"}
    return result | {"reason": reasons.get(n, "")}


def frame_instances(panel: Panel, generator: np.random.Generator) -> list[dict[str, Any]]:
    """What S-Tau and GT-Tau would be for the truth's own repeats as instances, and for random rankings.

    The truth's row needs two repeats that all architectures have. `expected_sd` of the random row is tau's for two
    independent rankings, sqrt(2 (2n + 5) / (9 n (n - 1))).
    """
    frames = []
    complete = panel.repeats[:, ~np.isnan(panel.repeats).any(axis=0)]
    if complete.shape[1] > 1:
        frames.append({"name": "ground truth", **summarise_instances(complete.T, panel.truth)})
    n, instances = panel.n, max(len(panel.scores), 2)
    sd = float(np.sqrt(2 * (2 * n + 5) / (9 * n * (n - 1))))
    draw = _draw_small if n <= _SMALL else _draw_large
    random = [draw(panel.truth, instances, sd, generator) for _ in range(20)]
    keys = ("s_tau", "s_tau_max", "s_tau_min", "gt_tau", "gt_tau_std", "t1r", "t3r")
    means = {key: float(np.mean([row[key] for row in random])) for key in keys}
    return [*frames, {"name": "random", "n_runs": instances, **means, "expected_sd": sd}]


def _draw_small(truth: Array, instances: int, sd: float, generator: np.random.Generator) -> dict[str, Any]:
    """`summarise_instances` of random rankings."""
    rankings = generator.permuted(np.tile(np.arange(len(truth)), (instances, 1)), axis=1)
    return summarise_instances(rankings, truth)


def _draw_large(truth: Array, instances: int, sd: float, generator: np.random.Generator) -> dict[str, Any]:
    """The same for many architectures: taus of independent rankings are independent and normal, so they are drawn."""
    pairs = generator.normal(0, sd, instances * (instances - 1) // 2)
    gt = generator.normal(0, sd, instances)
    ranks = scipy.stats.rankdata(-truth, method="min")
    best = np.stack([ranks[generator.choice(len(truth), 3, replace=False)] for _ in range(instances)])
    return {
        "s_tau": pairs.mean(),
        "s_tau_max": pairs.max(),
        "s_tau_min": pairs.min(),
        "gt_tau": gt.mean(),
        "gt_tau_std": gt.std(),
        "t1r": best[:, 0].mean(),
        "t3r": best.min(axis=1).mean(),
    }


def follow_epochs(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """`summarise_instances` of one recipe at each training length, the seed's spread pooled over the lengths."""
    pulls = [[influence(row, panel.truth) for row in panel.scores] for panel in panels]
    names = [[(keys["run"], keys["seed"]) for keys in panel.runs] for panel in panels]
    spread = spread_of(pulls, names)
    return [summarise_instances(panel.scores, panel.truth, own, spread) for panel, own in zip(panels, pulls)]


def _table_of_epochs(panels: Sequence[Panel], rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    known = [(panel.epoch, row) for panel, row in zip(panels, rows) if panel.epoch is not None]
    return pd.DataFrame([{"epoch": epoch, **row} for epoch, row in sorted(known, key=lambda each: each[0])])


def summarise_last_epochs(matched: Matched, panel: Panel, last: int = 10) -> pd.DataFrame:
    """P1's "last epochs of one instance": per run, its last `last` epochs as if they were instances."""
    epochs = _epochs(matched, panel)[-last:]
    of_panel = (row for row in matched.rows if row.keys["score"] == panel.score and row.keys["bn"] == panel.bn)
    by_run: dict[tuple, dict[int, Scored]] = {}
    for (run, epoch), row in last_steps(of_panel, lambda row: (row.run, row.keys["epoch"])).items():
        if epoch in epochs:
            by_run.setdefault(run, {})[epoch] = row
    rows = []
    for (run, seed), of_run in by_run.items():
        if len(of_run) < 2:
            continue
        items, scores = align_scores(list(of_run.values()))
        if len(items) < 4:
            continue
        truth = matched.architectures["truth"].to_numpy(dtype=float)[items]
        summary = summarise_instances(scores, truth)
        # Epochs of one run are no independent draws: means and spreads only.
        kept = {key: value for key, value in summary.items() if not key.endswith(("_low", "_high")) and key != "reason"}
        rows.append({"run": run, "seed": seed, "first_epoch": min(of_run), "last_epoch": max(of_run), **kept})
    return pd.DataFrame(rows)


def measure_filter(scores: Array, truth: Array) -> pd.DataFrame:
    """If the worst x % by supernet are dropped, how many of the true top are lost: mean over instances.

    Returns:
        `dropped` and `top` in per cent of the architectures, `lost` in per cent of the true top (at least one
        architecture; equal scores or truths at an edge count in part), its 95 % interval over instances `low, high`
        (missing with one), `random`: what dropping at random would lose.
    """
    n = len(truth)
    rows = []
    for top in TOPS:
        best = top_weights(truth, max(1, round(top * n / 100)))
        for dropped in DROPPED:
            k = round(dropped * n / 100)
            lost = np.array([100 * (best @ (1 - top_weights(row, n - k))) / best.sum() for row in scores])
            rows.append([dropped, top, *mean_interval(lost, 0.0, 100.0), 100 * k / n])
    return pd.DataFrame(rows, columns=["dropped", "top", "lost", "low", "high", "random"])


def rank_spread(panel: Panel) -> pd.DataFrame:
    """Per architecture its true rank and its ranks over instances (1 = best): which are reliably bad or good?

    Returns:
        `architecture, true_rank, mean_rank, std_rank, min_rank, q1_rank, median_rank, q3_rank, max_rank`,
        `is_reliably_bad` (in the worst quarter of every instance), `is_reliably_good` (in the best quarter of every
        one); in order of true rank.
    """
    ranks = scipy.stats.rankdata(-panel.scores, axis=1)
    low, q1, median, q3, high = np.quantile(ranks, [0, 0.25, 0.5, 0.75, 1], axis=0)
    table = pd.DataFrame(
        {
            "architecture": panel.architectures["architecture"],
            "true_rank": scipy.stats.rankdata(-panel.truth),
            "mean_rank": ranks.mean(axis=0),
            "std_rank": ranks.std(axis=0),
            "min_rank": low,
            "q1_rank": q1,
            "median_rank": median,
            "q3_rank": q3,
            "max_rank": high,
            "is_reliably_bad": low > 0.75 * panel.n,
            "is_reliably_good": high <= 0.25 * panel.n,
        }
    )
    return table.sort_values("true_rank", kind="stable").reset_index(drop=True)


def _epochs(matched: Matched, panel: Panel) -> list[int]:
    return sorted(
        {
            row.keys["epoch"]
            for row in matched.rows
            if row.keys["score"] == panel.score and row.keys["bn"] == panel.bn and row.keys["epoch"] is not None
        }
    )


def _jackknife_pairs(matrix: Array) -> tuple[float, float]:
    """95 % interval of the mean over pairs of a [n, n] matrix: each instance left out in turn, arctanh scale."""
    n = len(matrix)
    total = matrix[np.triu_indices(n, 1)].sum()
    pairs = n * (n - 1) / 2
    mean = total / pairs
    without = (total - (matrix.sum(axis=1) - np.diag(matrix))) / ((n - 1) * (n - 2) / 2)
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()) / max(1 - mean**2, 1e-12)
    half = scipy.stats.t.ppf(0.5 + LEVEL / 2, n - 1) * error
    centre = np.arctanh(np.clip(mean, -1 + 1e-12, 1 - 1e-12))
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))
