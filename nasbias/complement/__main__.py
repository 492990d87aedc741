"""`python -m nasbias.complement`: what does a supernet add to a score that costs nothing?"""

import sys
from collections.abc import Sequence

from nasbias.bias.gaussian_process import REMEDY, has_gaussian_process
from nasbias.complement import analyse_complement, say_complement
from nasbias.files import to_json
from nasbias.matching import MatchOptions, add_match_options, add_panel_options, match, match_options, select_panel
from nasbias.options import DRAWS, SEED
from nasbias.streams import stream
from nasbias.terminal import Parser, add_format, command, note, number, print_facts, print_table, say
from nasbias.terminal.screen import Form

_PAIRS = {
    "free": "a score that costs nothing",
    "free_tau": "its tau with the truth",
    "tau": "of the mean of its rank and the supernet's",
    "low": "with `high`: 95 % interval, for other architectures and seeds",
    "gain": "tau less free_tau, paired; gain_low to gain_high is 95 %",
    "lead": "tau less that of the best free score, paired; lead_low to lead_high is 95 %",
    "with_supernet": "tau between the two scores: low where they see different things",
    "regret": "best truth less that of the one ranked first; free_regret: by the free score alone",
}
_FORMS: dict[str, Form] = dict.fromkeys(
    ("free_tau", "tau", "low", "high", "with_supernet", "regret", "free_regret"), ".2f"
)


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(
        prog="python -m nasbias.complement",
        description="What a supernet adds to a score that costs nothing: mean ranks, and a Gaussian process.",
        example="python -m nasbias.complement --space nb201 --score loss",
    )
    add_match_options(parser)
    add_panel_options(parser)
    parser.add_argument("--draws", type=number(int, DRAWS), default=20, help="draws of trainings (default: 20)")
    parser.add_argument("--seed", type=number(int, SEED), default=0, help="seed of the draws (default: 0)")
    add_format(parser)
    given = parser.parse_args(argv)
    options = match_options(given) | MatchOptions(scores=None if given.score is None else [given.score])
    panel = select_panel(match(given.predictions, given.truth, **options), given.score, given.epoch, given.bn)
    result = analyse_complement(panel, stream("complement", given.seed), draws=given.draws)
    if given.format == "json":
        print(to_json(result.to_plain()))
        return 0
    say(say_complement(result))
    print()
    forms = _FORMS | dict.fromkeys(("gain", "gain_low", "gain_high", "lead", "lead_low", "lead_high"), "+.2f")
    columns = ["free", "free_tau", "tau", "low", "high", "gain", "lead", "lead_low", "lead_high", "with_supernet"]
    print_table(result.pairs, columns=[*columns, "gain_low", "gain_high", "regret", "free_regret"], forms=forms)
    print_facts(_PAIRS)
    if has_gaussian_process():
        print()
        title = (
            f"a Gaussian process on n stand-alone trainings, beside their paths (free: {result.pairs['free'].iloc[0]})"
        )
        print_table(result.trainings.drop(columns="free"), title, forms=_FORMS)
    else:
        note(REMEDY)
    return 0


if __name__ == "__main__":
    sys.exit(main())
