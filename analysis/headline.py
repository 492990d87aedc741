"""The headline: a NAS-Bench-201 supernet at the benchmark's own size (C=16, N=5, 32x32), scored on the whole space.

    python -m analysis.headline                       # of data/: a minute or two
    python -m analysis.headline --write README.md     # also into the README's block

Made by the queue (`python -m analysis.queue run --only nb201-full`). Truth: the analog-nasbench wheel's CIFAR-10 test
accuracies. One supernet: how far another seed would lie from it is not known, and the intervals of its own row are of
other architectures alone.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.blocks import write_block
from analysis.findings import number, show
from analysis.harvest import DATA, is_harvested
from analysis.study import write_tables
from nasbias.bias import analyse_bias
from nasbias.correlation import analyse_correlation
from nasbias.errors import InputError
from nasbias.files import records, to_json
from nasbias.matching import match, select_panel
from nasbias.statistics import influence, mean_over_runs
from nasbias.tables import read_about
from nasbias.terminal import Parser, add_format, command

FULL, SMALL, CHECKS = "nb201_full_predictions", "nb201_predictions_whole", "nb201_full_checks"
BEGIN, END = "<!-- headline -->\n", "<!-- end headline -->\n"
SHOWN = {
    "gt_tau": "tau", "gt_tau_connected": "connected", "spearman": "rho", "best_at_1": "best@1",
    "best_at_10": "best@10", "p_at_5": "P@5%", "tau_given_params": "given params",
}  # fmt: skip
# What others found: P2 (arXiv 2010.08219). NAS-Bench-201's own table of one-shot searches could not be looked up here.
PUBLISHED = (("P2, 2,000 epochs, CIFAR-100", {"spearman": 0.70}),)


def rank_table(full: Path, small: Path) -> pd.DataFrame:
    """How well the supernet ranks beside smaller ones, what is free, and what was published: a row each."""
    rows = []
    for what, path in (("C=16 N=5, 32x32", full), ("C=8 N=1, 16x16", small)):
        result = analyse_correlation(path, None, space="nb201")
        for row in result.lengths.to_dict("records"):
            name = f"{what}, {row['epoch']} epochs, by {row['score']}"
            rows.append({"what": name, "runs": row["n_runs"], **{key: row[key] for key in SHOWN}})
        if path == full:
            free = result.baselines.to_dict("records")
    rows += [
        {"what": row["score"], "runs": None, **{key: row[key] for key in SHOWN}}
        for row in free
        if row["score"] in ("params", "random")
    ]
    rows += [{"what": name, "runs": None} | values for name, values in PUBLISHED]
    return pd.DataFrame(rows, columns=["what", "runs", *SHOWN])


def bias_tables(full: Path, score: str) -> dict[str, pd.DataFrame]:
    """Operators, decomposition of the squared rank difference, and deciles of size, as `nasbias.bias` gives them."""
    bias = analyse_bias(match(full, None, space="nb201", scores=[score]), score=score)
    return {
        f"operators by {score}": bias.operators,
        f"decomposition by {score}": bias.decomposition,
        f"deciles of parameters by {score}": pd.DataFrame(bias.size["params"]["deciles"]),
    }


def agree(one: Path, other: Path, epochs: tuple[int, int], score: str) -> tuple[float, float, float]:
    """tau of two files' scores on the architectures that both have: value, low, high."""
    panels = [select_panel(match(path, None, space="nb201"), score, epoch) for path, epoch in zip((one, other), epochs)]
    tables = [pd.Series(p.scores[0], index=p.architectures["architecture"]) for p in panels]
    both = pd.concat(tables, axis=1, join="inner").to_numpy()
    estimate = mean_over_runs([influence(both[:, 0], both[:, 1])])
    return estimate.value, estimate.low, estimate.high


def cost_table(*names: str) -> pd.DataFrame:
    """What each run of these tables cost: CPU and wall hours."""
    rows: list[dict[str, Any]] = []
    for name in names:
        for run, about in read_about(DATA / f"{name}.parquet")["runs"].items():
            cost = about["cost"]
            rows.append(
                {"run": run, "cpu_hours": cost["cpu_seconds"] / 3600, "wall_hours": cost["wall_seconds"] / 3600}
            )
    return pd.DataFrame(rows)


def to_markdown(ranks: pd.DataFrame, tables: dict[str, pd.DataFrame], costs: pd.DataFrame, checks: list[str]) -> str:
    """The README's block."""
    names = ["what", "runs", *SHOWN.values()]
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    for row in records(ranks):
        cells = [row["what"], "-" if pd.isna(row["runs"]) else int(row["runs"])]
        cells += ["-" if row[name] is None or pd.isna(row[name]) else number(row[name]) for name in SHOWN]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines.append("")
    for score in ("accuracy", "loss"):
        parts = tables[f"decomposition by {score}"]
        shares = ", ".join(f"{row['part']} {row['share']:.0f}" for row in records(parts))
        operators = tables[f"operators by {score}"]
        first = operators.loc[operators["decision"] == "0->3"].set_index("operation")
        said = ", ".join(
            f"`{name}` {show((row['score_effect'], row['score_effect_low'], row['score_effect_high']), 1)}"
            for name, row in first.iterrows()
        )
        lines.append(
            f"By {score}, shares of the squared rank difference: {shares} %. At equal truth, points of score of"
        )
        lines += [f"the operation on 0->3 (intervals of architectures alone): {said}.", ""]
    lines += [*checks, ""] if checks else []
    hours = ", ".join(
        f"`{row['run']}` {number(row['cpu_hours'], 1)} CPU-hours, {number(row['wall_hours'], 1)} by the clock"
        for row in records(costs)
    )
    return "\n".join([*lines, f"Cost: {hours}.", ""])


def check_lines() -> list[str]:
    """What the sample in float32 and the checkpoints on the way say; nothing where they are not harvested."""
    if not is_harvested(CHECKS):
        return []
    full, checks = DATA / f"{FULL}.parquet", DATA / f"{CHECKS}.parquet"
    exact = {score: agree(full, checks, (64, 64), score) for score in ("accuracy", "loss")}
    lengths = analyse_correlation(checks, None, space="nb201").lengths
    early = ", ".join(
        f"{epoch}: {number(rows.set_index('score').loc['accuracy', 'gt_tau'])} and "
        f"{number(rows.set_index('score').loc['loss', 'gt_tau'])}"
        for epoch, rows in lengths.groupby("epoch")
    )
    return [
        f"bf16 against float32, tau on 300 architectures: {show(exact['accuracy'], 3)} by accuracy, "
        f"{show(exact['loss'], 3)} by loss.",
        f"tau by accuracy and by loss on 300 architectures at epochs of this one run: {early}.",
    ]


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog="python -m analysis.headline", description=__doc__, example="python -m analysis.headline")
    parser.add_argument("--write", type=Path, metavar="README", help="replace the block between its marks there")
    add_format(parser)
    given = parser.parse_args(argv)
    if not is_harvested(FULL):
        raise InputError(
            f"data/{FULL}.parquet is not here. Make it: python -m analysis.queue run --only nb201-full, then "
            f"python -m analysis.queue harvest."
        )
    full = DATA / f"{FULL}.parquet"
    ranks = rank_table(full, DATA / f"{SMALL}.parquet")
    biases = {name: table for score in ("accuracy", "loss") for name, table in bias_tables(full, score).items()}
    costs = cost_table(FULL, *([CHECKS] if is_harvested(CHECKS) else []))
    checks = check_lines()
    tables = {"ranking": ranks, **biases, "cost": costs}
    write_tables("headline", tables, checks=checks)
    text = to_markdown(ranks, biases, costs, checks)
    if given.write:
        write_block(given.write, BEGIN, END, text)
    print(to_json({name: records(table) for name, table in tables.items()}) if given.format == "json" else text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
