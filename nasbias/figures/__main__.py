"""`python -m nasbias.figures NAME`: figures for a paper, of our studies or of your own predictions."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nasbias.errors import InputError
from nasbias.files import to_json
from nasbias.matching import add_match_options, add_panel_options, match_options
from nasbias.options import Bounds
from nasbias.terminal import Parser, add_format, command, note, number, print_table, say


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    given = _parser().parse_args(argv)
    if given.name == "list":
        return _list(given.format)
    if given.name == "all":
        return _fill(Path(given.out or "figures"))
    if given.name == "architecture":
        return _draw_architecture(given)
    return _draw(given)


def _draw_architecture(given: argparse.Namespace) -> int:
    from nasbias.figures.cells import draw
    from nasbias.figures.style import check_path, save

    if not given.architecture or not given.space:
        raise InputError("say which architecture: --space nb201 --architecture 42, or its string in quotes.")
    out = check_path("architecture.svg" if given.out is None else given.out)
    ax = draw(given.space, given.architecture)
    save(ax.figure, out)
    if given.format == "json":
        print(to_json({"figure": "architecture", "file": str(out), "architecture": ax.get_gid()}))
    else:
        say(f"{out}: {ax.get_gid()}")
    return 0


def _draw(given: argparse.Namespace) -> int:
    from nasbias.figures.composing import compose
    from nasbias.figures.registry import get_figure
    from nasbias.figures.sources import Given, make, make_from_table
    from nasbias.figures.style import check_path, save

    entry = get_figure(given.name)
    out = check_path(f"{given.name}.pdf" if given.out is None else given.out)
    if given.table:
        made = make_from_table(entry, given.table)
    else:
        keys = ("space", "predictions", "truth", "score", "epoch", "bn")
        chosen = {name: getattr(given, name) for name in keys}
        made = make(given.name, Given(**chosen, match=match_options(given)))
    save(compose(entry, made, given.width, given.caption), out)
    if given.format == "json":
        print(to_json({"figure": given.name, "file": str(out), "caption": made.caption, "panels": len(made.parts)}))
    else:
        say(f"{out}: {entry.sentence}")
        say(made.caption)
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nasbias.figures",
        description="Draw a figure for a paper: of our own studies, or of your predictions (--space, --predictions).",
        example="python -m nasbias.figures effects_map --out effects.pdf\n"
        "  python -m nasbias.figures run_taus --space nb201 --predictions mine.csv --out taus.pdf\n"
        "  python -m nasbias.figures architecture --space nb201 --architecture 42 --out cell.svg\n"
        "  python -m nasbias.figures list",
    )
    parser.add_argument("name", metavar="NAME", help="a figure, `list` of them, `all` = our gallery, or `architecture`")
    parser.add_argument(
        "--out", metavar="FILE", help="a .pdf, .svg or .png; of `all` a folder (default: NAME.pdf; figures)"
    )
    parser.add_argument("--architecture", metavar="TEXT", help="the one that NAME architecture draws (default: none)")
    parser.add_argument(
        "--width",
        type=number(float, Bounds(least=40, most=400)),
        metavar="MM",
        help="88 = one column, 180 = two (default: as it needs)",
    )
    parser.add_argument("--caption", action="store_true", help="write it below the figure (default: no)")
    parser.add_argument(
        "--table", metavar="FILE", help="draw this tidy table (.csv, .parquet, .json records) (default: analyse)"
    )
    add_match_options(parser, space=None)
    add_panel_options(parser)
    add_format(parser)
    return parser


def _list(form: str) -> int:
    import pandas as pd

    from nasbias.figures.registry import list_figures

    rows = [{"figure": entry.name, "shows": entry.title} for entry in list_figures().values()]
    if form == "json":
        print(to_json(rows))
    else:
        print_table(pd.DataFrame(rows), names=("figure",))
    return 0


def _fill(folder: Path) -> int:
    from nasbias.figures.gallery import fill_gallery

    for name, size in fill_gallery(folder):
        note(f"{name}: {size / 1024:,.0f} kB")
    say(f"{folder}/README.md shows them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
