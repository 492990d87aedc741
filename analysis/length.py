"""P2: correlation against training length, for all spaces side by side, and the cross-run map between lengths.

    python -m analysis.length            # of the shipped predictions: seconds

The shipped predictions are made by `python -m analysis.reference SPACE train|score|collect`; the papers' lengths are 64
to 4,000 epochs of full-size images. Truths: what is in ../shared/data, for NAS-Bench-201 the analog-nasbench wheel, for
the 64 architectures P1's; and our own of architectures trained alone at the supernets' size.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.study import predictions_of, report_tables
from nasbias.correlation import analyse_correlation
from nasbias.correlation.cross_run import cross_run, map_lengths
from nasbias.terminal import Parser, add_format, command

SHARED = Path("../shared/data")
TRUTHS = {
    "nb201": [None],
    "nb101": [SHARED / "nb101_subset_val.parquet", "nb101_truth"],
    "darts": [SHARED / "darts_cifar10_anon2102.parquet", "darts_truth"],
    "ptb": [SHARED / "darts_ptb_anon2102.parquet", "ptb_truth"],
    "darts64": [SHARED / "deeper_insights_64_gt.parquet", "darts64_truth"],
}
SCORES = {"ptb": "perplexity"}
_SHOWN = ["n_runs", "n", "gt_tau", "gt_tau_low", "gt_tau_high", "taus", "spearman", "best_at_10"]
_HELD_AGAINST = [f"{name}{end}" for name in ("gt_tau", "spearman", "best_at_10") for end in ("", "_low", "_high")]


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog="python -m analysis.length", description=__doc__, example="python -m analysis.length")
    parser.add_argument("--paper", action="store_true", help="of predictions at the papers' size, once made")
    add_format(parser)
    given = parser.parse_args(argv)
    lengths, baselines, maps = [], [], []
    for space, truths in TRUTHS.items():
        score, path = SCORES.get(space, "accuracy"), predictions_of(space, given.paper)
        for truth in truths:
            result = analyse_correlation(path, truth, space=space, scores=[score])
            name = result.truth["name"]
            ceiling = result.ceiling["gt_tau"] if result.ceiling else float("nan")
            params = result.baselines.set_index("score").loc["params", "gt_tau"]
            about = {"params_tau": params, "ceiling": ceiling}
            lengths.append(result.lengths.assign(space=space, truth=name, **about))
            against = result.baselines.reindex(columns=["score", "n", *_HELD_AGAINST])
            baselines.append(against.assign(space=space, truth=name))
        runs = cross_run(path, space=space, scores=[score])
        for value in ("tau", "spearman"):
            table = map_lengths(runs, value)
            table.columns = [str(column) for column in table.columns]
            maps.append(table.reset_index().assign(space=space, value=value))
    table = pd.concat(lengths, ignore_index=True)
    shown = ["space", "truth", "epoch", *[name for name in _SHOWN if name in table], "params_tau", "ceiling"]
    table = table.loc[:, shown]
    between = pd.concat(maps, ignore_index=True)
    epochs = sorted((name for name in between.columns if name.isdecimal()), key=int)
    between = between.loc[:, ["space", "value", "epoch", *epochs]]
    against = pd.concat(baselines, ignore_index=True)
    against = against.loc[:, ["space", "truth", "score", "n", *_HELD_AGAINST]]
    tables = {"by training length": table, "baselines": against, "between lengths (mean over pairs of runs)": between}
    report_tables(f"length{'_paper' if given.paper else ''}", tables, given.format)
    return 0


if __name__ == "__main__":
    sys.exit(main())
