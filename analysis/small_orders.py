"""The finished runs of `analysis.orders` at the reduced size as two tables in data/, for the figures.

python -m analysis.orders            # trains and scores; what is finished is not done again
python -m analysis.small_orders      # data/darts64_small_orders.parquet and darts64_small_steps.parquet
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.orders import plan
from analysis.study import STUDIES
from nasbias.errors import InputError
from nasbias.tables import load_predictions, write_parquet
from nasbias.terminal import Parser, command, say

TABLES = {"darts64_small_orders": "predictions.parquet", "darts64_small_steps": "steps.parquet"}


def collect(runs: Path, out: Path = STUDIES.parent) -> dict[str, int]:
    """Write both tables of the run folders `runs`/orders-*; returns how many runs each holds.

    Raises:
        InputError: none of the runs is finished.
    """
    counts = {}
    for name, file in TABLES.items():
        folders = [folder for run in plan(False) if (folder := runs / f"orders-{run}") and (folder / file).exists()]
        if not folders:
            raise InputError(f"no finished run in {runs} has {file}. Train them: python -m analysis.orders.")
        frames = [load_predictions(folder / file, "darts64") for folder in folders]
        table = pd.concat(frames, ignore_index=True)
        scores = ["accuracy"] if file == "steps.parquet" else ["accuracy", "loss"]
        kept = [column for column in table if column not in ("accuracy", "loss") or column in scores]
        table = table[kept].astype(dict.fromkeys(scores, "float32"))
        about = {folder.name: json.loads((folder / "provenance.json").read_text()) for folder in folders}
        write_parquet(table, out / f"{name}.parquet", {"runs": about})
        counts[name] = len(folders)
    return counts


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    example = "python -m analysis.small_orders"
    parser = Parser(prog=example, description=__doc__, example=example)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of run folders (default: runs)")
    given = parser.parse_args(argv)
    for name, count in collect(given.runs).items():
        say(f"data/{name}.parquet: {count} runs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
