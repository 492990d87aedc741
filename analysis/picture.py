"""The README's picture of the report: `python -m analysis.picture` opens it in Chromium and writes figures/report.png.

Left the head of the page, right the explorer with a box dragged over what the supernet of NAS-Bench-201 overrates.
"""

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from nasbias.report import make_report, write_report

OUT = Path(__file__).parents[1] / "figures" / "report.png"
HIGH, GAP = 1000, 24  # pixels of the page before it is made smaller


def photograph(page: Page) -> Image.Image:
    """Both parts side by side, at half their size."""
    head = Image.open(io.BytesIO(page.screenshot()))
    page.select_option("#ex-axes", "ranks")
    page.select_option("#ex-colour", "d3")
    section = page.locator("#explorer")
    page.locator("#ex-plot").scroll_into_view_if_needed()
    box = page.locator("#ex-plot").bounding_box()
    assert box is not None
    for step, (x, y) in enumerate([(0.14, 0.04), (0.3, 0.2), (0.55, 0.42)]):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if step == 0:
            page.mouse.down()
    page.mouse.up()
    page.locator("#ex-list tbody button").first.click()
    page.evaluate("document.getElementById('ex-ranges').open = false")
    page.wait_for_timeout(300)
    explorer = Image.open(io.BytesIO(section.screenshot())).crop((0, 16, 960, 16 + HIGH))
    both = Image.new("RGB", (head.width + GAP + explorer.width, HIGH), "white")
    both.paste(head, (0, 0))
    both.paste(explorer, (head.width + GAP, 0))
    return both.resize((both.width // 2, both.height // 2), Image.Resampling.LANCZOS)


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = write_report(make_report("data/nb201_predictions_whole.parquet", space="nb201"), Path(folder) / "r.html")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1330, "height": HIGH})
        page.goto(path.as_uri())
        page.wait_for_selector("#ex:not([hidden])")
        picture = photograph(page).quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        picture.save(OUT, optimize=True)
        browser.close()
    print(f"{OUT.name}: {OUT.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
