"""`python -m nasbias.score RUN`: how every architecture does under the shared weights of a run's checkpoints.

Writes RUN/predictions.parquet: one row per checkpoint and architecture, with accuracy and loss (perplexity and loss for
text), every architecture on the same validation images or words. `python -m nasbias.correlation` reads it.
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nasbias.errors import InputError
from nasbias.files import to_json
from nasbias.provenance import count_cores
from nasbias.spaces import Space, get_space
from nasbias.tables import check_predictions, read_table, write_parquet
from nasbias.terminal import Parser, add_format, command, note, numbers, print_table, progress

SHORT = 200  # architectures: below that, starting workers, which import torch, does not pay
EXAMPLE = "python -m nasbias.score runs/nb201-0 --sample 1000"
DEFAULT_SAMPLE = 256  # of a space with more architectures than
SCORED_WHOLE = 20_000


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog="python -m nasbias.score", description=__doc__, example=EXAMPLE)
    parser.add_argument("run", type=Path, help="run folder that python -m nasbias.train left")
    parser.add_argument("--checkpoints", type=numbers(int), default=(), help="epochs to score (default: all there are)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--architectures", type=Path, help="score those in a file: a line each, or a table's column")
    which.add_argument("--sample", type=int, help="score this many, drawn at random")
    parser.add_argument("--sample-seed", type=int, default=0, help="of the draw: one seed, the same architectures")
    parser.add_argument("--subset", help="subset of the space to score (default: the one trained on)")
    parser.add_argument("--bn", choices=("recalibrated", "batch", "running"), default="recalibrated")
    parser.add_argument("--recalibration-images", type=int, default=512, help="training images for BN (default: 512)")
    parser.add_argument("--valid-size", type=int, help="validation images or words to score on (default: all)")
    parser.add_argument("--engine", help="plain, fast or batched (default: the space's best here)")
    parser.add_argument(
        "--processes", type=int, help="single-threaded workers (default: one a core; 1 on a GPU or for a short list)"
    )
    parser.add_argument("--out", type=Path, help="predictions file (default: RUN/predictions.parquet)")
    add_format(parser)
    arguments = parser.parse_args(argv)

    import pandas as pd
    import torch

    from nasbias.provenance import describe_provenance
    from nasbias.runs import RunFolder
    from nasbias.scoring.workers import Settings, score_checkpoints
    from nasbias.threads import use_threads

    use_threads(1)
    folder = RunFolder(arguments.run)
    config = folder.config
    epochs = _checkpoints(folder.epochs, arguments.checkpoints, arguments.run)
    space = get_space(config.space)
    architectures = _architectures(space, config, arguments)
    device = "cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu"
    processes = arguments.processes
    if processes is None:
        processes = 1 if device != "cpu" or len(architectures) < SHORT else count_cores()
    if processes < 1:
        raise InputError(f"--processes is {processes}: 1 or more are needed.")
    settings = Settings(
        folder.path, arguments.bn, arguments.recalibration_images, arguments.valid_size, arguments.engine, device
    )
    started = time.perf_counter()
    tables = []
    scored = score_checkpoints(settings, epochs, architectures, processes)
    for epoch, scores in progress(scored, f"scoring {len(architectures):,} architectures", total=len(epochs)):
        tables.append(scores.assign(run=folder.path.resolve().name, seed=config.seed, epoch=epoch))
        note(f"epoch {epoch}: {len(scores):,} architectures, {time.perf_counter() - started:.1f} s since the start")
    out = arguments.out or folder.path / "predictions.parquet"
    table = check_predictions(pd.concat(tables, ignore_index=True), space, str(out))
    about = describe_provenance(
        run=config.identity, space=config.space, scoring=dataclasses.asdict(settings) | {"run": folder.path.name}
    )
    write_parquet(table, out, about)
    summary = _summarise(table, [name for name in space.score_columns if name in table])
    if arguments.format == "json":
        print(to_json({"run": str(folder.path), "predictions": str(out), "rows": summary.to_dict("records")}))
        return 0
    print_table(summary, title=f"{out}: {len(table):,} predictions")
    print(f"next: python -m nasbias.correlation --space {config.space} --predictions {arguments.run}")
    return 0


def _checkpoints(there: list[int], asked: tuple[int, ...], run: Path) -> list[int]:
    missing = [epoch for epoch in asked if epoch not in there]
    if missing or not there:
        has = ", ".join(map(str, there)) or "none yet"
        raise InputError(f"{run} has no checkpoint of epoch {missing[0] if missing else 'any'}. It has: {has}.")
    return sorted(set(asked)) or there


def _architectures(space: Space, config: Any, arguments: argparse.Namespace) -> np.ndarray:
    """Canonical strings of what to score; by default what was trained on, or what pruning left of it."""
    subset = arguments.subset or config.subset
    if arguments.architectures:
        return np.array(list(dict.fromkeys(space.parse_all(_listed(arguments.architectures)))), dtype=object)
    if config.standalone:
        return space.parse_all([config.standalone])
    from nasbias.runs.choosing import REMAINING

    remaining = arguments.run / REMAINING
    own = remaining if remaining.exists() else config.architectures
    if own and not arguments.subset:
        listed = np.array(list(dict.fromkeys(space.parse_all(_listed(Path(own))))), dtype=object)
        most = arguments.sample or (len(listed) if len(listed) <= SCORED_WHOLE else DEFAULT_SAMPLE)
        if most >= len(listed):
            return listed
        return listed[np.sort(np.random.default_rng(arguments.sample_seed).choice(len(listed), most, replace=False))]
    if arguments.sample is not None:
        return space.sample(arguments.sample, arguments.sample_seed, subset)
    population = space.population(subset)
    if population is None or len(population) > SCORED_WHOLE:
        return space.sample(DEFAULT_SAMPLE, arguments.sample_seed, subset)
    return space.decode(population)


def _listed(path: Path) -> list[str]:
    from nasbias.runs.choosing import read_lines

    if path.suffix not in (".csv", ".parquet"):
        return read_lines(path)
    table = read_table(path)
    if "architecture" not in table:
        raise InputError(f"{path}: no column 'architecture'. Its columns are: {', '.join(map(str, table.columns))}.")
    return table["architecture"].tolist()


def _summarise(table, scores: list[str]):
    """Mean, best and worst of each score per epoch."""
    grouped = table.groupby("epoch")[scores]
    summary = grouped.agg(["mean", "min", "max"])
    summary.columns = [f"{name}_{kind}" for name, kind in summary.columns]
    return summary.reset_index()


if __name__ == "__main__":
    sys.exit(main())
