"""What nasbias depends on: `python -m tests.supply audit` asks pip-audit for known holes, `make audit` runs it.

The exit code is 0 where every pinned package was looked up and none has a known hole, 1 where one has, and 3 where the
database could not be asked about some: that is no all-clear.
"""

import configparser
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mirror import ROOT

# The first release without the holes known when the floor was set, by package; floors in setup.cfg are no lower.
MENDED = {
    "distributed": ("2026.1.0", "CVE-2026-23528: script injection in its dashboard"),
    "jinja2": ("3.1.6", "CVE-2025-27516: out of the sandbox"),
    "pillow": ("11.3.0", "CVE-2025-48379, CVE-2024-28219, CVE-2023-4863: heap overflows by images"),
    "protobuf": ("6.33.5", "CVE-2025-4565, CVE-2026-0994: endless recursion"),
    "pyarrow": ("14.0.1", "CVE-2023-47248: code from a file"),
    "requests": ("2.32.4", "CVE-2024-47081, CVE-2024-35195: leaked credentials, unverified certificates"),
    "scikit-learn": ("1.5.0", "CVE-2024-5206: training words kept in a model"),
    "torch": ("2.8.0", "CVE-2025-32434: code from a checkpoint; CVE-2025-3730: crash"),
}


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def floors(extras: tuple[str, ...] | None = None) -> dict[str, str]:
    """What setup.cfg asks for at least, by package: of all extras, or of these ("" = without any)."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    parts = {"": config["options"]["install_requires"], **config["options.extras_require"]}
    found = {}
    for extra, text in parts.items():
        if extras is not None and extra not in extras:
            continue
        for line in filter(None, map(str.strip, text.splitlines())):
            name, _, rest = re.split(r"(?=[ <>=!~]|$)", line, maxsplit=1)[0], None, line
            least = re.search(r"[>=]=\s*([0-9.]+)", rest)
            found[normal(name.partition("[")[0])] = least[1] if least else ""
    return found


def pinned(path: Path) -> dict[str, str]:
    """Exact versions in a file of constraints, by package."""
    return {normal(name): version for name, version in re.findall(r"^([\w.-]+)==([\w.+]+)", path.read_text(), re.M)}


def as_numbers(version: str) -> tuple[int, ...]:
    """A release as numbers that compare."""
    return tuple(int(part) for part in re.findall(r"\d+", re.sub(r"(\.0)+$", "", version)))


def judge(report: dict, names: list[str]) -> tuple[int, list[str]]:
    """Exit code and lines for what pip-audit says (its JSON) of the packages `names`."""
    asked = {normal(each["name"]): each for each in report.get("dependencies", [])}
    unknown = [name for name in names if "vulns" not in asked.get(name, {})]
    holes = [
        f"{name} {asked[name]['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no release'}"
        for name in names
        if name not in unknown
        for hole in asked[name]["vulns"]
    ]
    lines = [*holes, f"{len(names) - len(unknown)} of {len(names)} packages looked up, {len(holes)} known holes."]
    if unknown:
        lines.append(f"NOT AUDITED: the database could not be asked about {len(unknown)} packages. No all-clear.")
    return (1 if holes else 3 if unknown else 0), lines


def audit() -> int:
    """Ask pip-audit about every pinned package; print what it says."""
    names = sorted(pinned(ROOT / "constraints.txt"))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write("".join(f"{name}=={version}\n" for name, version in pinned(ROOT / "constraints.txt").items()))
        wanted.flush()
        words = [sys.executable, "-m", "pip_audit", "-r", wanted.name, "--no-deps", "--disable-pip", "-f", "json"]
        done = subprocess.run([*words, "--progress-spinner", "off"], capture_output=True, text=True)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        print((done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1], file=sys.stderr)
        report = {}
    code, lines = judge(report, names)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(audit())
