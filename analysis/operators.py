"""P2: size, operator and connection bias of NAS-Bench-201 supernets, on the whole space; size bias in every space.

    python -m analysis.operators         # of the shipped predictions: seconds

The same tables of one's own predictions: python -m nasbias.bias --space nb201 --predictions ...
"""

import sys
from collections.abc import Sequence

import pandas as pd

from analysis.length import SCORES, TRUTHS
from analysis.study import predictions_of, report_tables
from nasbias.bias import analyse_bias, measure_size_bias
from nasbias.bias.truth_noise import known_noise
from nasbias.matching import match, select_panel
from nasbias.terminal import Parser, add_format, command


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog="python -m analysis.operators", description=__doc__, example="python -m analysis.operators")
    parser.add_argument("--paper", action="store_true", help="of predictions at the papers' size, once made")
    add_format(parser)
    given = parser.parse_args(argv)
    sizes = []
    for space, truths in TRUTHS.items():
        for truth in truths:
            matched = match(
                predictions_of(space, given.paper), truth, space=space, scores=[SCORES.get(space, "accuracy")]
            )
            size = measure_size_bias(select_panel(matched), known_noise(matched.truth))["params"]
            sizes.append(_size_row(space, matched.truth.name, size))
    tables: dict[str, pd.DataFrame] = {"size (parameters)": pd.DataFrame(sizes)}
    whole = predictions_of("nb201", given.paper, "predictions" if given.paper else "predictions_whole")
    for score in ("accuracy", "loss"):
        bias = analyse_bias(match(whole, None, space="nb201", scores=[score]), score=score)
        tables |= {f"operators by {score}": bias.operators, f"decomposition by {score}": bias.decomposition}
        tables[f"correction by {score}"] = bias.correction
        tables[f"deciles of parameters by {score}"] = pd.DataFrame(bias.size["params"]["deciles"])
    report_tables(f"operators{'_paper' if given.paper else ''}", tables, given.format)
    return 0


def _size_row(space: str, truth: str, size: dict) -> dict:
    row = {"space": space, "truth": truth}
    return row | {name: value for name, value in size.items() if name != "deciles"}


if __name__ == "__main__":
    sys.exit(main())
