"""How many images BN recalibration needs: rankings by fewer images against the ranking by the most.

    python -m analysis.recalibration runs/nb201-0064-0

Prints, per number of images, Kendall tau with the ranking by the largest number (accuracy and loss) and the mean
absolute difference of the accuracy, on the same architectures and the same validation images.
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from nasbias.files import records, to_json
from nasbias.spaces import get_space
from nasbias.statistics.metrics import kendall_tau
from nasbias.terminal import Parser, add_format, command, note, numbers, print_table


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(
        prog="python -m analysis.recalibration", description=__doc__, example="python -m analysis.recalibration RUN"
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--images", type=numbers(int), default=(32, 64, 128, 256, 512, 1024, 4096))
    parser.add_argument("--sample", type=int, default=200, help="architectures")
    parser.add_argument("--valid-size", type=int, default=1000, help="validation images")
    add_format(parser)
    given = parser.parse_args(argv)

    from nasbias.runs import RunFolder
    from nasbias.scoring.workers import Scorer, Settings
    from nasbias.threads import use_threads

    use_threads(1)
    config = RunFolder(given.run).config
    architectures = get_space(config.space).sample(given.sample, 0, config.subset)
    settings = Settings(given.run, valid_size=given.valid_size)
    tables: dict[int, pd.DataFrame] = {}
    for images in sorted(given.images):
        scorer = Scorer(dataclasses.replace(settings, recalibration_images=images))
        tables[images] = scorer.score(config.epochs, architectures)
        note(f"{images} images: scored")
    best = tables[max(tables)]
    rows = [
        {
            "images": images,
            "tau_accuracy": kendall_tau(table["accuracy"].to_numpy(), best["accuracy"].to_numpy()),
            "tau_loss": kendall_tau(table["loss"].to_numpy(), best["loss"].to_numpy()),
            "accuracy_difference": (table["accuracy"] - best["accuracy"]).abs().mean(),
        }
        for images, table in tables.items()
    ]
    table = pd.DataFrame(rows)
    if given.format == "json":
        print(to_json(records(table)))
    else:
        print_table(table, title=f"{given.run.name}: {given.sample} architectures against {max(tables)} images")
    return 0


if __name__ == "__main__":
    sys.exit(main())
