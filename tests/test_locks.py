"""One process at a time in a folder."""

import json
import os
import platform
import signal
import subprocess
import sys
import time

import pytest

from nasbias.errors import InputError
from nasbias.locks import LOCK, locked

HOLD = """
import sys, time
from nasbias.locks import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of tmp_path / "run"."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_told_who_is_there_and_since_when(holder, tmp_path):
    with pytest.raises(InputError) as caught, locked(tmp_path / "run"):
        pytest.fail("two in one folder")
    message = str(caught.value)
    assert f"in use by process {holder.pid} on {platform.node()} since 20" in message and "\n" not in message
    assert (tmp_path / "run" / LOCK).exists()  # the other's


def test_a_dead_holder_holds_nothing(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "run" / LOCK).exists()
    with locked(tmp_path / "run"):
        assert json.loads((tmp_path / "run" / LOCK).read_text())["pid"] == os.getpid()
    assert not (tmp_path / "run").exists()  # nothing else was in it


def test_a_folder_at_rest_has_no_lock_and_keeps_its_files(tmp_path):
    with locked(tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(InputError, match=f"process {os.getpid()} on"), locked(tmp_path):
            pytest.fail("twice in one process")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_removed_or_replaced_meanwhile_is_noticed(tmp_path):
    folder = tmp_path / "run"
    with locked(folder) as lock:
        lock.check()
        (folder / LOCK).unlink()
        with pytest.raises(InputError, match="was removed or replaced"):
            lock.check()
        (folder / LOCK).write_text("somebody else's")
        with pytest.raises(InputError, match="was removed or replaced"):
            lock.check()
    assert (folder / LOCK).read_text() == "somebody else's"


def test_of_many_who_come_at_once_one_is_in_at_a_time(tmp_path):
    """Locks are removed at the end, so that one who waits may hold a file that is no longer there."""
    work = (
        "import sys, os; from nasbias.locks import locked; from nasbias.errors import InputError\n"
        "done = 0\n"
        "while done < 100:\n"
        "    try:\n"
        "        with locked(sys.argv[1]):\n"
        "            os.close(os.open(sys.argv[1] + '/inside', os.O_CREAT | os.O_EXCL))\n"
        "            os.unlink(sys.argv[1] + '/inside')\n"
        "            done += 1\n"
        "    except InputError as error:\n"
        "        assert 'in use' in str(error) or 'No such file' in str(error), error\n"
    )
    began = time.monotonic()
    workers = [subprocess.Popen([sys.executable, "-c", work, str(tmp_path / "run")]) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0], time.monotonic() - began


def test_what_is_no_folder_is_not_locked(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "x"):
        with pytest.raises(InputError), locked(path):
            pytest.fail("locked a file")
