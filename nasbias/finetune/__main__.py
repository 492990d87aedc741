"""`python -m nasbias.finetune RUN`: tune each architecture alone from a checkpoint and follow the ranking."""

from collections.abc import Sequence
from pathlib import Path

from nasbias.files import to_json
from nasbias.finetune import FineTuned, Tuning, finetune_run
from nasbias.matching import add_truth_options
from nasbias.terminal import Parser, add_fields, add_table_options, command, fields_of, note, print_table, say

_SHOWN = (0, 1, 2, 5, 10, 20, 50, 64, 100, 200, 500, 1000)


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(
        prog="python -m nasbias.finetune",
        description="Tune each architecture alone from a checkpoint; GT-Tau per mini-batch. --truth none only tunes.",
        example="python -m nasbias.finetune runs/darts64-0 --epoch 100 --steps 64",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder of a supernet")
    add_fields(parser, Tuning)
    add_truth_options(parser)
    add_table_options(parser)
    given = parser.parse_args(argv)
    columns = {name: getattr(given, name) for name in ("dataset", "split", "epochs")}
    tuned = finetune_run(given.run, Tuning(**fields_of(Tuning, given)), given.truth, report=_tell, **columns)
    if given.format == "json":
        print(to_json(tuned.to_plain()))
    else:
        _print(tuned, given.wide, given.steps)
    return 0


def _tell(architecture: str, finished: int, total: int) -> None:
    note(f"{finished:>{len(str(total))}}/{total}  {architecture}")


def _print(tuned: FineTuned, wide: bool, last: int) -> None:
    title = f"{tuned.path}: {tuned.table['architecture'].nunique():,} architectures tuned from epoch {tuned.epoch}"
    if tuned.truth is None:
        say(title)
        return
    print_table(
        tuned.curve.loc[tuned.curve["step"].isin([*_SHOWN, last])],
        f"{title}; against {tuned.truth['name']}, {tuned.truth['split']}",
        wide=wide,
        columns=["score", "step", "n_runs", "n", "gt_tau", "low", "high", "t1r", "t3r"],
        forms={"t1r": ".0f", "t3r": ".0f"},
        legend={
            "step": "mini-batches of its own that each architecture was trained for",
            "gt_tau": "Kendall's tau with the truth, mean over runs; low, high: its 95 % interval",
            "t1r": "true rank of the one ranked first; t3r: the best of the first three",
        },
    )


if __name__ == "__main__":
    raise SystemExit(main())
