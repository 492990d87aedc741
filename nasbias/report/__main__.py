"""`python -m nasbias.report`: one page about a supernet, with everything that the studies say."""

import sys
from collections.abc import Sequence

from nasbias.files import to_json
from nasbias.matching import add_match_options, add_panel_options, match_options
from nasbias.options import DRAWS, NOISE
from nasbias.terminal import Parser, add_format, command, number, say


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    given = _parser().parse_args(argv)
    from nasbias.report import check_place, make_report, write_report

    out = "report.html" if given.out is None and given.format != "json" else given.out
    if out is not None:
        check_place(out)
    names = ("against", "score", "epoch", "bn", "truth_noise", "draws")
    chosen = {name: getattr(given, name) for name in names}
    report = make_report(given.predictions, given.truth, **chosen, **match_options(given))
    if out is not None:
        write_report(report, out)
    if given.format == "json":
        print(to_json(report.to_plain()))
    else:
        say(report.sections[0].claims[0])
        say(f"the page: {out} (open it in a browser)")
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nasbias.report",
        description="Write one page about a supernet: does it rank, how sure is that, what it overrates, what helps.",
        example="python -m nasbias.report --space nb201 --predictions mine.csv --out report.html\n"
        "  python -m nasbias.report --space nb201 --predictions a*.csv --against b*.csv --out a-and-b.html",
    )
    add_match_options(parser)
    add_panel_options(parser)
    parser.add_argument("--against", nargs="+", metavar="PATH", help="a second supernet's predictions (default: none)")
    parser.add_argument(
        "--truth-noise",
        type=number(float, NOISE),
        metavar="SD",
        help="the truth's standard deviation by chance (default: as known)",
    )
    parser.add_argument(
        "--draws",
        type=number(int, DRAWS),
        default=10,
        help="draws behind the correction curve; 40 is smoother (default: 10)",
    )
    parser.add_argument("--out", metavar="FILE", help="the page (default: report.html; none with --format json)")
    add_format(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
