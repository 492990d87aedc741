"""Change the code a little, run the tests that mirror it, and count the changes that no test notices.

    python -m tests.mutants                        # the modules listed in MODULES, a sample of SAMPLE mutants each
    python -m tests.mutants statistics/kendall truth/nb101    # these modules
    python -m tests.mutants --seed 8 statistics/kendall       # another sample: tests written for one are no judge of it
    python -m tests.mutants --survivors statistics/kendall    # after adding tests: the survivors once more
    python -m tests.mutants --show statistics/kendall         # what is known, nothing is run
    python -m tests.mutants --known                           # the mutants made by hand (tests/mutants/known.py)
    python -m tests.mutants --out analysis/mutants.md         # the table as a page, with the survivors and why they may

The mutants are mutmut's. Its runner is not used: it leaves out decorated functions (every metric here), defaults that
are not literals and whatever stands at module level. Here each mutant is imported from memory in a forked process that
runs, of the mirroring test files (tests/mirror.py), the tests that reach the changed line. Tests that start a
process of their own see the unchanged code.

Of the spellings of a sentence (a string with a space in it) only the upper-case one counts; `@dataclass(...)`, type
annotations, __all__ and encoding="utf-8" stay as they are. Where there are more mutants than the sample, it is drawn
with a fixed seed. Results lie in build/mutants/SEED/: an interrupted run goes on where it stopped, a module is measured
anew when its code or its tests change.
"""
# pyright: reportMissingImports=false

import argparse
import hashlib
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from tests.mirror import PACKAGE, ROOT, TESTS, list_modules, name_of, tests_of  # noqa: E402
from tests.mutants.drawing import Mutant, draw_mutants  # noqa: E402
from tests.mutants.harmless import HARMLESS  # noqa: E402
from tests.mutants.known import KNOWN  # noqa: E402
from tests.mutants.running import Outcome, find_reach, try_mutant  # noqa: E402

# A name fits a file of that name and every file of a folder of that name, wherever it lies under nasbias/.
MODULES = [
    *["statistics", "correlation", "stability"],
    *["bias", "density", "pruning", "matching", "tables"],
    *["pickles", "truth/tfrecord", "truth/formats", "truth/nb101", "truth/nb201", "truth/nats"],
    *["truth/darts", "truth/darts64", "truth/ptb", "truth/nb_macro", "truth/store"],
    *["runs", "numerals", "streams", "figures", "report"],
]
SAMPLE, SEED = 150, 7
RESULTS = ROOT / "build" / "mutants"
KILLED = ("killed", "timeout")


def measure(path: Path, folder: Path, options: argparse.Namespace) -> None:
    """Run a module's sampled mutants that have no result in `folder` yet, writing each result as it comes."""
    tests, source = tests_of(path), path.read_text()
    name, file = name_of(path), folder / f"{name_of(path)}.jsonl"
    header = _header(path, tests)
    folder.mkdir(parents=True, exist_ok=True)
    if options.survivors and file.exists():
        known, todo = _survivors(file, source)
        header["all"] = json.loads(file.open().readline())["all"]
    else:
        known = _read_earlier(file, header)
        mutants, header["all"] = draw_mutants(source, options.sample, options.seed)
        todo = [mutant for mutant in mutants if mutant.number not in known]
    firsts = {(outcome.before, outcome.after): outcome.first for outcome in known.values()}
    known = {n: outcome for n, outcome in known.items() if not _is_among(outcome, todo)}
    _write(file, header, list(known.values()))
    if not todo or not tests:
        return
    work = folder / f"{name}.work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    reach, seconds = find_reach(path, tests, work)
    limit = 10 + 8 * seconds
    print(f"{name}: {len(todo)} of {header['all']} changes, {seconds:.1f} s for all its tests", flush=True)
    unchanged = try_mutant(Mutant(-1, min(reach), "", "", source), name, path, tests, reach, limit, work)
    if unchanged.status != "survived":
        raise SystemExit(
            f"{name}: the tests fail on the unchanged code in memory:\n{(work / 'log').read_text()[-3000:]}"
        )
    start = time.monotonic()
    for mutant in todo:
        if time.monotonic() - start > 60 * options.minutes:
            print(f"{name}: out of time", flush=True)
            break
        outcome = try_mutant(mutant, name, path, tests, reach, limit, work)
        outcome = replace(outcome, first=firsts.get((mutant.before, mutant.after), outcome.status))
        with file.open("a") as stream:
            stream.write(json.dumps(asdict(outcome)) + "\n")
    shutil.rmtree(work, ignore_errors=True)


def _read_earlier(file: Path, header: dict) -> dict[int, Outcome]:
    """What was found on this very code by these very tests."""
    if not file.exists():
        return {}
    old = json.loads(file.open().readline())
    same = (old["source"], old["tests"]) == (header["source"], header["tests"])
    return {outcome.number: outcome for outcome in read(file)} if same else {}


def _survivors(file: Path, source: str) -> tuple[dict[int, Outcome], list[Mutant]]:
    """All that was found; and what survived, made once more: found by its line before and after where code changed."""
    known = {outcome.number: outcome for outcome in read(file)}
    survived = {(outcome.before, outcome.after) for outcome in known.values() if outcome.status not in KILLED}
    made = {(mutant.before, mutant.after): mutant for mutant in draw_mutants(source, sys.maxsize, 0)[0]}
    return known, [made[change] for change in survived if change in made]


def _is_among(outcome: Outcome, mutants: list[Mutant]) -> bool:
    return outcome.status not in KILLED and (outcome.before, outcome.after) in {(m.before, m.after) for m in mutants}


def _header(path: Path, tests: list[Path]) -> dict:
    def digest(*texts: str) -> str:
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]

    return {
        "source": digest(path.read_text()),
        "tests": digest(*(test.read_text() for test in [TESTS / "conftest.py", *tests])),
        "files": [test.relative_to(ROOT).as_posix() for test in tests],
        "lines": len(path.read_text().splitlines()),
    }


def _write(file: Path, header: dict, outcomes: list[Outcome]) -> None:
    rows = [json.dumps(header), *(json.dumps(asdict(outcome)) for outcome in outcomes)]
    temporary = file.with_suffix(".tmp")
    temporary.write_text("\n".join(rows) + "\n")
    temporary.replace(file)


def read(file: Path) -> Iterator[Outcome]:
    """The outcomes in a results file."""
    for row in file.read_text().splitlines()[1:]:
        yield Outcome(**json.loads(row))


def report(paths: list[Path], folder: Path, show: bool) -> str:
    """The table as Markdown, with the survivors below where asked for."""
    table = [
        "| module | mutants | drawn | killed at first | of these by time | share | killed now | share now |",
        "|---|---|---|---|---|---|---|---|",
    ]
    details = []
    total = [0, 0, 0]
    for path in paths:
        name = name_of(path).removeprefix("nasbias.")
        file = folder / f"{name_of(path)}.jsonl"
        if not file.exists():
            continue
        header, outcomes = json.loads(file.open().readline()), list(read(file))
        if not tests_of(path):
            table.append(f"| {name} | {header['all']} | 0 | | | | | no mirroring test file |")
        if not outcomes:
            continue
        first = sum(outcome.first in KILLED for outcome in outcomes)
        now = sum(outcome.status in KILLED for outcome in outcomes)
        timeouts = sum(outcome.status == "timeout" for outcome in outcomes)
        n = len(outcomes)
        total = [before + more for before, more in zip(total, (n, first, now))]
        table.append(
            f"| {name} | {header['all']} | {n} | {first} | {timeouts} | {first / n:.0%} | {now} | {now / n:.0%} |"
        )
        for outcome in sorted(outcomes, key=lambda outcome: outcome.line):
            if outcome.status not in KILLED:
                details.append(_detail(name, outcome))
    n, first, now = total
    if n:
        table.append(f"| **all** | | {n} | {first} | | {first / n:.0%} | {now} | {now / n:.0%} |")
    return "\n".join(table + (["", *details] if show else []))


def _detail(name: str, outcome: Outcome) -> str:
    reason = HARMLESS.get((name, outcome.before, outcome.after), "not looked into")
    reason = f"no test reaches it; {reason}" if outcome.status == "no test" else reason
    return f"{name}:{outcome.line}: {reason}\n\n    - {outcome.before}\n    + {outcome.after}\n"


def choose(names: list[str]) -> list[Path]:
    """The modules that the names fit; SystemExit names one that fits nothing."""
    found: list[Path] = []
    for name in names:
        fits = [
            path
            for path in list_modules()
            if f"/{path.relative_to(PACKAGE).with_suffix('').as_posix()}".endswith(f"/{name}")
            or f"/{path.parent.relative_to(PACKAGE).as_posix()}".endswith(f"/{name}")
        ]
        if not fits:
            raise SystemExit(f"no module of nasbias fits {name!r}")
        found += fits
    return list(dict.fromkeys(found))


def try_known() -> int:
    """Try the mutants made by hand, print what became of each; how many survived."""
    work = RESULTS / "known.work"
    survived = 0
    for path in dict.fromkeys(PACKAGE / known.module for known in KNOWN):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        source, tests = path.read_text(), tests_of(path)
        reach, seconds = find_reach(path, tests, work)
        for known in (known for known in KNOWN if PACKAGE / known.module == path):
            line = source[: source.index(known.before)].count("\n") + 1
            changed = source.replace(known.before, known.after)
            mutant = Mutant(0, line, known.before, known.after, changed)
            outcome = try_mutant(mutant, name_of(path), path, tests, reach, 10 + 8 * seconds, work)
            survived += outcome.status not in KILLED
            print(f"{outcome.status:9} {known.module}: {known.name}", flush=True)
    shutil.rmtree(work, ignore_errors=True)
    return survived


def write_page(file: Path, paths: list[Path], folder: Path, seed: int) -> None:
    """The table and the survivors as a page of Markdown."""
    page = f"""# What the tests notice

`python -m tests.mutants --seed {seed} --out {file}` wrote this page. Each mutant is the code with one small change; it
is killed where a test of the mirroring files fails. "At first" counts the tests that were there when the sample was
drawn: an independent estimate for the module. "Now" counts those that were then written for the survivors as well. What
still survives is below, with the reason why that may be.

{report(paths, folder, show=True)}"""
    file.write_text(page.rstrip() + "\n")


def main() -> int:
    """Measure the chosen modules and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("modules", nargs="*", default=MODULES, help="a module's name or room/name (default: MODULES)")
    parser.add_argument("--sample", type=int, default=SAMPLE, help=f"mutants a module at most (default {SAMPLE})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the sample (default {SEED})")
    parser.add_argument("--minutes", type=float, default=60, help="time a module at most (default 60)")
    parser.add_argument("--survivors", action="store_true", help="tests were only added: earlier kills stand")
    parser.add_argument("--show", action="store_true", help="run nothing, print what is known with each survivor")
    parser.add_argument("--known", action="store_true", help="try the mutants made by hand, no others")
    parser.add_argument("--out", type=Path, help="run nothing, write what is known as a page")
    options = parser.parse_args()
    os.chdir(ROOT)
    os.nice(10)
    if options.known:
        _preload()
        return min(try_known(), 1)
    paths, folder = choose(options.modules), RESULTS / str(options.seed)
    if options.out:
        write_page(options.out, paths, folder, options.seed)
        return 0
    if not options.show:
        _preload()
        for path in paths:
            measure(path, folder, options)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{(used.ru_utime + used.ru_stime) / 60:.1f} CPU-minutes", flush=True)
    print(report(paths, folder, options.show))
    return 0


def _preload() -> None:
    """What every forked run would otherwise import again. Nothing of nasbias: each run imports its own."""
    import coverage  # noqa: F401
    import hypothesis.extra.numpy  # noqa: F401
    import mutmut.mutation.file_mutation  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import pytest  # noqa: F401
    import rich.table  # noqa: F401
    import scipy.stats  # noqa: F401


if __name__ == "__main__":
    raise SystemExit(main())
