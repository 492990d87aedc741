"""Every fault we know, tried, as a table: `python -m tests.faults --out analysis/faults.md`, which is `make faults`.

    python -m tests.faults --only kills              # a part of it, printed
    python -m tests.faults --quick --out build/f.md  # eight kill points of each case, 150 flips of each format: half an
                                                     # hour of one core, where all takes some hours
    python -m tests.faults --missing --out FILE      # only rows that FILE does not have yet, or has failures in

Each row is a command, which anybody can run alone; what it tried and what survived is read from what the command says.
The file is written anew after each row, and rows that are not run now stay as they are: it can be made in parts.
"""

import argparse
import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults import flips, kills
from tests.mirror import ROOT

Counts = tuple[int, int]  # tried, survived


def _of_kills(output: str) -> Counts:
    found = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return sum(each["tried"] for each in found), sum(each["tried"] - len(each["failures"]) for each in found)


def _of_flips(output: str) -> Counts:
    counts = {word: int(n) for word, n in re.findall(r"(refused|harmless|changed) +(\d+)", output)}
    return sum(counts.values()), counts["refused"] + counts["harmless"]


def _of_tests(output: str) -> Counts:
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|errors?)\b", output)}
    passed = counts.get("passed", 0)
    return sum(counts.values()), passed


def _tests(path: str) -> list[str]:
    """The tests of a file, or those of `FILE::WORD` that have the word in their names, marked `faults` or not."""
    path, _, word = path.partition("::")
    # -o addopts= takes back the -q of setup.cfg, under which pytest counts nothing
    chosen = ["-k", word.lower()] if word else []
    return ["-m", "pytest", path, *chosen, "-o", "addopts=--import-mode=importlib", "-p", "no:cacheprovider"]


ROWS: list[tuple[str, str, list[str], Callable[[str], Counts]]] = [
    *(
        (
            "kills",
            f"{case}: killed before a file operation, run again, equal to the bit",
            ["-m", "tests.faults.kills", case],
            _of_kills,
        )
        for case in kills.CASES
    ),
    *(
        (
            "flips",
            f"{name}: one bit flipped, refused or harmless",
            ["-m", "tests.faults.flips", "--only", name],
            _of_flips,
        )
        for name in flips.FORMATS
    ),
    *(
        (kind, what, _tests(path), _of_tests)
        for kind, what, path in (
            (
                "signals",
                "Ctrl-C, SIGTERM, killed workers, a removed folder, two at once",
                "tests/faults/test_signals.py",
            ),
            ("disks", "a full disk, a place that can't be written to", "tests/faults/test_disks.py"),
            (
                "removed",
                "a run's folder moved away before any of its writes",
                "tests/training/test_loop.py::moved_away",
            ),
            ("readers", "what fuzzing found; what is no file of a reader's kind", "tests/faults/test_readers.py"),
            ("forms", "files of later forms", "tests/test_forms.py"),
            ("digests", "published digests of files given by hand", "tests/test_digests.py"),
            ("provenance", "installed in another repository", "tests/test_provenance.py"),
            ("supply", "floors, digests and licences of dependencies", "tests/test_supply.py"),
            ("values", "tables, keys, architectures that only look like some", "tests/faults/test_values.py"),
            ("arguments", "options, paths, configurations out of bounds", "tests/faults/test_arguments.py"),
            ("pickles", "hostile pickles: code, bombs, depth, keys", "tests/pickles"),
            ("paths", "devices, pipes, loops, bombs", "tests/test_opening.py"),
            ("locks", "many processes in one folder; a dead holder", "tests/test_locks.py"),
            ("pool", "a killed worker, a killed parent", "tests/test_pool.py"),
            ("queue", "a runner of long runs killed, interrupted", "tests/analysis/test_queue.py::stopped"),
            ("contents", "other contents under the same name", "tests/runs/test_contents.py"),
            ("resume", "states saved and resumed after any step; another run's state", "tests/training/test_run.py"),
            ("divergence", "losses and weights that are no numbers, explosions", "tests/training/test_divergence.py"),
            (
                "clusters",
                "12 runs: workers, scheduler, network lost; two at once; one of two devices lost",
                "tests/faults/test_clusters.py",
            ),
        )
    ),
]


_QUICK = {"kills": ["--points", "8"], "flips": ["--flips", "150"]}
_HEAD = """# Faults: what was tried and what survived

Written by `make faults`; a row whose command has `--points` or `--flips` is a sample of its points, drawn evenly.

| fault | tried | survived | minutes | command |
|---|---|---|---|---|
"""


def main(argv: list[str]) -> int:
    """The command; see the module's docstring."""
    kinds = sorted({kind for kind, *_ in ROWS})
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--out", type=Path, help="a Markdown file (default: printed only)")
    parser.add_argument("--only", nargs="+", choices=kinds, default=kinds, help="some parts (default: all)")
    parser.add_argument("--quick", action="store_true", help="a sample of kill points and flips (default: all)")
    parser.add_argument("--missing", action="store_true", help="only what --out does not have, or has as failed")
    given = parser.parse_args(argv)
    written = read_rows(given.out) if given.out else {}
    failed = 0
    for kind, what, words, read in ROWS:
        if kind not in given.only or (given.missing and survived(written.get(what, ""))):
            continue
        words = [*words, *(_QUICK.get(kind, []) if given.quick else [])]
        written[what] = try_row(what, words, read)
        print(written[what], flush=True)
        failed += not survived(written[what])
        if given.out:
            ordered = [written[each] for _, each, *_ in ROWS if each in written]
            given.out.write_text(_HEAD + "\n".join(ordered) + "\n")
    return bool(failed)


def try_row(what: str, words: list[str], read: Callable[[str], Counts]) -> str:
    """Run a row's command; the row with what it says."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True)
    tried, lived = read(done.stdout)
    if tried != lived or not tried:
        print(done.stdout[-4000:], done.stderr[-4000:], file=sys.stderr)
    minutes = (time.monotonic() - began) / 60
    return f"| {what} | {tried:,} | {lived:,} | {minutes:.1f} | `{shlex.join(['python', *words])}` |"


def survived(row: str) -> bool:
    """Whether everything that a row tried survived, and something was tried."""
    cells = row.split(" | ")
    return len(cells) > 2 and cells[1] == cells[2] != "0"


def read_rows(path: Path) -> dict[str, str]:
    """The rows of an earlier table, by fault; none where there is no file."""
    lines = path.read_text().splitlines() if path.exists() else []
    known = {what for _, what, *_ in ROWS}
    rows = {line[2:].split(" | ")[0]: line for line in lines if line.startswith("| ")}
    return {what: row for what, row in rows.items() if what in known}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
