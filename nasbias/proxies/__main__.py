"""`python -m nasbias.proxies`: what costs nothing: zero-cost proxies, the untrained supernet, depth, counts."""

import sys
from collections.abc import Sequence
from pathlib import Path

from nasbias.files import records, to_json
from nasbias.options import COUNT, SEED, THREADS
from nasbias.proxies import Probing, measure_proxies, summarise
from nasbias.recipes import has_supernet, supernet_options
from nasbias.spaces import get_space
from nasbias.terminal import Parser, add_fields, add_table_options, command, fields_of, number, print_table, suggest

EXAMPLE = "python -m nasbias.proxies --space nb201 --cells 1 --sample 50 --out proxies.parquet"


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    given = _parser(_space_of(argv)).parse_args(argv)
    network = fields_of(supernet_options(given.space), given) if has_supernet(given.space) else {}
    given.proxies = tuple(given.proxies or ())
    options = Probing(**fields_of(Probing, given), network=network)
    table = measure_proxies(
        given.space,
        given.architectures or given.sample,
        options,
        given.out,
        subset=given.subset,
        sample_seed=given.sample_seed,
        processes=given.processes,
        retry=given.retry,
    )
    summary = summarise(table)
    if given.format == "json":
        print(to_json({"space": given.space, "n": len(table), "proxies": records(summary)}))
        return 0
    print_table(summary, f"{given.space}: {len(table):,} architectures", wide=given.wide)
    if given.out is not None:
        call = ["python", "-m", "nasbias.correlation", "--space", given.space, "--predictions", given.out, "--score"]
        suggest([*call, summary["proxy"].iloc[-1]])
    return 0


def _parser(space: str) -> Parser:
    parser = Parser(prog="python -m nasbias.proxies", description=__doc__, example=EXAMPLE)
    parser.add_argument("--space", default="nb201", help="search space (default: nb201)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--architectures", metavar="NAME|PATH", help="a truth's name or a file (default: all)")
    which.add_argument("--sample", type=number(int, COUNT), help="so many, drawn at random (default: all)")
    parser.add_argument("--sample-seed", type=number(int, SEED), default=0, help="seed of that draw (default: 0)")
    parser.add_argument("--subset", help="subset of the space (default: its first)")
    parser.add_argument("--proxies", nargs="+", metavar="NAME", help="which to measure (default: all)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="predictions file, Parquet; resumes one (default: none)"
    )
    parser.add_argument(
        "--processes", type=number(int, THREADS), default=1, help="workers, one thread each (default: 1)"
    )
    parser.add_argument("--retry", action="store_true", help="measure again what failed before (default: no)")
    add_table_options(parser)
    add_fields(parser, Probing, skip=("proxies", "network"))
    if has_supernet(space):
        add_fields(parser.add_argument_group(f"network of {space}"), supernet_options(space))
    return parser


def _space_of(argv: Sequence[str]) -> str:
    """The space decides which options there are, so it is read first."""
    first = Parser(add_help=False)
    first.add_argument("--space", default="nb201")
    return get_space(first.parse_known_args(argv)[0].space).name


if __name__ == "__main__":
    sys.exit(main())
