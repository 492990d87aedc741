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
from tests.browsers import chromium, has_chromium, has_playwright

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


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site's folder, as `make docs` builds it."""
    if importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("mkdocstrings") is None:
        pytest.skip("mkdocs is not installed (make docs)")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=quiet)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_site_builds_without_a_warning_and_without_a_request(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) == len(PAGES) + 1  # and the one that says that there is none
    for page in pages:
        loaded = LOADED.findall(page.read_text())
        assert not [url for pair in loaded for url in pair if url.startswith(("http", "//"))], page.name
    assert "score_with" in (site / "reference.html").read_text()


@has_chromium
@has_playwright
def test_the_search_finds_a_page_from_disk(site):
    with chromium() as browser:
        page, heard = browser.new_page(), []
        page.on("request", lambda request: heard.append(request.url))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.goto((site / "index.html").as_uri())
        page.locator("[data-md-component=search-query]").click()
        page.keyboard.type("score_with")
        found = page.locator(".md-search-result__link")
        found.first.wait_for()
        assert any("training.html" in link.get_attribute("href") for link in found.all())
        assert [each for each in heard if not each.startswith("file:")] == []
