"""What made a result: commit, versions, hardware. Every result file and run folder carries it."""

import functools
import importlib.metadata
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_GITS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
_PACKAGES = ("nasbias", "torch", "lightning-fabric", "numpy", "pandas", "scipy")


def describe_provenance(**more: Any) -> dict[str, Any]:
    """Git commit (with '+' where the tree has changes), package versions, hardware and the time, plus `more`."""
    return {
        "commit": _commit(),
        "versions": versions(),
        "hardware": {"cpu": _cpu(), "cores": os.cpu_count(), "gpu": _gpu()},
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        **more,
    }


def versions() -> dict[str, str]:
    """Versions of Python, nasbias and the installed packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def count_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _commit() -> str | None:
    """The commit of nasbias's own repository; none where it is installed, also inside somebody else's repository."""
    folder = Path(__file__).parent
    # Git's own variables, as a hook sets them, would lead it elsewhere.
    clean = {name: value for name, value in os.environ.items() if name not in _GITS}
    git = functools.partial(subprocess.run, cwd=folder, env=clean, capture_output=True, text=True)
    try:
        git(["git", "ls-files", "--error-unmatch", Path(__file__).name], check=True)
        top = Path(git(["git", "rev-parse", "--show-toplevel"], check=True).stdout.rstrip("\n"))
        if not (top.samefile(folder.parent) and "name = nasbias\n" in (top / "setup.cfg").read_text()):
            return None  # a copy of nasbias, or an environment that somebody committed
        commit = git(["git", "rev-parse", "HEAD"], check=True).stdout.strip()
        changed = git(["git", "diff", "--quiet", "HEAD"]).returncode
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if changed else "")


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _gpu() -> str | None:
    import sys

    torch = sys.modules.get("torch")  # only a run that uses torch can have used a GPU
    return torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else None
