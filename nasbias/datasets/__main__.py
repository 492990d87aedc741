"""`python -m nasbias.datasets fetch NAME | list | show NAME_OR_PATH`: get image sets, list them, look at one.

Text for `--space ptb` is a folder with train.txt, valid.txt and test.txt, one text file, or `pydoc`, which is embedded.
"""

import argparse
import sys
from collections.abc import Sequence

import pandas as pd

from nasbias.datasets import published
from nasbias.files import to_json
from nasbias.terminal import Parser, add_format, add_table_options, command, print_facts, print_table, suggest


@command
def main(argv: Sequence[str]) -> None:
    parser = Parser(
        prog="python -m nasbias.datasets", description=__doc__, example="python -m nasbias.datasets fetch cifar10"
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION", parser_class=Parser)
    fetch = actions.add_parser("fetch", help="download a published set, checked against its published hash")
    fetch.add_argument("name", metavar="NAME", help=", ".join(published.PUBLISHED))
    fetch.add_argument("--mirror", metavar="URL", help="a folder that holds the same files (default: the publisher's)")
    fetch.set_defaults(run=_fetch)
    listing = actions.add_parser("list", help="the known sets, and where they lie")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="counts, classes, size, mean and deviation of a set")
    show.add_argument("source", metavar="NAME_OR_PATH", help="a known set, or a file or folder of images")
    show.set_defaults(run=_show)
    for action in (fetch, show):
        add_format(action)
    add_table_options(listing)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)


def _fetch(arguments: argparse.Namespace) -> None:
    path = published.fetch(arguments.name, arguments.mirror)
    _print_facts({"name": arguments.name, "path": str(path)}, arguments.format)


def _list(arguments: argparse.Namespace) -> None:
    rows = []
    for name in published.known_names():
        path = published.find(name)
        describes = published.PUBLISHED[name].describes if name in published.PUBLISHED else "your own"
        if name == "digits":
            describes, path = "1,500 + 297 gray images 8x8 of 10 classes", "embedded in scikit-learn"
        rows.append({"name": name, "images": describes, "path": str(path) if path else None})
    text = "no images: 0.4 MB of English text, for --space ptb"
    rows.append({"name": "pydoc", "images": text, "path": "embedded in Python"})
    if arguments.format == "json":
        print(to_json(rows))
        return
    table = pd.DataFrame(rows)
    table.insert(1, "here", table["path"].notna())
    print_table(table, columns=["name", "here", "images"], wide=arguments.wide, names=["name", "path"])
    for name in table.loc[~table["here"], "name"]:
        suggest(["python", "-m", "nasbias.datasets", "fetch", name], "get it")


def _show(arguments: argparse.Namespace) -> None:
    from nasbias.datasets import describe_images

    _print_facts(describe_images(arguments.source), arguments.format)


def _print_facts(facts: dict, format: str) -> None:
    if format == "json":
        print(to_json(facts))
    else:
        print_facts(facts)


if __name__ == "__main__":
    sys.exit(main())
