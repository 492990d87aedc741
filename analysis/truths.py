"""Ground truth of the 64 architectures at the size of the reduced supernets: each trained alone, by the same recipe.

    python -m analysis.truths --runs runs        # data/darts64_truth.parquet; about 40 CPU-minutes

P1 (arXiv 2001.01431) has ten seeds of 200 epochs; here are two of 4, on the 10,000 images that the supernets see.
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis.study import P1_REDUCED
from nasbias.provenance import count_cores
from nasbias.spaces import get_space
from nasbias.terminal import Parser, command, note, numbers

EPOCHS = 4


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog="python -m analysis.truths", description=__doc__, example="python -m analysis.truths")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of run folders (default: runs)")
    parser.add_argument("--seeds", type=numbers(int), default=(0, 1))
    parser.add_argument("--processes", type=int, default=count_cores())
    given = parser.parse_args(argv)
    from nasbias.campaigns.standalone import train_alone

    space = get_space("darts64")
    population = space.population()
    assert population is not None
    recipe = dataclasses.replace(P1_REDUCED, epochs=EPOCHS, order="uniform", valid_size=5000)
    everyone = list(space.decode(population))
    truth = Path(__file__).parents[1] / "data" / "darts64_truth.parquet"
    for seed in given.seeds:  # one whole seed after the other: what is there is a truth
        made = train_alone(
            recipe, everyone, [seed], given.runs / "darts64-truth", given.processes,
            lambda result, done, total: note(f"{done}/{total} {result['architecture']} {result['valid_accuracy']:.2f}"),
        )  # fmt: skip
        truth.write_bytes(made.read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
