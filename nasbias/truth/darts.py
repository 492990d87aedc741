"""Ground truth of DARTS on CIFAR-10: P2's own trainings, NDS, NASBench-301.

All three measure the CIFAR-10 test split; NASBench-301 has a validation split as well. P2's and NASBench-301's
networks are one size, NDS varies depth and width with the cell. `sample` says how an architecture was chosen: "uniform"
rows are a random sample of the space and may be correlated, the others come from searches and are better than chance.

NDS draws from a larger space (eight operations with `none`, and a node may take one input twice): its rows outside this
space are left out and counted on standard error.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError
from nasbias.progress import note
from nasbias.spaces import get_space
from nasbias.tables import read_table
from nasbias.truth.formats import Format, columns_of, seed_in_name

# Of P2's 377 rows only 0 to 148 except 6, which is DARTS' published cell, are one uniform sample.
_P2_ROWS = 377
_P2_UNIFORM = range(149)
_P2_PUBLISHED = 6
_NB301_SPLITS = (("valid", "val_accuracy"), ("test", "test_accuracy"))


def _is_p2(path: Path) -> bool:
    if path.is_dir():
        return any(map(_is_p2, path.glob("darts-cifar10*.csv")))
    return {"architecture", "accuracy", "flops", "params"} <= columns_of(path)


def _read_p2(path: Path) -> pd.DataFrame:
    """P2's CSV, a folder of its CSVs, or both seeds in one table whose `source_file` tells them apart."""
    if path.is_dir():
        tables = [read_table(file).assign(source_file=file.name) for file in sorted(path.glob("darts-cifar10*.csv"))]
        table = pd.concat(tables, ignore_index=True)
    else:
        table = read_table(path)
    if table.empty:
        raise InputError(f"{path}: the table has no rows.")
    if "source_file" not in table:
        table["source_file"] = path.name
    if not table["accuracy"].between(0, 1).all():
        raise InputError(f"{path}: accuracy should hold fractions from 0 to 1, as P2's files do.")
    try:
        architectures = get_space("darts").parse_all(table["architecture"])
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    seed = table["source_file"].map(seed_in_name)
    tidy = pd.DataFrame(
        {
            "architecture": architectures,
            "dataset": "cifar10",
            "seed": seed,
            "test_accuracy": 100 * table["accuracy"],
        }
    )
    samples = _p2_samples(architectures, seed.to_numpy())
    return tidy if samples is None else tidy.assign(sample=samples)


def _p2_samples(architectures: np.ndarray, seeds: np.ndarray) -> list[str] | None:
    """How each row was chosen, known by its place in the released first file; None for any other table. The second
    seed's rows repeat architectures of the first, in another order."""
    first = architectures[seeds == seeds.min()]
    if len(first) != _P2_ROWS:
        return None
    uniform = {text for row, text in enumerate(first) if row in _P2_UNIFORM and row != _P2_PUBLISHED}
    return ["uniform" if text in uniform else "search" for text in architectures]


def _is_nds(path: Path) -> bool:
    return path.is_file() and path.suffix == ".json" and b'"min_test_top1"' in _start_of(path)


def _read_nds(path: Path) -> pd.DataFrame:
    """NDS' list of records, or {"top": [...], "mid": [...]}; errors become accuracies."""
    content = _load_json(path)
    records = [record for part in content.values() for record in part] if isinstance(content, dict) else content
    rows, outside, first = [], 0, None
    for record in records:
        try:
            architecture = get_space("darts").parse(record["net"]["genotype"])
        except InputError as error:
            outside, first = outside + 1, first or error
            continue
        except (KeyError, TypeError):
            raise InputError(f"{path}: record {len(rows) + outside} has no net.genotype. Is it an NDS file?") from None
        rows.append({"architecture": architecture, **_nds_measures(record, path)})
    if not rows:
        raise InputError(f"{path}: none of its {outside:,} records is in the darts space; the first: {first}")
    if outside:
        note(f"{path.name}: {outside:,} of {len(records):,} records are not in the darts space; the first: {first}")
    table = pd.DataFrame(rows).assign(dataset="cifar10", sample="uniform")
    return table.assign(seed=_number_repeats(table["architecture"]))


def _nds_measures(record: dict[str, Any], path: Path) -> dict[str, float]:
    errors = {
        "test_accuracy": record.get("min_test_top1"),
        "train_accuracy": (record.get("train_ep_top1") or [None])[-1],
    }
    try:
        measures = {name: 100 - float(error) for name, error in errors.items() if error is not None}
        epochs = int(record.get("optim", {}).get("max_ep", 100))  # arXiv 1905.13214 trains 100 epochs
    except (TypeError, ValueError, AttributeError):
        raise InputError(
            f"{path}: min_test_top1 {record.get('min_test_top1')!r} is not an error in per cent."
        ) from None
    return measures | {"epochs": epochs}


def _is_nb301(path: Path) -> bool:
    if path.is_dir():
        return next(_nb301_files(path), None) is not None
    return path.is_file() and path.suffix == ".json" and b'"optimized_hyperparamater_config"' in _start_of(path)


def _nb301_files(folder: Path) -> Iterator[Path]:
    return folder.rglob("results_*.json")


def _read_nb301(path: Path) -> pd.DataFrame:
    """One results file, or a folder with <optimizer>/results_N.json; the optimizer's name becomes `sample`."""
    files = sorted(_nb301_files(path)) if path.is_dir() else [path]
    space, rows = get_space("darts"), []
    for file in files:
        record = _load_json(file)
        try:
            architecture = space.parse(record["optimized_hyperparamater_config"])
            info = record["info"][0]
            accuracies = {f"{split}_accuracy": float(info[key]) for split, key in _NB301_SPLITS if key in info}
        except InputError as error:
            raise InputError(f"{file}: {error}") from None
        except (KeyError, IndexError, TypeError, ValueError):
            raise InputError(
                f"{file}: not a NASBench-301 result: optimized_hyperparamater_config and info[0] with val_accuracy and "
                f"test_accuracy are wanted."
            ) from None
        optimizer = file.parent.name.lower()
        sample = "uniform" if optimizer in ("rs", "random_search") else optimizer
        rows.append({"architecture": architecture, "sample": sample, **accuracies})
    table = pd.DataFrame(rows).assign(dataset="cifar10")
    return table.assign(seed=_number_repeats(table["architecture"]))


def _number_repeats(architectures: Iterable[str]) -> list[int]:
    """0, 1, ... for the first, second, ... training of the same architecture: the files do not name their seeds."""
    return pd.Series(list(architectures)).groupby(list(architectures)).cumcount().tolist()


def _start_of(path: Path, size: int = 65_536) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""


def _load_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError, OSError) as error:
        raise InputError(f"{path}: can't be read as JSON ({error}). Is the file whole?") from None


FORMATS = (
    Format(
        name="p2-darts",
        describes=(
            "CIFAR-10 test accuracy of 377 architectures trained alone by the authors of arXiv 2010.08219 (20 cells, "
            "width 36), 101 of them twice; no validation split; sample 'uniform' may be correlated, 'search' not"
        ),
        recognises=_is_p2,
        read=_read_p2,
        licence="Apache-2.0 (matluster/anonymous-2102)",
        rows=(377, 101, 478),  # seed 42, seed 43, both in one table
    ),
    Format(
        name="nds-darts",
        describes=(
            "100 - the lowest CIFAR-10 test error over the epochs of one training (arXiv 1905.13214); depth and width "
            "vary with the cell unless the file says 'fix-w-d'; no validation split"
        ),
        recognises=_is_nds,
        read=_read_nds,
    ),
    Format(
        name="nasbench301",
        describes=(
            "final accuracies of one training (arXiv 2008.09777): valid = the held-out part of the CIFAR-10 training "
            "images, test = test split; sample = the optimizer that chose the architecture, 'uniform' for random search"
        ),
        recognises=_is_nb301,
        read=_read_nb301,
    ),
)
