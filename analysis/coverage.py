"""Do the 95 % intervals of tau hold what they promise? A simulation with a known answer.

    python -m analysis.coverage                  # minutes; writes data/coverage.json
    python -m analysis.coverage --quick          # seconds, to see that it runs

Architectures have a normal truth; each supernet scores truth + a bias that all supernets share + noise of its own,
whose amplitude differs between supernets (so each has a tau of its own). For normal variables tau is 2/pi asin(r), so
what an interval should cover is known exactly: with one run this supernet's tau over the space, with several the mean
over all supernets that the recipe could give.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nasbias.files import records, to_json, written_atomically
from nasbias.provenance import describe_provenance
from nasbias.statistics import influence, mean_over_runs
from nasbias.terminal import Parser, add_format, command, print_table, progress

SIMULATIONS = {64: 4000, 1_000: 1500, 15_625: 250}  # about three minutes of one core in all
RUNS = (1, 3, 10)
SPREADS = (0.0, 0.2)  # of log noise amplitude between supernets: none, and an sd of tau of about .05
SHARED, NOISE = 0.5, 1.0


def expected_tau(amplitude: np.ndarray | float) -> np.ndarray:
    """tau of truth and truth + shared bias + noise of this amplitude, over all architectures."""
    return 2 / np.pi * np.arcsin(1 / np.sqrt(1 + SHARED**2 + np.square(amplitude)))


def mean_tau(spread: float) -> float:
    """Mean of `expected_tau` over supernets, by Gauss-Hermite quadrature over their log amplitude."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    return float(np.average(expected_tau(NOISE * np.exp(spread * nodes)), weights=weights))


def measure_coverage(n: int, runs: int, spread: float, simulations: int, generator: np.random.Generator) -> dict:
    """Share of intervals that cover; beside it that of the interval that resamples architectures only."""
    hits = np.zeros((simulations, 2), dtype=bool)
    widths = np.empty(simulations)
    for i in range(simulations):
        truth = generator.normal(size=n)
        shared = truth + SHARED * generator.normal(size=n)
        amplitudes = NOISE * np.exp(spread * generator.normal(size=runs))
        scores = shared + amplitudes[:, None] * generator.normal(size=(runs, n))
        pulls = [influence(score, truth) for score in scores]
        estimate = mean_over_runs(pulls)
        target = float(expected_tau(amplitudes[0])) if runs == 1 else mean_tau(spread)
        # What a bootstrap over architectures of the mean tau would give: no part for the runs.
        together = np.mean([pull.pull for pull in pulls], axis=0)
        half = 1.96 * np.sqrt(together @ together)
        low, high = np.tanh(np.arctanh(estimate.value) + np.array([-half, half]))
        hits[i] = estimate.low <= target <= estimate.high, low <= target <= high
        widths[i] = estimate.high - estimate.low
    coverage, alone = hits.mean(axis=0)
    return {
        "n": n,
        "runs": runs,
        "spread": spread,
        "simulations": simulations,
        "coverage": float(coverage),
        "error": float(np.sqrt(coverage * (1 - coverage) / simulations)),
        "width": float(widths.mean()),
        "coverage_architectures_only": float(alone),
    }


@command
def main(argv: Sequence[str]) -> int:
    parser = Parser(
        prog="python -m analysis.coverage",
        description="Coverage of the 95 % intervals of tau, by number of architectures and of runs.",
        example="python -m analysis.coverage --quick",
    )
    parser.add_argument("--quick", action="store_true", help="a twentieth of the simulations, nothing written")
    parser.add_argument("--seed", type=int, default=0, help="of the simulation (default: 0)")
    parser.add_argument("--out", default="data/coverage.json", help="result file (default: data/coverage.json)")
    add_format(parser)
    given = parser.parse_args(argv)
    generator = np.random.default_rng(given.seed)
    cases = [(n, runs, spread) for n in SIMULATIONS for runs in RUNS for spread in (SPREADS if runs > 1 else (0.2,))]
    rows = [
        measure_coverage(n, runs, spread, max(SIMULATIONS[n] // (20 if given.quick else 1), 20), generator)
        for n, runs, spread in progress(cases, "simulating")
    ]
    table = pd.DataFrame(rows)
    if not given.quick:
        document = {"rows": records(table), "provenance": describe_provenance(seed=given.seed)}
        with written_atomically(given.out) as temporary:
            temporary.write_text(to_json(document))
    if given.format == "json":
        print(to_json(records(table)))
    else:
        print(f"coverage of the 95 % intervals: {table['coverage'].min():.3f} to {table['coverage'].max():.3f}")
        print_table(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
