import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ANALYSING = [
    "nasbias.spaces",
    "nasbias.truth",
    "nasbias.terminal",
    "nasbias.bias",
    "nasbias.bias.__main__",
    "nasbias.matching",
    "nasbias.runs",
    "nasbias.statistics",
    "nasbias.tables",
    *(f"nasbias.recipes.{path.stem}" for path in sorted((ROOT / "nasbias" / "recipes").glob("*.py"))),
    # lightning is a callback of a package that imports torch; whoever wants it has both.
    *(f"nasbias.{path.stem}" for path in sorted((ROOT / "nasbias").glob("*.py")) if path.stem != "lightning"),
]


@pytest.mark.parametrize("module", ANALYSING)
def test_the_analysing_half_never_imports_torch(module):
    code = (
        f"import sys, {module}, nasbias\n"
        "for name in nasbias.list_spaces(): nasbias.get_space(name)\n"
        "assert not {'torch', 'lightning_fabric'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_importing_nasbias_imports_no_heavy_package():
    code = "import sys, nasbias; assert not {'pandas', 'scipy', 'numpy', 'matplotlib', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("package", ["torch", "lightning_fabric", "safetensors", "tomli_w"])
def test_without_its_packages_the_training_half_names_the_remedy_and_leaves_nothing(package, tmp_path):
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from nasbias.train import main\n"
        f"sys.exit(main(['--space', 'nb201', '--out', {str(tmp_path / 'x')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install 'nasbias[train]'" in done.stderr
    assert not any(tmp_path.iterdir())


def test_proxies_without_torch_are_one_line_and_not_one_failure_each(tmp_path):
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from nasbias.proxies.__main__ import main\n"
        f"sys.exit(main(['--space', 'nb201', '--sample', '3', '--out', {str(tmp_path / 'p.parquet')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "pip install 'nasbias[train]'" in done.stderr
    assert not any(tmp_path.iterdir())


def test_no_module_is_longer_than_a_reader_can_hold():
    long = {
        path.name: lines
        for path in (ROOT / "nasbias").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert not long


def test_the_wheel_carries_the_reference_predictions_and_truths(tmp_path):
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--target", installed, wheel], check=True)
    code = (
        "from nasbias.tables import find_predictions, list_shipped; print(find_predictions('nb201'));"
        "print(list_shipped('darts64')['darts64_truth'])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = found.stdout.splitlines()
    assert len(lines) == 2 and all(Path(line).is_relative_to(installed) for line in lines)
    known = {path.name for path in (ROOT / "data").glob("*_truth.parquet")}
    assert known and known <= {path.name for path in (installed / "nasbias" / "reference").iterdir()}


def test_a_type_checker_outside_knows_our_types(tmp_path):
    """py.typed: whoever installs nasbias has a misspelled argument reported, and the type of what comes back."""
    if importlib.util.find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    code = "import nasbias\nreveal_type(nasbias.correlate(None))\nnasbias.correlate(None, spce='nb201')\n"
    (tmp_path / "use.py").write_text(code)
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, str(tmp_path / "use.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert 'is "DataFrame"' in done.stdout and 'No parameter named "spce"' in done.stdout, done.stdout
