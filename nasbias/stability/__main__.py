"""`python -m nasbias.stability`: how stably supernets rank."""

from collections.abc import Sequence

import pandas as pd

from nasbias.errors import InputError
from nasbias.files import to_json, write_table
from nasbias.matching import add_match_options, add_panel_options, match, match_options
from nasbias.stability import Stability, analyse_stability
from nasbias.terminal import Parser, add_format, command, print_table


@command
def main(argv: Sequence[str]) -> int:
    parser = Parser(
        prog="python -m nasbias.stability",
        description="How stably supernets rank: between runs, epochs and mini-batches; what filtering by them loses.",
        example="python -m nasbias.stability --space darts64 --predictions runs/seed*",
    )
    add_match_options(parser)
    add_panel_options(parser)
    parser.add_argument("--last", type=int, default=64, help="mini-batches of GT-Tau-Mean-k and Std-k (default: 64)")
    parser.add_argument("--last-epochs", type=int, default=10, help="last epochs of one instance (default: 10)")
    parser.add_argument(
        "--ranks", metavar="FILE", help="also write each one's ranks (.csv, .parquet, .json) (default: none)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the random frame (default: 0)")
    add_format(parser)
    given = parser.parse_args(argv)
    if given.last < 1 or given.last_epochs < 1:
        raise InputError(f"--last {given.last} and --last-epochs {given.last_epochs} must be at least 1.")
    scores = None if given.score is None else [given.score]
    matched = match(given.predictions, given.truth, scores=scores, **match_options(given))
    stability = analyse_stability(
        matched,
        score=given.score,
        epoch=given.epoch,
        bn=given.bn,
        last=given.last,
        last_epochs=given.last_epochs,
        seed=given.seed,
    )
    if given.ranks:
        write_table(stability.ranks, given.ranks)
    if given.format == "json":
        print(to_json(stability.to_plain()))
    else:
        _print(stability)
    return 0


def _print(stability: Stability) -> None:
    about, instances = stability.about, stability.instances
    when = "" if about["epoch"] is None else f" after {about['epoch']} epochs"
    where = (
        f"{about['space']}: {about['score']}{when}, {instances['n']} run(s), {about['n_architectures']:,} architectures"
    )
    agree = "one run has nothing to agree with"
    if instances["n"] > 1:
        agree = f"runs agree with each other at S-Tau {instances['s_tau']:.2f}"
        agree += f" (pairs {instances['s_tau_min']:.2f} to {instances['s_tau_max']:.2f})"
    print(f"{where}: {agree}, with the truth at GT-Tau {instances['gt_tau']:.2f}.")
    print()
    columns = ["name", "n", "s_tau", "s_tau_low", "s_tau_high", "s_tau_max", "s_tau_min", "gt_tau", "gt_tau_std"]
    columns += ["t1r", "t3r"]
    table = pd.DataFrame([{"name": "these runs", **instances}, *stability.frames])
    print_table(table.reindex(columns=columns))
    if len(stability.epochs) > 1:
        print()
        print_table(stability.epochs.reindex(columns=["epoch", *columns[1:]]), "by training length")
    if len(stability.last_epochs):
        print()
        print_table(stability.last_epochs, "last epochs of one run")
    if stability.steps:
        print()
        flat = [
            {key: value for key, value in row.items() if not isinstance(value, dict)}
            | {f"tau@{lag}": tau for lag, tau in row["tau_at_lag"].items()}
            | ({"gain": row["gain"]["gain"], "rank_gain": row["gain"]["rank_gain"]} if row["gain"]["n"] else {})
            for row in stability.steps
        ]
        print_table(pd.DataFrame(flat), "last mini-batches (tau@lag: between rankings that many steps apart)")
    print()
    wide = stability.filter.pivot(index="dropped", columns="top", values="lost").reset_index()
    wide.columns = ["dropped %", *(f"top {top} %" for top in wide.columns[1:])]
    print_table(wide, "filter: per cent of the true top that is lost when the worst are dropped", 1)
    bad, good = (sum(stability.ranks[name].tolist()) for name in ("is_reliably_bad", "is_reliably_good"))
    print(f"\nin the worst quarter of every run: {bad:,} architectures; in the best quarter of every run: {good:,}")


if __name__ == "__main__":
    raise SystemExit(main())
