"""Which cells the nb101 reference runs are scored on: nb101_cells.txt beside this file, one a line.

    python -m analysis.nb101_cells ../shared/data/nb101_subset_val.parquet

Of the study's 95,985 labelled cells those whose isomorphism class has a truth in the given table, in random order, the
first of each class: the first 400. So every prediction meets a truth, and none meets it twice.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from nasbias.files import written_atomically
from nasbias.spaces import get_space
from nasbias.terminal import Parser, command, note
from nasbias.truth import load_truth

OUT = Path(__file__).with_name("nb101_cells.txt")


def draw_cells(truth: pd.DataFrame, n: int, seed: int = 0) -> list[str]:
    """`n` cells of the study, each of another isomorphism class that the truth has."""
    space = get_space("nb101")
    study = space.population("study")
    assert study is not None
    cells = space.decode(np.random.default_rng(seed).permutation(study))
    keys = pd.Series(space.truth_keys(cells.tolist()))
    known = keys.isin(set(space.truth_keys(truth["architecture"].tolist())))
    return cells[(known & ~keys.duplicated()).to_numpy()][:n].tolist()


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog="python -m analysis.nb101_cells", description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--n", type=int, default=400)
    arguments = parser.parse_args(argv)
    cells = draw_cells(load_truth("nb101", arguments.truth), arguments.n)
    with written_atomically(OUT) as temporary:
        temporary.write_text("\n".join(cells) + "\n")
    note(f"{OUT.name}: {len(cells)} cells")
    return 0


if __name__ == "__main__":
    sys.exit(main())
