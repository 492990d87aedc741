"""`python -m nasbias.train`: train a supernet, or architectures alone, into a run folder.

Resumes an interrupted run; a finished one is left as it is. --standalone-all and --standalone-sample make a ground
truth, OUT/truth.parquet, which every command's --truth takes.
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from nasbias.errors import InputError
from nasbias.files import to_json
from nasbias.provenance import count_cores
from nasbias.spaces import get_space
from nasbias.terminal import Parser, add_fields, add_format, command, fields_of, note, numbers, print_table

EXAMPLE = (
    "python -m nasbias.train --space nb201 --dataset cifar10 --epochs 64 --checkpoints 4,8,16,32,64 --out runs/nb201-0"
)


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    space = _space_of(argv)
    from nasbias.campaigns import train_run
    from nasbias.runs import Training
    from nasbias.supernets import recipe_of, supernet_options
    from nasbias.threads import use_threads

    options = supernet_options(space)
    parser = Parser(prog="python -m nasbias.train", description=__doc__, example=EXAMPLE)
    parser.add_argument("--out", type=Path, required=True, help="run folder")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1; two runs beat two threads)")
    add_format(parser)
    alone = parser.add_argument_group("ground truth: architectures trained alone, one process per core")
    which = alone.add_mutually_exclusive_group()
    which.add_argument("--standalone-all", action="store_true", help="all of the subset or of --architectures")
    which.add_argument("--standalone-sample", type=int, metavar="N", help="N of them, drawn at random")
    alone.add_argument("--sample-seed", type=int, default=0, help="of that draw (default: 0)")
    alone.add_argument("--seeds", type=numbers(int), help="seeds of each one's trainings (default: 0)")
    alone.add_argument("--processes", type=int, help="trainings at a time (default: one per core)")
    add_fields(parser, Training, skip=("network",))
    network = parser.add_argument_group(f"network of {space}")
    add_fields(network, options)
    parser.set_defaults(**recipe_of(space))
    arguments = parser.parse_args(argv)

    use_threads(arguments.threads)
    config = Training(
        **fields_of(Training, arguments), network=dataclasses.asdict(options(**fields_of(options, arguments)))
    )
    if arguments.standalone_all or arguments.standalone_sample is not None:
        return _make_truth(config, arguments)
    for option in ("seeds", "processes"):
        if getattr(arguments, option) is not None:
            raise InputError(f"--{option} goes with --standalone-all or --standalone-sample; a run has one --seed.")
    if config.standalone:
        config = dataclasses.replace(config, standalone=get_space(space).parse(config.standalone))

    def report(record: dict) -> None:
        unit = next(name.removesuffix("_per_second") for name in record if name.endswith("_per_second"))
        note(
            f"epoch {record['epoch']:>{len(str(config.epochs))}}/{config.epochs}  loss {record['loss']:.4f}  "
            f"{record[f'{unit}_per_second']:,.0f} {unit}/s  {record['seconds']:.1f} s"
            + (f"  valid perplexity {record['valid_perplexity']:.2f}" if "valid_perplexity" in record else "")
            + ("  rolled back: not finite" if record.get("rolled_back") else "")
        )

    folder = train_run(config, arguments.out, report)
    import pandas as pd

    log = folder.log
    if arguments.format == "json":
        print(to_json({"run": str(folder.path), "identity": config.identity, "checkpoints": folder.epochs, "log": log}))
        return 0
    print_table(pd.DataFrame(log).tail(5), title=f"{folder.path}: {len(log)} epochs, checkpoints {folder.epochs}")
    print(f"next: python -m nasbias.score {folder.path}")
    return 0


def _make_truth(config, arguments: argparse.Namespace) -> int:
    """--standalone-all and --standalone-sample."""
    from nasbias.campaigns.standalone import choose_architectures, train_alone
    from nasbias.tables import MEASURES, measures_of, read_table

    if config.standalone:
        raise InputError("--standalone trains one, --standalone-all and --standalone-sample many: give one of them.")
    seeds = (0,) if arguments.seeds is None else arguments.seeds
    architectures = choose_architectures(config, arguments.standalone_sample, arguments.sample_seed)
    processes = count_cores() if arguments.processes is None else arguments.processes

    def report(result: dict, finished: int, total: int) -> None:
        measured = next(f"{name} {result[name]:.2f}" for name in result if name in MEASURES)
        note(
            f"{finished:>{len(str(total))}}/{total}  {result['architecture']}  seed {result['seed']}  "
            f"{measured.replace('_', ' ')}  {result['seconds']:.1f} s"
        )

    path = train_alone(config, architectures, seeds, arguments.out, processes, report)
    truth = read_table(path)
    summary = truth.groupby("seed")[measures_of(truth)].agg(["mean", "min", "max"])
    summary.columns = [f"{name}_{kind}" for name, kind in summary.columns]
    summary = summary.reset_index()
    if arguments.format == "json":
        n = len(truth["architecture"].unique())
        print(to_json({"truth": str(path), "n": n, "rows": len(truth), "seeds": summary.to_dict("records")}))
        return 0
    print_table(summary, title=f"{path}: {len(truth):,} trainings")
    print(f"next: python -m nasbias.correlation --space {config.space} --predictions RUN --truth {path}")
    return 0


def _space_of(argv: Sequence[str]) -> str:
    """The space decides which options there are, so it is read first."""
    for position, word in enumerate(argv):
        if word == "--space" and position + 1 < len(argv):
            return get_space(argv[position + 1]).name
        if word.startswith("--space="):
            return get_space(word.removeprefix("--space=")).name
    return "nb201"


if __name__ == "__main__":
    sys.exit(main())
