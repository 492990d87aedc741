"""The densely scored runs of `analysis.orders` at the reduced size as a table in data/, for the figures.

python -m analysis.orders            # trains and scores; what is finished is not done again
python -m analysis.small_steps       # data/darts64_small_steps.parquet
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


def collect(runs: Path, out: Path = STUDIES.parent) -> int:
    """Write the table of the run folders `runs`/orders-dense-*; returns how many it holds.

    Raises:
        InputError: none of the runs is finished.
    """
    folders = [runs / f"orders-{run}" for run in plan(False) if run.startswith("dense-")]
    folders = [folder for folder in folders if (folder / "steps.parquet").exists()]
    if not folders:
        raise InputError(f"no densely scored run in {runs} is finished. Train them: python -m analysis.orders.")
    frames = [load_predictions(folder / "steps.parquet", "darts64") for folder in folders]
    table = pd.concat(frames, ignore_index=True).drop(columns="loss").astype({"accuracy": "float32"})
    about = {folder.name: json.loads((folder / "provenance.json").read_text()) for folder in folders}
    write_parquet(table, out / "darts64_small_steps.parquet", {"runs": about})
    return len(folders)


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    example = "python -m analysis.small_steps"
    parser = Parser(prog=example, description=__doc__, example=example)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of run folders (default: runs)")
    given = parser.parse_args(argv)
    say(f"data/darts64_small_steps.parquet: {collect(given.runs)} run(s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
