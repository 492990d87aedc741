"""`python -m nasbias.bias`: which operations and sizes supernets misjudge."""

import sys
from collections.abc import Sequence

import pandas as pd

from nasbias.bias import Bias, analyse_bias
from nasbias.bias.correction import SIZES, say_correction
from nasbias.bias.gaussian_process import REMEDY, has_gaussian_process
from nasbias.bias.wording import say_bias
from nasbias.files import to_json
from nasbias.matching import MatchOptions, add_match_options, add_panel_options, match, match_options
from nasbias.options import COUNT, DRAWS, NOISE, SEED
from nasbias.terminal import Parser, add_format, command, number, numbers, print_table, say

# Column -> (its head on a terminal, digits, what it is).
_OPERATORS = {
    "decision": ("decision", 0, ""),
    "operation": ("operation", 0, ""),
    "score_effect": ("effect", 1, "points of score at equal truth, + = overestimated"),
    "score_effect_low": ("from", 1, "with `to`: 95 % interval over architectures and runs"),
    "score_effect_high": ("to", 1, ""),
    "p_adjusted": ("p_adj", 3, "p-value adjusted for all rows (Benjamini-Hochberg)"),
    "effect": ("shift", 1, "the effect as a shift of the true rank; - where the scale ends"),
    "top_share_truth": ("top", 2, "share among the best by truth ..."),
    "top_share_score": ("picked", 2, "... and among the best by score"),
}
_CORRECTION = {
    "n": ("n", 0, "stand-alone trainings, random (0: the score as it is)"),
    "gt_tau": ("tau", 2, "ridge on score, size and decisions, on the architectures not trained"),
    "regret": ("regret", 2, "best truth there minus the truth of the one ranked first"),
    "gt_tau_without_supernet": ("tau-", 2, "the ridge without the supernet's score; regret- likewise"),
    "regret_without_supernet": ("regret-", 2, ""),
    "gp_tau": ("gp", 2, "Gaussian process on paths and score; gp_regret likewise"),
    "gp_regret": ("gp_regret", 2, ""),
    "gp_tau_without_supernet": ("gp-", 2, "Gaussian process on paths alone; gp_regret- likewise"),
    "gp_regret_without_supernet": ("gp_regret-", 2, ""),
}

_PARTS = {
    "share": "of the squared rank difference, in %",
    "gt_tau_without": "tau with this part alone taken off the scores",
}


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    given = _parser().parse_args(argv)
    options = match_options(given) | MatchOptions(scores=None if given.score is None else [given.score])
    matched = match(given.predictions, given.truth, **options)
    names = ("score", "epoch", "bn", "top", "sizes", "draws", "seed", "truth_noise")
    bias = analyse_bias(matched, **{name: getattr(given, name) for name in names})
    if given.format == "json":
        print(to_json(bias.to_plain()))
    else:
        _print(bias, given.wide)
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nasbias.bias",
        description="What supernets misjudge: size, operations, how much is bias and how much noise, what corrects it.",
        example="python -m nasbias.bias --space nb201 --predictions runs/seed0 runs/seed1 runs/seed2",
    )
    add_match_options(parser)
    add_panel_options(parser)
    parser.add_argument(
        "--truth-noise",
        type=number(float, NOISE),
        metavar="SD",
        help="standard deviation of the truth by chance, in its unit, such as 0.3 (default: from its repeats, else "
        "what is known of its source)",
    )
    parser.add_argument(
        "--top",
        type=number(int, COUNT),
        default=100,
        help="size of the top for shares (default: 100; at most a tenth if there are no more architectures than that)",
    )
    parser.add_argument(
        "--sizes",
        type=numbers(int, COUNT),
        default=SIZES,
        help=f"stand-alone trainings to correct with (default: {','.join(map(str, SIZES))})",
    )
    parser.add_argument("--draws", type=number(int, DRAWS), default=40, help="draws of these trainings (default: 40)")
    parser.add_argument("--seed", type=number(int, SEED), default=0, help="seed of the draws (default: 0)")
    parser.add_argument("--wide", action="store_true", help="all columns of all tables (default: no)")
    add_format(parser)
    return parser


def _print(bias: Bias, wide: bool) -> None:
    for sentence in say_bias(bias):
        say(sentence)
    say()
    title = f"operations, shares among the top {bias.about['top']}"
    _show(bias.operators, {} if wide else _OPERATORS, title)
    say()
    parts = bias.decomposition if wide else bias.decomposition.loc[:, ["part", "share", "gt_tau_without"]]
    print_table(parts, "where the rank difference comes from", 2, forms={"share": ".1f"}, legend=_PARTS)
    say()
    correction = bias.correction.dropna(axis=1, how="all")
    _show(correction, {} if wide else _CORRECTION, "what stand-alone trainings buy (regret in the truth's unit)")
    say(say_correction(bias.correction))
    if not has_gaussian_process():
        say(REMEDY)


def _show(table: pd.DataFrame, columns: dict[str, tuple[str, int, str]], title: str) -> None:
    """A table with short heads and a line on each; all columns under their own names where none are chosen."""
    if not columns:
        print_table(table, title, 2, wide=True)
        return
    shown = {name: about for name, about in columns.items() if name in table}
    print_table(
        table.loc[:, list(shown)].rename(columns={name: head for name, (head, _, _) in shown.items()}),
        title,
        forms={head: f",.{digits}f" for name, (head, digits, _) in shown.items() if table[name].dtype.kind == "f"},
        legend={head: text for head, _, text in shown.values() if text},
    )


if __name__ == "__main__":
    sys.exit(main())
