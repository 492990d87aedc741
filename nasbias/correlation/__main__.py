"""`python -m nasbias.correlation`: how well supernets rank a space."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from nasbias.correlation import Correlation, analyse_correlation, wording
from nasbias.correlation.comparison import compare_supernets
from nasbias.correlation.cross_run import cross_run, map_lengths
from nasbias.files import records, to_json, write_table, written_atomically
from nasbias.matching import MatchOptions, add_match_options, match_options
from nasbias.numerals import short
from nasbias.terminal import Parser, add_table_options, command, note, print_facts, print_table, say


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    given = _parser().parse_args(argv)
    if given.cross_run:
        table = cross_run(given.predictions, space=given.space, scores=given.scores)
        print_cross_run(table, given.space, given.format, given.out)
        return 0
    options = match_options(given) | MatchOptions(scores=given.scores)
    if given.against:
        table = compare_supernets(given.predictions, given.against, given.truth, **options)
        print_comparison(table, given.space, given.format, given.out, given.wide)
        return 0
    result = analyse_correlation(given.predictions, given.truth, **options)
    for run, count in result.n_not_joined.items():
        note(f"nasbias: {count:,} architecture(s) of {run} have no truth in {result.truth['name']}: not counted.")
    if given.out is not None:
        write_correlation(result, given.out)
    if given.format == "json":
        print(to_json(result.to_plain()))
    elif given.format == "csv":
        result.rows.to_csv(sys.stdout, index=False)
    else:
        print_correlation(result, per_run=given.per_run, wide=given.wide)
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nasbias.correlation",
        description="How well supernets rank a space: their scores against ground truth, per training length.",
        example="python -m nasbias.correlation --space nb201 --predictions mine.csv --truth NAME --format json",
    )
    add_match_options(parser)
    parser.add_argument(
        "--score", dest="scores", nargs="+", metavar="SCORE", help="score columns to use (default: all)"
    )
    parser.add_argument("--per-run", action="store_true", help="print every run, not means per length (default: no)")
    parser.add_argument("--cross-run", action="store_true", help="correlate the runs with each other (default: no)")
    parser.add_argument(
        "--against", nargs="+", metavar="PATH", help="a second supernet's: is the first one better? (default: none)"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="also write the rows (.csv, .parquet) or the document (.json) (default: none)"
    )
    add_table_options(parser, "table", "json", "csv")
    return parser


def print_correlation(result: Correlation, per_run: bool = False, wide: bool = False) -> None:
    """Print the answer, a table per score and one of what to hold them against, the legend, and the way on."""
    say(wording.answer(result))
    print()
    for line in wording.evidence(result):
        say(line)
    shown: list[str] = []
    for title, table in wording.blocks_of(result, per_run, wide):
        print()
        forms = {name: short for name in ("tau", "valid", "rho", "sparse", "P@5", "|params") if name in table}
        forms |= {name: ".0f" for name in ("top1", "top3") if name in table} | {"best@10": ".2f"}
        print_table(table, title, forms=forms, wide=wide or None)
        shown += [name for name in table if name not in shown]
    print()
    print_facts({name: text for name, text in wording.legend().items() if name in shown})
    for line in wording.remarks(result):
        say(line)
    for text in dict.fromkeys(result.rows["reason"]):
        if text:
            say(f"'-': {text}.")
    print()
    say(wording.next_step(result, per_run))


def print_comparison(table: pd.DataFrame, space: str, format: str, out: str | None, wide: bool = False) -> None:
    """Print the answer and the rows (JSON, CSV or for people); write the rows to `out`."""
    if out is not None:
        write_table(table, out)
    if format == "json":
        print(to_json({"space": space, "comparison": records(table)}))
        return
    if format == "csv":
        table.to_csv(sys.stdout, index=False)
        return
    say(wording.verdict(records(table)[0], space))
    print()
    forms: dict[str, str] = {"gt_tau_a": ".3f", "gt_tau_b": ".3f", "p_value": ".2g", "p_adjusted": ".2g"}
    forms |= dict.fromkeys(("difference", "low", "high"), "+.3f")
    columns = ["score", "n", "runs_a", "runs_b", "gt_tau_a", "gt_tau_b", "difference", "low", "high", "p_adjusted"]
    print_table(table, columns=columns, forms=forms, wide=wide)


def print_cross_run(table: pd.DataFrame, space: str, format: str, out: str | None) -> None:
    """Print the pairs as JSON or CSV, or the map of mean taus between epochs for people; write the pairs to `out`."""
    if out is not None:
        write_table(table, out)
    if format == "json":
        print(to_json({"space": space, "cross_run": records(table)}))
    elif format == "csv":
        table.to_csv(sys.stdout, index=False)
    else:
        runs = {*zip(table["run_a"], table["seed_a"].fillna(-1)), *zip(table["run_b"], table["seed_b"].fillna(-1))}
        median = table["tau"].median()  # nan where no pair has one
        print(f"{space}: tau between supernets, {len(runs)} run(s), {len(table):,} pairs; median {median:.2f}")
        grid = map_lengths(table)
        if len(grid):
            print_table(
                grid.dropna(axis=1, how="all").rename(columns=str), "mean tau between different runs, by epoch of each"
            )
        else:
            print_table(table.dropna(axis=1, how="all").drop(columns="reason"))
        note("every pair: --format csv or json")


def write_correlation(result: Correlation, path: str) -> None:
    """Write the whole document (.json) or the rows (.csv, .parquet).

    Raises:
        InputError: another ending.
    """
    if Path(path).suffix == ".json":
        with written_atomically(path) as temporary:
            temporary.write_text(to_json(result.to_plain()))
    else:
        write_table(result.rows, path)


if __name__ == "__main__":
    raise SystemExit(main())
