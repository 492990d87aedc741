"""Places that can't be written to, for every command that writes: one line, exit code 2, nothing half or lost."""

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nasbias.correlation.__main__ import main as correlation
from nasbias.pruning.__main__ import main as pruning
from nasbias.spaces import get_space
from nasbias.stability.__main__ import main as stability
from tests.mirror import ROOT

torch = pytest.importorskip("torch")

from nasbias.score import main as score  # noqa: E402
from nasbias.train import main as train  # noqa: E402
from nasbias.training import train as carry_out  # noqa: E402
from tests.small import small_run  # noqa: E402

TINY = ["--epochs", "1", "--channels", "4", "--cells", "1", "--train-size", "128"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return carry_out(small_run("nb201", epochs=1), tmp_path_factory.mktemp("runs") / "run").path


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """A ground truth and two runs' predictions of a few architectures."""
    folder = tmp_path_factory.mktemp("tables")
    names = get_space("nb201").sample(30, 0)
    rows = "\n".join(f"{name},{50 + place}" for place, name in enumerate(names))
    (folder / "truth.csv").write_text(f"architecture,test_accuracy\n{rows}")
    for seed in (0, 1):
        scores = "\n".join(f"{name},{50 + (place * 7 + seed) % 30}" for place, name in enumerate(names))
        (folder / f"p{seed}.csv").write_text(f"architecture,accuracy\n{scores}")
    return folder


COMMANDS = {
    "train": lambda out, run, truth: train([*TINY, "--out", out]),
    "standalone": lambda out, run, truth: train([*TINY, "--standalone-sample", "1", "--processes", "1", "--out", out]),
    "score": lambda out, run, truth: score([str(run), "--sample", "2", "--valid-size", "20", "--out", out]),
    "correlation": lambda out, run, truth: correlation(
        ["--space", "nb201", "--predictions", f"{truth}/p0.csv", "--truth", f"{truth}/truth.csv", "--out", out]
    ),
    "stability": lambda out, run, truth: stability(
        ["--space", "nb201", "--predictions", f"{truth}/p0.csv", f"{truth}/p1.csv", "--ranks", out]
    ),
    "pruning": lambda out, run, truth: pruning(
        ["select", "--space", "nb201", "--truth", f"{truth}/truth.csv", "--share", "0.5", "--out", out]
    ),
}
FOLDERS = {"train", "standalone"}  # what they write is a folder


def places(folder: Path) -> dict[str, Path]:
    (folder / "file").write_text("mine")
    (folder / "loop.csv").symlink_to("loop.csv")
    (folder / "taken.csv").mkdir()
    (folder / "taken.csv" / "thesis.tex").touch()
    return {
        "through a file": folder / "file" / "x.csv",
        "where nobody may": Path("/proc/nasbias/x.csv"),
        "a loop of links": folder / "loop.csv",
        "somebody's folder": folder / "taken.csv",
        "a full device": Path("/dev/full"),
        "no device": Path("/dev/null"),
        "a name too long": folder / ("x" * 300 + ".csv"),
    }


@pytest.mark.filterwarnings("ignore::nasbias.notices.Notice")
@pytest.mark.parametrize("command", COMMANDS)
def test_an_impossible_place_is_refused_in_one_line_and_nothing_is_written(command, run, truth, tmp_path, capsys):
    for kind, place in places(tmp_path).items():
        before = sorted(tmp_path.rglob("*"))
        assert COMMANDS[command](str(place), run, truth) == 2, kind
        message = capsys.readouterr().err
        assert message.startswith("nasbias: ") and message.strip().count("\n") == 0, (kind, message)
        assert sorted(tmp_path.rglob("*")) == before, kind
    assert Path("/dev/full").is_char_device() and Path("/dev/null").is_char_device()
    assert (tmp_path / "file").read_text() == "mine"


LIMITED = """
import resource, sys
from tests.faults.test_disks import COMMANDS
from pathlib import Path
command, out, run, truth, limit = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
sys.exit(COMMANDS[command](out, Path(run), Path(truth)))
"""


@pytest.mark.parametrize(("command", "limit"), [("train", 3000), ("standalone", 3000), ("score", 300), ("pruning", 60)])
def test_a_disk_that_is_full_ends_it_in_one_line_and_what_follows_goes_on(command, limit, run, truth, tmp_path):
    """The limit is on the size of files, which the kernel enforces as it does a full disk: in the middle of a write."""
    out = tmp_path / ("run" if command in FOLDERS else "p.parquet" if command == "score" else "p.csv")
    limited = [sys.executable, "-W", "ignore", "-c", LIMITED, command, str(out), str(run), str(truth), str(limit)]
    done = subprocess.run(limited, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("epoch ")]
    assert len(lines) == 1 and lines[0].startswith("nasbias: "), done.stderr
    assert "can't be written (File too large). Free space" in lines[0]
    assert not list(tmp_path.rglob("*.safetensors")) and not [p for p in tmp_path.rglob(".*") if p.is_file()]
    assert out.exists() is (command in FOLDERS)
    assert COMMANDS[command](str(out), run, truth) == 0
    assert out.exists()


def test_a_small_file_system_that_fills_up_is_such_a_disk(run, truth, tmp_path, capsys):
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if not mount or subprocess.run([mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], stderr=-3).returncode:
        pytest.skip("file systems can't be mounted here")
    try:
        assert COMMANDS["train"](str(place / "run"), run, truth) == 2
        message = capsys.readouterr().err
        assert "No space left on device" in message and message.splitlines()[-1].startswith("nasbias: ")
        assert "Traceback" not in message
        assert not list(place.rglob("*.safetensors"))
    finally:
        subprocess.run(["umount", place], check=True)


def test_the_limit_of_these_tests_is_the_childrens(tmp_path):
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] in (resource.RLIM_INFINITY, -1)
