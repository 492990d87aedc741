"""Every fault we know, tried, as a table: `python -m tests.faults --out analysis/faults.md`, which is `make faults`.

    python -m tests.faults --only kills     # a part of it, printed

Each row is a command, which anybody can run alone; what it tried and what survived is read from what the command says.
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


def _tests(path: str, *options: str) -> list[str]:
    # -o addopts= takes back the -q of setup.cfg, under which pytest counts nothing
    return ["-m", "pytest", path, "-o", "addopts=--import-mode=importlib", "-p", "no:cacheprovider", *options]


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
            ("values", "tables, keys, architectures that only look like some", "tests/faults/test_values.py"),
            ("arguments", "options, paths, configurations out of bounds", "tests/faults/test_arguments.py"),
            ("pickles", "hostile pickles: code, bombs, depth, keys", "tests/pickles"),
            ("paths", "devices, pipes, loops, bombs", "tests/test_opening.py"),
            ("locks", "many processes in one folder; a dead holder", "tests/test_locks.py"),
            ("pool", "a killed worker, a killed parent", "tests/test_pool.py"),
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


def main(argv: list[str]) -> int:
    """The command; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--out", type=Path, help="a Markdown file (default: printed only)")
    parser.add_argument("--only", choices=sorted({kind for kind, *_ in ROWS}), help="one part (default: all)")
    given = parser.parse_args(argv)
    lines = ["| fault | tried | survived | minutes | command |", "|---|---|---|---|---|"]
    failed = 0
    for kind, what, words, read in ROWS:
        if given.only not in (None, kind):
            continue
        began = time.monotonic()
        done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True)
        tried, survived = read(done.stdout)
        failed += tried != survived or not tried
        minutes = (time.monotonic() - began) / 60
        lines.append(f"| {what} | {tried} | {survived} | {minutes:.1f} | `{shlex.join(['python', *words])}` |")
        print(lines[-1], flush=True)
        if tried != survived or not tried:
            print(done.stdout[-4000:], done.stderr[-4000:], file=sys.stderr)
    if given.out:
        text = "# Faults: what was tried and what survived\n\nWritten by `make faults`.\n\n"
        given.out.write_text(text + "\n".join(lines) + "\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
