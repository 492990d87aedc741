"""`python -m nasbias.stability`: how stably supernets rank."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from nasbias.errors import InputError
from nasbias.files import to_json, write_table
from nasbias.matching import MatchOptions, add_match_options, add_panel_options, match, match_options
from nasbias.numerals import interval, short
from nasbias.options import COUNT, SEED
from nasbias.stability import Stability, analyse_stability
from nasbias.stability.wording import answer
from nasbias.terminal import Parser, add_format, command, number, print_table, say

_LAGS = ("1", "16", "64")  # those printed
_FORMS: dict[str, Any] = dict.fromkeys(("S-Tau", "most", "least", "GT-Tau", "sd", "@1", "@16", "@64"), short)
_FORMS |= {"top1": ",.1f", "top3": ",.1f", "gain": "+.2f", "places": "+.1f"}


_LEGEND = {
    "S-Tau": "Kendall's tau between two runs, mean over pairs, with its 95 % interval; most, least: of a pair",
    "GT-Tau": "tau with the truth, mean over runs; sd: its standard deviation over runs",
    "top1": "true rank of the architecture ranked first, mean over runs; low is good",
    "top3": "best true rank among the three ranked first, mean over runs; low is good",
}
_STEPS_LEGEND = {
    "k": "mini-batches at the end of training that are looked at",
    "GT-Tau": "tau with the truth after each of them, mean; sd: its standard deviation",
    "@1": "tau between rankings one mini-batch apart; @16, @64: so many apart",
    "gain": "score that the architecture just trained gains over its own in the steps around; places: ranks gained",
}


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    given = _parser().parse_args(argv)
    if given.last < 1 or given.last_epochs < 1:
        raise InputError(f"--last {given.last} and --last-epochs {given.last_epochs} must be at least 1.")
    options = match_options(given) | MatchOptions(scores=None if given.score is None else [given.score])
    chosen = {name: getattr(given, name) for name in ("score", "epoch", "bn", "last", "last_epochs", "seed")}
    stability = analyse_stability(match(given.predictions, given.truth, **options), **chosen)
    if given.ranks is not None:
        write_table(stability.ranks, given.ranks)
    if given.format == "json":
        print(to_json(stability.to_plain()))
    else:
        _print(stability)
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nasbias.stability",
        description="How stably supernets rank: between runs, epochs and mini-batches; what filtering by them loses.",
        example="python -m nasbias.stability --space darts64 --predictions runs/seed*",
    )
    add_match_options(parser)
    add_panel_options(parser)
    parser.add_argument(
        "--last", type=number(int, COUNT), default=64, help="mini-batches of GT-Tau-Mean-k and Std-k (default: 64)"
    )
    parser.add_argument(
        "--last-epochs", type=number(int, COUNT), default=10, help="last epochs of one instance (default: 10)"
    )
    parser.add_argument(
        "--ranks", metavar="FILE", help="also write each one's ranks (.csv, .parquet, .json) (default: none)"
    )
    parser.add_argument("--seed", type=number(int, SEED), default=0, help="seed of the random frame (default: 0)")
    add_format(parser)
    return parser


def _print(stability: Stability) -> None:
    say(answer(stability))
    say()
    print_table(
        _instances(pd.DataFrame([{"name": "these runs", **stability.instances}, *stability.frames]), "name"),
        forms=_FORMS,
        legend=_LEGEND,
    )
    if len(stability.epochs) > 1:
        say()
        print_table(_instances(stability.epochs, "epoch"), "by training length", forms=_FORMS)
    if len(stability.last_epochs):
        say()
        table = stability.last_epochs.assign(
            epochs=[f"{row['first_epoch']}-{row['last_epoch']}" for row in stability.last_epochs.to_dict("records")]
        )
        print_table(_instances(table, "run", "epochs"), "last epochs of one run, as if they were runs", forms=_FORMS)
    if stability.steps:
        say()
        print_table(_steps(stability.steps), "last mini-batches of one run", forms=_FORMS, legend=_STEPS_LEGEND)
    say()
    wide = stability.filter.pivot(index="dropped", columns="top", values="lost").reset_index()
    wide.columns = ["dropped %", *(f"top {top} %" for top in wide.columns[1:])]
    print_table(wide, "filter: per cent of the true top that is lost when the worst are dropped", 1)
    bad, good = (sum(stability.ranks[name].tolist()) for name in ("is_reliably_bad", "is_reliably_good"))
    say(f"\nin the worst quarter of every run: {bad:,} architectures; in the best quarter of every run: {good:,}")


def _instances(table: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Rows of `summarise_instances` under their short names."""
    view = pd.DataFrame({key: table[key] for key in keys} | {"runs": table["n_runs"], "S-Tau": table["s_tau"]})
    if "s_tau_low" in table:
        view["95 %"] = [interval(low, high) for low, high in zip(table["s_tau_low"], table["s_tau_high"])]
    names = {"most": "s_tau_max", "least": "s_tau_min", "GT-Tau": "gt_tau", "sd": "gt_tau_std"}
    return view.assign(**{shown: table[name] for shown, name in (names | {"top1": "t1r", "top3": "t3r"}).items()})


def _steps(steps: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows of `summarise_steps` under their short names, at the lags that are printed."""
    rows = []
    for row in steps:
        gain = {"gain": row["gain"]["gain"], "places": row["gain"]["rank_gain"]} if row["gain"]["n"] else {}
        rows.append(
            {"run": row["run"], "k": row["k"], "GT-Tau": row["gt_tau_mean"], "sd": row["gt_tau_std"]}
            | {"top1": row["t1r"], "top3": row["t3r"]}
            | {f"@{lag}": tau for lag, tau in row["tau_at_lag"].items() if lag in _LAGS}
            | gain
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    raise SystemExit(main())
