"""A mutant tried: imported from memory in a forked process that runs those of the mirroring tests that reach it."""
# pyright: reportMissingImports=false

import ast
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.mirror import ROOT
from tests.mutants.drawing import Mutant

MEMORY = 12 << 30  # bytes of address space a mutant may take


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: killed, timeout (killed as well), survived, or no test (its line is never reached).

    `first` is the same of the first time it was tried: tests written for a survivor are no independent judge of it.
    """

    number: int
    line: int
    before: str
    after: str
    status: str
    seconds: float
    first: str = ""


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


class _Reaching:
    """Runs the tests that reach the changed line and no others: what does not reach it can't tell. A line that imports
    or fixtures reach ("") belongs to every test; those that also reach it themselves come first."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def pytest_collection_modifyitems(self, items: list) -> None:
        if "" in self.names:
            items.sort(key=lambda item: item.nodeid not in self.names)
        else:
            items[:] = [item for item in items if item.nodeid in self.names]


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


def find_reach(path: Path, tests: list[Path], work: Path) -> tuple[dict[int, set[str]], float]:
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


def is_inside(source: str, line: int) -> bool:
    """Whether a line belongs to a function's body, which runs when it is called and not when the module is imported."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return any(node.body[0].lineno <= line <= (node.end_lineno or 0) for node in functions)


def try_mutant(
    mutant: Mutant, name: str, path: Path, tests: list[Path], reach: dict[int, set[str]], limit: float, work: Path
) -> Outcome:
    fields = (mutant.number, mutant.line, mutant.before, mutant.after)
    names = reach.get(mutant.line, set())
    # A statement over several lines is reached at its first line.
    above = next((line for line in range(mutant.line, 0, -1) if line in reach), None)
    names = names or (reach[above] if above else set())
    if not is_inside(mutant.source, mutant.line):  # whoever imports the module first reaches it, for everybody
        names = names | {""}
    if not names:
        return Outcome(*fields, "no test", 0.0)

    def run() -> int:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        sys.meta_path.insert(0, _Loader(name, path, mutant.source))
        return _run_tests(tests, work / "temp", [_Reaching(names)])

    code, seconds = _fork(run, limit, work / "log")
    status = "timeout" if code is None else "survived" if code == 0 else "killed"
    return Outcome(*fields, status, round(seconds, 2))
