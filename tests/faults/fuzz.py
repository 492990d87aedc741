"""Coverage-guided fuzzing of every reader of foreign files, with atheris: `python -m tests.faults.fuzz`, `make fuzz`.

    python -m tests.faults.fuzz pickle csv --seconds 60     # of each reader; all of them by default

A reader may return or raise an InputError. Anything else, more than ten seconds for an input or 2 GB of memory is a
finding: it is written to build/fuzz/READER and the command ends with 1. Copied to tests/faults/found/READER-NAME it is
a case of `test_readers.py`. The corpora stay in build/fuzz, so that a second call goes on.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from tests.mirror import ROOT

WORK = ROOT / "build" / "fuzz"
_LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=20000", "-verbosity=0", "-print_final_stats=1")


def fuzz(name: str, seconds: int) -> int:
    """Fuzz one reader in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["nasbias"]):
        from tests.faults import readers

    corpus = WORK / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(readers.READERS[name].seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [*_LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={corpus}/"]
    atheris.Setup(["fuzz", *options, str(corpus)], lambda data: readers.attempt(name, data))
    atheris.Fuzz()
    return 0


def main(argv: list[str]) -> int:
    """The command; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help="default: all")
    parser.add_argument("--seconds", type=int, default=90, help="of each reader (default: 90, half an hour for all)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.here:
        return fuzz(given.readers[0], given.seconds)
    from tests.faults.readers import READERS

    findings = 0
    for name in given.readers or READERS:
        words = [sys.executable, "-m", "tests.faults.fuzz", name, "--here", "--seconds", str(given.seconds)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
        runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
        found = [path.name for path in sorted((WORK / name).glob("*-*")) if _is_finding(path)]
        findings += bool(found) or done.returncode != 0
        print(f"{name:<18} {int(runs[1]) if runs else 0:>9,} inputs  {', '.join(found) or 'nothing found'}", flush=True)
        if done.returncode:
            print(f"{name} ended with {done.returncode}:", file=sys.stderr)
            print("\n".join(done.stderr.splitlines()[-25:]), file=sys.stderr)
    return bool(findings)


def _is_finding(path: Path) -> bool:
    return path.name.startswith(("crash-", "timeout-", "oom-", "leak-"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
