"""One dataset, budget, split and seed of a truth table; and what truth and predictions are joined on."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.spaces import Space, get_space
from nasbias.tables.measures import SPLITS, TRUTH_KEYS, Split, extras_of, measures_of

_DEFAULTS = ("cifar10", "ptb")  # what a table that names no data set is taken to be


def select_truth(
    table: pd.DataFrame,
    dataset: str | None = None,
    epochs: int | None = None,
    seed: Literal["mean", "all"] | int = "mean",
    where: str = "truth",
    sample: str | None = None,
) -> pd.DataFrame:
    """One dataset and budget of a truth table, per seed or as the mean over seeds.

    Args:
        dataset: default: the only one, else the first of `cifar10` and the table's order. A table that names none
            counts as `cifar10` (or `ptb`).
        epochs: training budget; default: the largest.
        seed: "mean" averages over the seeds (an added column `n_seeds` counts them, missing where the source gives only
            means), "all" gives every seed's row, a number that seed's rows.
        sample: only the rows of this `sample`, such as "uniform"; default: all.

    Raises:
        InputError: the table has no such dataset, budget, seed or sample; the message lists what it has.
    """
    known = list(table["dataset"].dropna().unique())
    if dataset is None and known:
        dataset = "cifar10" if "cifar10" in known else known[0]
    if not known and dataset in _DEFAULTS:
        dataset = None  # the only one there is, and nobody named it
    if dataset is not None:
        if dataset not in known:
            if not known:
                raise InputError(f"{where} names no data set: it counts as {' or '.join(_DEFAULTS)}, not {dataset!r}.")
            raise InputError(f"{where} has no dataset {dataset!r}. It has: {', '.join(known) or 'none named'}.")
        table = table.loc[table["dataset"] == dataset]
    budgets = sorted(table["epochs"].dropna().unique())
    if epochs is None and budgets:
        epochs = int(budgets[-1])
    if epochs is not None:
        if epochs not in budgets:
            has = ", ".join(str(budget) for budget in budgets) or "none named"
            raise InputError(f"{where} has no budget of {epochs} epochs for {dataset}. It has: {has}.")
        table = table.loc[table["epochs"] == epochs]
    if sample is not None:
        samples = list(table["sample"].dropna().unique()) if "sample" in table else []
        if sample not in samples:
            raise InputError(f"{where} has no sample {sample!r}. It has: {', '.join(samples) or 'none named'}.")
        table = table.loc[table["sample"] == sample]
    table = pd.DataFrame(table[[*TRUTH_KEYS, *extras_of(table), *measures_of(table)]])
    if seed == "all":
        return table.reset_index(drop=True)
    if seed != "mean":
        seeds = sorted(table["seed"].dropna().unique())
        if seed not in seeds:
            has = ", ".join(map(str, seeds)) or "none: the source gives only means over seeds"
            raise InputError(f"{where} has no seed {seed!r}. It has: {has}.")
        return table.loc[table["seed"] == seed].reset_index(drop=True)
    groups = table.groupby("architecture", sort=False)
    result = pd.DataFrame(groups[measures_of(table)].mean()).reset_index()
    extras = pd.DataFrame(groups[extras_of(table)].first())
    counted = np.asarray(groups["seed"].count())
    if "n_seeds" in extras:
        counted = np.where(counted > 0, counted, extras.pop("n_seeds").fillna(0))
    result.insert(1, "dataset", dataset)
    result.insert(2, "epochs", pd.array([epochs if epochs is not None else pd.NA] * len(result), "Int64"))
    result.insert(3, "seed", pd.array([pd.NA] * len(result), "Int64"))
    result["n_seeds"] = pd.array(np.where(counted > 0, counted, -1), "Int64")
    result.loc[result["n_seeds"] < 0, "n_seeds"] = pd.NA
    for name in extras:
        result[name] = extras[name].to_numpy()
    return result.loc[:, [*TRUTH_KEYS, "n_seeds", *extras, *measures_of(result)]]


def choose_split(truth: pd.DataFrame, split: Split | None = None, where: str = "truth") -> str:
    """The truth column for a split: `valid` where the table has it (P2's protocol), else `test`, unless `split` says.

    Raises:
        InputError: the table does not have that split.
    """
    present = [name for name in measures_of(truth) if truth[name].notna().to_numpy().any()]
    for kind in ("accuracy", "perplexity", "loss"):
        for candidate in SPLITS if split is None else (split,):
            if f"{candidate}_{kind}" in present:
                return f"{candidate}_{kind}"
    for kind in ("accuracy", "perplexity", "loss"):
        if split is None and kind in present:
            return kind  # a table that does not say of which images
    hint = ""
    if split == "valid" and "cifar10" in set(truth["dataset"].dropna()):
        hint = (
            " NAS-Bench-201's cifar10 trains on all 50,000 images: its validation accuracies are dataset cifar10-valid."
        )
    raise InputError(
        f"{where} has no {split or 'valid or test'} split. It has: {', '.join(present) or 'nothing'}.{hint}"
    )


def join_keys(space: str | Space, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
    """What predictions and truth are joined on: the architecture, or its class where the benchmark stores classes."""
    space = get_space(space) if isinstance(space, str) else space
    return space.truth_keys(architectures)
