"""The room's door: names are imported late, and what is missing is named with its remedy."""

import subprocess
import sys

import pytest

import nasbias.datasets


@pytest.mark.parametrize("package", ["torch", "safetensors"])
def test_a_missing_package_is_named_with_its_remedy(package):
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "import nasbias.datasets, nasbias.errors\n"
        "try: nasbias.datasets.load_images\n"
        "except nasbias.errors.InputError as error: print(error)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output == f"this needs {package}, which is not installed. Remedy: pip install 'nasbias[train]'.\n"


def test_every_name_the_room_offers_is_there_and_others_are_not():
    pytest.importorskip("torch")
    for name in nasbias.datasets.__all__:
        home = getattr(nasbias.datasets, name).__module__
        assert home in ("nasbias.datasets.images", "nasbias.datasets.augment"), name
    with pytest.raises(AttributeError, match="has no attribute 'load_image'"):
        getattr(nasbias.datasets, "load_image")  # noqa: B009


def test_importing_the_room_imports_no_torch():
    code = "import sys, nasbias.datasets; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
