"""Predictions and truth of the same architectures, side by side: what every study starts from.

Each run (and epoch, step, BN mode) becomes one `Scored` per score column: two arrays, higher = better in both, over the
architectures that have a truth, with the number of those that have none.
"""

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError, unknown
from nasbias.shipped import find_predictions
from nasbias.spaces import Space, get_space, list_spaces
from nasbias.tables import (
    MEASURES,
    RUN_KEYS,
    SPLITS,
    Split,
    check_predictions,
    check_truth,
    choose_split,
    join_keys,
    load_predictions,
    scores_of,
    select_truth,
    sign_of,
)

Array = np.ndarray
Predictions = pd.DataFrame | str | os.PathLike | Sequence[str | os.PathLike] | None
TruthSource = pd.DataFrame | str | os.PathLike | None


@dataclass(frozen=True)
class Truth:
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

    @property
    def sign(self) -> int:
        return sign_of(self.column)


@dataclass(frozen=True)
class Scored:
    """One run's one score beside the truth: `score` and `truth` [n], higher = better; `items` [n] are rows of the
    `architectures` of the `Matched` it belongs to."""

    keys: dict[str, Any]  # run, seed, epoch, step, bn, score
    items: Array
    score: Array
    truth: Array
    n_not_joined: int
    sign: int = 1  # what the score was multiplied by
    trained: Array | None = None  # [n], whether the step just before trained it, where the predictions say

    @property
    def architectures_id(self) -> bytes:
        """Equal for rows on the same set of architectures."""
        return np.sort(self.items).tobytes()


@dataclass(frozen=True)
class Matched:
    """All rows, the truth they are held against, and `architectures`: `describe` of everything that was scored and has
    a truth, with the columns `truth` (higher = better) and `value` (own unit) added; `repeats` [n, seeds] of the truth
    are in the same order."""

    space: Space
    truth: Truth
    architectures: pd.DataFrame
    repeats: Array
    rows: list[Scored]
    sources: list[str]


def match(
    predictions: Predictions,
    truth: TruthSource,
    *,
    space: str = "nb201",
    dataset: str | None = None,
    split: Split | None = None,
    epochs: int | None = None,
    sample: str | None = None,
    unique: bool = False,
    scores: Iterable[str] | None = None,
    lower_is_better: Iterable[str] = (),
) -> Matched:
    """Join predictions with truth; arguments as in `nasbias.correlation.correlate`.

    Raises:
        InputError: what the tables' checks raise, an unknown score, or no architecture that both have.
    """
    home = get_space(space)
    named = read_predictions(predictions, space)
    lower_is_better = tuple(lower_is_better)
    wanted = _choose_scores([frame for _, frame in named], scores, lower_is_better)
    known = read_truth_column(truth, space, dataset, epochs, split, sample)
    codes, texts = pd.factorize(np.concatenate([frame["architecture"].to_numpy() for _, frame in named]))
    place = pd.Index(known.keys).get_indexer(pd.Index(join_keys(home, texts.tolist())))
    joined = place >= 0
    if not joined.any():
        raise InputError(
            f"none of the {len(texts):,} predicted architectures has a truth in {known.name} "
            f"({known.column}, {len(known.keys):,} architectures). Is it the right space and dataset?"
        )
    architectures = home.describe(texts[joined].tolist()).reset_index(drop=True)
    architectures["value"] = known.value[place[joined]]
    architectures["truth"] = architectures["value"] * known.sign
    item_of = np.cumsum(joined) - 1
    classes = architectures["isomorphism_class"].to_numpy()
    rows, start = [], 0
    for _, frame in named:
        frame_codes = codes[start : start + len(frame)]
        start += len(frame)
        for keys, at in runs_of(frame):
            kept = at[joined[frame_codes[at]]]
            items = item_of[frame_codes[kept]]
            if unique:
                first = np.sort(np.unique(classes[items], return_index=True)[1])
                kept, items = kept[first], items[first]
            missing = int((~joined[frame_codes[at]]).sum())
            for name in (name for name in wanted if name in frame):
                sign = sign_of(name, lower_is_better)
                score = frame[name].to_numpy(dtype=float)[kept] * sign
                values = architectures["truth"].to_numpy()[items]
                trained = frame["trained"].to_numpy()[kept] if "trained" in frame else None
                rows.append(Scored({**keys, "score": name}, items, score, values, missing, sign, trained))
    repeats = known.repeats[place[joined]]
    return Matched(home, known, architectures, repeats, rows, [source for source, _ in named])


def add_truth_options(parser: argparse.ArgumentParser) -> None:
    """The options of a command that choose which column of which truth."""
    parser.add_argument("--truth", metavar="NAME|PATH", help="a stored truth or a file (default: the best present)")
    parser.add_argument("--dataset", help="data set of the truth (default: cifar10 if there)")
    parser.add_argument("--split", choices=SPLITS, help="split of the truth (default: valid if there)")
    parser.add_argument(
        "--budget", dest="epochs", type=int, help="epochs that the truth was trained for (default: the largest)"
    )


def add_truth_sample(parser: argparse.ArgumentParser) -> None:
    """--truth-sample: which of the truth's rows, where it marks how they were chosen."""
    parser.add_argument(
        "--truth-sample",
        dest="sample",
        metavar="HOW",
        help="rows of the truth by how they were chosen: uniform, search, all (default: uniform if marked, else all)",
    )


def add_match_options(parser: argparse.ArgumentParser) -> None:
    """The options of a command that starts from `match`: predictions, truth and the direction of scores."""
    parser.add_argument("--space", default="nb201", help=f"one of {', '.join(list_spaces())} (default: nb201)")
    parser.add_argument(
        "--predictions", nargs="+", metavar="PATH", help="run folders, Parquet or CSV (default: those shipped)"
    )
    add_truth_options(parser)
    add_truth_sample(parser)
    parser.add_argument("--unique", action="store_true", help="count isomorphic architectures once (default: no)")
    parser.add_argument(
        "--lower-is-better",
        nargs="+",
        default=[],
        metavar="SCORE",
        help="scores whose low values are good (default: loss, perplexity)",
    )


def match_options(given: argparse.Namespace) -> dict[str, Any]:
    """The keyword arguments of `match` in what `add_match_options` parsed."""
    names = ("space", "dataset", "split", "epochs", "sample", "unique", "lower_is_better")
    return {name: getattr(given, name) for name in names}


def align_scores(rows: Sequence[Scored]) -> tuple[Array, Array]:
    """The items [n] that all rows scored, in the first row's order, and the rows' scores [rows, n] of them."""
    items = rows[0].items
    for row in rows[1:]:
        items = items[np.isin(items, row.items)]
    return items, np.stack([pd.Series(row.score, row.items).reindex(items).to_numpy() for row in rows])


def runs_of(frame: pd.DataFrame) -> Iterator[tuple[dict[str, Any], Array]]:
    """The (run, seed, epoch, step, bn) of a predictions table, missing as None, and the places of the rows of each."""
    for group, at in frame.groupby(list(RUN_KEYS), dropna=False, sort=False).indices.items():
        values: Any = group
        yield dict(zip(RUN_KEYS, (None if pd.isna(value) else value for value in values))), at


def read_predictions(predictions: Predictions, space: str) -> list[tuple[str, pd.DataFrame]]:
    """(source, canonical table) of each of the given predictions; None = those shipped for the space.

    Two files that call their runs the same are told apart by their paths.

    Raises:
        InputError: not predictions, or the same file twice.
    """
    if isinstance(predictions, pd.DataFrame):
        return [("predictions", check_predictions(predictions, space, "predictions", run="predictions"))]
    if predictions is None:
        predictions = [find_predictions(space)]
    paths = [predictions] if isinstance(predictions, (str, os.PathLike)) else list(predictions)
    if not paths:
        raise InputError("no predictions given. Name at least one run folder, Parquet file or CSV.")
    named, seen, resolved = [], set(), set()
    for path in map(Path, paths):
        if path.resolve() in resolved:
            raise InputError(f"{path} is given twice: its runs would count as more than they are.")
        resolved.add(path.resolve())
        frame = load_predictions(path, space=space)
        runs = set(frame["run"].dropna())
        if runs & seen:
            frame["run"] = str(path) + ":" + frame["run"]
        seen |= runs
        named.append((str(path), frame))
    return named


def read_truth_column(
    source: TruthSource,
    space: str,
    dataset: str | None = None,
    epochs: int | None = None,
    split: Split | None = None,
    sample: str | None = None,
) -> Truth:
    """One split of one dataset and budget of a truth, one value per join key (the mean over its seeds).

    Args:
        source: a truth table, a stored name, a file, or None for the best truth present.
        sample: which rows, where the truth marks how they were chosen: default "uniform" if it has such, "all" for all.

    Raises:
        InputError: no such source, dataset, budget or split.
    """
    if isinstance(source, pd.DataFrame):
        name, table = "truth", check_truth(source, space, "truth")
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
    keys = pd.Index(list(groups.groups))
    by_seed = repeats.dropna(subset="seed").pivot_table(index="key", columns="seed", values=column).reindex(keys)
    n_seeds = (by_seed.notna().sum(axis=1) if by_seed.shape[1] else pd.Series(np.nan, keys)).to_numpy(dtype=float)
    if "n_seeds" in repeats:
        n_seeds = np.where(
            n_seeds > 0, n_seeds, groups["n_seeds"].first().reindex(keys).to_numpy(float, na_value=np.nan)
        )
    value: Any = groups[column].mean()
    chosen = repeats.iloc[0]
    return Truth(
        name=name,
        dataset=None if pd.isna(chosen["dataset"]) else str(chosen["dataset"]),
        epochs=None if pd.isna(chosen["epochs"]) else int(chosen["epochs"]),
        column=column,
        sample=sample,
        keys=keys.to_numpy(),
        value=value.reindex(keys).to_numpy(dtype=float),
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


def _choose_scores(
    frames: list[pd.DataFrame], scores: Iterable[str] | None, lower_is_better: tuple[str, ...]
) -> list[str]:
    present = list(dict.fromkeys(name for frame in frames for name in scores_of(frame)))
    chosen = present if scores is None else list(scores)
    for name in (*chosen, *lower_is_better):
        if name not in present:
            raise unknown("score", name, present)
    return chosen
