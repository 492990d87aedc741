"""The two tables everything meets in, and their reading, checking and joining.

Truth, one row per (architecture, dataset, epochs, seed): `architecture` (canonical string), `dataset`, `epochs`
(training budget), `seed` (missing = the source gives only a mean over seeds), then measures: `valid_accuracy`,
`test_accuracy` in per cent, or `valid_perplexity`, `test_perplexity`. Missing is NaN, never filled in. Where a source
has them, three more are kept (`TRUTH_EXTRAS`): `sample`, how a row came into the table ("uniform" rows may be
correlated, those that a search chose are a biased sample), `n_seeds` and `<measure>_std` of a row that is a mean.

Predictions, one row per (run, seed, epoch, step, bn, architecture): those keys, then scores: `accuracy` in per cent,
`loss`, or any other number that a user brings. A user's own CSV needs only `architecture` and one score.

Which direction is better is declared here once per measure (`MEASURES`); a score of another name counts as
higher-is-better unless the caller says otherwise.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nasbias.errors import InputError
from nasbias.files import written_atomically
from nasbias.spaces import Space, get_space

Split = Literal["valid", "test"]
SPLITS: tuple[Split, ...] = ("valid", "test")
TRUTH_KEYS = ("architecture", "dataset", "epochs", "seed")
TRUTH_EXTRAS = (
    "sample",
    "n_seeds",
    *(f"{split}_{kind}_std" for split in SPLITS for kind in ("accuracy", "perplexity")),
)
RUN_KEYS = ("run", "seed", "epoch", "step", "bn")
PREDICTION_KEYS = (*RUN_KEYS, "architecture")
_NOT_SCORES = {*PREDICTION_KEYS, "dataset", "split", "index", "arch_index", "architecture_index", "params", "flops"}
_NOT_SCORES |= {"trained"}  # whether the step before the scoring trained this architecture


@dataclass(frozen=True)
class Measure:
    """A measured quantity: its unit and which direction is better."""

    name: str
    better: Literal["higher", "lower"]
    unit: str
    low: float = 0.0
    high: float = float("inf")

    @property
    def sign(self) -> int:
        """+1 or -1: what to multiply by to make higher better."""
        return 1 if self.better == "higher" else -1


MEASURES = {
    measure.name: measure
    for prefix in ("", "train_", "valid_", "test_")
    for measure in (
        Measure(f"{prefix}accuracy", "higher", "%", 0, 100),
        Measure(f"{prefix}loss", "lower", "nats"),
        Measure(f"{prefix}perplexity", "lower", "", 1),
    )
}
# NAS-Bench-101 also measured each run before its first epoch and half-way through.
MEASURES |= {
    name: Measure(name, "higher", "%", 0, 100)
    for moment in ("start", "half")
    for name in (f"{moment}_{split}_accuracy" for split in ("train", *SPLITS))
}


def sign_of(column: str, lower_is_better: Iterable[str] = ()) -> int:
    """+1 where higher values of `column` are better, -1 where lower are."""
    if column in set(lower_is_better):
        return -1
    return MEASURES[column].sign if column in MEASURES else 1


def measures_of(table: pd.DataFrame) -> list[str]:
    """The declared measures among a truth table's columns."""
    return [name for name in table.columns if name in MEASURES]


def extras_of(table: pd.DataFrame) -> list[str]:
    """The columns of `TRUTH_EXTRAS` that a truth table has."""
    return [name for name in TRUTH_EXTRAS if name in table]


def scores_of(table: pd.DataFrame) -> list[str]:
    """The score columns of a predictions table: every numeric column that is not a key or a cost."""
    numeric = table.select_dtypes("number").columns
    return [name for name in numeric if name not in _NOT_SCORES and not str(name).startswith("Unnamed")]


def check_truth(table: pd.DataFrame, space: str | Space, where: str) -> pd.DataFrame:
    """A truth table in canonical form: columns ordered, architectures canonical, keys typed; columns that are neither
    keys nor measures nor `TRUTH_EXTRAS` are dropped.

    Missing `dataset`, `epochs` and `seed` columns are added as missing. `where` names the source in errors.

    Raises:
        InputError: no architecture or measure column, an unknown architecture, a duplicate key, a value outside its
            unit's range, a row without any measure, or a measure present for only some rows of a (dataset, epochs).
    """
    space = get_space(space) if isinstance(space, str) else space
    _need(table, "architecture", where)
    measures = measures_of(table)
    if not measures:
        raise InputError(
            f"{where}: no measure among the columns {', '.join(map(str, table.columns))}. Name one of "
            f"valid_accuracy, test_accuracy (per cent), valid_perplexity, test_perplexity."
        )
    if table.empty:
        raise InputError(f"{where}: the table has no rows.")
    result = pd.DataFrame({"architecture": _canonical(table["architecture"], space, where)})
    result["dataset"] = table["dataset"].astype("str").to_numpy() if "dataset" in table else pd.NA
    result["dataset"] = result["dataset"].astype("str")
    for key in ("epochs", "seed"):
        result[key] = _integers(table[key], key, where) if key in table else pd.array([pd.NA] * len(table), "Int64")
    for name in measures:
        result[name] = _measured(table[name], MEASURES[name], result["architecture"], where)
    empty = result[measures].isna().all(axis=1)
    if empty.any():
        raise InputError(
            f"{where}: {empty.sum():,} row(s) have no value in {', '.join(measures)} (first: "
            f"{result['architecture'][empty.idxmax()]!r}). Remove them or fill in what was measured."
        )
    for name in measures:
        present = result[name].notna()
        gap = ~present & present.groupby([result["dataset"], result["epochs"]], dropna=False).transform("any")
        if gap.to_numpy().any():
            raise InputError(
                f"{where}: {name} is missing (NaN) in {gap.sum():,} row(s) whose dataset and epochs have it elsewhere "
                f"(first: {result['architecture'][gap.idxmax()]!r}). Remove these rows or leave the column out."
            )
    for name in extras_of(table):
        result[name] = _extra(table[name], name, where)
    _no_duplicates(result, [*TRUTH_KEYS], where)
    return result


def check_predictions(table: pd.DataFrame, space: str | Space, where: str, run: str = "") -> pd.DataFrame:
    """A predictions table in canonical form: every key column present, architectures canonical, scores after them.

    A column `trained`, where there is one, says whether the step just before the scoring trained that architecture.

    `run` names the run where the table has no `run` column; `where` names the source in errors. Scores may be NaN.

    Raises:
        InputError: no architecture or score column, an unknown architecture, or the same prediction twice.
    """
    space = get_space(space) if isinstance(space, str) else space
    _need(table, "architecture", where)
    if table.empty:
        raise InputError(f"{where}: the table has no rows.")
    scores = scores_of(table)
    if not scores:
        raise InputError(
            f"{where}: no numeric score among the columns {', '.join(map(str, table.columns))}. "
            f"Beside `architecture` one column such as `accuracy` (per cent) or `loss` is needed."
        )
    result = pd.DataFrame(
        {"run": table["run"].astype("str").to_numpy() if "run" in table else [run or where] * len(table)}
    )
    for key in ("seed", "epoch", "step"):
        result[key] = _integers(table[key], key, where) if key in table else pd.array([pd.NA] * len(table), "Int64")
    result["bn"] = (table["bn"] if "bn" in table else pd.Series(pd.NA, index=table.index)).astype("str").to_numpy()
    result["architecture"] = _canonical(table["architecture"], space, where)
    if "trained" in table:
        result["trained"] = table["trained"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    for name in scores:
        values = table[name].to_numpy(dtype=float, na_value=np.nan)
        if name in MEASURES:
            values = _measured(table[name], MEASURES[name], result["architecture"], where)
        result[name] = values
    _no_duplicates(result, [*PREDICTION_KEYS], where)
    return result


def load_predictions(path: str | os.PathLike, space: str = "nb201") -> pd.DataFrame:
    """Predictions from a run folder, a Parquet file or a CSV, in canonical form (see the module's docstring).

    Raises:
        InputError: the path is none of these, can't be read, or fails `check_predictions`.
    """
    path = Path(path)
    if path.is_dir():
        inside = path / "predictions.parquet"
        if not inside.exists():
            raise InputError(f"{path}: a folder without predictions.parquet. Run python -m nasbias.score {path} first.")
        return check_predictions(read_table(inside), space, str(inside), run=path.name)
    return check_predictions(read_table(path), space, str(path), run=path.stem)


def read_table(path: str | os.PathLike) -> pd.DataFrame:
    """A Parquet or CSV file as it is.

    Raises:
        InputError: missing, unreadable, truncated or of another ending.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    readers = {".parquet": pd.read_parquet, ".csv": pd.read_csv}
    if path.suffix not in readers:
        raise InputError(
            f"{path}: unknown format {path.suffix or 'without an ending'!r}. Give a .csv or a .parquet file."
        )
    try:
        return readers[path.suffix](path)
    except (pa.ArrowException, pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path}: can't be read as {path.suffix[1:]} ({error}). Is the file whole?") from None


def write_parquet(table: pd.DataFrame, path: str | os.PathLike, about: dict[str, Any]) -> None:
    """Write a table with `about` (provenance, JSON-able) in the file's own metadata."""
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), b"nasbias": json.dumps(about).encode()})
    with written_atomically(path) as temporary:
        pq.write_table(arrow, temporary, compression="zstd")


def read_about(path: str | os.PathLike) -> dict[str, Any]:
    """The provenance that `write_parquet` stored; empty for a file from elsewhere.

    Raises:
        InputError: not a Parquet file.
    """
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: can't be read as parquet ({error}). Is the file whole?") from None
    return json.loads(metadata.get(b"nasbias", b"{}"))


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
        dataset: default: the only one, else the first of `cifar10` and the table's order.
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
    if dataset is not None:
        if dataset not in known:
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
        return table[table["seed"] == seed].reset_index(drop=True)
    groups = table.groupby("architecture", sort=False)
    result = groups[measures_of(table)].mean().reset_index()
    extras = groups[extras_of(table)].first()
    counted = groups["seed"].count().to_numpy()
    if "n_seeds" in extras:
        counted = np.where(counted > 0, counted, extras.pop("n_seeds").fillna(0))
    result.insert(1, "dataset", dataset)
    result.insert(2, "epochs", pd.array([epochs if epochs is not None else pd.NA] * len(result), "Int64"))
    result.insert(3, "seed", pd.array([pd.NA] * len(result), "Int64"))
    result["n_seeds"] = pd.array(np.where(counted > 0, counted, -1), "Int64")
    result.loc[result["n_seeds"] < 0, "n_seeds"] = pd.NA
    for name in extras:
        result[name] = extras[name].to_numpy()
    return result[[*TRUTH_KEYS, "n_seeds", *extras, *measures_of(result)]]


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
    hint = ""
    if split == "valid" and "cifar10" in set(truth["dataset"].dropna()):
        hint = (
            " NAS-Bench-201's cifar10 trains on all 50,000 images: its validation accuracies are dataset cifar10-valid."
        )
    raise InputError(
        f"{where} has no {split or 'valid or test'} split. It has: {', '.join(present) or 'nothing'}.{hint}"
    )


def join_keys(space: str | Space, architectures: Sequence[str]) -> np.ndarray:
    """What predictions and truth are joined on: the architecture, or its class where the benchmark stores classes."""
    space = get_space(space) if isinstance(space, str) else space
    return space.truth_keys(architectures)


def _need(table: pd.DataFrame, column: str, where: str) -> None:
    if column not in table.columns:
        raise InputError(f"{where}: no column {column!r}. Its columns are: {', '.join(map(str, table.columns))}.")


def _canonical(column: pd.Series, space: Space, where: str) -> np.ndarray:
    if column.isna().any():
        raise InputError(f"{where}: row {int(np.argmax(column.isna().to_numpy()))} has no architecture.")
    try:
        return space.parse_all(column.tolist())
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _integers(column: pd.Series, name: str, where: str) -> pd.api.extensions.ExtensionArray:
    try:
        return pd.to_numeric(column).astype("Int64").array
    except (ValueError, TypeError):
        raise InputError(f"{where}: column {name!r} must hold whole numbers, not {column.iloc[0]!r}.") from None


def _measured(column: pd.Series, measure: Measure, architectures: pd.Series, where: str) -> np.ndarray:
    try:
        values = pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan)
    except (ValueError, TypeError):
        raise InputError(f"{where}: column {measure.name!r} must be numeric.") from None
    bad = ~np.isnan(values) & ((values < measure.low) | (values > measure.high))
    if bad.any():
        first = int(np.argmax(bad))
        raise InputError(
            f"{where}: {measure.name} is {values[first]:g} for {architectures.iloc[first]!r}; it must lie in "
            f"{measure.low:g} to {measure.high:g}{' ' + measure.unit if measure.unit else ''}."
        )
    return values


def _extra(column: pd.Series, name: str, where: str) -> Any:
    if name == "sample":
        return column.astype("str").to_numpy()
    if name == "n_seeds":
        return _integers(column, name, where)
    return column.to_numpy(dtype=float, na_value=np.nan)


def _no_duplicates(table: pd.DataFrame, keys: list[str], where: str) -> None:
    duplicate = table.duplicated(keys)
    if duplicate.any():
        row = table.loc[duplicate.idxmax()]
        at = ", ".join(f"{key} {row[key]}" for key in keys if key != "architecture" and not pd.isna(row[key]))
        raise InputError(
            f"{where}: {duplicate.sum():,} row(s) repeat an earlier one (first: {row['architecture']!r}"
            f"{', ' + at if at else ''}). Keep one row each."
        )
