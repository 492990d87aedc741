"""Fine-tuning (P1, arXiv 2001.01431): from a supernet's checkpoint every architecture goes on alone.

Each inherits the weights, is trained for a few mini-batches at the constant learning rate of that moment with fresh
momentum, and is scored after each. All see the same mini-batches, so that they differ by architecture alone.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from nasbias.errors import InputError
from nasbias.files import writable_target
from nasbias.provenance import describe_provenance
from nasbias.runs import RunFolder
from nasbias.runs.checkpoints import load_weights, read_tensors
from nasbias.scoring import BN, load_scoring_data, score_architectures
from nasbias.spaces import Choice, get_space
from nasbias.streams import torch_seed
from nasbias.tables import check_predictions, read_about, read_table, write_parquet
from nasbias.training.run import Run


def finetune(
    folder: RunFolder,
    epoch: int,
    architectures: Sequence[str] | np.ndarray,
    out: Path,
    *,
    steps: int = 64,
    learning_rate: float | None = None,
    bn: BN = "running",
    valid_size: int | None = None,
    report: Callable[[str, int, int], None] | None = None,
) -> pd.DataFrame:
    """Scores of each architecture before and after each of `steps` mini-batches: predictions with `step` 0 to `steps`.

    `out` is written after every architecture; those that it holds already are not tuned again.

    Args:
        learning_rate: default: the run's cosine at that epoch.
        report: called with each finished architecture, how many are finished and how many there are.

    Raises:
        InputError: no such checkpoint, a learning rate of 0, or `out` was made with other options or can't be written.
    """
    writable_target(out)  # before the work
    config = dataclasses.replace(folder.config, dense_steps=0, devices=1)
    space = get_space(config.space)
    canonical = list(dict.fromkeys(space.parse_all(architectures)))
    if epoch not in folder.epochs:
        raise InputError(
            f"{folder.path} has no checkpoint of epoch {epoch}. It has: {', '.join(map(str, folder.epochs))}."
        )
    if steps < 1:
        raise InputError(f"fine-tuning takes 1 mini-batch or more, not {steps}.")
    run, beginning = Run(config), torch_seed("tuning", config.seed_of("data"))
    run.task.begin_epoch(torch.Generator().manual_seed(beginning))  # for the number of steps of an epoch
    rate = run.learning_rate(epoch * run.task.steps) if learning_rate is None else learning_rate
    if not rate > 0:
        raise InputError(
            f"the learning rate after epoch {epoch} is {rate:g}: nothing would move. Give --learning-rate."
        )
    inherited, _ = read_tensors(folder.checkpoint(epoch), "network.")
    data = load_scoring_data(
        config, valid_size=valid_size, device=run.fabric.device, bn=bn, images=run.task.loaded_images
    )
    options = {"epoch": epoch, "steps": steps, "learning_rate": rate, "bn": bn, "n_valid": data.n_valid}
    tables = _finished(out, {**options, "run": config.identity})
    done = {table["architecture"].iloc[0] for table in tables}
    codes = space.encode(canonical).tolist()
    for architecture, code in zip(canonical, codes):
        if architecture not in done:
            load_weights(run.network, inherited, folder.checkpoint(epoch))
            run.forget_momentum()
            run.generator.manual_seed(beginning)
            score = partial(score_architectures, run.network, [architecture], data, config.space, bn)
            table = pd.concat(
                [score().assign(step=step) for step in _tune(run, tuple(code), steps, rate)], ignore_index=True
            )
            tables.append(table.assign(run=folder.path.resolve().name, seed=config.seed, epoch=epoch))
            about = describe_provenance(space=config.space, finetuning={**options, "run": config.identity})
            whole = check_predictions(pd.concat(tables, ignore_index=True), space, str(out), per_cent=True)
            write_parquet(whole, out, about)
            done.add(architecture)
        if report:
            report(architecture, sum(name in done for name in canonical), len(canonical))
    table = check_predictions(pd.concat(tables, ignore_index=True), space, str(out), per_cent=True)
    return table.loc[np.isin(table["architecture"], canonical)].reset_index(drop=True)


def _tune(run: Run, choice: Choice, steps: int, rate: float) -> Iterator[int]:
    """Train one architecture; yields 0 before the first mini-batch and the number of each when it is done."""
    yield 0
    for step in range(steps):
        at = step % run.task.steps
        if at == 0:
            run.task.begin_epoch(run.generator)
        run.network.train()
        run.move([choice], at, rate)
        yield step + 1


def _finished(out: Path, options: dict) -> list[pd.DataFrame]:
    """The tables of the architectures that an earlier call has tuned."""
    if not out.exists():
        return []
    if read_about(out).get("finetuning") != options:
        raise InputError(f"{out} was made with other options. Choose another --out, or remove it.")
    return [table for _, table in read_table(out).groupby("architecture", sort=False)]
