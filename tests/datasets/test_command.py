"""`python -m nasbias.datasets`: fetch, list and show."""

import json
import subprocess
import sys

from nasbias.datasets import published
from nasbias.datasets.__main__ import main


def test_offline_the_command_says_which_file_belongs_where(capsys):
    assert main(["fetch", "cifar100", "--mirror", "http://127.0.0.1:1"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no connection to 127.0.0.1:1" in line
    assert "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz" in line
    assert line.endswith(f"put it into {published.images_folder()}.")


def test_a_server_without_the_file_is_named(mirror, capsys):
    assert main(["fetch", "cifar100", "--mirror", mirror]) == 2
    assert "answer 404" in capsys.readouterr().err


def test_the_fetch_command_prints_the_path(mirror, true_hash, capsys):
    assert main(["fetch", "cifar10", "--mirror", mirror, "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == {"name": "cifar10", "path": str(published.images_folder() / "cifar-10-python.tar.gz")}


def test_an_unknown_set_is_answered_with_the_nearest(capsys):
    assert main(["fetch", "cifar-10"]) == 2
    assert "unknown published image set 'cifar-10'. Did you mean cifar10" in capsys.readouterr().err
    assert main(["show", "no/such/file"]) == 2
    assert capsys.readouterr().err == "nasbias: no/such/file: no such file or folder.\n"


def test_list_tells_what_is_here_and_names_the_users_own(capsys):
    own = published.images_folder() / "mine.parquet"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"")
    assert main(["list", "--format", "json"]) == 0
    rows = {row["name"]: row["path"] for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == ["digits", "cifar10", "cifar100", "fashion-mnist", "mine", "pydoc"]
    assert rows["cifar10"] is None
    assert rows["mine"] == str(own)
    assert main(["list"]) == 0
    assert "python -m nasbias.datasets fetch cifar100" in capsys.readouterr().out


def test_show_describes_a_set(capsys):
    assert main(["show", "digits", "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["train"], facts["test"], facts["resolution"], facts["channels"]) == (1500, 297, 8, 1)
    assert main(["show", "digits"]) == 0
    assert "0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in capsys.readouterr().out


def test_listing_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None; from nasbias.datasets.__main__ import main; sys.exit(main(['list']))"
    )
    assert b"fashion-mnist" in subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
