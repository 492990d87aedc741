"""`python -m nasbias.sweep PLAN`: every run of a plan trained, scored and studied, here or on a cluster.

Killed or interrupted, it goes on by the same command; what is done is not done again. The plan is a TOML file:
[training] for all runs, [grid] lists that are combined, [score] and [study]; see nasbias/sweep/plan.py.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nasbias.errors import InputError, missing_extra
from nasbias.files import records, to_json
from nasbias.options import THREADS, number
from nasbias.sweep import Plan, read_plan, read_status, sweep
from nasbias.terminal import Parser, add_table_options, bar, command, duration, note, print_table, resumable, say

PROG = "python -m nasbias.sweep"


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    given = _parser().parse_args(argv)
    plan = read_plan(given.plan)
    out = given.out or given.plan.with_suffix("")
    if given.dry_run:
        from nasbias.sweep.cost import estimate

        return _print(estimate(plan, out, given.processes), f"{out}: nothing was written", given)
    if given.status:
        return _print_status(read_status(plan, out), out, given)
    table = _carry_out(plan, out, given, argv)
    _print_status(table, out, given)
    if given.format == "table":
        _say_next(plan, table, out)
    return 0 if set(table["state"]) <= {"done"} else 1


def _carry_out(plan: Plan, out: Path, given: argparse.Namespace, argv: Sequence[str]) -> pd.DataFrame:
    status = shlex.join([*PROG.split(), *argv, "--status"])
    where = {"scheduler": given.scheduler, "processes": given.processes, "resources": _resources(given.resources)}
    try:
        with resumable(PROG, argv), bar() as show:
            return sweep(
                plan,
                out,
                **where,
                begin=lambda left, total: note(f"{left:,} of {total:,} runs to do; how far each is: {status}"),
                report=_Teller(show),
            )
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise missing_extra(error.name, "sweep") from None


class _Teller:
    """Tells of every run that ends, and how long the others will take at the pace so far."""

    def __init__(self, show: Callable[[float, float, str], None]) -> None:
        self.show, self.began, self.ended = show, time.monotonic(), 0

    def __call__(self, name: str, outcome: str, ended: int, total: int) -> None:
        self.ended += 1
        note(f"{ended:>{len(str(total))}}/{total}  {name}  {outcome}")
        left = (time.monotonic() - self.began) / self.ended * (total - ended)
        self.show(ended, total, f"{ended:,}/{total:,} runs  about {duration(left)} left")


def _say_next(plan: Plan, table: pd.DataFrame, out: Path) -> None:
    states = set(table["state"])
    if "failed" in states:
        say(f"why, with tracebacks: {out / 'errors'}; the same command tries them again.")
    if "done" in states:
        for study in plan.studies:
            say(f"{study}: {out / study}.json")
        if plan.items[0].score is not None:
            space = plan.items[0].config.space
            print(f"next: python -m nasbias.correlation --space {space} --predictions {shlex.quote(str(out))}/runs/*")


def _parser() -> Parser:
    parser = Parser(prog=PROG, description=__doc__, example=f"{PROG} plan.toml --processes 4")
    parser.add_argument("plan", type=Path, metavar="PLAN", help="plan file")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="the sweep's folder (default: PLAN without .toml)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a dask scheduler or its file (default: this machine)")
    parser.add_argument("--processes", type=number(int, THREADS), help="workers here (default: one per core)")
    parser.add_argument("--resources", metavar="NAME=N", help="what a run asks of its worker, as GPU=1 (default: none)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="only say what it would cost here (default: no)")
    what.add_argument("--status", action="store_true", help="only say how far it is (default: no)")
    add_table_options(parser)
    return parser


def _resources(text: str | None) -> dict[str, float]:
    if not text:
        return {}
    name, _, value = text.partition("=")
    try:
        return {name: float(value)}
    except ValueError:
        raise InputError(f"--resources {text!r}: the form is NAME=N, such as GPU=1.") from None


def _print_status(table: pd.DataFrame, out: Path, given: argparse.Namespace) -> int:
    counts = table["state"].value_counts()
    told = ", ".join(
        f"{counts[state]:,} {state}" for state in ("done", "running", "failed", "waiting") if state in counts
    )
    if given.format == "table" and not any(table["error"]):
        table = table.drop(columns="error")
    # why a run failed comes before what a narrow screen has no room for
    return _print(table, f"{out}: {told}", given, ["run", "state", "error", "epoch", "epochs", "seconds"])


def _print(table: pd.DataFrame, title: str, given: argparse.Namespace, columns: Sequence[str] | None = None) -> int:
    if given.format == "json":
        print(to_json(records(table)))
        return 0
    print_table(table, title, wide=given.wide, names=["run"], columns=columns)
    if "minutes" in table:
        total: Any = table.loc[table["state"] != "done", "minutes"].sum()
        workers = table.attrs["processes"]
        say(f"about {duration(60 * total)} of work, {duration(60 * total / workers)} with {workers} processes.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
