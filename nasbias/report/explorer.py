"""Every architecture of a report with its truth, its scores per run and training length, and its choices: what the
page's explorer shows, packed small.

Why not altair, which draws the same: measured here (altair 6.3, one run, six bar charts), its page of 15,625
architectures weighs 4.3 MB before any report and of 423,624 it weighs 94 MB, a brush moves in 0.3 and 3.6 s, it needs a
page that may evaluate text as code, and vl-convert adds 84 MB to every installation. What is here is columns of bytes,
compressed, and a canvas.
"""

import base64
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import InputError, printable
from nasbias.figures.style import short
from nasbias.files import to_plain
from nasbias.matching import Scored, align_scores, last_steps
from nasbias.report.studies import Studied
from nasbias.spaces import Space
from nasbias.spaces.nb101 import OPERATIONS

Array = np.ndarray
MOST_SCORES = 400_000  # in the page: with more the shortest trainings are left out; at worst 6 bytes each
COSTS = ("params", "flops")
_COUNTS = ("n_", "vertices", "edges")  # columns of `describe` that stand in where a space has no common decisions


@dataclass(frozen=True)
class Series:
    """Scores [n] of one training length in their own unit, NaN where there is none; `run` None: the mean of runs."""

    epoch: int | None
    run: str | None
    n_runs: int
    values: Array


@dataclass(frozen=True)
class Explorer:
    """`table` has a row per architecture: `architecture, truth` (own unit)`, params, flops, is_valid`; `choices` a
    categorical column per decision, or per count where the space has no decisions that all of these share."""

    space: Space
    about: dict[str, Any]
    table: pd.DataFrame
    choices: pd.DataFrame
    series: Sequence[Series]
    left_out: Sequence[int]  # training lengths that the page has no room for

    def to_plain(self) -> dict[str, Any]:
        """Its numbers in the JSON document, column by column."""
        scores = [
            {"epoch": each.epoch, "run": each.run, "values": each.values}
            for each in self.series
            if each.run is not None
        ]
        return to_plain({**{name: self.table[name].to_numpy() for name in self.table}, "scores": scores})

    def pack(self) -> str:
        """Base64 of gzip of: the head's length in bytes [4], the head as JSON, then arrays at multiples of 8."""
        body = _Body()
        columns = {"truth": body.add_ranked(self.table["truth"].to_numpy(float), self.about["truth_sign"])}
        columns |= {name: body.add_ranked(self.table[name].to_numpy(float), 1, "<f8") for name in COSTS}
        head: dict[str, Any] = {
            **self.about,
            "n": len(self.table),
            "columns": columns,
            "valid": body.add(self.table["is_valid"].to_numpy(np.uint8)),
            "names": body.add(np.frombuffer("\n".join(self.table["architecture"]).encode(), np.uint8)),
            "decisions": [
                {
                    "name": printable(str(name)),
                    "values": [printable(str(value)) for value in self.choices[name].cat.categories],
                    "codes": body.add(self.choices[name].cat.codes.to_numpy(np.uint8)),
                }
                for name in self.choices
            ],
            "series": [
                {
                    "epoch": each.epoch,
                    "run": None if each.run is None else printable(each.run),
                    "n_runs": each.n_runs,
                    **body.add_ranked(each.values, self.about["score_sign"]),
                }
                for each in self.series
            ],
            "wiring": describe_wiring(self.space, [str(name) for name in self.choices]),
        }
        text = json.dumps(to_plain(head)).encode()
        text += b" " * (-(len(text) + 4) % 8)
        whole = len(text).to_bytes(4, "little") + text + b"".join(body.parts)
        return base64.b64encode(gzip.compress(whole, 6, mtime=0)).decode()


def explore(studied: Studied) -> Explorer | None:
    """What the explorer shows of a report's score; None where no architecture has one."""
    matched = studied.matched
    rows = [row for row in matched.rows if row.keys["score"] == studied.score]
    series, left_out = _choose_series(rows, len(matched.architectures))
    there = np.zeros(len(matched.architectures), dtype=bool)
    for each in series:
        there |= ~np.isnan(each.values)
    if not there.any():
        return None
    table = matched.architectures.loc[there].reset_index(drop=True)
    shown = table[["architecture", "value", *COSTS, "is_valid"]].rename(columns={"value": "truth"})
    about = {
        "space": matched.space.name,
        "score": printable(studied.score),
        "score_unit": "%" if "accuracy" in studied.score else "",
        "score_sign": rows[0].sign,
        "truth": printable(matched.truth.column.replace("_", " ")),
        "truth_unit": studied.unit.strip(),
        "truth_sign": matched.truth.sign,
        "epoch": to_plain(studied.last["epoch"]),
        "is_matrix": matched.space.is_matrix,
    }
    kept = [Series(each.epoch, each.run, each.n_runs, each.values[there]) for each in series]
    return Explorer(matched.space, about, shown, _decide(matched.space, table), kept, left_out)


def describe_wiring(space: Space, decisions: Sequence[str]) -> dict[str, Any]:
    """The space's cells as the page's drawing reads them: a decision is its place among `decisions`."""
    place = {name: i for i, name in enumerate(decisions)}
    cells = []
    for cell in () if space.is_matrix else space.wired_cells:
        plain = asdict(cell)
        for node in plain["nodes"]:
            node["decision"] = place.get(node["decision"])
        for edge in plain["edges"]:
            edge["decision"] = place.get(edge["decision"])
            if isinstance(edge["source"], str):
                edge["source"] = {"decision": place[edge["source"]]}
        cells.append(plain)
    texts = {value for decision in space.decisions for value in decision.values} | (
        set(OPERATIONS) if space.is_matrix else set()
    )
    return {
        "cells": cells,
        "nothing": list(space.nothing),
        "short": {text: short(text) for text in sorted(texts) if short(text) != text},
    }


def _choose_series(rows: Sequence[Scored], n: int) -> tuple[list[Series], list[int]]:
    """The scores of every run and their mean, of the longest trainings that there is room for, ascending."""
    lengths = sorted({row.keys["epoch"] for row in rows}, key=lambda epoch: (epoch is not None, epoch), reverse=True)
    kept: list[list[Series]] = []
    left_out: list[int] = []
    used = 0
    for epoch in lengths:
        of_length = [row for row in rows if row.keys["epoch"] == epoch]
        last = last_steps(of_length, lambda row: row.run)
        used += n * (len(last) + (len(last) > 1))
        if kept and used > MOST_SCORES:
            left_out.append(epoch)
            continue
        kept.append(list(_spread(list(last.values()), n)))
    return [series for group in reversed(kept) for series in group], sorted(
        each for each in left_out if each is not None
    )


def _spread(rows: Sequence[Scored], n: int) -> Iterator[Series]:
    """The mean first, if there are several runs, then each run."""
    epoch = rows[0].keys["epoch"]
    if len(rows) > 1:
        items, scores = align_scores(list(rows))
        values = np.full(n, np.nan)
        values[items] = (scores * rows[0].sign).mean(axis=0)
        yield Series(epoch, None, len(rows), values)
    names = [str(row.keys["run"]) for row in rows]
    for row, name in zip(rows, names):
        values = np.full(n, np.nan)
        values[row.items] = row.score * row.sign
        yield Series(epoch, name if names.count(name) == 1 else f"{name} (seed {row.keys['seed']})", 1, values)


def _decide(space: Space, table: pd.DataFrame) -> pd.DataFrame:
    """A categorical column per decision; where these architectures have none in common, per count."""
    try:
        return space.decide(table["architecture"].tolist())
    except InputError:
        counts = [str(name) for name in table if str(name).startswith(_COUNTS)]
        return pd.DataFrame({name.removeprefix("n_"): pd.Categorical(table[name].astype(int)) for name in counts})


class _Body:
    """Arrays one after the other; each is known by [offset, length, type]."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, values: Array) -> list[Any]:
        data = np.ascontiguousarray(values).tobytes()
        place = [self.size, len(values), values.dtype.str.lstrip("|<")]
        data += b"\0" * (-len(data) % 8)
        self.parts.append(data)
        self.size += len(data)
        return place

    def add_ranked(self, values: Array, sign: int, kind: str = "<f4") -> Mapping[str, list[Any]]:
        """The different values from worst to best, and each architecture's place among them: ranks stay exact."""
        there = ~np.isnan(values)
        levels, places = np.unique(values[there] * sign, return_inverse=True)
        width = np.dtype("<u2") if len(levels) < 2**16 else np.dtype("<u4")
        index = np.full(len(values), np.iinfo(width).max, dtype=width)
        index[there] = places
        return {"levels": self.add((levels * sign + 0.0).astype(kind)), "index": self.add(index)}
