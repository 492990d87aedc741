"""Finished runs of the queue become tables in data/: single precision, with what made each run and what it cost.

A table holds every finished run of its studies and is written anew at each harvest, so it can be taken while the queue
goes on. What all runs have in common is said once.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.plan import Alone
from analysis.queue import Queue
from analysis.study import STUDIES
from nasbias.runs import RunFolder
from nasbias.spaces import get_space
from nasbias.tables import column_of, load_predictions, read_about, read_table, scores_of, write_parquet

DATA = STUDIES.parent


@dataclass(frozen=True)
class Table:
    """data/<name>.parquet: one file of every finished run of some studies."""

    name: str
    space: str
    studies: tuple[str, ...]
    file: str = "predictions.parquet"
    least: int = 1  # runs: below that the table is left as it is
    by_group: bool = False  # a run is told apart by the groups of its sharing plan: `nb101-folds-random-0/2`


TABLES = (
    Table("nb101_predictions", "nb101", ("nb101-length",), least=4),
    Table("darts_predictions", "darts", ("darts-length",), least=3),
    Table("ptb_predictions", "ptb", ("ptb-length",), least=3),
    Table("darts64_orders", "darts64", ("p1-orders",)),
    Table("darts64_steps", "darts64", ("p1-orders",), "steps.parquet"),
    Table("darts64_tuned", "darts64", ("p1-tuning",)),
    Table("darts64_sharing", "darts64", ("p1-sharing",), "steps.parquet"),
    Table("nb201_small", "nb201", ("nb201-length",)),
    Table("nb201_full_predictions", "nb201", ("headline",)),
    Table("nb201_full_checks", "nb201", ("headline-checks",)),
    Table("nb101_folds", "nb101", ("nb101-folds",), by_group=True),
    Table("nb101_copies", "nb101", ("nb101-copies",)),
    Table("nb101_pruned", "nb101", ("nb101-pruned",)),
)
TRUTHS = {  # run folder -> table, the least number of seeds
    "nb101-truth": ("nb101_truth", 1),
    "p1s-truth": ("darts64_truth", 2),
    "darts-truth": ("darts_truth", 1),
    "ptb-truth": ("ptb_truth", 1),
}


def harvest(queue: Queue, tables: Sequence[Table] = TABLES, out: Path = DATA) -> pd.DataFrame:
    """Write the tables; returns a row for each that could be written: name, runs, rows, CPU-hours, kilobytes.

    Runs that a table has already and this queue's folder has not (they were made on another machine) stay in it.
    """
    rows = []
    for table in tables:
        runs = [item for item in queue.items if item.study in table.studies and queue.is_here(item)]
        runs = [item for item in runs if (queue.folder(item) / table.file).exists()]
        frames, about, costs = _already(out / f"{table.name}.parquet", {item.name for item in runs})
        if not runs or len(runs) + len(about) < table.least:
            continue
        for item in runs:
            path = queue.folder(item) / table.file
            frame = load_predictions(path, table.space)
            scores = scores_of(frame)
            frame[scores] = frame[scores].astype("float32")
            frame["run"] = item.name
            if table.by_group:
                frame["run"] += "/" + _groups_of(
                    queue.folder(item), column_of(frame, "architecture", str(path)), table.space
                )
            frames.append(frame)
            about[item.name], costs[item.name] = _about(queue.folder(item), path), queue.cost(item)
        whole = pd.concat(frames, ignore_index=True)
        path = out / f"{table.name}.parquet"
        common, own = split_common(about)
        for name, cost in costs.items():
            own[name]["cost"] = cost
        write_parquet(whole, path, {"all_runs": common, "runs": own})
        hours = sum(cost["cpu_seconds"] for cost in costs.values()) / 3600
        size = path.stat().st_size / 1024
        rows.append({"table": path.name, "runs": len(about), "rows": len(whole), "cpu_hours": hours, "kB": size})
    return pd.DataFrame(rows, columns=["table", "runs", "rows", "cpu_hours", "kB"])


def harvest_truths(queue: Queue, out: Path = DATA) -> list[str]:
    """Bring the truths of one's own whose seeds are finished to data/; returns their names.

    Seeds of the same recipe that data/ has already and this queue's folder has not stay in it.
    """
    copied = []
    for folder, (name, least) in TRUTHS.items():
        seeds = [item for item in queue.items if item.folder == folder and queue.is_here(item)]
        path, here = out / f"{name}.parquet", queue.runs / folder / "truth.parquet"
        if not seeds:
            continue
        table, about = read_table(here), read_about(here)
        table = table.loc[table["seed"].isin([item.work.seed for item in seeds if isinstance(item.work, Alone)])]
        runs = {item.name: {"cost": queue.cost(item)} for item in seeds}
        before = read_about(path) if path.exists() else {}
        if before.get("recipe") == about["recipe"] and "runs" in before:
            old = read_table(path)
            table = pd.concat([old.loc[~old["seed"].isin(table["seed"])], table], ignore_index=True)
            runs = before["runs"] | runs
        if len(runs) >= least:
            write_parquet(table.sort_values(["seed", "architecture"], ignore_index=True), path, {**about, "runs": runs})
            copied.append(name)
    return copied


def harvested(data: Path = DATA) -> dict[str, dict[str, float]]:
    """The runs that the tables in data/ are made of, by name, and their costs."""
    found: dict[str, dict[str, float]] = {}
    for name in (*(table.name for table in TABLES), *(name for name, _ in TRUTHS.values())):
        path = data / f"{name}.parquet"
        if path.exists():
            runs = read_about(path).get("runs", {})
            found |= {run: about["cost"] for run, about in runs.items() if "cost" in about}
    return found


def _already(path: Path, but: set[str]) -> tuple[list[pd.DataFrame], dict[str, dict], dict[str, dict]]:
    """Rows, documents and costs of a harvested table's runs `but` these."""
    if not path.exists() or "all_runs" not in read_about(path):
        return [], {}, {}
    about, table = read_about(path), read_table(path)
    kept = {name: dict(own) for name, own in about["runs"].items() if name not in but}
    costs = {name: own.pop("cost") for name, own in kept.items()}
    rows = table.loc[table["run"].str.partition("/")[0].isin(list(kept))]
    return [rows] if len(rows) else [], {name: join_common(about["all_runs"], own) for name, own in kept.items()}, costs


def is_harvested(name: str) -> bool:
    """Whether data/<name>.parquet is there and comes from the queue."""
    path = DATA / f"{name}.parquet"
    if not path.exists():
        return False
    about = read_about(path)
    return "all_runs" in about or ("recipe" in about and "runs" in about)  # predictions, or a truth of one's own


def cost_of(name: str) -> float:
    """CPU-hours of the runs in a harvested table, training and scoring."""
    about = read_about(DATA / f"{name}.parquet")
    return sum(run["cost"]["cpu_seconds"] for run in about["runs"].values()) / 3600


def split_common(about: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What all documents say alike, and what each says for itself; nested ones are split alike."""
    documents = list(about.values())
    common: dict[str, Any] = {}
    own: dict[str, dict[str, Any]] = {name: {} for name in about}
    for key in dict.fromkeys(key for document in documents for key in document):
        values = [document.get(key) for document in documents]
        if all(key in document for document in documents) and all(value == values[0] for value in values):
            common[key] = values[0]
        elif all(isinstance(value, Mapping) for value in values):
            inner, rest = split_common({name: document[key] for name, document in about.items()})
            common |= {key: inner} if inner else {}
            for name, value in rest.items():
                own[name] |= {key: value} if value else {}
        else:
            for name, document in about.items():
                own[name] |= {key: document[key]} if key in document else {}
    return common, own


def join_common(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """One whole document again, of what `split_common` parted."""
    whole = dict(common)
    for key, value in own.items():
        both = isinstance(value, Mapping) and isinstance(whole.get(key), Mapping)
        whole[key] = join_common(whole[key], value) if both else value
    return whole


def _groups_of(folder: Path, architectures: pd.Series, space: str) -> pd.Series:
    """The group of each architecture in a run's sharing plan, as text."""
    table = read_table(folder / "groups.csv")
    known = dict(zip(get_space(space).parse_all(table["architecture"]), table["group"].astype(str)))
    return architectures.map(known)


def _about(folder: Path, table: Path) -> dict[str, Any]:
    """What made a table of a run. Fine-tuning has no configuration of its own: its table says it all."""
    scored = read_about(table)
    if not (folder / "config.toml").exists():
        return {"scored": scored}
    config = {key: value for key, value in dataclasses.asdict(RunFolder(folder).config).items() if value is not None}
    config = json.loads(json.dumps(config))  # as it is read again: no tuples
    return {"config": config, "trained": json.loads((folder / "provenance.json").read_text()), "scored": scored}
