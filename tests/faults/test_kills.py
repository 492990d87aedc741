"""A sample of the points at which `python -m tests.faults.kills` kills runs; `make faults` tries all of them."""

import json
import subprocess
import sys

import pytest

from tests.mirror import ROOT

pytest.importorskip("torch")
POINTS = {"train": 5, "prune": 3, "dense": 2, "ptb": 3, "standalone": 5, "score": 4}


def test_a_run_killed_anywhere_ends_equal_to_an_undisturbed_one_when_it_is_run_again():
    command = [sys.executable, "-m", "tests.faults.kills", "--points"]
    tried = 0
    for case, points in POINTS.items():  # a process that has been backward can't be forked, as this one may have
        done = subprocess.run([*command, str(points), case], cwd=ROOT, capture_output=True, text=True)
        assert done.stdout, done.stderr
        found = json.loads(done.stdout)
        assert found["failures"] == [], found
        tried += found["tried"]
    assert tried == sum(POINTS.values())
