"""Runs side by side: the scores [runs, architectures] that supernets of one recipe gave to the same architectures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError, unknown
from nasbias.matching.joining import Matched, align_scores, last_steps
from nasbias.outline import Outlined
from nasbias.spaces import Space

Array = np.ndarray


@dataclass(frozen=True, repr=False)
class Panel(Outlined):
    """One score of several runs at one training length. `scores` [runs, n] and `truth` [n] are higher = better;
    `architectures` is `describe` of the n, `repeats` [n, seeds] the truth's repeats, `codes` [n, decisions] choices."""

    space: Space
    score: str
    epoch: int | None
    bn: str | None
    runs: list[dict[str, Any]]
    scores: Array
    truth: Array
    repeats: Array
    architectures: pd.DataFrame
    codes: Array
    score_sign: int
    truth_sign: int

    def headline(self) -> str:
        length = "" if self.epoch is None else f" of {self.epoch} epochs"
        return f"{self.space.name}, {self.score} of {self.n:,} architectures in {len(self.runs)} run(s){length}"

    @property
    def n(self) -> int:
        return len(self.truth)


def select_panel(
    matched: Matched, score: str | None = None, epoch: int | None = None, bn: str | None = None, least: int = 30
) -> Panel:
    """The runs of one score, training length and BN mode, over the architectures that all of them scored.

    Args:
        score: default: the first that the predictions have.
        epoch: default: the longest training; of several steps in an epoch the last.
        bn: default: recalibrated where there is such, else the first.

    Raises:
        InputError: no such score, epoch or mode, fewer than `least` common architectures, or constant and NaN scores.
    """
    rows = matched.rows
    score = _choose("score", score, [row.keys["score"] for row in rows])
    rows = [row for row in rows if row.keys["score"] == score]
    modes = [row.keys["bn"] for row in rows]
    bn = _choose("BN mode", bn, sorted(modes, key=lambda mode: mode != "recalibrated"))
    rows = [row for row in rows if row.keys["bn"] == bn]
    epochs = sorted({row.keys["epoch"] for row in rows if row.keys["epoch"] is not None}, reverse=True)
    epoch = _choose("epoch", epoch, epochs or [None])
    last = last_steps((row for row in rows if row.keys["epoch"] == epoch), lambda row: row.run)
    items, scores = align_scores(list(last.values()))
    if len(items) < least:
        raise InputError(
            f"the {len(last)} run(s) at epoch {epoch} have {len(items)} scored architectures with a truth in common; "
            f"this study needs {least}. Score the same architectures in every run."
        )
    for row, values in zip(last.values(), scores):
        if np.isnan(values).any() or values.min() == values.max():
            what = f"{int(np.isnan(values).sum())} NaN" if np.isnan(values).any() else "one constant value"
            raise InputError(f"{score} of run {row.keys['run']} has {what}: there is no ranking to study.")
    architectures = matched.architectures.iloc[items].reset_index(drop=True)
    first = next(iter(last.values()))
    return Panel(
        space=matched.space,
        score=str(score),
        epoch=epoch,
        bn=bn,
        runs=[row.keys for row in last.values()],
        scores=scores,
        truth=architectures["truth"].to_numpy(dtype=float),
        repeats=matched.repeats[items] * matched.truth.sign,
        architectures=architectures,
        codes=np.asarray(matched.space.encode(architectures["architecture"].tolist()), dtype=int),
        score_sign=first.sign,
        truth_sign=matched.truth.sign,
    )


def _choose(kind: str, wanted: Any, present: list[Any]) -> Any:
    if wanted is None:
        return present[0]
    if wanted not in present:
        raise unknown(kind, wanted, dict.fromkeys(present))
    return wanted
