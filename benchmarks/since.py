"""What a training step costs now, and what it cost at an earlier commit.

    python -m benchmarks.since 32f3da8                  # some minutes; the commit must be in this clone
    python -m benchmarks.since 32f3da8 --only ptb --repeats 3

Both sides run `python -m nasbias.train` with the same options in a process of its own, a short and a long run in turns;
a step is the difference of their CPU times, the least of the repeats each, over that of their steps, so that starting
up does not count. Images and text are those that are embedded.
"""

import os
import resource
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.machine import caution, machine, stolen
from nasbias.errors import InputError
from nasbias.files import records, to_json
from nasbias.options import COUNT
from nasbias.terminal import Parser, add_format, command, number, print_table

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Case:
    """A recipe: options of the command, and epochs of the short and the long run."""

    name: str
    options: str
    batch: int = 64
    per_epoch: int = 8  # steps
    epochs: tuple[int, int] = (1, 4)
    size: int = 0  # training images or words, where it is not the steps that follow from the batch

    def arguments(self, epochs: int, out: Path) -> list[str]:
        """Of `nasbias.train`."""
        size = self.size or self.batch * self.per_epoch
        common = f"--batch-size {self.batch} --train-size {size} --epochs {epochs} --out {out}"
        return [*self.options.split(), *common.split()]


CASES = (
    Case("nb201 C=16 N=5 32x32, batch 64", "--space nb201 --resolution 32 --channels 16 --cells 5 --valid-size 64"),
    Case(
        "darts C=4, 5 layers, 16x16, batch 128",
        "--space darts --resolution 16 --crop 2 --layers 5 --channels 4 --no-auxiliary --drop-path 0 "
        "--clip .5 --learning-rate .08 --valid-size 128",
        batch=128,
    ),
    Case(
        "ptb 64 hidden units, batch 32",
        "--space ptb --hidden 64 --vocabulary 4000 --learning-rate 20 --clip .25 --evaluate-every 99",
        batch=32,
        per_epoch=53,  # 60,000 words by 32 rows of 35
        size=60_000,
    ),
)


def run(folder: Path, case: Case, epochs: int) -> float:
    """CPU-seconds of a training by the code in `folder`."""
    with tempfile.TemporaryDirectory() as out:
        arguments = case.arguments(epochs, Path(out) / "run")
        environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-m", "nasbias.train", *arguments],
            cwd=out, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise InputError(f"{case.name} in {folder}: {done.stderr.strip().splitlines()[-1]}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(commit: str, repeats: int, only: str = "") -> pd.DataFrame:
    """A row for each case: `then` and `now` in milliseconds a step, and how many times faster it is now."""
    rows = []
    with tempfile.TemporaryDirectory() as then:
        archive = Path(then) / "then.tar"
        made = subprocess.run(
            ["git", "-C", str(ROOT), "archive", "-o", str(archive), commit], capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise InputError(f"no commit {commit!r} in {ROOT.name}: {made.stderr.strip()}")
        with tarfile.open(archive) as packed:
            packed.extractall(then, filter="data")
        for case in (case for case in CASES if case.name.startswith(only)):
            steps = case.per_epoch * (case.epochs[1] - case.epochs[0])
            costs: dict[str, list[tuple[float, ...]]] = {"then": [], "now": []}
            for _ in range(repeats):
                for side, folder in (("then", Path(then)), ("now", ROOT)):
                    costs[side].append(tuple(run(folder, case, epochs) for epochs in case.epochs))
            # The least of each length: of differences it would be that whose short run was held up.
            shortest = {side: [min(each) for each in zip(*runs)] for side, runs in costs.items()}
            least = {side: 1000 * (long - short) / steps for side, (short, long) in shortest.items()}
            rows.append({"training": case.name, **least, "faster": least["then"] / least["now"]})
    return pd.DataFrame(rows)


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    called = "python -m benchmarks.since"
    parser = Parser(prog=called, description=__doc__, example=f"{called} 32f3da8")
    parser.add_argument("commit", help="an earlier commit of this repository")
    parser.add_argument("--repeats", type=number(int, COUNT), default=2, help="of each side (default: 2)")
    parser.add_argument("--only", default="", help="recipes whose name starts so (default: all)")
    add_format(parser)
    options = parser.parse_args(argv)
    before = stolen()
    table = measure(options.commit, options.repeats, options.only)
    if options.format == "json":
        print(to_json(records(table)))
        return 0
    print_table(table, machine())
    print(caution(before))
    return 0


if __name__ == "__main__":
    sys.exit(main())
