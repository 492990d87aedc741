"""`python -m nasbias.score RUN`: how every architecture does under the shared weights of a run's checkpoints.

Writes RUN/predictions.parquet: one row per checkpoint and architecture, with accuracy and loss (perplexity and loss for
text), every architecture on the same validation images or words. `python -m nasbias.correlation` reads it.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.files import sweep_temporaries, to_json, writable_target
from nasbias.locks import locked
from nasbias.notices import say as give_notice
from nasbias.options import COUNT, FROM_ZERO, SEED, THREADS, check_options, option
from nasbias.provenance import count_cores, describe_provenance
from nasbias.spaces import Space, get_space
from nasbias.tables import MEASURES, check_predictions, name_dead, scores_of, write_parquet
from nasbias.terminal import (
    Parser,
    add_fields,
    add_table_options,
    bar,
    command,
    duration,
    fields_of,
    note,
    print_table,
    resumable,
    say,
    suggest,
)

SHORT = 200  # architectures: below that, starting workers, which import torch, does not pay
PROG = "python -m nasbias.score"
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
    recalibration_images: int = option(512, "training images for recalibrated BN", COUNT)
    recalibration_batch: int = option(256, "images whose statistics are averaged for recalibrated BN", COUNT)
    recalibration_augmented: bool = option(False, "recalibrate on augmented images, the same for all (P2 augments)")
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

    def to_plain(self) -> dict[str, Any]:
        """What the scores depend on, as the predictions' metadata tell it: all but `processes` and `out`."""
        values = dataclasses.asdict(self)
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if name not in ("processes", "out")
        }

    def on_one_process(self) -> "Scoring":
        """The same scores from this process alone."""
        return dataclasses.replace(self, processes=1)


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
    watch: Callable[[int, int], None] | None = None,
    carry: Callable[[Sequence[Any]], Iterator[Any]] | None = None,
) -> ScoredRun:
    """Score architectures with the shared weights of a run's checkpoints, and write the predictions.

    What is scored is kept beside the predictions, in a hidden folder, until they are whole: the same call goes on where
    a killed one stopped.

    Args:
        report: called after each checkpoint with its epoch, how many architectures, and the seconds since the start.
        watch: called with how many architectures are scored, and of how many, over all checkpoints.
        carry: who scores, in place of `options.processes` (`nasbias.scoring.workers.score_checkpoints`).

    Raises:
        InputError: no such run, checkpoint, architecture or engine, options that exclude each other, predictions that
            can't be written there or that another process is writing, or a worker that was killed.
    """
    work = _prepare(run, options)
    out, target, parts = _places(work, options)
    started = time.perf_counter()
    tables = []
    with locked(parts):
        sweep_temporaries(target.parent, of=target.name)
        for epoch, scores in work.scores(parts, watch, carry):
            tables.append(scores.assign(run=work.folder.path.resolve().name, seed=work.config.seed, epoch=epoch))
            if report:
                report(epoch, len(scores), time.perf_counter() - started)
        table = check_predictions(pd.concat(tables, ignore_index=True), work.space, str(out), per_cent=True)
        write_parquet(table, out, work.about(options))
        for path in parts.glob("[!.]*"):
            path.unlink()
    _name_dead(table)
    return ScoredRun(Path(run), Path(out), work.config.space, table)


def list_scoring(run: str | os.PathLike, options: Scoring = Scoring()) -> list[Any]:
    """The shards that `score_run` comes to (`nasbias.scoring.workers.Shard`): whoever scores them, by `score_shard`,
    leaves it little to do.

    Raises:
        InputError: as `score_run`.
    """
    from nasbias.scoring.workers import list_shards

    work = _prepare(run, options)
    return list_shards(work.settings, work.epochs, work.architectures, _places(work, options)[2])[0]


def list_to_score(config: Any, options: Scoring = Scoring()) -> np.ndarray:
    """Canonical strings of the architectures that `score_run` would score of a run of this configuration.

    Raises:
        InputError: as `score_run`.
    """
    return _architectures(get_space(config.space), config, Path(os.devnull), options)


def _places(work: "_Work", options: Scoring) -> tuple[Path, Path, Path]:
    """The predictions as asked for, the file that is written, and the folder of its shards."""
    out = options.out or work.folder.path / "predictions.parquet"
    target = writable_target(out)
    return Path(out), target, target.with_name(f".{target.name}.parts")


def estimate_seconds(run: str | os.PathLike, options: Scoring = Scoring()) -> tuple[float, int]:
    """How long `score_run` would take here, by a few architectures, and how many it would score, over all checkpoints;
    writes nothing.

    Raises:
        InputError: as `score_run`.
    """
    from nasbias.scoring.workers import Scorer, list_shards

    work = _prepare(run, options)
    writable_target(options.out or work.folder.path / "predictions.parquet")
    scorer = Scorer(work.settings)
    shards, _ = list_shards(work.settings, work.epochs, work.architectures, Path())
    first = shards[0].architectures
    scorer.score(work.epochs[0], first[:1])  # loads and allocates
    n, seconds = 1, 0.0
    while seconds < 1 and n < len(first):  # neighbours share work, so more of them at a time until it can be measured
        n = min(4 * n, len(first))
        started = time.perf_counter()
        scorer.score(work.epochs[0], first[:n])
        seconds = time.perf_counter() - started
    total = sum(len(shard.architectures) for shard in shards)
    return seconds / n * total / min(work.processes, len(shards)), len(work.epochs) * len(work.architectures)


@dataclass(frozen=True)
class _Work:
    """What a run and its options come to."""

    folder: Any  # RunFolder; its room imports torch
    config: Any
    space: Space
    epochs: list[int]
    architectures: np.ndarray
    settings: Any
    processes: int

    def scores(self, parts: Path, watch: Any, carry: Any) -> Iterator[tuple[int, pd.DataFrame]]:
        from nasbias.scoring.workers import score_checkpoints

        return score_checkpoints(self.settings, self.epochs, self.architectures, self.processes, parts, watch, carry)

    def about(self, options: Scoring) -> dict[str, Any]:
        failure = self.folder.failure
        more = {} if failure is None else {"diverged": str(failure)}
        scoring = dataclasses.asdict(self.settings) | {"run": self.folder.path.name}
        more |= {"scoring": scoring, "options": options.to_plain()}
        return describe_provenance(run=self.config.identity, space=self.config.space, **more)


def _prepare(run: str | os.PathLike, options: Scoring) -> _Work:
    import torch

    from nasbias.runs import RunFolder
    from nasbias.scoring.workers import Settings
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
        options.recalibration_batch,
        options.recalibration_augmented,
    )
    return _Work(folder, config, space, epochs, architectures, settings, processes)


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog=PROG, description=__doc__, example=EXAMPLE)
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder that python -m nasbias.train left")
    add_fields(parser, Scoring)
    add_table_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="only say how long it would take here (default: no)")
    given = parser.parse_args(argv)
    options = Scoring(**fields_of(Scoring, given))
    if given.dry_run:
        return _print_estimate(given, options)
    with resumable(PROG, argv), bar() as show:
        scored = score_run(given.run, options, _tell, lambda done, total: show(done, total, _counted(done, total)))
    if given.format == "json":
        print(to_json(scored.to_plain()))
        return 0
    print_table(scored.summary, f"{scored.path}: {len(scored.table):,} predictions", wide=given.wide)
    suggest(["python", "-m", "nasbias.correlation", "--space", scored.space, "--predictions", given.run])
    return 0


def _counted(done: int, total: int) -> str:
    return f"{done:,}/{total:,} architectures"


def _print_estimate(given: Any, options: Scoring) -> int:
    seconds, n = estimate_seconds(given.run, options)
    if given.format == "json":
        print(to_json({"run": str(given.run), "scores": n, "seconds": seconds}))
    else:
        say(f"{given.run}: {n:,} scores: about {duration(seconds)} on this machine. Nothing was written.")
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
                give_notice(f"epoch {epoch}, {name}: {dead}.")


if __name__ == "__main__":
    sys.exit(main())
