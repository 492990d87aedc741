"""P2 (arXiv 2010.08219): correlation against training length, and what it is worth."""

import math
from pathlib import Path

from analysis.findings import AGREES, Finding, number, show, study, verdict, within
from analysis.harvest import DATA, cost_of
from nasbias.bias import measure_size_bias
from nasbias.matching import Matched, Panel, match, select_panel
from nasbias.statistics import (
    Comparison,
    Estimate,
    Influence,
    Spread,
    compare_runs,
    compare_with_fixed,
    influence,
    mean_over_runs,
    spearman_influence,
    spearman_over_runs,
    spread_of,
)

SHARED = Path("../shared/data")
NB101_TRUTH, DARTS_TRUTH = SHARED / "nb101_subset_val.parquet", SHARED / "darts_cifar10_anon2102.parquet"
PTB_TRUTH = SHARED / "darts_ptb_anon2102.parquet"
FEW = 2  # runs of a length that are enough where other lengths tell the spread of their seeds, too
LITTLE = 0.25  # tau: a supernet below it would be no help beside a count of one operation (.40)


class Lengths:
    """The supernets of a space by length, against one truth."""

    def __init__(self, space: str, truth: Path | None, table: str = "", folder: Path = DATA) -> None:
        self.space = space
        path = folder / f"{table or f'{space}_predictions'}.parquet"
        self.matched: Matched = match(path, truth, space=space)
        self.epochs = sorted({row.keys["epoch"] for row in self.matched.rows})

    def panel(self, score: str, epoch: int) -> Panel:
        """The runs of one length."""
        return select_panel(self.matched, score, epoch)

    def pulls(self, score: str, epoch: int) -> list[Influence]:
        """Their tau with the truth."""
        panel = self.panel(score, epoch)
        return [influence(row, panel.truth) for row in panel.scores]

    def spread(self, score: str) -> Spread | None:
        """The seed's, pooled over the lengths as in `nasbias.correlation`."""
        names = [[(run["run"], run["seed"]) for run in self.panel(score, epoch).runs] for epoch in self.epochs]
        return spread_of([self.pulls(score, epoch) for epoch in self.epochs], names)

    def tau(self, score: str, epoch: int) -> Estimate:
        """Mean tau of the runs of one length."""
        return mean_over_runs(self.pulls(score, epoch), self.spread(score))

    def spearman(self, score: str, epoch: int) -> Estimate:
        """Mean Spearman correlation of the runs of one length, its spread pooled likewise."""
        panels = [self.panel(score, each) for each in self.epochs]
        pulls = [[spearman_influence(row, panel.truth) for row in panel.scores] for panel in panels]
        names = [[(run["run"], run["seed"]) for run in panel.runs] for panel in panels]
        chosen = panels[self.epochs.index(epoch)]
        return spearman_over_runs(chosen.scores, chosen.truth, spread_of(pulls, names))

    def runs(self, score: str, epoch: int) -> int:
        """How many there are."""
        return len(self.panel(score, epoch).scores)

    def longest(self, least: int = 3) -> int:
        """The longest length that as many runs have."""
        score = self.matched.rows[0].keys["score"]
        return max(epoch for epoch in self.epochs if self.runs(score, epoch) >= least)

    def change(self, score: str, longer: int, shorter: int) -> Comparison:
        """tau of the longer minus tau of the shorter ones."""
        spread = self.spread(score)
        return compare_runs(self.pulls(score, longer), self.pulls(score, shorter), spread, spread)

    def curve(self, score: str) -> str:
        """tau by length, with the numbers of runs."""
        parts = []
        for epoch in self.epochs:
            parts.append(f"{epoch}: {show(self.tau(score, epoch))} ({self.runs(score, epoch)})")
        return ", ".join(parts)

    def against_params(self, score: str, epoch: int) -> Comparison:
        """tau of the supernets minus tau of counting parameters."""
        panel = self.panel(score, epoch)
        params = panel.architectures["params"].to_numpy(dtype=float)
        return compare_with_fixed(self.pulls(score, epoch), influence(params, panel.truth), self.spread(score))

    def between(self, score: str, shorter: int, longer: int) -> tuple[list[Influence], Comparison]:
        """tau between supernets of two lengths and different seeds; that minus the tau of the longer with the truth.

        A supernet of one length meets the next seed's of the other, so that each is used once.
        """
        one, other = self.panel(score, shorter), self.panel(score, longer)
        pairs = min(len(one.scores), len(other.scores))
        pulls = [influence(one.scores[i], other.scores[(i + 1) % pairs]) for i in range(pairs)]
        return pulls, compare_runs(pulls, self.pulls(score, longer), None, self.spread(score))


@study("nb101_predictions")
def nb101() -> list[Finding]:
    """NAS-Bench-101's sub-space at 8x8."""
    lengths = Lengths("nb101", NB101_TRUTH)
    rows = _correlations(lengths, "NAS-Bench-101 sub-space", ".62, .66 at 1,000, 2,000 epochs")
    rows.append(_size(measure_size_bias(lengths.panel("loss", lengths.longest()))["params"]))
    return [Finding("P2 nb101", *row, cost_of("nb101_predictions")) for row in rows]


def nb201_reference() -> list[Finding]:
    """NAS-Bench-201 at 16x16: the shipped reference predictions, made before the queue kept costs."""
    lengths = Lengths("nb201", None)
    rows = _correlations(lengths, "NAS-Bench-201 at 16x16", ".70 at 2,000 epochs")
    return [Finding("P2 nb201 at 16x16", *row, math.nan) for row in rows]


Row = tuple[str, str, str, str]


def _correlations(lengths: Lengths, title: str, paper: str) -> list[Row]:
    """Does the longest length rank, more than a short one, than untrained, than counting; is its bias consistent?"""
    rows: list[Row] = []
    last = lengths.longest()
    runs = lengths.runs("accuracy", last)
    for score in ("accuracy", "loss"):
        rho = lengths.spearman(score, last)
        rows.append((
            f"{title} ranks: Spearman by {score} after {last} epochs above 0",
            paper,
            f"{show(rho)}, {runs} runs; tau by epochs: {lengths.curve(score)}",
            verdict(rho.low, rho.high, runs),
        ))  # fmt: skip
    shorter = [epoch for epoch in lengths.epochs if 0 < epoch < last]
    for score in ("accuracy", "loss") if shorter else ():
        change = lengths.change(score, last, shorter[0])
        rows.append((
            f"... and better the longer it is trained: tau by {score} after {last} minus after {shorter[0]} epochs",
            "rises",
            show(change),
            verdict(change.low, change.high, runs),
        ))  # fmt: skip
    if 0 in lengths.epochs:
        rows.append(_untrained(lengths, last))
    for score in ("accuracy", "loss"):
        against = lengths.against_params(score, last)
        rows.append((
            f"(New) It ranks worse than counting parameters: tau by {score} minus that of the count",
            "-",
            show(against),
            verdict(-against.high, -against.low, runs, "better").replace(AGREES, "worse"),
        ))  # fmt: skip
    if len(shorter) > 1:
        pulls, above = lengths.between("loss", shorter[-1], last)
        rows.append((
            f"The bias is consistent: supernets of {shorter[-1]} and {last} epochs (different seeds) agree with each "
            f"other more than with the truth (tau by loss)",
            "map",
            f"{show(mean_over_runs(pulls))}; more by {show(above)}",
            verdict(above.low, above.high, runs),
        ))  # fmt: skip
    return rows


def _untrained(lengths: Lengths, last: int) -> Row:
    """The control of a loss that ranks: what is there before any training, with BN recalibrated."""
    change, untrained = lengths.change("loss", last, 0), lengths.tau("loss", 0)
    runs = lengths.runs("loss", last)
    return (
        f"(Control: what the structure alone ranks, untrained) tau by loss after {last} epochs minus untrained",
        "-",
        f"{show(change)}; untrained {show(untrained)}",
        verdict(change.low, change.high, runs, "training takes from it").replace(AGREES, "training adds to it"),
    )


def _size(size: dict) -> Row:
    """The size finding of one panel."""
    value, low, high = (size[f"truth_spearman{part}"] for part in ("", "_low", "_high"))
    return (
        "Truth correlates with parameters at .67 (Spearman)",
        ".67",
        show((value, low, high)),
        AGREES if low < 0.67 < high else verdict(low - 0.67, high - 0.67).replace(AGREES, "more"),
    )


@study("darts_predictions")
def darts() -> list[Finding]:
    """DARTS on CIFAR-10 at 16x16."""
    lengths, hours = Lengths("darts", DARTS_TRUTH), cost_of("darts_predictions")
    rows = _ranks(lengths, "DARTS-CIFAR10 ranks at moderate lengths", "Spearman .54 at 64 epochs", FEW)
    trained = [epoch for epoch in lengths.epochs if epoch and lengths.runs("accuracy", epoch) >= FEW]
    if len(trained) > 1:
        change = lengths.change("accuracy", trained[-1], trained[-2])
        rows.append((
            f"... and falls when trained longer: tau after {trained[-1]} minus after {trained[-2]} epochs below 0",
            "to about .2",
            show(change),
            verdict(-change.high, -change.low, lengths.runs("accuracy", trained[-1])),
        ))  # fmt: skip
    return [Finding("P2 darts", *row, hours) for row in rows]


@study("nb201_small")
def nb201() -> list[Finding]:
    """NAS-Bench-201 at 8x8."""
    lengths, hours = Lengths("nb201", None, "nb201_small"), cost_of("nb201_small")
    rows = _ranks(lengths, "NAS-Bench-201 ranks at 8x8", "Spearman .70 at 2,000 epochs")
    trained = [epoch for epoch in lengths.epochs if epoch and lengths.runs("accuracy", epoch) >= 3]
    if len(trained) > 1:
        change = lengths.change("accuracy", trained[-1], trained[0])
        rows.append((
            f"... and better the longer it is trained: tau after {trained[-1]} minus after {trained[0]} epochs",
            "rises",
            show(change),
            verdict(change.low, change.high, lengths.runs("accuracy", trained[-1])),
        ))  # fmt: skip
    return [Finding("P2 nb201", *row, hours) for row in rows]


@study("ptb_predictions")
def ptb() -> list[Finding]:
    """DARTS' recurrent cells; all of them have as many parameters, so one operation is counted."""
    lengths = Lengths("ptb", PTB_TRUTH)
    last = lengths.longest()
    estimate, panel = lengths.tau("perplexity", last), lengths.panel("perplexity", last)
    curve = lengths.curve("perplexity")
    relus = panel.architectures["architecture"].astype(str).str.count("relu").to_numpy(dtype=float)
    against = compare_with_fixed(
        lengths.pulls("perplexity", last), influence(relus, panel.truth), lengths.spread("perplexity")
    )
    rows: list[Row] = [
        (
            f"DARTS-PTB ranks at 0 or near it: tau by perplexity after {last} epochs below {number(LITTLE)}",
            "can be 0",
            f"{show(estimate)}; by epochs {curve}",
            within(estimate.low, estimate.high, -1.0, LITTLE),
        ),
        (
            "(New) It ranks worse than counting `relu` (chosen, of five free scores, on this truth): tau minus that of "
            "the count",
            "-",
            show(against),
            verdict(-against.high, -against.low, estimate.n_runs, "better").replace(AGREES, "worse"),
        ),
    ]
    return [Finding("P2 ptb", *row, cost_of("ptb_predictions")) for row in rows]


def _ranks(lengths: Lengths, title: str, paper: str, least: int = 3) -> list[Row]:
    """Does the longest length that as many runs have rank, by accuracy and by loss, and more than untrained?"""
    rows: list[Row] = []
    last = lengths.longest(least)
    for score in ("accuracy", "loss"):
        estimate = lengths.tau(score, last)
        finding = f"{title}: tau by {score} after {last} epochs above 0"
        decision = verdict(estimate.low, estimate.high, estimate.n_runs)
        rows.append((finding, paper, f"{show(estimate)}; by epochs {lengths.curve(score)}", decision))
    if 0 in lengths.epochs:
        rows.append(_untrained(lengths, last))
    return rows


STUDIES = (nb201_reference, nb201, nb101, darts, ptb)
