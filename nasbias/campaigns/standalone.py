"""A ground truth of one's own: every architecture trained alone, for every seed, by the loop that trains supernets.

One single-threaded process per core: two processes beat two threads. The folder holds `config.toml` (the recipe),
`trainings/*.json` (a few numbers per finished training, no weights) and `truth.parquet`, the truth table of all that is
finished. A training that is finished is not run again; one that was interrupted goes on from its latest state; one that
diverged is finished, has no row in the table, and is named in its metadata.
"""

import dataclasses
import functools
import os
import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from nasbias.datasets.text import columns, load_text
from nasbias.errors import InputError
from nasbias.files import held, sweep_temporaries, to_json, written_atomically
from nasbias.forms import FORM
from nasbias.notices import say
from nasbias.pool import carry_out
from nasbias.provenance import describe_provenance
from nasbias.runs import Diverged, RunFolder, Training
from nasbias.runs.checkpoints import load_weights, read_tensors
from nasbias.runs.choosing import choose_listed, list_architectures
from nasbias.runs.contents import describe_data
from nasbias.runs.data import EVALUATION_COLUMNS, sized
from nasbias.runs.folder import read_object
from nasbias.runs.network import make_network
from nasbias.scoring.data import ScoringData
from nasbias.scoring.plain import score as score_plain
from nasbias.spaces import get_space
from nasbias.supernets import Choice
from nasbias.supernets.contract import TextNetwork
from nasbias.supernets.language import loss_one_by_one
from nasbias.tables import MEASURES, check_truth, measures_of, name_dead, write_parquet
from nasbias.threads import use_threads
from nasbias.training import estimate_seconds, train
from nasbias.training.images import ImageTask
from nasbias.training.run import make_task
from nasbias.training.task import Task
from nasbias.training.text import TextTask

TRUTH = "truth.parquet"
_SCORED_AT_ONCE = 256  # images


def train_alone(
    config: Training,
    architectures: Sequence[str] | np.ndarray,
    seeds: Sequence[int],
    out: str | os.PathLike,
    processes: int = 1,
    report: Callable[[dict[str, Any], int, int], None] | None = None,
) -> Path:
    """Train every architecture alone with every seed; returns the path of the truth table, `out`/truth.parquet.

    Args:
        config: the recipe; its `standalone`, `seed` and `checkpoints` are set here.
        processes: trainings at a time, each on one thread; 1 trains in this process.
        report: called with each result as it comes, how many are finished and how many were asked for.

    Raises:
        InputError: the folder holds another recipe or another run, or the recipe asks for what there is not.
    """
    out = Path(out)
    if processes < 1:
        raise InputError(f"processes must be 1 or more, not {processes}.")
    recipe, jobs = _jobs(config, architectures, seeds)
    task = make_task(jobs[0], torch.device("cpu"))  # what is wrong with the data is said before the folder is made
    with RunFolder(out).claimed(recipe, describe_data(task.data)) as lock:
        _sweep(out)
        finished = [job for job in jobs if _result_path(out, job).exists()]
        waiting = [job for job in jobs if not _result_path(out, job).exists()]
        with closing(_carry_out(waiting, out, processes)) as results:
            for count, result in enumerate(results, start=len(finished) + 1):
                lock.check()
                if report:
                    report(result, count, len(jobs))
        _sweep(out)
        return _write_truth(recipe, out)


def estimate_alone(
    config: Training,
    architectures: Sequence[str] | np.ndarray,
    seeds: Sequence[int],
    out: str | os.PathLike,
    processes: int,
) -> tuple[float, int]:
    """Seconds that `train_alone` would take here for what is not yet finished, by a few steps of three architectures,
    and how many trainings that are; writes nothing.

    Raises:
        InputError: as `train_alone`.
    """
    use_threads(1)
    recipe, jobs = _jobs(config, architectures, seeds)
    RunFolder(out).refuse_other(recipe)
    waiting = [job for job in jobs if not _result_path(Path(out), job).exists()]
    if not waiting:
        return 0.0, 0
    some = [waiting[place] for place in sorted({0, len(waiting) // 2, len(waiting) - 1})]
    each = sum(estimate_seconds(job) for job in some) / len(some)
    return each * len(waiting) / max(1, min(processes, len(waiting))), len(waiting)


def _jobs(
    config: Training, architectures: Sequence[str] | np.ndarray, seeds: Sequence[int]
) -> tuple[Training, list[Training]]:
    """What all trainings have in common, and each."""
    canonical = list(dict.fromkeys(get_space(config.space).parse_all(architectures)))
    if not canonical or not seeds:
        raise InputError("no architecture or no seed to train alone: ask for one of each at least.")
    recipe = dataclasses.replace(
        config, standalone=None, architectures=None, seed=0, checkpoints=(), sharing="all", dense_steps=0
    )
    return recipe, [
        dataclasses.replace(recipe, standalone=architecture, seed=seed)
        for seed in dict.fromkeys(seeds)
        for architecture in canonical
    ]


def _sweep(out: Path) -> None:
    """Remove what killed processes left: run folders of trainings whose result is written, temporaries."""
    trainings, running = out / "trainings", out / "running"
    sweep_temporaries(trainings)
    for folder in sorted(running.iterdir()) if running.is_dir() else ():
        if (trainings / f"{folder.name}.json").exists():
            shutil.rmtree(folder)
    if running.is_dir() and not any(running.iterdir()):
        running.rmdir()


def choose_architectures(config: Training, n: int | None = None, seed: int = 0) -> np.ndarray:
    """Canonical strings of what to train alone: all of the configuration's list, subset or space, or `n` drawn from it.

    Raises:
        InputError: the space is too large to train whole, or has fewer than `n`.
    """
    space = get_space(config.space)
    if config.architectures:
        return choose_listed(list_architectures(config.architectures, space), n, seed, config.architectures)
    if n is not None:
        if n < 1:
            raise InputError(f"a sample of {n} architectures asked for: 1 or more are wanted.")
        return space.sample(n, seed, config.subset)
    population = space.population(config.subset)
    if population is None:
        raise InputError(f"{space.name} has {space.size:,} architectures, too many to train alone. Sample some.")
    return space.decode(population)


def evaluate_alone(network: nn.Module, choice: Choice, task: Task, config: Training) -> dict[str, float]:
    """Validation and test accuracy (per cent) and loss of a trained network, in eval mode with its own running
    statistics; perplexities for text. What the data set has no split for is left out."""
    if isinstance(task, TextTask):
        device, options = task.valid.device, task.options
        text = load_text(config.dataset, vocabulary=options.vocabulary, device=device)
        cell = torch.tensor([choice], device=device)
        network.eval()
        assert isinstance(network, TextNetwork)
        splits = {"valid": sized(text, config)[1], "test": text.test}
        losses = {
            split: loss_one_by_one(network, cell, columns(words, EVALUATION_COLUMNS), options.bptt).item()
            for split, words in splits.items()
        }
        return {f"{split}_perplexity": float(np.exp(loss)) for split, loss in losses.items()}
    assert isinstance(task, ImageTask)
    images, result = task.images, {}
    for split, x, y in (("valid", images.valid_x, images.valid_y), ("test", images.test_x, images.test_y)):
        if len(y):
            pieces = zip(x.split(_SCORED_AT_ONCE), y.split(_SCORED_AT_ONCE))
            data = ScoringData([], [(images.normalise(part), labels) for part, labels in pieces])
            scores = score_plain(network, [choice], data, "running")
            result |= {f"{split}_{name}": float(values[0]) for name, values in scores.items()}
    return result


def _carry_out(jobs: Sequence[Training], out: Path, processes: int) -> Generator[dict[str, Any]]:
    """Results as they come. The first error ends it; what is under way is finished by no one, but can be resumed."""
    if processes == 1 or len(jobs) < 2:
        yield from (_train_one(job, out) for job in jobs)
        return
    with closing(
        carry_out(_train_one, [(job, out) for job in jobs], processes, f"What is finished is kept in {out}.")
    ) as done:
        yield from (result for _, result in done)


def _train_one(config: Training, out: Path) -> dict[str, Any]:
    """Train, evaluate, write the result and remove the weights."""
    running = out / "running" / config.identity
    assert config.standalone is not None
    about = {"architecture": config.standalone, "seed": config.seed}
    with held(out, functools.partial(_refuse_removed, out)):
        try:
            result = about | _outcome(config, train(config, running))
        except Diverged as failure:
            seconds = round(sum(record["seconds"] for record in RunFolder(running).log), 3)
            result = {**about, "diverged": failure.to_plain(), "seconds": seconds}
        with written_atomically(_result_path(out, config)) as temporary:
            temporary.write_text(to_json({"form": FORM, **result}))
    shutil.rmtree(running)
    return result


def _refuse_removed(out: Path) -> None:
    if not RunFolder(out).is_claimed:
        raise InputError(f"{out} was removed while its architectures were trained; nothing more is written there.")


def _outcome(config: Training, folder: RunFolder) -> dict[str, Any]:
    """What a finished training is worth."""
    assert config.standalone is not None
    device = torch.device("cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu")
    task = make_task(config, device)
    network = make_network(config, task.sizes).to(device)
    path = folder.checkpoint(config.epochs)
    load_weights(network, read_tensors(path, "network.")[0], path)
    choice = tuple(get_space(config.space).encode([config.standalone])[0].tolist())
    log = folder.log
    return {
        **evaluate_alone(network, choice, task, config),
        "train_loss": log[-1]["loss"],
        "seconds": round(sum(record["seconds"] for record in log), 3),
    }


def _result_path(out: Path, config: Training) -> Path:
    return out / "trainings" / f"{config.identity}.json"


def _read_result(path: Path) -> dict[str, Any]:
    """
    Raises:
        InputError: not a result as `_train_one` writes it.
    """
    result = read_object(path)
    if not {"architecture", "seed", "seconds"} <= result.keys() or not isinstance(result["seconds"], (int, float)):
        raise InputError(f"{path}: not as nasbias wrote it. Remove it, and its training is run again.")
    return result


def _write_truth(recipe: Training, out: Path) -> Path:
    """The truth table of every finished training in the folder, also those that this call did not ask for."""
    results = [_read_result(path) for path in sorted((out / "trainings").glob("[!.]*.json"))]
    diverged = [result for result in results if "diverged" in result]
    if len(diverged) == len(results):
        raise InputError(f"all {len(results):,} trainings diverged. The first: {Diverged.of(results[0]['diverged'])}")
    failures = [f"{r['architecture']}, seed {r['seed']}: {Diverged.of(r['diverged'])}" for r in diverged]
    if failures:
        told = f"{len(failures):,} of {len(results):,} trainings diverged and have no row in {out / TRUTH}"
        say(f"{told} (first: {failures[0]})")
    table = pd.DataFrame([result for result in results if "diverged" not in result])
    table = table.drop(columns=["train_loss", "seconds"], errors="ignore")
    dataset = Path(recipe.dataset).stem if os.sep in recipe.dataset else recipe.dataset
    table.insert(1, "dataset", dataset)
    table.insert(2, "epochs", recipe.epochs)
    table = table.sort_values(["seed", "architecture"], ignore_index=True)
    measures = measures_of(table)
    table = table.astype(dict.fromkeys(measures, float))  # a loss that is no number anywhere is a column of None
    for name in measures:
        if dead := name_dead(table[name].to_numpy(), coarse=MEASURES[name].unit == "%"):
            say(f"{name}: {dead}.")
    path = out / TRUTH
    seconds = round(sum(result["seconds"] for result in results), 1)
    values = {**dataclasses.asdict(recipe), "dataset": dataset}  # no paths of this machine
    more = {"diverged": failures} if failures else {}
    about = describe_provenance(space=recipe.space, recipe=values, training_seconds=seconds, **more)
    write_parquet(check_truth(table, recipe.space, str(path), per_cent=True), path, about)
    return path
