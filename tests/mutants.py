"""Change the code a little, run the tests that mirror it, and count the changes that no test notices.

    python -m tests.mutants                        # the modules listed in MODULES, a sample of SAMPLE mutants each
    python -m tests.mutants statistics/kendall truth/nb101    # these modules
    python -m tests.mutants --survivors statistics/kendall    # after adding tests: the survivors once more
    python -m tests.mutants --show statistics/kendall         # what is known, nothing is run

The mutants are mutmut's. Its runner is not used: it leaves out decorated functions (every metric here), defaults that
are not literals and whatever stands at module level. Here each mutant is imported from memory in a forked process that
runs the mirroring test files (tests/mirror.py), those tests first that reach the changed line. Tests that start a
process of their own see the unchanged code.

Of the spellings of a sentence (a string with a space in it) only the upper-case one counts; `@dataclass(...)`, type
annotations, __all__ and encoding="utf-8" stay as they are. Where there are more mutants than the sample, it is drawn
with a fixed seed. Results lie in build/mutants/: an interrupted run goes on where it stopped, a module is measured anew
when its code or its tests change.
"""
# pyright: reportMissingImports=false

import argparse
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from tests.mirror import PACKAGE, ROOT, TESTS, list_modules, name_of, tests_of  # noqa: E402

# A name fits a file of that name and every file of a folder of that name, wherever it lies under nasbias/.
MODULES = [
    *["statistics", "correlation", "stability"],
    *["bias", "density", "pruning", "matching", "tables"],
    *["pickles", "truth/tfrecord", "truth/formats", "truth/nb101", "truth/nb201"],
    *["truth/darts", "truth/darts64", "truth/ptb", "truth/nb_macro", "truth/store"],
]
SAMPLE, SEED = 150, 7
RESULTS = ROOT / "build" / "mutants"
ENCODING = re.compile(r',? ?encoding=("[^"]*"|None)')  # UTF-8 is the default wherever this runs
MEMORY = 12 << 30  # bytes of address space a mutant may take


@dataclass(frozen=True)
class Mutant:
    """One change: its number among the module's mutants, the line (from 1), and that line before and after."""

    number: int
    line: int
    before: str
    after: str
    source: str


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: killed, timeout (killed as well), survived, or no test (its line is never reached)."""

    number: int
    line: int
    before: str
    after: str
    status: str
    seconds: float


def draw_mutants(source: str, sample: int) -> tuple[list[Mutant], int]:
    """`sample` of the mutants of a module's source in an order that SEED fixes, and how many changes there are."""
    import libcst as cst
    from libcst.metadata import MetadataWrapper, PositionProvider
    from mutmut.mutation.file_mutation import MutationVisitor
    from mutmut.mutation.mutators import mutation_operators
    from mutmut.mutation.pragma_handling import IgnoredCode

    class Everything(MutationVisitor):
        def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
            if isinstance(node, cst.Decorator):
                return "dataclass" in cst.Module([]).code_for_node(node)
            if isinstance(node, cst.FunctionDef | cst.Param):
                return False
            return super()._skip_node_and_children(node)

    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = Everything(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    positions = wrapper.resolve(PositionProvider)
    lines = source.splitlines()
    found = []
    changes = list(enumerate(visitor.mutations))
    random.Random(SEED).shuffle(changes)
    for number, mutation in changes:
        if len(found) == sample:
            break
        node, changed = mutation.original_node, mutation.mutated_node
        if isinstance(node, cst.SimpleString) and " " in node.value and changed.value != node.value.upper():
            continue
        line = positions[node].start.line
        if lines[line - 1].startswith("__all__"):
            continue
        mutated = wrapper.module.deep_replace(node, changed).code
        if ENCODING.sub("", mutated) == ENCODING.sub("", source):
            continue
        before, after = _first_difference(lines, mutated.splitlines(), line)
        found.append(Mutant(number, line, before, after, mutated))
    return found, len(changes)


def _first_difference(lines: list[str], mutated: list[str], line: int) -> tuple[str, str]:
    for before, after in zip(lines, mutated, strict=False):
        if before != after:
            return before.strip(), after.strip()
    return lines[line - 1].strip(), ""


class _Loader:
    """Finds one module in memory, whatever lies on disk."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, path, source

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        from importlib.machinery import SourceFileLoader
        from importlib.util import spec_from_file_location

        if name != self.name:
            return None
        mutated = self.source

        class Loader(SourceFileLoader):
            def get_code(self, fullname: str) -> object:
                return compile(mutated, self.path, "exec", dont_inherit=True)

        folder = [str(self.path.parent)] if self.path.stem == "__init__" else None
        loader = Loader(name, str(self.path))
        return spec_from_file_location(name, self.path, loader=loader, submodule_search_locations=folder)


class _First:
    """Puts the tests that reach the changed line before the others."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def pytest_collection_modifyitems(self, items: list) -> None:
        items.sort(key=lambda item: item.nodeid not in self.names)


class _Reach:
    """Notes which test reaches which line. What fixtures and imports reach belongs to every test ("")."""

    def __init__(self, path: Path) -> None:
        import coverage

        self.coverage = coverage.Coverage(data_file=None, include=[str(path)], config_file=False)
        self.coverage.start()
        self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: object) -> None:
        self.coverage.switch_context("")

    def pytest_pyfunc_call(self, pyfuncitem: object) -> None:
        self.coverage.switch_context(pyfuncitem.nodeid)

    def lines(self) -> dict[int, list[str]]:
        self.coverage.stop()
        data = self.coverage.get_data()
        found: dict[int, set[str]] = {}
        for file in data.measured_files():
            for line, contexts in data.contexts_by_lineno(file).items():
                found.setdefault(line, set()).update(contexts)
        return {line: sorted(contexts) for line, contexts in found.items()}


def _run_tests(tests: list[Path], folder: Path, plugins: list) -> int:
    import pytest

    files = [str(test.relative_to(ROOT)) for test in tests]
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:benchmark", "-o", "addopts="]
    options += ["--import-mode=importlib", "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*options, "--hypothesis-profile=mutants", f"--basetemp={folder}", *files], plugins=plugins))


def _fork(work: Callable[[], int], limit: float, log: Path) -> tuple[int | None, float]:
    """Exit code of `work()` in a process of its own, None past `limit` seconds; and the seconds it took."""
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(out, stream)
        code = 99
        try:
            code = work()
        except BaseException as error:
            print(repr(error))
        finally:
            sys.stdout.flush()
            os._exit(code)
    while time.monotonic() - start < limit:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), time.monotonic() - start
        time.sleep(0.01)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None, time.monotonic() - start


def measure(path: Path, sample: int, survivors: bool, budget: float) -> None:
    """Run a module's sampled mutants that have no result yet, writing each result as it comes."""
    tests, source = tests_of(path), path.read_text()
    name = name_of(path)
    file = RESULTS / f"{name}.jsonl"
    known = {} if not file.exists() else {outcome.number: outcome for outcome in read(file)}
    header = _header(path, tests)
    if file.exists():
        old = json.loads(file.open().readline())
        if old["source"] != header["source"]:
            known = {}
        elif old["tests"] != header["tests"]:
            known = {n: o for n, o in known.items() if survivors and o.status in ("killed", "timeout")}
    mutants, header["all"] = draw_mutants(source, sample)
    RESULTS.mkdir(parents=True, exist_ok=True)
    _write(file, header, list(known.values()))
    todo = [mutant for mutant in mutants if mutant.number not in known]
    if not todo or not tests:
        return
    work = RESULTS / f"{name}.work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    reach, seconds = _reach(path, tests, work)
    limit = 10 + 8 * seconds
    print(f"{name}: {len(todo)} of {header['all']} changes, {seconds:.1f} s for all its tests", flush=True)
    unchanged = _try(Mutant(-1, min(reach), "", "", source), name, path, tests, reach, limit, work)
    if unchanged.status != "survived":
        raise SystemExit(
            f"{name}: the tests fail on the unchanged code in memory:\n{(work / 'log').read_text()[-3000:]}"
        )
    start = time.monotonic()
    for mutant in todo:
        if time.monotonic() - start > budget:
            print(f"{name}: out of time", flush=True)
            break
        outcome = _try(mutant, name, path, tests, reach, limit, work)
        with file.open("a") as stream:
            stream.write(json.dumps(asdict(outcome)) + "\n")
    shutil.rmtree(work, ignore_errors=True)


def _reach(path: Path, tests: list[Path], work: Path) -> tuple[dict[int, set[str]], float]:
    """line -> the tests that reach it, and the seconds of the unchanged run."""

    def run() -> int:
        plugin = _Reach(path)
        code = _run_tests(tests, work / "temp", [plugin])
        (work / "reach.json").write_text(json.dumps(plugin.lines()))
        return code

    code, seconds = _fork(run, 1200, work / "log")
    if code != 0:
        raise SystemExit(f"the tests of {path} fail on the unchanged code:\n{(work / 'log').read_text()[-3000:]}")
    reach = json.loads((work / "reach.json").read_text())
    return {int(line): set(names) for line, names in reach.items()}, seconds


def _try(
    mutant: Mutant, name: str, path: Path, tests: list[Path], reach: dict[int, set[str]], limit: float, work: Path
) -> Outcome:
    fields = (mutant.number, mutant.line, mutant.before, mutant.after)
    names = reach.get(mutant.line, set())
    # A statement over several lines is reached at its first line.
    above = next((line for line in range(mutant.line, 0, -1) if line in reach), None)
    names = names or (reach[above] if above else set())
    if not names:
        return Outcome(*fields, "no test", 0.0)

    def run() -> int:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        sys.meta_path.insert(0, _Loader(name, path, mutant.source))
        return _run_tests(tests, work / "temp", [_First(names)])

    code, seconds = _fork(run, limit, work / "log")
    status = "timeout" if code is None else "survived" if code == 0 else "killed"
    return Outcome(*fields, status, round(seconds, 2))


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


def report(paths: list[Path], show: bool) -> str:
    """The table as Markdown, with the survivors below where asked for."""
    table = [
        "| module | mutants | tried | killed | of these by time | no test | share |",
        "|---|---|---|---|---|---|---|",
    ]
    details = []
    for path in paths:
        name = name_of(path).removeprefix("nasbias.")
        file = RESULTS / f"{name_of(path)}.jsonl"
        if not file.exists():
            continue
        header, outcomes = json.loads(file.open().readline()), list(read(file))
        if not tests_of(path):
            table.append(f"| {name} | {header['all']} | 0 | | | | no mirroring test file |")
            continue
        status = [outcome.status for outcome in outcomes]
        killed = status.count("killed") + status.count("timeout")
        share = f"{killed / len(status):.0%}" if status else ""
        table.append(
            f"| {name} | {header['all']} | {len(status)} | {killed} | {status.count('timeout')} | "
            f"{status.count('no test')} | {share} |"
        )
        for outcome in sorted(outcomes, key=lambda outcome: outcome.line):
            if outcome.status in ("survived", "no test"):
                details.append(f"\n{name}:{outcome.line} ({outcome.status})\n- {outcome.before}\n+ {outcome.after}")
    return "\n".join(table + (details if show else []))


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


def main() -> None:
    """Measure the chosen modules and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("modules", nargs="*", default=MODULES, help="a module's name or room/name (default: MODULES)")
    parser.add_argument("--sample", type=int, default=SAMPLE, help=f"mutants a module at most (default {SAMPLE})")
    parser.add_argument("--minutes", type=float, default=60, help="time a module at most (default 60)")
    parser.add_argument("--survivors", action="store_true", help="tests were only added: earlier kills stand")
    parser.add_argument("--show", action="store_true", help="run nothing, print what is known with each survivor")
    options = parser.parse_args()
    os.chdir(ROOT)
    os.nice(10)
    paths = choose(options.modules)
    if not options.show:
        _preload()
        for path in paths:
            measure(path, options.sample, options.survivors, 60 * options.minutes)
    print(report(paths, options.show))


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
    main()
