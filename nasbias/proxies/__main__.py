"""`python -m nasbias.proxies`: what costs nothing: zero-cost proxies, the untrained supernet, depth, operation counts."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from nasbias.files import records, to_json
from nasbias.matching import read_truth_column
from nasbias.proxies import Probing, measure_proxies, rank_baselines
from nasbias.recipes import has_supernet, supernet_options
from nasbias.spaces import list_spaces
from nasbias.terminal import Parser, add_fields, add_table_options, command, fields_of, note, print_table, suggest

EXAMPLE = "python -m nasbias.proxies --space nb201 --sample 200 --out proxies.parquet"


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    given = _parse(argv)
    network = fields_of(supernet_options(given.space), given) if has_supernet(given.space) else {}
    options = Probing(**fields_of(Probing, given), network=network)
    which = given.architectures or given.sample
    table = measure_proxies(
        given.space,
        which,
        options,
        given.out,
        subset=given.subset,
        sample_seed=given.sample_seed,
        processes=given.processes,
    )
    ranked = rank_baselines(table, given.space, given.truth)
    if given.format == "json":
        print(to_json({"space": given.space, "n": len(table), "baselines": records(ranked)}))
        return 0
    print_table(ranked, f"{given.space}: {len(table):,} architectures", wide=given.wide)
    if given.out:
        suggest(["python", "-m", "nasbias.correlation", "--space", given.space, "--predictions", given.out])
    return 0


if __name__ == "__main__":
    sys.exit(main())
