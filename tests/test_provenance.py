"""What a result says of the code, the packages and the machine that made it."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from nasbias import provenance
from nasbias.provenance import count_cores, describe_provenance


def test_versions_are_those_of_the_packages_that_are_here(monkeypatch):
    monkeypatch.setattr(provenance, "_PACKAGES", ("no-such-package", "numpy", "pandas"))
    versions = describe_provenance()["versions"]
    assert versions == {
        "python": platform.python_version(),
        "numpy": importlib.metadata.version("numpy"),
        "pandas": importlib.metadata.version("pandas"),
    }


def test_what_decides_a_result_is_among_the_versions():
    versions = describe_provenance()["versions"]
    assert {"nasbias", "numpy", "pandas", "scipy"} <= versions.keys()
    for package in ("torch", "lightning-fabric"):
        try:
            assert versions[package] == importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            assert package not in versions


def test_the_time_is_now_in_utc_to_the_second():
    moment = datetime.fromisoformat(describe_provenance()["time"])
    assert moment.utcoffset() == timedelta(0)
    assert moment.microsecond == 0
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def test_more_is_written_beside_and_all_of_it_is_json():
    described = describe_provenance(seconds=1.5, engine="plain")
    assert json.loads(json.dumps(described)) == described
    assert described.keys() == {"commit", "versions", "hardware", "time", "seconds", "engine"}
    assert (described["seconds"], described["engine"]) == (1.5, "plain")


@pytest.mark.parametrize("changed", [False, True])
def test_the_commit_is_that_of_the_code_with_a_plus_where_the_tree_has_changes(changed, monkeypatch, tmp_path):
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    (tmp_path / "nasbias").mkdir()
    (tmp_path / "nasbias" / "provenance.py").write_text("one\n")
    (tmp_path / "setup.cfg").write_text("[metadata]\nname = nasbias\n")
    for step in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *step], cwd=tmp_path, check=True, capture_output=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    if changed:
        (tmp_path / "nasbias" / "provenance.py").write_text("two\n")
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "nasbias" / "provenance.py"))
    monkeypatch.chdir("/")  # where it is called from does not matter
    assert describe_provenance()["commit"] == head.strip() + ("+" if changed else "")


@pytest.mark.parametrize(
    ("place", "committed"), [(".venv/lib/nasbias", False), (".venv/lib/nasbias", True), ("nasbias", True)]
)
def test_inside_of_another_repository_its_commit_is_not_ours(place, committed, monkeypatch, tmp_path):
    """Installed in an environment within somebody's clone, committed there or not, or copied beside their code."""
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    package = tmp_path / place
    package.mkdir(parents=True)
    (package / "provenance.py").write_text("one\n")
    (tmp_path / "theirs.py").write_text("")
    added = "." if committed else "theirs.py"
    for step in (["init", "-q"], ["add", added], ["commit", "-qm", "theirs"]):
        subprocess.run([*git, *step], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.setattr(provenance, "__file__", str(package / "provenance.py"))
    assert describe_provenance()["commit"] is None


def test_outside_of_a_repository_there_is_no_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert describe_provenance()["commit"] is None


def test_without_git_there_is_no_commit(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_provenance()["commit"] is None


@pytest.fixture
def cpuinfo(monkeypatch):
    """Let /proc/cpuinfo hold a text, or be absent (None)."""
    read_text = Path.read_text

    def write(text: str | None) -> None:
        def read(self, *args, **options):
            if str(self) != "/proc/cpuinfo":
                return read_text(self, *args, **options)
            if text is None:
                raise FileNotFoundError(str(self))
            return text

        monkeypatch.setattr(Path, "read_text", read)

    return write


def test_the_processor_is_named_by_its_model_else_by_its_architecture(cpuinfo):
    assert describe_provenance()["hardware"]["cores"] == os.cpu_count()
    cpuinfo("flags : x\nmodel name\t: Fast One\nmodel name\t: Fast Two\n")
    assert describe_provenance()["hardware"]["cpu"] == "Fast One"
    cpuinfo("flags : x\n")
    assert describe_provenance()["hardware"]["cpu"] == platform.machine()


def test_where_the_system_does_not_list_its_processor_python_is_asked(cpuinfo, monkeypatch):
    cpuinfo(None)
    monkeypatch.setattr(platform, "processor", lambda: "named")
    assert describe_provenance()["hardware"]["cpu"] == "named"
    monkeypatch.setattr(platform, "processor", lambda: "")
    assert describe_provenance()["hardware"]["cpu"] == platform.machine()


@pytest.mark.parametrize(("available", "gpu"), [(True, "Big Chip"), (False, None)])
def test_a_gpu_is_named_where_a_run_could_use_it(available, gpu, monkeypatch):
    cuda = SimpleNamespace(is_available=lambda: available, get_device_name=lambda: "Big Chip")
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert describe_provenance()["hardware"]["gpu"] == gpu


def test_torch_is_not_imported_for_it():
    code = (
        "import sys; from nasbias.provenance import count_cores, describe_provenance as d; "
        "assert d()['hardware']['gpu'] is None; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_the_cores_are_those_that_the_process_may_use_else_all_there_are(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5, 7} if pid == 0 else set(), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert count_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert count_cores() == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert count_cores() == 1
