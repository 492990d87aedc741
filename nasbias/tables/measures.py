"""What is measured, in which unit, and which direction is better: declared here once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

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
# Columns that are no scores even when asked for: keys, indices, and the costs that nasbias works out itself.
NOT_SCORES = {*PREDICTION_KEYS, "dataset", "split", "index", "arch_index", "architecture_index", "params", "flops"}
NOT_SCORES |= {"trained"}  # whether the step before the scoring trained this architecture


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

# What judges a ranking unasked: the scored images' own accuracy first, then the splits', then the losses likewise.
_HEADLINES = [f"{prefix}{kind}" for kind in ("accuracy", "loss", "perplexity") for prefix in ("", "valid_", "test_")]
_LOWER = re.compile(r"(.*_)?(loss|nll|ce|cross_?entropy|xent|errors?|err|ppl|perplexity|mse|mae|rmse)(_.*)?")
# Numbers that describe a row or a training and rank nothing. A user who names one gets it.
_JUNK = re.compile(
    r"epochs?|iters?|iterations?|rows?|ids?|uid|idx|index|unnamed.*|n_.*|num_.*|nr_.*|(.*_)?(std|stdev|sd|sem|var|id|idx|"
    r"index|seconds?|secs?|s|ms|minutes|hours|time|latency|memory|energy|seeds?|count)|(latency|time|seed|memory)_.*|"
    r"(params?|parameters|flops|macs|mflops)(_?(k|m|mb|g|b))?|lr|learning_rate|batch_size|size|timestamp|date"
)


def sign_of(column: str, lower_is_better: Iterable[str] = (), higher_is_better: Iterable[str] = ()) -> int:
    """+1 where higher values of `column` are better, -1 where lower are: as the caller says, as declared, else as the
    name says (`nll`, `val_error`, ...: `says_lower`)."""
    if column in set(lower_is_better):
        return -1
    if column in set(higher_is_better):
        return 1
    if column in MEASURES:
        return MEASURES[column].sign
    return -1 if says_lower(column) else 1


def says_lower(column: str) -> bool:
    """Whether an undeclared score's name says that low values are good: a loss, an error, a perplexity."""
    return column not in MEASURES and _LOWER.fullmatch(str(column).lower()) is not None


def measures_of(table: pd.DataFrame) -> list[str]:
    """The declared measures among a truth table's columns."""
    return [name for name in table.columns if name in MEASURES]


def extras_of(table: pd.DataFrame) -> list[str]:
    """The columns of `TRUTH_EXTRAS` that a truth table has."""
    return [name for name in TRUTH_EXTRAS if name in table]


def numbers_of(table: pd.DataFrame) -> list[str]:
    """Every numeric column that could be asked for as a score: no key and no cost."""
    numeric = table.select_dtypes("number").columns
    return [name for name in numeric if str(name).lower() not in NOT_SCORES and not str(name).startswith("Unnamed")]


def scores_of(table: pd.DataFrame) -> list[str]:
    """The score columns of a predictions table: its numbers, without those that only describe a row or a training
    (`epochs`, `id`, `latency`, `*_std`, `n_seeds`, `*_seconds`, ...)."""
    return [name for name in numbers_of(table) if name in MEASURES or not is_junk(name)]


def is_junk(column: object) -> bool:
    """Whether a column's name says that it describes a row or a training rather than the architecture's quality."""
    return _JUNK.fullmatch(re.sub(r"[\s\-./]+", "_", str(column).strip().lower())) is not None


def by_headline(scores: Iterable[str]) -> list[str]:
    """The scores, the one that judges a ranking first: accuracy, else loss or perplexity, else the order given."""
    scores = list(scores)
    rank = {name: place for place, name in enumerate(_HEADLINES)}
    return sorted(scores, key=lambda name: rank.get(name, len(rank)))


def has_headline(scores: Iterable[str]) -> bool:
    """Whether one of the scores judges a ranking unasked."""
    return not set(scores).isdisjoint(_HEADLINES)
