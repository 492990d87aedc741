"""The report's page: seconds to make it, its size, and how long the explorer takes to answer, in headless Chromium.

An answer is measured in the page: from a brush moved, a choice pressed or a run switched to everything drawn again
(points, shares, sizes, count), without what the browser adds to show it. 15,625 architectures are the shipped runs; the
423,624 of NAS-Bench-101 are made up.
"""

import time

import numpy as np
import pandas as pd
import pytest

from nasbias.report import make_report, render
from nasbias.spaces.nb101 import SPACE
from tests.browsers import CHROMIUM, chromium

WHOLE = "data/nb201_predictions_whole.parquet"


def make_everything():
    """A run and a truth of every cell of NAS-Bench-101."""
    names, rng = SPACE.members("all"), np.random.default_rng(0)
    quality = rng.normal(size=len(names))
    truth = pd.DataFrame({"architecture": names, "dataset": "cifar10", "epochs": 108, "seed": 0})
    truth["valid_accuracy"] = (90 + 2 * quality).clip(9, 99).round(4)
    run = pd.DataFrame({"run": "made-up", "seed": 0, "epoch": 50, "architecture": names})
    run["accuracy"] = (60 + 4 * (quality + rng.normal(size=len(names)))).clip(0, 100).round(2)
    return run, truth


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Name -> (file, CPU seconds it took)."""
    made = {}
    everything = make_everything()
    for name, (runs, truth, space) in {"15,625": (WHOLE, None, "nb201"), "423,624": (*everything, "nb101")}.items():
        start = time.process_time()
        text = render(make_report(runs, truth, space=space))
        seconds = time.process_time() - start
        path = tmp_path_factory.mktemp("page") / "r.html"
        path.write_text(text, encoding="utf-8")
        made[name] = path, seconds
    return made


@pytest.fixture(scope="session")
def browser():
    pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium: apt-get install --no-install-recommends chromium")
    with chromium() as browser:
        yield browser


# What is done to the page, by its own events; each returns milliseconds until everything is drawn.
ANSWERS = {
    "brush moved": """async () => {
      const box = document.getElementById('ex-plot'), { left, top, width, height } = box.getBoundingClientRect();
      const send = (kind, x, y) => box.dispatchEvent(new PointerEvent(kind,
        { clientX: left + x * width, clientY: top + y * height, pointerId: 1, button: 0, bubbles: true }));
      box.setPointerCapture = () => {};
      send('pointerdown', 0.3, 0.2);
      const times = [];
      for (let step = 1; step < 9; step++) {
        send('pointermove', 0.3 + step / 20, 0.2 + step / 20);
        const start = performance.now();
        await new Promise((done) => requestAnimationFrame(() => done()));
        await new Promise((done) => { const channel = new MessageChannel();
          channel.port1.onmessage = done; channel.port2.postMessage(0); });
        times.push(performance.now() - start);
      }
      send('pointerup', 0.7, 0.6);
      return times.sort((a, b) => a - b)[4];
    }""",
    "choice pressed": """async () => {
      const start = performance.now();
      document.querySelector('#ex-bars button').click();
      const took = performance.now() - start;
      document.querySelector('#ex-clear').click();
      return took;
    }""",
    "axes switched": """async () => {
      const select = document.getElementById('ex-axes');
      select.value = select.value === 'ranks' ? 'values' : 'ranks';
      const start = performance.now();
      select.dispatchEvent(new Event('change'));
      return performance.now() - start;
    }""",
}


@pytest.mark.parametrize("name", ["15,625", "423,624"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_the_explorer_answers(benchmark, browser, pages, name, answer):
    path, seconds = pages[name]
    benchmark.group = f"page of {name} architectures: made in {seconds:.1f} CPU-s, {path.stat().st_size / 1e6:.1f} MB"
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(path.as_uri())
    page.wait_for_selector("#ex:not([hidden])", timeout=60_000)
    page.locator("#ex-plot").scroll_into_view_if_needed()
    page.evaluate(ANSWERS[answer])
    inside = [page.evaluate(ANSWERS[answer]) for _ in range(3)]
    benchmark.extra_info["note"] = f"of it {min(inside):.0f} ms in the page"
    benchmark.extra_info["units"] = 8 if answer == "brush moved" else 1
    benchmark.pedantic(page.evaluate, args=(ANSWERS[answer],), rounds=3)
    page.close()


@pytest.mark.parametrize("name", ["15,625", "423,624"])
def test_the_page_opens(benchmark, browser, pages, name):
    path, seconds = pages[name]
    benchmark.group = f"page of {name} architectures: made in {seconds:.1f} CPU-s, {path.stat().st_size / 1e6:.1f} MB"

    def open_it():
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(path.as_uri())
        page.wait_for_selector("#ex:not([hidden])", timeout=60_000)
        page.close()

    benchmark.pedantic(open_it, rounds=2)
