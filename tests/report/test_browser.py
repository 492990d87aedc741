"""The page in a real browser: headless Chromium opens it from disk, as a reader would."""

import importlib.util
import io
import json
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

import nasbias
from nasbias.bias.effects import percentiles
from nasbias.figures.cells import _rise, extent
from nasbias.figures.style import short
from nasbias.report import render
from nasbias.report.explorer import describe_wiring
from tests.browsers import chromium, has_chromium, has_playwright
from tests.report.conftest import EVIL
from tests.report.gestures import count_of, drag, listed, set_range, settle, touch

if importlib.util.find_spec("playwright"):
    from playwright.sync_api import expect
pytestmark = [
    has_chromium,
    has_playwright,
    pytest.mark.skipif(
        importlib.util.find_spec("axe_playwright_python") is None, reason="no axe: pip install 'nasbias[test]'"
    ),
]
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
EXPLORER = "#explorer"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def place(report, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "r.html"
    path.write_text(render(report), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def opened(browser, place):
    """The page, with everything that it complained of or asked for."""
    heard = {"errors": [], "requests": []}
    page = browser.new_page(viewport=WIDE, accept_downloads=True)
    page.on("console", lambda message: message.type in ("error", "warning") and heard["errors"].append(message.text))
    page.on("pageerror", lambda error: heard["errors"].append(str(error)))
    page.on("request", lambda request: heard["requests"].append(request.url))
    page.goto(place.as_uri())
    page.wait_for_selector("#ex:not([hidden])")
    yield page, heard
    page.close()


@pytest.fixture
def page(opened):
    """The page as it opens: everything selected, the longest training, the mean of runs."""
    page, heard = opened
    page.set_viewport_size(WIDE)
    page.evaluate("location.hash = '#explorer&connected=yes'")
    page.evaluate("location.hash = '#explorer'")
    expect(page.locator("#ex-count")).to_have_text("All 300 architectures.")
    yield page
    assert not heard["errors"]


def test_it_opens_from_disk_without_a_complaint_or_a_request(opened, place):
    page, heard = opened
    assert heard["errors"] == [] and heard["requests"] == [place.as_uri()]
    assert page.evaluate("document.querySelectorAll('#ex-bars button').length") == 30
    assert page.is_hidden("#ex-waiting")


def test_a_brush_selects_what_lies_in_it(page, joined):
    drag(page, (0.5, 0.1), (0.9, 0.5))
    low, high = (
        float(page.input_value(f"#ex-ranges input[aria-label='truth: valid accuracy (%), {end}']"))
        for end in ("from", "to")
    )
    under, over = (
        float(page.input_value(f"#ex-ranges input[aria-label='supernet: accuracy (%), {end}']"))
        for end in ("from", "to")
    )
    inside = joined[joined["truth"].between(low, high) & joined["score"].between(under, over)]
    assert 0 < count_of(page) == len(inside) < 300
    assert set(listed(page)) <= set(inside["architecture"])
    page.locator("#ex-plot").dblclick(position={"x": 60, "y": 350})
    assert count_of(page) == 300


def test_a_brush_on_ranks_selects_by_percentile(page, joined):
    page.select_option("#ex-axes", "ranks")
    drag(page, (0.2, 0.2), (0.6, 0.7))
    assert "truthPercentile=" in page.url
    inside = page.evaluate("location.hash")
    low, high = (float(end) for end in unquote(inside).split("truthPercentile=")[1].split("&")[0].split(".."))
    under, over = (float(end) for end in unquote(inside).split("scorePercentile=")[1].split("&")[0].split(".."))
    x, y = percentiles(joined["truth"].to_numpy()), percentiles(joined["score"].to_numpy())
    assert 0 < count_of(page) == ((x >= low) & (x <= high) & (y >= under) & (y <= over)).sum()


def test_a_finger_that_sets_out_sideways_selects_and_one_that_goes_up_scrolls(browser, place):
    page = browser.new_page(viewport=NARROW, has_touch=True, is_mobile=True)
    page.goto(place.as_uri() + "#explorer")
    page.wait_for_selector("#ex:not([hidden])")
    page.locator("#ex-plot").scroll_into_view_if_needed()
    start = page.evaluate("scrollY")
    touch(page, (0.6, 0.8), (0.6, 0.6), (0.6, 0.4), (0.6, 0.2))
    assert page.evaluate("scrollY") > start + 50 and count_of(page) == 300 and "truth=" not in page.url
    touch(page, (0.4, 0.2), (0.6, 0.22), (0.8, 0.4), (0.9, 0.7))
    assert 0 < count_of(page) < 300 and "truth=" in page.url and "score=" in page.url
    page.close()


def test_the_end_of_a_drag_keeps_no_architecture(page):
    set_range(page, "truth: valid accuracy (%)")
    for end in (0.5, 0.6, 0.7):
        drag(page, (0.4, 0.1), (end, 0.5))
        assert "at=" not in page.url and "rank" not in page.inner_text("#ex-card .ex-small")


@pytest.mark.parametrize(
    ("label", "column", "low", "high"),
    [
        ("parameters", "params", 300_000, 800_000),
        ("rank difference", "score_difference", 5, None),
        ("true rank", "true_rank", None, 25),
        ("supernet rank", "score_rank", 10, 40),
    ],
)
def test_a_range_filters(page, joined, label, column, low, high):
    set_range(page, label, low, high)
    inside = joined[column].between(-np.inf if low is None else low, np.inf if high is None else high)
    assert 0 < count_of(page) == inside.sum() < 300


def test_operations_filter_and_their_shares_are_those_of_the_selection(page, joined):
    page.locator("#ex-bars [aria-label^='0->1: skip,']").click()
    page.locator("#ex-bars [aria-label^='2->3: conv 3x3,']").click()
    page.locator("#ex-bars [aria-label^='2->3: none,']").click()
    kept = joined[(joined["0->1"] == "skip_connect") & joined["2->3"].isin(["nor_conv_3x3", "none"])]
    assert 0 < count_of(page) == len(kept)
    shares = {bar.get_attribute("aria-label") for bar in page.locator("#ex-bars [aria-label^='1->2']").all()}
    for name in joined["1->2"].cat.categories:
        own, whole = (100 * (table["1->2"] == name).mean() for table in (kept, joined))
        (said,) = [text for text in shares if text.startswith(f"1->2: {short(name)},")]
        numbers = [int(part.split()[0]) for part in said.split(", ")[1:]]
        assert numbers == pytest.approx([own, whole], abs=0.51)
    page.locator("#ex-bars [aria-label^='2->3: none,']").click()
    assert count_of(page) == ((joined["0->1"] == "skip_connect") & (joined["2->3"] == "nor_conv_3x3")).sum()


def test_connectedness_filters(page, joined):
    page.select_option("#ex-connected", "no")
    assert count_of(page) == (~joined["is_valid"]).sum() == 20
    page.select_option("#ex-connected", "yes")
    assert count_of(page) == 280


def test_the_most_overrated_are_those_with_the_largest_difference(page, joined):
    page.click("[data-extreme=over]")
    assert set(listed(page)) == set(joined.nlargest(count_of(page), "score_difference")["architecture"])
    assert "too high" in page.inner_text("#ex-count")


def test_another_run_and_length_change_the_numbers(page, joined, runs, truth):
    page.click("[data-rank=truthRank]")
    before = listed(page)
    for run in ("s1", "s2"):
        page.select_option("#ex-run", label=run)
        table = joined.set_index("architecture")
        for name, cells in listed(page).items():
            assert int(cells[0]) == table.loc[name, "true_rank"]
            assert int(cells[1]) == table.loc[name, f"score_{run}_rank"]
            assert float(cells[2]) == pytest.approx(table.loc[name, f"score_{run}_difference"], abs=0.06)
    assert listed(page) != before
    page.select_option("#ex-length", label="4 epochs")
    assert page.input_value("#ex-run") and page.locator("#ex-run option:checked").inner_text() == "s2"
    earlier = nasbias.join(runs, truth, epoch=4).set_index("architecture")
    for name, cells in listed(page).items():
        assert float(cells[4]) == pytest.approx(earlier.loc[name, "score_s2"], abs=0.006)


def test_the_download_holds_the_selected_rows(page, joined, tmp_path):
    page.locator("#ex-bars [aria-label^='0->3: avg pool,']").click()
    with page.expect_download() as waiting:
        page.click("#ex-csv")
    waiting.value.save_as(tmp_path / "x.csv")
    got = pd.read_csv(tmp_path / "x.csv")
    want = joined[joined["0->3"] == "avg_pool_3x3"].set_index("architecture").loc[got["architecture"]]
    assert len(got) == len(want) == count_of(page) > 10 and waiting.value.suggested_filename == "nb201-selection.csv"
    assert got["true_rank"].is_monotonic_increasing
    for column, own in {"truth": "truth", "score": "score", "params": "params", "supernet_rank": "score_rank"}.items():
        np.testing.assert_allclose(got[column], want[own], rtol=1e-6)
    np.testing.assert_allclose(got["rank_difference"], want["score_difference"], atol=1e-4)
    assert got["is_valid"].tolist() == want["is_valid"].tolist() and got["1->2"].tolist() == want["1->2"].tolist()


def test_hovering_shows_the_architecture_its_drawing_and_both_ranks(page, joined):
    page.locator("#ex-plot").scroll_into_view_if_needed()
    box = page.locator("#ex-plot").bounding_box()
    for step in range(60):
        page.mouse.move(box["x"] + box["width"] * (0.3 + step / 100), box["y"] + box["height"] * (0.6 - step / 150))
        if page.is_visible("#ex-tip"):
            break
    name = page.inner_text("#ex-tip .ex-name")
    row = joined.set_index("architecture").loc[name]
    said = page.inner_text("#ex-tip")
    assert f"rank {row['true_rank']} of 300" in said and f"rank {row['score_rank']}\n" in said
    (cell,) = nasbias.get_space("nb201").wire(name)
    assert page.locator("#ex-tip svg text.on").all_text_contents() == [
        short(each.text) for each in sorted(cell.wires, key=lambda each: not each.is_dead)
    ]
    page.mouse.move(box["x"] + 5, box["y"] - 30)
    assert page.is_hidden("#ex-tip")


def test_the_state_lives_in_the_address(page, browser, place):
    page.select_option("#ex-run", label="s1")
    page.select_option("#ex-colour", "d2")
    page.locator("#ex-bars [aria-label^='0->1: skip,']").click()
    set_range(page, "parameters", 100_000, 900_000)
    page.locator("#ex-list tbody button").nth(2).click()
    settle(page)
    shown = page.inner_text("#ex-count"), page.inner_text("#ex-card"), page.inner_text("#ex-list")
    other = browser.new_page(viewport=WIDE)
    other.goto(page.url)
    other.wait_for_selector("#ex:not([hidden])")
    assert (other.inner_text("#ex-count"), other.inner_text("#ex-card"), other.inner_text("#ex-list")) == shown
    assert other.input_value("#ex-colour") == "d2" and "selected" not in other.url
    assert other.evaluate("document.getElementById('explorer').getBoundingClientRect().top") < 500
    other.close()


@pytest.mark.parametrize(
    "address",
    [
        "#explorer&d0=99&d7=1&truth=x..y&length=8&run=absent",
        "#explorer&at=%E0%A4%A",
        "#explorer&truth=..&colour=<b>&axes=",
    ],
)
def test_an_address_that_was_cut_or_made_up_shows_everything(page, address):
    page.evaluate("(address) => { location.hash = address }", address)
    settle(page)
    assert count_of(page) == 300


def test_the_keyboard_reaches_every_control_and_moves_in_the_plot(page):
    page.evaluate("document.getElementById('ex-ranges').open = true")
    page.focus("#ex-length")
    page.evaluate(
        """() => { window.reached = ['ex-length']; document.addEventListener('focusin', (event) =>
        window.reached.push(event.target.id || event.target.getAttribute('aria-label'))); }"""
    )
    for _ in range(75):
        page.keyboard.press("Tab")
    reached = set(page.evaluate("window.reached"))
    controls = page.locator(
        "#ex :is(select, input, [tabindex='0']), #ex .ex-buttons button[id], #ex-bars button"
    ).evaluate_all("all => all.map((each) => each.id || each.getAttribute('aria-label'))")
    assert len(controls) > 55 and set(controls) <= reached
    page.focus("#ex-plot")
    page.keyboard.press("ArrowRight")
    first = page.inner_text("#ex-card .ex-name")
    page.keyboard.press("ArrowLeft")
    assert first != page.inner_text("#ex-card .ex-name") and "rank 2 of 300" in page.inner_text("#ex-card")
    set_range(page, "truth: valid accuracy (%)", 80)
    page.focus("#ex-plot")
    page.keyboard.press("Escape")
    assert count_of(page) == 300


def test_tables_sort_up_and_down_with_missing_ones_last(page):
    table = page.locator("#ranking table").first
    name = "tau"
    head = table.locator("th", has_text=name).first
    column = head.evaluate("(cell) => cell.cellIndex")
    values = lambda: [  # noqa: E731
        float(each) if each else None
        for each in table.locator(f"tbody td:nth-child({column + 1})").evaluate_all(
            "all => all.map((c) => c.dataset.v)"
        )
    ]
    for order in ("ascending", "descending"):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == order
        known = [value for value in values() if value is not None]
        assert len(known) > 2 and known == sorted(known, reverse=order == "descending")
        assert values()[: len(known)] == known
    page.click("#ex-list th:nth-child(4) button")
    differences = [float(cells[2]) for cells in listed(page).values()]
    assert differences == sorted(differences, reverse=True)


def test_a_table_is_copied_and_downloaded_as_it_is(page, report, tmp_path):
    table = report.sections[0].tables[0]
    with page.expect_download() as waiting:
        page.locator("#ranking a.csv").first.click()
    waiting.value.save_as(tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == table.csv and waiting.value.suggested_filename == table.file
    page.locator("#ranking button.copy").first.click()
    expect(page.locator("#said")).to_have_text("Table copied as CSV.")
    page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), { id: 'paste' }))")
    page.focus("#paste")
    page.keyboard.press("Control+V")
    assert pd.read_csv(io.StringIO(page.input_value("#paste"))).equals(pd.read_csv(io.StringIO(table.csv)))
    page.evaluate("document.getElementById('paste').remove()")


@pytest.mark.parametrize(("scheme", "size"), [("light", NARROW), ("dark", WIDE)], ids=["light-390", "dark-1400"])
def test_axe_finds_nothing_serious(page, scheme, size):
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)
    page.evaluate("document.getElementById('ex-ranges').open = true")
    page.locator("#ex-bars button").first.click()
    # The figures are pictures with a text in their place; looking into their paths takes seconds.
    found = Axe().run(page, {"exclude": [[".card svg"]]}, {"resultTypes": ["violations"]}).response["violations"]
    page.emulate_media(color_scheme="light")
    faults = [
        (each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in ("serious", "critical")
    ]
    assert not faults


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1400", "390"])
def test_nothing_hangs_over_the_edge(page, size):
    page.set_viewport_size(size)
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    over = page.evaluate(
        """() => [...document.querySelectorAll('#ex select, #ex input, #ex button, h2, p, dd, figcaption')]
        .filter((each) => each.offsetParent && !each.closest('.scroll'))
        .filter((each) => each.getBoundingClientRect().right > innerWidth)
        .map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert over == []
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16


def test_names_stay_text(browser, alone, tmp_path):
    path = tmp_path / "evil.html"
    path.write_text(render(alone), encoding="utf-8")
    page, said = browser.new_page(), []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("#ex:not([hidden])")
    assert page.locator("#ex-run option").all_inner_texts() == [EVIL.replace("\u202e", "\\u202e")]
    assert page.evaluate("document.querySelectorAll('script').length") == 2
    page.click("#ex-link")
    assert said == []
    page.close()


@pytest.mark.parametrize("name", nasbias.list_spaces())
def test_the_page_draws_cells_as_the_figure_does(page, name):
    space = nasbias.get_space(name)
    decisions = [decision.name for decision in space.decisions]
    wiring = describe_wiring(space, decisions)
    for text in space.sample(6, seed=5):
        cells = space.wire(text)
        chosen = [] if space.is_matrix else [str(value) for value in space.decide([text]).iloc[0]]
        drawn = page.evaluate(
            """([wiring, isMatrix, text, chosen]) => {
              const cells = wireUp(wiring, isMatrix, text, (decision) => chosen[decision]);
              const svg = drawCells(cells, wiring.short);
              const texts = [...svg.querySelectorAll('text')].map((each) => each.textContent).sort();
              return { cells, texts, rises: cells.map((cell) => cell.wires.map(riseOf)), extents: cells.map(extentOf) };
            }""",
            [json.loads(json.dumps(wiring)), space.is_matrix, text, chosen],
        )
        for own, cell, rises, edges in zip(drawn["cells"], cells, drawn["rises"], drawn["extents"], strict=True):
            assert [(n["text"], n["isDead"]) for n in own["nodes"]] == [(n.text, n.is_dead) for n in cell.nodes]
            assert sorted((w["source"], w["target"], w["text"], w["isDead"]) for w in own["wires"]) == sorted(
                (w.source, w.target, w.text, w.is_dead) for w in cell.wires
            )
            assert rises == [_rise(each) for each in cell.wires]
            left, right, bottom, top = extent(cell)
            assert (edges["left"], edges["right"], -edges["down"], edges["up"]) == pytest.approx(
                (left, right, bottom, top)
            )
        parts = [part.text for cell in cells for part in (*cell.nodes, *cell.wires) if part.text]
        assert drawn["texts"] == sorted(
            [*map(short, parts), *(line for c in cells for line in (c.title, c.note) if line)]
        )
