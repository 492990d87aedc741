"""Reference tables are found from a clone and from an installed wheel alike."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import nasbias
from nasbias.errors import InputError
from nasbias.tables import shipped

ROOT = Path(__file__).resolve().parents[2]


def test_tables_are_named_by_space_and_content(tmp_path, monkeypatch):
    for name in ("nb201_predictions", "nb201_other", "nb_macro_predictions"):
        pd.DataFrame({"x": [1]}).to_parquet(tmp_path / f"{name}.parquet")
    monkeypatch.setattr(shipped, "shipped_folders", lambda: [tmp_path])
    assert shipped.find_predictions("nb-macro").name == "nb_macro_predictions.parquet"
    assert list(shipped.list_shipped("nb201")) == ["nb201_other", "nb201_predictions"]
    with pytest.raises(InputError, match="no predictions for darts64 are shipped"):
        shipped.find_predictions("darts64")


def test_a_shipped_table_has_a_name_that_every_reader_of_predictions_takes():
    assert shipped.find_shipped("shipped:nb201-whole").name == "nb201_predictions_whole.parquet"
    assert shipped.find_shipped("darts64-proxies").name == "darts64_proxies.parquet"
    assert len(nasbias.load_predictions("shipped:darts64", space="darts64")) > 64
    told = nasbias.correlate(["shipped:darts64"], "darts64_truth", space="darts64")
    assert told["gt_tau"].tolist() == nasbias.correlate(None, "darts64_truth", space="darts64")["gt_tau"].tolist()
    with pytest.raises(InputError, match="shipped:nb201 is given twice"):
        nasbias.correlate(["shipped:nb201", "shipped:nb201"])
    with pytest.raises(InputError, match="unknown shipped table 'nb201-hole'. Did you mean nb201-whole"):
        nasbias.load_predictions("shipped:nb201-hole")


def test_every_shipped_table_s_name_is_its_own():
    names = [shipped._short(stem) for stem in shipped.list_shipped()]
    assert len(set(names)) == len(names) and {"nb201", "ptb", "nb101"} <= set(names)


def test_a_clone_finds_its_data_folder():
    assert ROOT / "data" in [folder.resolve() for folder in shipped.shipped_folders()]


def test_an_installed_wheel_finds_its_own_tables(tmp_path):
    """The wheel is built from a copy without the repository around it, and used from elsewhere."""
    source, wheels, installed = tmp_path / "source", tmp_path / "wheels", tmp_path / "installed"
    for folder in ("nasbias", "data"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source / name)
    pd.DataFrame({"architecture": ["|none~0|"], "accuracy": [1.0]}).to_parquet(
        source / "data" / "probe_predictions.parquet"
    )
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(wheels)]
    built = subprocess.run([*command, str(source)], capture_output=True, text=True)
    if "No module named 'setuptools'" in built.stderr or "BackendUnavailable" in built.stderr:
        pytest.skip("setuptools is not installed here, so a wheel can't be built without the network")
    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(installed)
    code = "from nasbias.tables.shipped import find_predictions; print(find_predictions('probe'))"
    found = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {[str(installed), *site_folders()]!r}; {code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == str(installed / "nasbias" / "reference" / "probe_predictions.parquet"), found.stderr


def site_folders() -> list[str]:
    """Where the dependencies are; -S keeps the editable install of this very package out."""
    return [path for path in sys.path if path.endswith("site-packages")]
