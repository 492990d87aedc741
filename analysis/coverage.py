"""Do the 95 % intervals of tau hold what they promise? A simulation with a known answer.

    python -m analysis.coverage                  # some minutes of one core; writes data/coverage.json
    python -m analysis.coverage --quick          # seconds, to see that it runs
    python -m analysis.coverage --others         # only differences of recipes and many estimates; the rest stays

Architectures have a normal truth; each supernet scores truth + a bias that all supernets share + noise of its own,
whose amplitude differs between supernets (`spread`, so each has a tau of its own). For normal variables tau is
2/pi asin(r), so what an interval should cover is known exactly: with one run this supernet's tau over the space, with
several the mean over all supernets that the recipe could give. Cases:

* one length: 2, 3, 5, 10 runs alone know the seed's spread
* four lengths of other runs each, whose noise falls from twice to once; the seed's spread is pooled over them
* four checkpoints of the same runs, whose amplitudes stay alike (correlation .5)
* unequal runs: 1, 2, 3 and 5 at the four lengths; each is judged
* counts: scores are right answers among 100 or 1,000 images (percentages with a spread of 5 points), so they tie
* failures: each run fails with probability 1/5 and then ranks at random

Others than the mean tau, of runs at one length: `compare_runs`, the difference to a recipe of a third more noise,
`compare_same_runs`, the same runs before, with a third more noise, half of it kept, and `combine_runs`, 1 and 30 means
that seeds move as much as architectures do.
"""

import functools
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from nasbias.files import records, to_json, written_atomically
from nasbias.provenance import describe_provenance
from nasbias.statistics import (
    Spread,
    combine_runs,
    compare_runs,
    compare_same_runs,
    influence,
    mean_over_runs,
    spread_of,
)
from nasbias.terminal import Parser, add_format, command, print_table, progress, say

SIMULATIONS = {20: 1000, 64: 1000, 1_000: 800, 15_625: 120}  # seven minutes of one core in all
SPREADS = (0.0, 0.2)  # of log noise amplitude between supernets: none, and an sd of tau of about .05
SHARED, NOISE = 0.5, 1.0
LENGTHS = (2.0, 1.6, 1.3, 1.0)  # noise at four training lengths, in units of NOISE; the last is judged
UNEQUAL = (1, 2, 3, 5)
DIFFERING = (1.0, 4 / 3)  # noise of two recipes
OTHERS = 600  # simulations of a cell of 20 or 64 architectures; half of it with 1,000
POINTS = 5.0  # standard deviation of the scores where they are counted, in per cent


@dataclass(frozen=True)
class Case:
    """What is simulated: `n` architectures, `runs` at each of `lengths` (noise of each), `images` that score (0:
    exact), `same` runs at all lengths or others, probability `failing` that a run ranks at random."""

    name: str
    n: int
    runs: tuple[int, ...]
    spread: float
    lengths: tuple[float, ...] = (1.0,)
    images: int = 0
    same: bool = False
    failing: float = 0.0


def cases() -> list[Case]:
    """Every cell of the table."""
    found = []
    for n in SIMULATIONS:
        found.append(Case("one run", n, (1,), 0.2))
        for spread in SPREADS:
            for runs in (2, 3, 5, 10):
                if n < 15_625 or runs < 10:
                    found.append(Case("one length", n, (runs,), spread))
            for runs in (2, 3, 5) if n < 15_625 else (2, 3):
                found.append(Case("four lengths", n, (runs,) * 4, spread, LENGTHS))
        if n < 15_625:
            found.append(Case("four checkpoints", n, (2,) * 4, 0.2, LENGTHS, same=True))
            found.append(Case("four checkpoints", n, (3,) * 4, 0.2, LENGTHS, same=True))
            found += [Case(f"unequal, {runs}", n, _last(runs), 0.2, LENGTHS) for runs in UNEQUAL]
            for images in (100, 1_000):
                found.append(Case(f"{images} images", n, (3,) * 4, 0.2, LENGTHS, images))
            found.append(Case("one in five fails", n, (5,), 0.2, failing=0.2))
            found.append(Case("one in five fails, four lengths", n, (5,) * 4, 0.2, LENGTHS, failing=0.2))
    return found


def expected_tau(amplitude: np.ndarray | float) -> np.ndarray:
    """tau of truth and truth + shared bias + noise of this amplitude, over all architectures."""
    return 2 / np.pi * np.arcsin(1 / np.sqrt(1 + SHARED**2 + np.square(amplitude)))


@functools.cache
def mean_tau(spread: float, noise: float = 1.0, images: int = 0) -> float:
    """Mean of tau over supernets, by Gauss-Hermite quadrature over their log amplitude.

    Counted scores: tau-b of 200,000 architectures at each node, good to .002.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(40 if not images else 7)
    amplitudes = NOISE * noise * np.exp(spread * nodes)
    if not images:
        return float(np.average(expected_tau(amplitudes), weights=weights))
    generator = np.random.default_rng(7)
    taus = []
    for amplitude in amplitudes:
        truth, shared = draw_space(200_000, generator)
        taus.append(influence(draw_score(shared, amplitude, images, generator), truth).tau)
    return float(np.average(taus, weights=weights))


def draw_space(n: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Truth [n], and what every supernet makes of it."""
    truth = generator.normal(size=n)
    return truth, truth + SHARED * generator.normal(size=n)


def draw_score(shared: np.ndarray, amplitude: float, images: int, generator: np.random.Generator) -> np.ndarray:
    """One supernet's scores [n]; of `images` a count of right answers."""
    score = shared + amplitude * generator.normal(size=len(shared))
    if not images:
        return score
    share = 50 + POINTS * score / np.sqrt(1 + SHARED**2 + amplitude**2)
    return np.round(np.clip(share, 0, 100) / 100 * images)


def measure_coverage(case: Case, simulations: int, generator: np.random.Generator) -> dict:
    """Share of intervals that cover; beside it that of the interval that resamples architectures only."""
    hits = np.zeros((simulations, 2), dtype=bool)
    widths = np.empty(simulations)
    target = (1 - case.failing) * mean_tau(case.spread, case.lengths[-1], case.images)
    for i in range(simulations):
        lengths, names, amplitude = _draw(case, generator)
        judged = lengths[-1]
        spread: Spread | None = spread_of(lengths, names)
        estimate = mean_over_runs(judged, spread)
        if case.runs == (1,):
            target = float(expected_tau(amplitude))
        # What a bootstrap over architectures of the mean tau would give: no part for the runs.
        together = np.mean([pull.pull for pull in judged], axis=0)
        half = 1.96 * np.sqrt(together @ together)
        low, high = np.tanh(np.arctanh(estimate.value) + np.array([-half, half]))
        hits[i] = estimate.low <= target <= estimate.high, low <= target <= high
        widths[i] = estimate.high - estimate.low
    coverage, alone = hits.mean(axis=0)
    return {
        "case": case.name,
        "n": case.n,
        "runs": case.runs[-1],
        "spread": case.spread,
        "simulations": simulations,
        "coverage": float(coverage),
        "error": float(np.sqrt(max(coverage * (1 - coverage), 0.5 / simulations) / simulations)),
        "width": float(widths.mean()),
        "coverage_architectures_only": float(alone),
    }


def measure_others(simulations: int, seed: int) -> list[dict]:
    """Coverage of the functions above: rows of `function, n, runs, spread` (or `estimates`)."""
    rows = []
    differences = {"compare_runs": _covers_difference, "compare_same_runs": _covers_change}
    for (name, covers), n, runs, spread in itertools.product(differences.items(), (20, 64, 1_000), (2, 3, 5), SPREADS):
        generator = np.random.default_rng([seed, n, runs, round(10 * spread)])
        hits = [covers(n, runs, spread, generator) for _ in range(simulations if n < 1_000 else simulations // 2)]
        rows.append({"function": name, "n": n, "runs": runs, "spread": spread, **_share(hits)})
    for n, runs, estimates in itertools.product((64, 1_000), (2, 3, 5), (1, 30)):
        generator = np.random.default_rng([seed, n, runs, estimates])
        hits = [
            _cover_means(n, runs, estimates, generator) for _ in range(simulations if n < 1_000 else simulations // 2)
        ]
        rows.append({"function": "combine_runs", "n": n, "runs": runs, "estimates": estimates, **_share(hits)})
    return rows


def _covers_difference(n: int, runs: int, spread: float, generator: np.random.Generator) -> bool:
    truth, shared = draw_space(n, generator)

    def train(noise: float) -> list:
        amplitudes = (noise * float(np.exp(spread * generator.normal())) for _ in range(runs))
        return [influence(draw_score(shared, each, 0, generator), truth) for each in amplitudes]

    found = compare_runs(train(DIFFERING[0]), train(DIFFERING[1]))
    first, second = (mean_tau(spread, noise) for noise in DIFFERING)
    return found.low <= first - second <= found.high


def _covers_change(n: int, runs: int, spread: float, generator: np.random.Generator) -> bool:
    truth, shared = draw_space(n, generator)
    sides: tuple[list, list] = [], []
    for _ in range(runs):
        amplitude = float(np.exp(spread * generator.normal()))
        kept = generator.normal(size=n)
        for side, noise in zip(sides, DIFFERING):
            own = np.sqrt(0.5) * (kept + generator.normal(size=n))
            side.append(influence(shared + noise * amplitude * own, truth))
    found = compare_same_runs(*sides)
    first, second = (mean_tau(spread, noise) for noise in DIFFERING)
    return found.low <= first - second <= found.high


def _cover_means(n: int, runs: int, estimates: int, generator: np.random.Generator) -> float:
    """Share of the intervals that cover 0: means over n of what all runs share, what each adds, and its seed."""
    common = generator.normal(size=(n, estimates))
    values = common + generator.normal(size=(runs, n, estimates))
    seeds = generator.normal(size=(runs, estimates)) / np.sqrt(n)
    means = values.mean(axis=1)
    found = combine_runs(means + seeds, (values - means[:, None]) / n)
    return float(((found.low <= 0) & (found.high >= 0)).mean())


def _share(hits: Sequence[float]) -> dict[str, float]:
    return {"coverage": float(np.mean(hits)), "error": float(np.std(hits) / np.sqrt(len(hits)))}


def _draw(case: Case, generator: np.random.Generator) -> tuple[list[list], list[list], float]:
    """Influences and names of the runs of every length, over one draw of architectures; the last run's amplitude."""
    truth, shared = draw_space(case.n, generator)
    own = generator.normal(size=max(case.runs))  # what a run keeps over its checkpoints
    lengths, names, amplitude = [], [], 0.0
    for length, (noise, runs) in enumerate(zip(case.lengths, case.runs)):
        pulls = []
        for run in range(runs):
            deviation = generator.normal()
            if case.same:
                deviation = (own[run] + deviation) / np.sqrt(2)
            amplitude = NOISE * noise * float(np.exp(case.spread * deviation))
            score = draw_score(shared, amplitude, case.images, generator)
            if generator.random() < case.failing:
                score = generator.normal(size=case.n)
            pulls.append(influence(score, truth))
        lengths.append(pulls)
        names.append([run if case.same else (length, run) for run in range(runs)])
    return lengths, names, amplitude


def _last(runs: int) -> tuple[int, ...]:
    return (*(other for other in UNEQUAL if other != runs), runs)


@command
def main(argv: Sequence[str]) -> int:
    parser = Parser(
        prog="python -m analysis.coverage",
        description="Coverage of the 95 % intervals of tau, by number of architectures and of runs.",
        example="python -m analysis.coverage --quick",
    )
    parser.add_argument("--others", action="store_true", help="only those others (default: all)")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the simulations, nothing written")
    parser.add_argument("--seed", type=int, default=0, help="of the simulation (default: 0)")
    parser.add_argument("--out", default="data/coverage.json", help="result file (default: data/coverage.json)")
    add_format(parser)
    given = parser.parse_args(argv)
    others = pd.DataFrame(measure_others(10 if given.quick else OTHERS, given.seed))
    if given.others:
        if not given.quick:
            _write(given.out, json.loads(Path(given.out).read_text()) | {"others": records(others)})
        print_table(others)
        return 0
    rows = [
        measure_coverage(
            case, max(SIMULATIONS[case.n] // (100 if given.quick else 1), 2), np.random.default_rng([given.seed, place])
        )
        for place, case in enumerate(progress(cases(), "simulating"))
    ]
    table = pd.DataFrame(rows)
    if not given.quick:
        _write(
            given.out,
            {"rows": records(table), "others": records(others), "provenance": describe_provenance(seed=given.seed)},
        )
    if given.format == "json":
        print(to_json(records(table)))
    else:
        within = table["coverage"].between(0.93, 0.97).sum()
        say(
            f"coverage of the 95 % intervals: {table['coverage'].min():.3f} to {table['coverage'].max():.3f}; "
            f"{within} of {len(table)} cells within .93 to .97"
        )
        print_table(table, columns=["case", "n", "runs", "spread", "coverage", "error", "width"])
        print_table(others)
    return 0


def _write(out: str, document: dict) -> None:
    with written_atomically(out) as temporary:
        temporary.write_text(to_json(document))


if __name__ == "__main__":
    raise SystemExit(main())
