"""The documentation: its examples run, its commands exist, its links lead somewhere, it asks nothing of a network."""

import importlib.util
import os
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nasbias.cli import list_commands

ROOT = Path(__file__).parents[1]
PAGES = {path.name: path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
EXAMPLES = [
    (name, code) for name, text in PAGES.items() for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
]
NAMES = re.findall(r"^::: ([\w.]+)", PAGES["reference.md"], re.MULTILINE)
LOADED = re.compile(r'<(?:script|img|iframe)[^>]*src="([^"]+)"|<link[^>]*stylesheet[^>]*href="([^"]+)"')


@pytest.mark.parametrize(("name", "code"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_of_a_page_runs_and_prints(name, code, capsys):
    if importlib.util.find_spec("analognasbench") is None:
        pytest.skip("the example reads the analog-nasbench wheel")
    exec(code, {})
    assert capsys.readouterr().out


def test_pages_name_only_commands_that_exist():
    called = {name for text in PAGES.values() for name in re.findall(r"(?:^|`)nasbias ([a-z]+)\b", text, re.MULTILINE)}
    assert called <= set(list_commands()) and len(called) > 8


def test_every_page_is_in_the_table_of_contents():
    assert set(re.findall(r": (\w+\.md)", (ROOT / "mkdocs.yml").read_text())) == set(PAGES)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("nasbias.lightning")])  # an extra
def test_every_name_in_the_reference_is_there(name):
    assert pydoc.locate(name) is not None


def test_the_site_builds_without_a_warning_and_without_a_request(tmp_path):
    if importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("mkdocstrings") is None:
        pytest.skip("mkdocs is not installed (make docs)")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=quiet)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) == len(PAGES) + 1  # and the one that says that there is none
    for page in pages:
        loaded = LOADED.findall(page.read_text())
        assert not [url for pair in loaded for url in pair if url.startswith(("http", "//"))], page.name
    assert "score_with" in (tmp_path / "reference.html").read_text()
