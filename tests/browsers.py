"""Headless Chromium for tests that open pages: where it lies, and what to say where it is missing."""

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
has_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium: apt-get install --no-install-recommends chromium (make test does it)"
)
has_playwright = pytest.mark.skipif(
    importlib.util.find_spec("playwright") is None, reason="no playwright: pip install 'nasbias[test]'"
)


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser; playwright's own download of one is not needed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
