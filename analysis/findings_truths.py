"""Sharing or recipe? Supernets against the truth at their own size, against the benchmark's, and the two truths.

A supernet that does not follow a benchmark may fail because it shares weights, or because it is small and short: an
architecture trained alone at the supernet's size tells the two apart, which P2 could not.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.findings import AGREES, DISAGREES, Finding, number, show, study, verdict
from analysis.findings_p2 import DARTS_TRUTH, NB101_TRUTH, PTB_TRUTH, Lengths
from analysis.harvest import DATA, cost_of
from nasbias.matching import Panel
from nasbias.statistics import Estimate, Influence, compare_same_runs, compare_with_fixed, influence, mean_over_runs
from nasbias.tables import read_table


@dataclass(frozen=True)
class Pair:
    """A space's two truths, and the supernets that are held against both."""

    space: str
    benchmark: Path
    score: str
    least: int = 3  # runs of the length that is taken: the longest that has as many

    @property
    def own(self) -> Path:
        """The truth of architectures trained alone at the supernets' size."""
        return DATA / f"{self.space}_truth.parquet"

    def lengths(self) -> tuple[Lengths, Lengths, int]:
        """The supernets by length against their own truth and the benchmark's, and the length that is taken."""
        own, benchmark = (Lengths(self.space, truth, folder=DATA) for truth in (self.own, self.benchmark))
        runs = {epoch: len(own.panel(self.score, epoch).runs) for epoch in own.epochs}
        epoch = max(epoch for epoch, n in runs.items() if n >= min(self.least, max(runs.values())))
        return own, benchmark, epoch


def between(one: Panel, other: Panel) -> Influence:
    """tau of the two panels' truths on the architectures that both have, numbered as in `_pulls`."""
    mine, theirs = (panel.architectures["architecture"].to_numpy() for panel in (one, other))
    common, mine, theirs = np.intersect1d(mine, theirs, return_indices=True)
    return influence(one.truth[mine], other.truth[theirs], _everyone(one, other).get_indexer(pd.Index(common)))


def findings_of(pair: Pair) -> list[Finding]:
    """Four rows: tau with one's own truth, that minus tau with the benchmark's (of the same runs), between the truths,
    and whether these trainings alone follow the benchmark better than the supernets do."""
    *sides, epoch = pair.lengths()
    own, benchmark = (side.panel(pair.score, epoch) for side in sides)
    spreads = [side.spread(pair.score) for side in sides]  # the seed's, pooled over the lengths
    hours, rows = cost_of(f"{pair.space}_truth"), []
    alone = read_table(pair.own)
    seeds, length = alone["seed"].nunique(), int(alone["epochs"].iloc[0])
    to_own, to_benchmark = _pulls(own, benchmark)
    runs, where = len(to_own), f"{pair.space}, by {pair.score} after {epoch} epochs"

    def add(finding: str, ours: str, decision: str) -> None:
        rows.append(Finding(f"own truth of {pair.space}", finding, "-", ours, decision, hours))

    estimate, other = mean_over_runs(to_own, spreads[0]), mean_over_runs(to_benchmark, spreads[1])
    add(
        f"(New) Supernets follow what training alone at their own size gives ({where}; {len(own.truth)} alone for "
        f"{length} epochs, {seeds} seed(s)): tau above 0",
        f"{show(estimate)}, {runs} runs",
        verdict(estimate.low, estimate.high, runs),
    )
    change = compare_same_runs(to_own, to_benchmark)
    add(
        f"(New) ... more than the benchmark's truth ({pair.space}): the first tau minus the second",
        f"{show(change)}; with the benchmark's {show(other)} ({len(benchmark.truth)} architectures)",
        verdict(change.low, change.high, runs, "less").replace(AGREES, "more"),
    )
    truths = between(own, benchmark)
    together = mean_over_runs([truths])
    add(
        f"(New) ... and the two truths agree with each other ({pair.space}): tau above 0",
        f"{show(together)}, {len(truths.pull)} architectures",
        _of_architectures(together),
    )
    cost = compare_with_fixed(to_benchmark, truths, spreads[1])
    add(
        f"(New) Sharing costs ({pair.space}): with the benchmark's truth the supernets' tau is below that of the same "
        f"training alone",
        f"{show(cost)}",
        verdict(-cost.high, -cost.low, runs),
    )
    return rows


def _pulls(*panels: Panel) -> list[list[Influence]]:
    """tau with the truth of every run of each panel; architectures have one number in all of them."""
    everyone = _everyone(*panels)
    items = [everyone.get_indexer(pd.Index(panel.architectures["architecture"])) for panel in panels]
    return [[influence(score, panel.truth, own) for score in panel.scores] for panel, own in zip(panels, items)]


def _everyone(*panels: Panel) -> pd.Index:
    return pd.Index(np.unique(np.concatenate([panel.architectures["architecture"].to_numpy() for panel in panels])))


def _of_architectures(estimate: Estimate) -> str:
    """The verdict on one tau of two fixed columns: no seed is in it, so its interval is whole."""
    decision = verdict(estimate.low, estimate.high)
    if decision in (AGREES, DISAGREES):
        return decision
    return f"not decided: no agreement is found, and {number(estimate.high)} is not ruled out"


@study("nb101_truth", "nb101_predictions")
def nb101() -> list[Finding]:
    """NAS-Bench-101's sub-space at 8x8."""
    return findings_of(Pair("nb101", NB101_TRUTH, "loss"))


@study("darts_truth")
def darts() -> list[Finding]:
    """DARTS on CIFAR-10 at 16x16."""
    return findings_of(Pair("darts", DARTS_TRUTH, "accuracy"))


@study("ptb_truth")
def ptb() -> list[Finding]:
    """DARTS' recurrent cells."""
    return findings_of(Pair("ptb", PTB_TRUTH, "perplexity"))


STUDIES = (nb101, darts, ptb)
