"""`python -m nasbias.finetune RUN`: how soon does an architecture's own training mend the ranking it inherits?

Tunes each architecture alone from a checkpoint (P1, arXiv 2001.01431: constant learning rate of that moment, fresh
momentum), scores it after each mini-batch into RUN/finetune-EPOCH.parquet, and prints GT-Tau against mini-batches.
Going on where it stopped, it tunes no architecture twice.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.files import records
from nasbias.matching import Matched, TruthSource, describe_truth, match
from nasbias.options import COUNT, FROM_ZERO, SEED, THREADS, WEIGHT, check_options, option
from nasbias.outline import Outlined
from nasbias.spaces import Space, get_space
from nasbias.statistics import Influence, influence, mean_over_runs, spread_of
from nasbias.statistics.metrics import METRICS
from nasbias.streams import stream
from nasbias.tables import Split

DEFAULT_SAMPLE = 64


def follow_finetuning(matched: Matched) -> pd.DataFrame:
    """GT-Tau against mini-batches, of predictions that `finetune` wrote (one or several runs).

    Returns:
        `score, epoch` of the checkpoint, `step` mini-batches, `n_runs`, `n` architectures (the fewest of a run),
        `gt_tau` with its 95 % interval `low, high`, `t1r`, `t3r` (means over runs).
    """
    groups: dict[tuple, list] = {}
    for row in matched.rows:
        if row.keys["step"] is not None:
            groups.setdefault((row.keys["score"], row.keys["epoch"], int(row.keys["step"])), []).append(row)
    pulls: dict[tuple, list[Influence]] = {
        key: [influence(row.score, row.truth, row.items) for row in group] for key, group in groups.items()
    }
    spreads = {}  # of the seed, pooled over the mini-batches of a checkpoint
    for kind in {key[:2] for key in groups}:
        of_kind = [key for key in groups if key[:2] == kind]
        names = [[(row.keys["run"], row.keys["seed"]) for row in groups[key]] for key in of_kind]
        spreads[kind] = spread_of([pulls[key] for key in of_kind], names)
    rows = []
    for (score, epoch, step), group in sorted(
        groups.items(), key=lambda item: (item[0][0], item[0][1] or 0, item[0][2])
    ):
        estimate = mean_over_runs(pulls[score, epoch, step], spreads[score, epoch])
        tops = {f"t{n}r": float(np.mean([METRICS[f"top{n}_rank"](r.score, r.truth) for r in group])) for n in (1, 3)}
        rows.append(
            {
                "score": score,
                "epoch": epoch,
                "step": step,
                "n_runs": len(group),
                "n": min(len(row.score) for row in group),
                "gt_tau": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
                **tops,
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Tuning:
    """Which architectures of a run are tuned, from where, and how."""

    epoch: int | None = option(None, "checkpoint to start from; none = the last but one, else the last", FROM_ZERO)
    steps: int = option(64, "mini-batches for each architecture", COUNT)
    architectures: str | None = option(
        None, "a stored truth's name, a table, a file with one a line; none = those trained on"
    )
    sample: int | None = option(
        None, f"tune this many, drawn at random; none = all of a list, {DEFAULT_SAMPLE} of a space", COUNT
    )
    sample_seed: int = option(0, "seed of the draw", SEED)
    learning_rate: float | None = option(None, "constant learning rate; none = the run's at that checkpoint", WEIGHT)
    bn: Literal["recalibrated", "batch", "running"] = option("running", "which BN statistics the networks use")
    valid_size: int | None = option(None, "validation images or words to score on; none = all", COUNT)
    threads: int = option(1, "CPU threads", THREADS)
    out: Path | None = option(None, "predictions file; none = RUN/finetune-EPOCH.parquet")

    __post_init__ = check_options


@dataclass(frozen=True, repr=False)
class FineTuned(Outlined):
    """Predictions after each mini-batch, `table`, their file, and GT-Tau against mini-batches (empty without truth)."""

    path: Path
    space: str
    epoch: int
    table: pd.DataFrame
    curve: pd.DataFrame
    truth: dict[str, Any] | None

    figures: ClassVar = {"finetuning": {"curve": "curve"}}

    def headline(self) -> str:
        return f"{self.space}, {self.table['architecture'].nunique():,} architectures from epoch {self.epoch}"

    def to_plain(self) -> dict[str, Any]:
        """The command's JSON document."""
        rows = records(self.curve)
        return {"predictions": str(self.path), "space": self.space, "truth": self.truth, "rows": rows}


def finetune_run(
    run: str | os.PathLike,
    options: Tuning = Tuning(),
    truth: TruthSource = None,
    *,
    dataset: str | None = None,
    split: Split | None = None,
    epochs: int | None = None,
    report: Callable[[str, int, int], None] | None = None,
) -> FineTuned:
    """Tune each architecture alone from a run's checkpoint, write its scores, and follow GT-Tau over mini-batches.

    Args:
        truth, dataset, split, epochs: as in `nasbias.correlate`; "none" only tunes.
        report: called with each architecture that is finished, how many are, and how many were asked for.

    Raises:
        InputError: no checkpoint, a stand-alone run, or no common architecture with the truth.
    """
    from nasbias.campaigns.tuning import finetune
    from nasbias.runs import RunFolder
    from nasbias.threads import use_threads

    use_threads(options.threads)
    folder = RunFolder(run)
    config, there = folder.config, folder.epochs
    if not there:
        raise InputError(f"{run} has no checkpoint yet. Train on.")
    if config.standalone:
        raise InputError(f"{run} is a stand-alone training: only a supernet has architectures to tune.")
    epoch = options.epoch if options.epoch is not None else there[-2:][0]
    out = options.out or folder.path / f"finetune-{epoch:04d}.parquet"
    table = finetune(
        folder,
        epoch,
        list(_architectures(get_space(config.space), config, options)),
        out,
        steps=options.steps,
        learning_rate=options.learning_rate,
        bn=options.bn,
        valid_size=options.valid_size,
        report=report,
    )
    curve, about = pd.DataFrame(), None
    if not (isinstance(truth, str) and truth == "none"):
        matched = match(table, truth, space=config.space, dataset=dataset, split=split, epochs=epochs)
        curve, about = follow_finetuning(matched), describe_truth(matched.truth)
    return FineTuned(Path(out), config.space, epoch, table, curve, about)


def _architectures(space: Space, config: Any, options: Tuning) -> np.ndarray:
    """Canonical strings of what to tune: a list, by default the one trained on, or a sample of the space."""
    from nasbias.runs.choosing import list_architectures

    listed = options.architectures or config.architectures
    if listed:
        architectures = list_architectures(listed, space)
        if options.sample is None:
            return architectures
        order = stream("draw", options.sample_seed).permutation(len(architectures))
        return architectures[order][: options.sample]
    population = space.population(config.subset)
    most = DEFAULT_SAMPLE if population is None else min(len(population), DEFAULT_SAMPLE)
    return space.sample(most if options.sample is None else options.sample, options.sample_seed, config.subset)
