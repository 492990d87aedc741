"""`python -m nasbias.score RUN`: how every architecture does under the shared weights of a run's checkpoints.

Writes RUN/predictions.parquet: one row per checkpoint and architecture, with accuracy and loss (perplexity and loss for
text), every architecture on the same validation images or words. `python -m nasbias.correlation` reads it.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.files import to_json
from nasbias.notices import say
from nasbias.options import COUNT, FROM_ZERO, SEED, THREADS, check_options, option
from nasbias.provenance import count_cores, describe_provenance
from nasbias.spaces import Space, get_space
from nasbias.tables import MEASURES, check_predictions, name_dead, scores_of, write_parquet
from nasbias.terminal import Parser, add_fields, add_table_options, command, fields_of, note, print_table, suggest

SHORT = 200  # architectures: below that, starting workers, which import torch, does not pay
EXAMPLE = "python -m nasbias.score runs/nb201-0 --sample 1000"
DEFAULT_SAMPLE = 256  # of a space with more architectures than
SCORED_WHOLE = 20_000


@dataclass(frozen=True)
class Scoring:
    """What of a run is scored, and how."""

    checkpoints: tuple[int, ...] = option((), "epochs to score; none = all there are", FROM_ZERO)
    architectures: str | None = option(None, "a stored truth's name, a table, a file with one a line")
    sample: int | None = option(
        None, f"score this many, drawn at random; none = all of up to {SCORED_WHOLE:,}, else {DEFAULT_SAMPLE}", COUNT
    )
    sample_seed: int = option(0, "seed of the draw: one seed, the same architectures", SEED)
    subset: str | None = option(None, "subset of the space to score; none = what was trained on")
    bn: Literal["recalibrated", "batch", "running"] = option("recalibrated", "which BN statistics the networks use")
    recalibration_images: int = option(512, "training images for recalibrated BN, in batches of 256", COUNT)
    valid_size: int | None = option(None, "validation images or words to score on; none = all", COUNT)
    precision: Literal["32-true", "bf16-mixed"] = option(
        "32-true",
        "bf16-mixed is faster on a processor with AVX512_BF16 (others are slower by it) and ranks a little otherwise: "
        "tau with float32 .996 by loss, .97 by accuracy (nb201, C=8 N=1 16x16, 150 architectures, 1,000 images)",
    )
    engine: str | None = option(None, "plain, fast or batched; none = the space's best here")
    processes: int | None = option(
        None,
        f"single-threaded workers; none = one a core, one on a GPU or for fewer than {SHORT} architectures",
        THREADS,
    )
    out: Path | None = option(None, "predictions file; none = RUN/predictions.parquet")

    __post_init__ = check_options


@dataclass(frozen=True)
class ScoredRun:
    """The predictions of a run, `table`, and the file they were written to."""

    run: Path
    path: Path
    space: str
    table: pd.DataFrame

    @property
    def summary(self) -> pd.DataFrame:
        """Mean, least and greatest of each score, per epoch."""
        scores = [name for name in get_space(self.space).score_columns if name in self.table]
        summary = self.table.groupby("epoch")[scores].agg(["mean", "min", "max"])
        summary.columns = [f"{name}_{kind}" for name, kind in summary.columns]
        return summary.reset_index()

    def to_plain(self) -> dict[str, Any]:
        """The command's JSON document."""
        return {"run": str(self.run), "predictions": str(self.path), "rows": self.summary.to_dict("records")}


def score_run(
    run: str | os.PathLike,
    options: Scoring = Scoring(),
    report: Callable[[int, int, float], None] | None = None,
) -> ScoredRun:
    """Score architectures with the shared weights of a run's checkpoints, and write the predictions.

    Args:
        report: called after each checkpoint with its epoch, how many architectures, and the seconds since the start.

    Raises:
        InputError: no such run, checkpoint, architecture or engine, or options that exclude each other.
    """
    import torch

    from nasbias.runs import RunFolder
    from nasbias.scoring.workers import Settings, score_checkpoints
    from nasbias.threads import use_threads

    if options.architectures and options.sample is not None:
        raise InputError("--architectures and --sample exclude each other: give one of them.")
    use_threads(1)
    folder = RunFolder(run)
    config = folder.config
    epochs = _checkpoints(folder.epochs, options.checkpoints, folder.path)
    space = get_space(config.space)
    architectures = _architectures(space, config, folder.path, options)
    device = "cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu"
    processes = options.processes
    if processes is None:
        processes = 1 if device != "cpu" or len(architectures) < SHORT else count_cores()
    settings = Settings(
        folder.path,
        options.bn,
        options.recalibration_images,
        options.valid_size,
        options.engine,
        device,
        options.precision,
    )
    started = time.perf_counter()
    tables = []
    for epoch, scores in score_checkpoints(settings, epochs, architectures, processes):
        tables.append(scores.assign(run=folder.path.resolve().name, seed=config.seed, epoch=epoch))
        if report:
            report(epoch, len(scores), time.perf_counter() - started)
    out = options.out or folder.path / "predictions.parquet"
    table = check_predictions(pd.concat(tables, ignore_index=True), space, str(out), per_cent=True)
    about = describe_provenance(
        run=config.identity, space=config.space, scoring=dataclasses.asdict(settings) | {"run": folder.path.name}
    )
    write_parquet(table, out, about)
    _name_dead(table)
    return ScoredRun(Path(run), Path(out), config.space, table)


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog="python -m nasbias.score", description=__doc__, example=EXAMPLE)
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder that python -m nasbias.train left")
    add_fields(parser, Scoring)
    add_table_options(parser)
    given = parser.parse_args(argv)
    scored = score_run(given.run, Scoring(**fields_of(Scoring, given)), _tell)
    if given.format == "json":
        print(to_json(scored.to_plain()))
        return 0
    print_table(scored.summary, f"{scored.path}: {len(scored.table):,} predictions", wide=given.wide)
    suggest(["python", "-m", "nasbias.correlation", "--space", scored.space, "--predictions", given.run])
    return 0


def _tell(epoch: int, n: int, seconds: float) -> None:
    note(f"epoch {epoch}: {n:,} architectures, {seconds:.1f} s since the start")


def _checkpoints(there: list[int], asked: tuple[int, ...], run: Path) -> list[int]:
    missing = [epoch for epoch in asked if epoch not in there]
    if missing or not there:
        has = ", ".join(map(str, there)) or "none yet"
        raise InputError(f"{run} has no checkpoint of epoch {missing[0] if missing else 'any'}. It has: {has}.")
    return sorted(set(asked)) or there


def _architectures(space: Space, config: Any, run: Path, arguments: Scoring) -> np.ndarray:
    """Canonical strings of what to score; by default what was trained on, or what pruning left of it."""
    subset = arguments.subset or config.subset
    from nasbias.runs.choosing import REMAINING, choose_listed, list_architectures

    if arguments.architectures:
        return list_architectures(arguments.architectures, space)
    if config.standalone:
        return space.parse_all([config.standalone])
    remaining = run / REMAINING
    own = remaining if remaining.exists() else config.architectures
    if own and not arguments.subset:
        listed = list_architectures(own, space)
        most = arguments.sample or (len(listed) if len(listed) <= SCORED_WHOLE else DEFAULT_SAMPLE)
        return listed if most >= len(listed) else choose_listed(listed, most, arguments.sample_seed, own)
    if arguments.sample is not None:
        return space.sample(arguments.sample, arguments.sample_seed, subset)
    population = space.population(subset)
    if population is None or len(population) > SCORED_WHOLE:
        return space.sample(DEFAULT_SAMPLE, arguments.sample_seed, subset)
    return space.decode(population)


def _name_dead(table) -> None:
    """A notice where a checkpoint's scores say nothing of an architecture."""
    for epoch, rows in table.groupby("epoch"):
        for name in scores_of(rows):
            if dead := name_dead(rows[name].to_numpy(), coarse=MEASURES[name].unit == "%"):
                say(f"epoch {epoch}, {name}: {dead}.")


if __name__ == "__main__":
    sys.exit(main())
