"""Files as others write them: NASLib's and NAS-Bench-Suite-Zero's JSON, aw_nas' pickles, exports of W&B and MLflow.

few-shot-NAS writes a mapping from structures to accuracies, without an ending; it needs nothing here but that its keys
are parsed. AceNAS' `supernet_evaluate_all_*.json` holds graphs whose nodes are numbers without a legend, and what
numbered them is not in its repository (looked at: 46c8895): it is refused.
"""

import re
from collections.abc import Mapping
from typing import Any, BinaryIO

import pandas as pd

from nasbias.pickles import SCALARS, Array, unpickle

PICKLES = (".pkl", ".pickle")
_MLFLOW = re.compile(r"(metrics|params|tags)\.(.+)")
_WANDB = re.compile(r"(config|summary)[./](.+)")
# What W&B and MLflow say of a run, in their own spelling. Where a row is one evaluated architecture these are no keys.
_OF_RUN = {
    "Name", "State", "Notes", "User", "Tags", "Created", "Runtime", "Sweep", "ID", "Updated", "End Time", "Hostname",
    "GitHub Repo", "Commit", "_runtime", "_timestamp", "_step", "_wandb", "Run ID", "Duration", "Start Time", "Status",
    "Source Type", "Source Name", "Version", "run_id", "experiment_id", "status", "artifact_uri", "start_time",
    "end_time",
}  # fmt: skip
_KEPT_SETTINGS = {"epoch", "epochs", "step", "seed", "dataset", "bn"}


def tidy_export(table: pd.DataFrame) -> pd.DataFrame:
    """An export of W&B's or MLflow's table of runs without what they say of a run; any other table as it is.

    Prefixes (`metrics.`, `summary.`, `params.`, `config.`) go; hyperparameters are no scores, so that of `params.` and
    `config.` only text (an architecture) and keys are kept.
    """
    columns = [str(name) for name in table.columns]
    is_wandb = {"Name", "State"} <= set(columns) or "_wandb" in columns
    is_mlflow = {"run_id", "Run ID"} & set(columns) and (
        any(map(_MLFLOW.fullmatch, columns)) or {"Status", "Source Type"} & set(columns)
    )
    if not (is_wandb or is_mlflow):
        return table
    kept: dict[str, Any] = {}
    for position, name in enumerate(columns):
        matched = (_WANDB if is_wandb else _MLFLOW).fullmatch(name)
        kind, short = (matched[1], matched[2]) if matched else ("", name)
        values = table.iloc[:, position]
        setting = kind in ("params", "config") and short not in _KEPT_SETTINGS
        if name in _OF_RUN or kind == "tags" or short in kept:
            continue
        if setting and pd.api.types.is_numeric_dtype(values.dtype):
            continue
        kept[short] = values.to_numpy()
    return pd.DataFrame(kept)


def unnest(content: Any) -> Any:
    """JSON content with one level less where NAS-Bench-Suite-Zero has more: {data set: {architecture: {proxy: {"score":
    s, "time": t}}}}.

    Raises:
        ValueError: several data sets, or AceNAS' graphs.
    """
    if (
        isinstance(content, list)
        and content
        and isinstance(content[0], dict)
        and {"graphs", "metrics"} <= set(content[0])
    ):
        raise ValueError(
            "AceNAS' graphs number their operations without saying which is which. Write {architecture: top1} instead"
        )
    if not isinstance(content, dict) or not content:
        return content
    rows = [value for value in content.values() if isinstance(value, dict)]
    if len(rows) == len(content) and all(isinstance(each, dict) and each for row in rows for each in row.values()):
        if all(_is_scored(each) for row in rows for each in row.values()):
            return {name: _flat(row) for name, row in content.items()}
        if len(content) > 1:
            raise ValueError(f"several data sets ({', '.join(map(str, content))}). Keep one of them")
        content = rows[0]
    if all(isinstance(row, dict) and any(map(_is_scored, row.values())) for row in content.values()):
        return {name: _flat(row) for name, row in content.items()}
    return content


def _is_scored(value: Any) -> bool:
    return isinstance(value, dict) and "score" in value


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    flat = {str(name): value["score"] if _is_scored(value) else value for name, value in row.items()}
    return {name: value for name, value in flat.items() if isinstance(value, (int, float, str)) or value is None}


def read_pickled(file: BinaryIO, where: str) -> Any:
    """What a table's pickle holds, read without running it: records, a mapping, or aw_nas' list of (architecture,
    accuracy, half-way accuracy), made records.

    Raises:
        InputError: broken, or naming what is not allowed.
        ValueError: none of these.
    """
    content = unpickle(file, where, allowed=_ALLOWED)
    if (
        isinstance(content, list)
        and content
        and all(isinstance(each, tuple) and len(each) in (2, 3) for each in content)
    ):
        names = ("architecture", "accuracy", "half_accuracy")
        return [dict(zip(names, (_plain(value) for value in each))) for each in content]
    return _plain(content)


def _plain(value: Any) -> Any:
    if isinstance(value, _NumberArray):
        if value.value is None:
            raise ValueError("an array in it is damaged")
        return value.value.tolist()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


class _NumberArray(Array):
    """An array of numbers: aw_nas' matrices."""

    __slots__ = ()
    codes = ("f8", "f4", "i8", "i4")
    holds = "numbers"
    most = 64  # entries: a cell's matrix has 16 or 49

    def set_state(self, state: object) -> None:
        super().set_state(state)
        if self.value is not None and self.value.size > self.most:
            raise ValueError(f"an array in it has {self.value.size:,} entries, an architecture at most {self.most}")


_ALLOWED = SCALARS | {
    "numpy.ndarray": _NumberArray,
    "numpy.core.multiarray._reconstruct": _NumberArray,
    "numpy._core.multiarray._reconstruct": _NumberArray,
}
