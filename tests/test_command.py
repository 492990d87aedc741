"""`python -m nasbias` is `nasbias`."""

import subprocess
import sys

from nasbias import __version__


def run(*words):
    return subprocess.run([sys.executable, "-m", "nasbias", *words], capture_output=True, text=True)


def test_a_module_is_run_as_the_command_is():
    done = run("--version")
    assert done.returncode == 0 and done.stdout.startswith(f"nasbias {__version__} (")
    wrong = run("corelation")
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1 and "Did you mean correlation" in wrong.stderr
