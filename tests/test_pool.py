"""Worker processes: what becomes of them when one is killed, when their parent is, and when somebody interrupts."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("torch")

from nasbias.errors import InputError
from nasbias.pool import carry_out
from tests.mirror import ROOT


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def wait_until(claim, seconds=20):
    ends = time.monotonic() + seconds
    while not claim() and time.monotonic() < ends:
        time.sleep(0.05)
    return claim()


def test_every_job_is_done_once_and_its_place_told():
    assert sorted(carry_out(pow, [(2, 3), (3, 2), (5, 1)], 2, "")) == [(0, 8), (1, 9), (2, 5)]


def test_an_error_ends_it_with_the_error():
    with pytest.raises(ZeroDivisionError), closing(carry_out(divmod, [(1, 0), (4, 2)], 2, "")) as done:
        list(done)


def test_a_killed_worker_is_one_line_that_says_what_is_kept():
    with pytest.raises(InputError) as caught:
        list(carry_out(os._exit, [(9,), (9,)], 2, "All is kept."))
    assert "a worker process was killed" in str(caught.value) and "All is kept. Run the same" in str(caught.value)


PARENT = """
import os, sys, time
from tests.test_pool import sleep
from nasbias.pool import carry_out
if __name__ == "__main__":
    for _ in carry_out(sleep, [(sys.argv[1],), (sys.argv[1],)], 2, ""):
        pass
"""


def sleep(folder):
    Path(folder, str(os.getpid())).touch()
    time.sleep(120)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_its_parent(number, tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    (tmp_path / "pids").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(tmp_path / "parent.py"), str(tmp_path / "pids")]
    parent = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    assert wait_until(lambda: len(list((tmp_path / "pids").iterdir())) == 2, 60)
    pids = [int(path.name) for path in (tmp_path / "pids").iterdir()]
    assert all(map(is_alive, pids))
    parent.send_signal(number)
    parent.wait(30)
    assert wait_until(lambda: not any(map(is_alive, pids)))
