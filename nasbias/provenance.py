"""What made a result: commit, versions, hardware. Every result file and run folder carries it."""

import importlib.metadata
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
    folder = Path(__file__).parent
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
        changed = subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=folder, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.stdout.strip() + ("+" if changed.returncode else "")


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
