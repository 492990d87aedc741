"""`python -m nasbias.truth import|list|show|remove|fetch`: ground truth in and out of the store."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from nasbias.errors import InputError
from nasbias.files import data_folder, to_json
from nasbias.spaces import get_space
from nasbias.tables import add_reading_options, column_of, reading_of
from nasbias.terminal import Parser, add_format, command, note, print_table, say
from nasbias.truth import describe_sources, find_truth, import_truth, remove_truth
from nasbias.truth.fetch import SOURCES, fetch, find_source
from nasbias.truth.summary import ceiling, describe_parts


@command
def main(argv: Sequence[str]) -> None:
    """The command; see the module's docstring."""
    options = _parser().parse_args(argv)
    {"import": _import, "list": _list, "show": _show, "remove": _remove, "fetch": _fetch}[options.action](options)


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nasbias.truth",
        description="Ground truth: import an official file once, then load it in milliseconds.",
        example="python -m nasbias.truth import nb201 NAS-Bench-201-v1_1-096897.pth --name official",
    )
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="import|list|show|remove|fetch", parser_class=Parser
    )
    each = actions.add_parser("import", help="read an official file or a table into the store")
    each.add_argument("space", metavar="SPACE", help="which search space")
    each.add_argument("path", metavar="PATH", help="the file or folder")
    each.add_argument(
        "--name", required=True, help="what to call it; an existing one of that name is replaced (required)"
    )
    add_reading_options(each)
    add_format(each)
    each = actions.add_parser("remove", help="remove a stored truth")
    each.add_argument("name", metavar="NAME", help="a stored name, as list shows it")
    each.add_argument("--space", help="needed where several spaces have the name (default: the only one)")
    add_format(each)
    each = actions.add_parser("list", help="what is stored, or shipped by an installed package")
    each.add_argument("--space", help="only this space (default: all)")
    add_format(each)
    each = actions.add_parser(
        "show", help="what a truth's numbers are: datasets, budgets, seeds, splits, best, ceiling"
    )
    each.add_argument("name", metavar="NAME", help="a stored name or a file")
    each.add_argument("--space", help="for a file or a name in several spaces (default: the name's)")
    add_format(each)
    each = actions.add_parser("fetch", help="download and import a published file, or say where to get it")
    each.add_argument("space", metavar="SPACE", help="which search space")
    files = "; ".join(f"{source.space}: {source.name} ({source.size})" for source in SOURCES)
    each.add_argument("--file", help=f"{files} (default: the space's first)")
    each.add_argument("--name", help="what to call it in the store (default: the file's short name)")
    add_format(each)
    return parser


def _import(options: Any) -> None:
    _report_import(import_truth(options.space, options.path, options.name, reading_of(options)), options.format)


def _fetch(options: Any) -> None:
    get_space(options.space)
    source = find_source(options.space, options.file)
    path = fetch(source)
    _report_import(import_truth(options.space, path, options.name or source.name), options.format)


def _report_import(about: dict[str, Any], form: str) -> None:
    if form == "json":
        print(to_json(about))
        return
    size = get_space(about["space"]).size
    say(
        f"{about['name']}: {about['architectures']:,} of {size:,} architectures of {about['space']}, "
        f"{about['rows']:,} rows from {about['source']} ({about['format']})."
    )
    if about.get("published"):
        print(f"Published digest: {about['published']}.")
    note(f"See what it holds: python -m nasbias.truth show {about['name']} --space {about['space']}")


def _remove(options: Any) -> None:
    about = remove_truth(options.name, options.space)
    if options.format == "json":
        print(to_json(about))
    else:
        print(f"{about['name']} of {about['space']} is removed ({about.get('rows', 0):,} rows).")


def _list(options: Any) -> None:
    sources = [_counted(about) for about in describe_sources(options.space)]
    if options.format == "json":
        print(to_json([{key: value for key, value in about.items() if key != "path"} for about in sources]))
    elif not sources:
        print("Nothing is stored. python -m nasbias.truth import SPACE PATH --name NAME brings something in.")
    else:
        table = pd.DataFrame(sources).loc[:, ["space", "name", "rows", "architectures", "coverage", "source"]]
        table["coverage"] = [_share(share) for share in table["coverage"]]
        print_table(table.rename(columns={"architectures": "n", "source": "file"}))
        print()
        say("n: architectures; coverage: their share of the space. Stored in")
        print(data_folder() / "truth")


def _share(percent: float) -> str:
    return "100 %" if percent >= 99.95 else f"{percent:.2g} %" if percent >= 0.001 else "< 0.001 %"


def _counted(about: dict[str, Any]) -> dict[str, Any]:
    """What `describe_sources` says, with rows and coverage, a package's table being read for them."""
    if "rows" not in about:
        table, _ = find_truth(about["space"], about["name"])
        about = {
            **about,
            "rows": len(table),
            "architectures": column_of(table, "architecture", about["name"]).nunique(),
        }
    return {**about, "coverage": 100 * about["architectures"] / get_space(about["space"]).size}


def _show(options: Any) -> None:
    space = options.space or _space_of(options.name)
    table, about = find_truth(space, options.name)
    parts = describe_parts(table)
    described = {
        **about,
        "space_size": get_space(space).size,
        "datasets": list(dict.fromkeys(part["dataset"] for part in parts)),
        "ceiling": ceiling(table),
        "parts": parts,
    }
    if options.format == "json":
        print(to_json(described))
        return
    say(f"{about['name']} ({about['format']}), ground truth of {space}: {about['describes']}.")
    say(f"{about['architectures']:,} of {described['space_size']:,} architectures (n), {about['rows']:,} rows.")
    say(f"Source: {about['source']}. Licence: {about['licence']}.")
    if about.get("published"):
        say(f"Published digest: {about['published']}.")
    print()
    rows = pd.DataFrame(parts)
    rows["seeds"] = [", ".join(map(str, seeds)) or "mean only" for seeds in rows["seeds"]]
    rows["ceiling"] = [found["gt_tau"] if found else None for found in rows["ceiling"]]
    rows["better"] = [f"{part['better']}, {part['unit']}".rstrip(", ") for part in parts]
    rows["epochs"] = rows["epochs"].astype("Int64")
    rows["ceiling"] = rows["ceiling"].astype(float)
    print_table(rows.drop(columns=["unit", "rows"]).rename(columns={"architectures": "n"}))
    if described["ceiling"]:
        found = described["ceiling"]
        rows_of = "" if found["sample"] in (None, "all") else f" of the rows marked {found['sample']}"
        print()
        say(
            f"ceiling: Kendall tau between two seeds of the truth, mean over pairs of seeds, on the {found['n']:,} "
            f"architectures{rows_of} that have two seeds: {found['gt_tau']:.3f} ({found['gt_tau_low']:.3f} to "
            f"{found['gt_tau_high']:.3f}). A correlation gives it on those of them that were scored."
        )


def _space_of(name: str) -> str:
    spaces = [about["space"] for about in describe_sources() if about["name"] == name]
    if len(spaces) == 1:
        return spaces[0]
    if spaces:
        raise InputError(f"{name!r} is the name of a truth in {' and '.join(spaces)}. Choose with --space.")
    known = ", ".join(f"{about['name']} ({about['space']})" for about in describe_sources()) or "none yet"
    raise InputError(f"no truth called {name!r}. Stored: {known}. For a file give --space as well.")


if __name__ == "__main__":
    raise SystemExit(main())
