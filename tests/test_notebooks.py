"""The notebooks run on shipped data, and are what their scripts say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nasbias.figures import list_figures
from notebooks.pair import list_scripts, to_notebook

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("script", list_scripts(), ids=lambda path: path.stem)
def test_a_notebook_is_its_script(script):
    assert script.with_suffix(".ipynb").read_text() == to_notebook(script.read_text()) + "\n", "notebooks/pair.py"


def test_every_figure_of_the_gallery_is_in_the_notebook_once():
    script = (ROOT / "notebooks" / "both_papers.py").read_text()
    named = re.findall(r'"([a-z_0-9]+)"', script)
    assert sorted(named) == sorted(list_figures())


def test_the_notebook_draws_every_figure_with_a_sentence():
    environment = os.environ | {"MPLBACKEND": "agg"}
    script = ROOT / "notebooks" / "both_papers.py"
    command = [sys.executable, "-W", "ignore", script]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for entry in list_figures().values():
        assert f"{entry.name}: {entry.sentence}\n" in done.stdout
