"""Which architectures the darts reference runs are scored on: the uniform sample among P2's stand-alone trainings.

python -m analysis.darts_cells ../shared/data/darts_cifar10_anon2102.parquet   # writes runs/darts_uniform.txt
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from nasbias.files import written_atomically
from nasbias.progress import note
from nasbias.tables import select_truth
from nasbias.terminal import Parser, command
from nasbias.truth import load_truth

OUT = Path("runs/darts_uniform.txt")


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog="python -m analysis.darts_cells", description=__doc__)
    parser.add_argument("truth", type=Path)
    cells = select_truth(load_truth("darts", parser.parse_args(argv).truth), sample="uniform")["architecture"]
    with written_atomically(OUT) as temporary:
        temporary.write_text("\n".join(cells) + "\n")
    note(f"{OUT}: {len(cells)} architectures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
