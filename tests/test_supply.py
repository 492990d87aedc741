"""What nasbias depends on is what its files say, in each of them."""

import configparser
import re
import subprocess
import sys

import pytest

from tests import supply
from tests.mirror import ROOT

PINNED = supply.pinned(ROOT / "constraints.txt")


def test_every_pinned_package_has_the_digests_of_its_files_but_two():
    text = (ROOT / "constraints-hashes.txt").read_text()
    hashed = supply.pinned(ROOT / "constraints-hashes.txt")
    own = {"torch", "atheris"}  # a local CPU build; no file for every system
    assert hashed == {name: version for name, version in PINNED.items() if name not in own}
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.M)[1:]
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", entry) for entry in entries)
    assert "://" not in text


@pytest.mark.parametrize("name", supply.floors())
def test_what_setup_asks_for_is_pinned_at_or_above_its_floor(name):
    least = supply.floors()[name]
    assert least, f"{name} has no floor"
    if name in PINNED:
        assert supply.as_numbers(PINNED[name]) >= supply.as_numbers(least)
    else:
        assert name in supply.floors(("docs", "fuzz", "audit")), f"{name} is not pinned"


@pytest.mark.parametrize("name", supply.MENDED)
def test_no_floor_has_a_known_hole(name):
    version, hole = supply.MENDED[name]
    assert supply.as_numbers(supply.floors()[name]) >= supply.as_numbers(version), hole


def test_the_oldest_releases_tested_are_the_floors():
    lowest = supply.pinned(ROOT / "constraints-lowest.txt")
    floors = supply.floors(("", "analysis"))
    assert lowest.keys() == floors.keys() - {"threadpoolctl"}
    different = {name for name in lowest if supply.as_numbers(lowest[name])[:2] != supply.as_numbers(floors[name])[:2]}
    assert not different


def test_the_table_of_dependencies_has_each_of_them_with_its_licence():
    text = (ROOT / "docs/dependencies.md").read_text()
    rows = re.findall(r"^\| `([\w.-]+)` \| ([^|]*) \| ([^|]+) \| ([^|]+) \|$", text, re.M)
    listed = {supply.normal(name): extra.strip() for name, extra, *_ in rows}
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    for extra in ("", *config["options.extras_require"]):
        for name in supply.floors((extra,)):
            assert name in listed, f"{name} is missing"
            assert extra in listed[name].split(", ") or (not extra and listed[name] == "always"), (name, extra)
    assert listed.keys() == supply.floors().keys()


def test_only_tested_versions_of_python_are_declared():
    text = (ROOT / "setup.cfg").read_text()
    declared = re.findall(r"Programming Language :: Python :: (3\.\d+)", text)
    assert declared == ["3.11"] == [f"{sys.version_info.major}.{sys.version_info.minor}"]


def test_the_installed_packages_fit_each_other():
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_an_audit_is_an_all_clear_only_where_everything_was_looked_up():
    clean = {"name": "a", "version": "1", "vulns": []}
    holed = {"name": "b_c", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["2.1"]}]}
    skipped = {"name": "d", "skip_reason": "not found"}
    assert supply.judge({"dependencies": [clean]}, ["a"])[0] == 0
    code, lines = supply.judge({"dependencies": [clean, holed, skipped]}, ["a", "b-c", "d"])
    assert code == 1 and lines[0] == "b-c 2: CVE-1, mended in 2.1"
    code, lines = supply.judge({"dependencies": [clean, skipped]}, ["a", "d"])
    assert code == 3 and lines[-1] == "NOT AUDITED: the database could not be asked about 1 packages. No all-clear."
    assert supply.judge({}, ["a"])[0] == 3
