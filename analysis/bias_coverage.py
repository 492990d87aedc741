"""Do the intervals of operator effects hold where nothing is misjudged? Noise of the truth, and bias in pairs alone.

    python -m analysis.bias_coverage                   # NAS-Bench-201, the whole space: minutes
    python -m analysis.bias_coverage --n 1000 --draws 20

Three simulated supernets score the benchmark's own percentiles plus 20 points of seed noise. `noise`: the truth is
measured with that error (points of accuracy), which is stated or left unknown. `pairs`: all supernets share a bias of
pairs of operations of that root mean square (points of percentile), centred so that no single operation has any.
"""

import itertools
import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd
from nasbias.command import Parser, add_format, command, print_table, records, to_json

from nasbias.bias import measure_operator_bias
from nasbias.bias.effects import percentiles
from nasbias.matching import Panel, read_truth_column
from nasbias.spaces import get_space

TRUTH = "../shared/data/nb201_accuracy.parquet"
CASES = [
    ("noise", 0.0),
    ("noise", 0.25),
    ("noise", 0.5),
    ("noise", 1.0),
    ("pairs", 5.0),
    ("pairs", 15.0),
    ("pairs", 30),
]
SPACE = get_space("nb201")


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(
        prog="python -m analysis.bias_coverage",
        description=__doc__,
        example="python -m analysis.bias_coverage --n 1000",
    )
    parser.add_argument("--n", type=int, default=15_625, help="architectures (default: 15625)")
    parser.add_argument("--draws", type=int, default=6, help="simulations of each case (default: 6)")
    parser.add_argument("--seed", type=int, default=1000, help="of the first simulation (default: 1000)")
    add_format(parser)
    given = parser.parse_args(argv)
    table = measure_coverage(given.n, given.draws, given.seed)
    if given.format == "json":
        print(to_json(records(table)))
    else:
        print_table(table, title=f"{given.n:,} architectures, {given.draws} draws of 30 operations")
    return 0


def measure_coverage(n: int, draws: int, seed: int) -> pd.DataFrame:
    """Per case and stated noise: share of intervals that hold 0, of operations found, and the largest effect (mean)."""
    truth = read_truth_column(TRUTH, "nb201", dataset="cifar10", epochs=200)
    names, rows = np.asarray(truth.keys, dtype=object), []
    for kind, level in CASES:
        found: dict[str, list] = {}
        for draw in range(draws):
            rng = np.random.default_rng(seed + draw)
            chosen = rng.choice(len(names), n, replace=False) if n < len(names) else np.arange(len(names))
            true = truth.value[chosen]
            codes = np.asarray(SPACE.encode(names[chosen].tolist()), dtype=int)
            shift = _pairs(codes, level, rng) if kind == "pairs" else 0.0
            measured = true + (level if kind == "noise" else 0.0) * rng.normal(size=n)
            scores = percentiles(true) + shift + 20 * rng.normal(size=(3, n))
            described = pd.DataFrame({"architecture": names[chosen]})
            panel = Panel(
                SPACE, "score", None, None, [{}] * 3, scores, measured, np.empty((n, 0)), described, codes, 1, 1
            )
            stated = {"yes": level, "no": None} if kind == "noise" else {"yes": 0.0}
            for how, noise in stated.items():
                effects = measure_operator_bias(panel, truth_noise=noise)
                holds = (effects["score_effect_low"] <= 0) & (effects["score_effect_high"] >= 0)
                found.setdefault(how, []).append(
                    [holds.mean(), effects["found"].mean(), effects["score_effect"].abs().max()]
                )
        rows += [[kind, level, how, *np.mean(values, axis=0)] for how, values in found.items()]
    return pd.DataFrame(rows, columns=["case", "points", "noise_stated", "coverage", "found", "largest"])


def _pairs(codes: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    shift = np.zeros(len(codes))
    for i, j in itertools.combinations(range(codes.shape[1]), 2):
        table = rng.normal(size=(5, 5))
        table = table - table.mean(axis=0)
        table -= table.mean(axis=1, keepdims=True)
        shift += table[codes[:, i], codes[:, j]]
    return shift * level / shift.std()


if __name__ == "__main__":
    sys.exit(main())
