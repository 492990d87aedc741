"""One column of one truth: a value per architecture, with its repeats; by default of the truth that covers most."""

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.notices import say
from nasbias.outline import Outlined
from nasbias.tables import MEASURES, Split, check_truth, choose_split, join_keys, name_dead, select_truth, sign_of

Array = np.ndarray
TruthSource = pd.DataFrame | str | os.PathLike | None
_KEPT = ("format", "describes", "licence", "source")


@dataclass(frozen=True, repr=False)
class Truth(Outlined):
    """One column of one truth: `value` [n] per architecture of `keys`, in its own unit, and its repeats [n, seeds]."""

    name: str
    dataset: str | None
    epochs: int | None
    column: str
    keys: Array
    value: Array
    repeats: Array
    sample: str | None = None  # how its rows were chosen, where the source says
    n_seeds: float = np.nan  # mean number of repeats behind a value, where the source tells
    about: dict[str, Any] = field(default_factory=dict)

    def headline(self) -> str:
        what = ", ".join(str(part) for part in (self.dataset, self.column) if part)
        return f"{self.name} ({what}), {len(self.keys):,} architectures"

    @property
    def sign(self) -> int:
        return sign_of(self.column)


def read_truth_column(
    source: TruthSource,
    space: str,
    dataset: str | None = None,
    epochs: int | None = None,
    split: Split | None = None,
    sample: str | None = None,
    keys: np.ndarray | None = None,
) -> Truth:
    """One split of one dataset and budget of a truth, one value per join key (the mean over its seeds).

    Args:
        source: a truth table, a stored name, a file, or None: of those present the one that covers most of
            `keys`, the join keys of what was predicted (of the space, where none are given), of equals the
            benchmark's own before a retraining before what this project trained.
        sample: which rows, where the truth marks how they were chosen: default "uniform" if it has such, "all" for all.

    Raises:
        InputError: no such source, dataset, budget or split.
    """
    if source is None and keys is not None and (widest := _widest(space, dataset, epochs, split, sample, keys)):
        return widest
    if isinstance(source, pd.DataFrame):
        table = check_truth(source, space, "truth", per_cent="describes" in source.attrs)
        name = str(source.attrs.get("name") or "truth")
        table.attrs = {key: source.attrs[key] for key in _KEPT if key in source.attrs}
    else:
        from nasbias.truth import load_truth  # late: its readers are not needed for tables at hand

        table = load_truth(space, source, dataset=dataset, epochs=epochs, seed="all")
        name = str(table.attrs.get("name", source or "truth"))
    if sample is None and "sample" in table and "uniform" in set(table["sample"]):
        sample = "uniform"
    repeats = select_truth(table, dataset, epochs, seed="all", where=name, sample=None if sample == "all" else sample)
    column = choose_split(repeats, split, where=name)
    repeats = repeats.dropna(subset=column)
    repeats["key"] = join_keys(space, repeats["architecture"].tolist())
    groups = repeats.groupby("key", sort=False)
    rows = pd.Index(repeats["key"].unique())
    by_seed = repeats.dropna(subset="seed").pivot_table(index="key", columns="seed", values=column).reindex(rows)
    n_seeds = (by_seed.notna().sum(axis=1) if by_seed.shape[1] else pd.Series(np.nan, rows)).to_numpy(dtype=float)
    if "n_seeds" in repeats:
        n_seeds = np.where(
            n_seeds > 0, n_seeds, groups["n_seeds"].first().reindex(rows).to_numpy(float, na_value=np.nan)
        )
    value: Any = groups[column].mean()
    chosen = repeats.iloc[0]
    return Truth(
        name=name,
        dataset=None if pd.isna(chosen["dataset"]) else str(chosen["dataset"]),
        epochs=None if pd.isna(chosen["epochs"]) else int(chosen["epochs"]),
        column=column,
        sample=sample,
        keys=rows.to_numpy(),
        value=value.reindex(rows).to_numpy(dtype=float),
        repeats=by_seed.to_numpy(dtype=float),
        n_seeds=float(np.nanmean(n_seeds)) if np.isfinite(n_seeds).any() else np.nan,
        about={str(key): text for key, text in table.attrs.items() if key != "name"},
    )


def describe_truth(truth: Truth) -> dict[str, Any]:
    """What was compared with, as plain values: name, dataset, split, epochs, n, seeds, direction, unit, its notes."""
    measure = MEASURES[truth.column]
    return {
        "name": truth.name,
        "dataset": truth.dataset,
        "split": truth.column,
        "epochs": truth.epochs,
        "sample": truth.sample,
        "n": len(truth.keys),
        "n_seeds": truth.n_seeds,
        "better": measure.better,
        "unit": measure.unit,
        **truth.about,
    }


def _widest(
    space: str,
    dataset: str | None,
    epochs: int | None,
    split: Split | None,
    sample: str | None,
    keys: np.ndarray,
) -> Truth | None:
    """The truth to take where the caller names none; None where there is no choice."""
    from nasbias.truth import AS_GOOD, rank_sources  # late, as above

    names = [str(about["name"]) for about in rank_sources(space)]
    if len(names) < 2:
        return None  # nothing to choose, or the error that says how to get one
    wanted = pd.Index(keys).unique()
    found: dict[str, Truth] = {}
    covered: dict[str, int] = {}
    first: InputError | None = None
    for name in names:
        try:
            known = read_truth_column(name, space, dataset, epochs, split, sample)
        except InputError as error:
            first = first or error
        else:
            found[name], covered[name] = known, int(wanted.isin(known.keys).sum())
    if not covered:
        raise first or InputError(f"no ground truth for {space} can be read.")
    most = max(covered.values())
    chosen = next(name for name in names if covered.get(name, -1) >= AS_GOOD * most)
    better = [name for name in names[: names.index(chosen)] if name in covered]
    if better:
        say(
            f"truth {chosen} has {covered[chosen]:,} of the {len(wanted):,} predicted architectures, {better[0]} only "
            f"{covered[better[0]]:,}: {chosen} is used (--truth {better[0]} takes the other)."
        )
    as_good = (name for name in names if covered.get(name, -1) >= AS_GOOD * most)
    wider = next((name for name in as_good if len(found[name].keys) > len(found[chosen].keys)), None)
    if wider:
        say(
            f"truth {chosen} ({len(found[chosen].keys):,} architectures) is used; {wider} has the predicted ones as "
            f"well (--truth {wider} takes it)."
        )
    return found[chosen]


def name_dead_truth(truth: Truth, values: Array) -> None:
    """A notice where outcomes of a truth say nothing of an architecture."""
    if dead := name_dead(values, coarse=truth.column.endswith("accuracy")):
        say(f"truth {truth.name}: of {truth.column} {dead}. Among those nothing is ranked.")
