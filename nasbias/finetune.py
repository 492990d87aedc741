"""`python -m nasbias.finetune RUN`: how soon does an architecture's own training mend the ranking it inherits?

Tunes each architecture alone from a checkpoint (P1, arXiv 2001.01431: constant learning rate of that moment, fresh
momentum), scores it after each mini-batch into RUN/finetune-EPOCH.parquet, and prints GT-Tau against mini-batches.
Going on where it stopped, it tunes no architecture twice.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.files import records, to_json
from nasbias.matching import Matched, add_truth_options, describe_truth, match
from nasbias.metrics import METRICS
from nasbias.spaces import get_space
from nasbias.statistics import Influence, influence, mean_over_runs, spread_of
from nasbias.terminal import Parser, add_format, command, note, print_table

DEFAULT_SAMPLE = 64
_SHOWN = (0, 1, 2, 5, 10, 20, 50, 64, 100, 200, 500, 1000)


def follow_finetuning(matched: Matched) -> pd.DataFrame:
    """GT-Tau against mini-batches, of predictions that `finetune` wrote (one or several runs).

    Returns:
        `score, epoch` of the checkpoint, `step` mini-batches, `runs`, `n` architectures (the fewest of a run), `gt_tau`
        with its 95 % interval `low, high`, `t1r`, `t3r` (means over runs).
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
                "runs": len(group),
                "n": min(len(row.score) for row in group),
                "gt_tau": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
                **tops,
            }
        )
    return pd.DataFrame(rows)


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(
        prog="python -m nasbias.finetune",
        description="Tune each architecture alone from a checkpoint; GT-Tau per mini-batch. --truth none only tunes.",
        example="python -m nasbias.finetune runs/darts64-0 --epoch 100 --steps 64",
    )
    parser.add_argument("run", type=Path, help="run folder of a supernet")
    parser.add_argument("--epoch", type=int, help="checkpoint to start from (default: the last but one, else the last)")
    parser.add_argument("--steps", type=int, default=64, help="mini-batches for each architecture (default: 64)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--architectures", type=Path, help="file with one architecture a line")
    which.add_argument("--sample", type=int, help=f"this many, drawn at random (default: {DEFAULT_SAMPLE}, or all)")
    parser.add_argument("--sample-seed", type=int, default=0, help="seed of the draw (default: 0)")
    parser.add_argument("--learning-rate", type=float, help="default: the run's at that checkpoint")
    parser.add_argument("--bn", choices=("running", "recalibrated", "batch"), default="running")
    parser.add_argument("--valid-size", type=int, help="validation images or words to score on (default: all)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    parser.add_argument("--out", type=Path, help="predictions file (default: RUN/finetune-EPOCH.parquet)")
    add_truth_options(parser)
    add_format(parser)
    given = parser.parse_args(argv)

    import torch

    from nasbias.training import RunFolder
    from nasbias.training.finetuning import finetune
    from nasbias.training.loop import read_lines

    torch.set_num_threads(given.threads)
    folder = RunFolder(given.run)
    config = folder.config
    there = folder.epochs
    if not there:
        raise InputError(f"{given.run} has no checkpoint yet. Train on.")
    epoch = given.epoch if given.epoch is not None else there[-2:][0]
    space = get_space(config.space)
    if config.standalone:
        raise InputError(f"{given.run} is a stand-alone training: only a supernet has architectures to tune.")
    listed = given.architectures or config.architectures
    if listed:
        architectures = space.parse_all(read_lines(listed))
        if given.sample is not None:
            architectures = architectures[np.random.default_rng(given.sample_seed).permutation(len(architectures))]
            architectures = architectures[: given.sample]
    else:
        population = space.population(config.subset)
        most = DEFAULT_SAMPLE if population is None else min(len(population), DEFAULT_SAMPLE)
        architectures = space.sample(most if given.sample is None else given.sample, given.sample_seed, config.subset)
    out = given.out or given.run / f"finetune-{epoch:04d}.parquet"

    def report(architecture: str, finished: int, total: int) -> None:
        note(f"{finished:>{len(str(total))}}/{total}  {architecture}")

    predictions = finetune(
        folder,
        epoch,
        list(architectures),
        out,
        steps=given.steps,
        learning_rate=given.learning_rate,
        bn=given.bn,
        valid_size=given.valid_size,
        report=report,
    )
    curve, truth = pd.DataFrame(), None
    if given.truth != "none":
        found = {name: getattr(given, name) for name in ("dataset", "split", "epochs")}
        matched = match(predictions, given.truth, space=space.name, **found)
        curve, truth = follow_finetuning(matched), describe_truth(matched.truth)
    if given.format == "json":
        print(to_json({"predictions": str(out), "space": space.name, "truth": truth, "rows": records(curve)}))
        return 0
    title = f"{out}: {predictions['architecture'].nunique():,} architectures tuned from epoch {epoch}"
    if curve.empty:
        print(title)
        return 0
    shown = curve[curve["step"].isin({*_SHOWN, given.steps})]
    print_table(shown, title=f"{title}; GT-Tau against mini-batches, truth {truth['name'] if truth else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
