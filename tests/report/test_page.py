import io
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from nasbias.report.page import format_cell

VOID = {"meta", "link", "br", "hr", "img", "input", "use", "path", "image"}


class Page(HTMLParser):
    """What a reader's program makes of it: elements with their attributes, what they were inside of, and text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.text, self.tables, self._open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        if "script" not in self._open and "style" not in self._open:
            self.text.append(data)
        if "td" in self._open or "th" in self._open:
            self.tables[-1][-1][-1] += data.strip()

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_no_request_leaves_the_page(page, page_alone):
    for text in (page, page_alone):
        assert "http:" not in text and "https:" not in text and "@import" not in text
        for tag, attributes in Page(text).elements:
            for name, value in attributes.items():
                if name in ("src", "srcset", "data", "action", "poster"):
                    raise AssertionError((tag, name))
                if name in ("href", "xlink:href"):
                    assert value.startswith(("#", "data:")), (tag, value[:60])
        assert not {"link", "iframe", "object", "embed", "img"} & {tag for tag, _ in Page(text).elements}


def test_the_page_is_well_formed_and_its_ids_are_its_own(page, page_alone):
    for text in (page, page_alone):
        ids = [attributes["id"] for _, attributes in Page(text).elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        targets = [a["href"][1:] for a in Page(text).all("a") if a["href"].startswith("#")]
        assert set(targets) <= set(ids)


def test_every_section_stands_in_the_contents_and_has_its_parts(page, report):
    read = Page(page)
    assert [a["id"] for a in read.all("section")] == [
        *(section.key for section in report.sections),
        "explorer",
        "provenance",
    ]
    assert [a["href"] for a in read.all("a")][1:10] == [f"#{a['id']}" for a in read.all("section")]
    said = " ".join(" ".join(read.text).split())
    for section in report.sections:
        for text in (section.question, *section.claims[:1], *section.how, *section.change):
            assert " ".join(text.split()) in said
    assert len(read.all("svg")) == sum(len(section.drawings) for section in report.sections)


def test_every_figure_has_a_text_in_its_place(page):
    pictures = [a for a in Page(page).all("div") if a.get("role") == "img" and a.get("id") != "ex-sizes"]
    assert len(pictures) > 8 and all(len(a["aria-label"]) > 30 for a in pictures)


def test_the_csv_is_the_table_that_is_shown(page, report):
    read = Page(page)
    tables = [table for section in report.sections for table in section.tables]
    links = [a for a in read.all("a") if "download" in a]
    assert len(links) == len(tables) == len(read.tables)
    for link, table, shown in zip(links, tables, read.tables, strict=True):
        kind, _, text = link["href"].partition(",")
        assert kind == "data:text/csv;charset=utf-8" and link["download"].endswith(".csv")
        csv = pd.read_csv(io.StringIO(unquote(text)), dtype=object, keep_default_na=False)
        assert list(csv) == list(table.shown) and len(csv) == len(shown) - 1
        assert [len(row) for row in shown] == [len(csv.columns)] * len(shown)
        for place, name in enumerate(csv):
            for row, written in zip(shown[1:], csv[name]):
                form = table.columns[name][1]
                if written == "":
                    assert row[place] in ("–", "")
                elif table.frame[name].dtype.kind in "if" and form:
                    number = float(written)
                    assert row[place] == format_cell(int(number) if number.is_integer() else number, form)


def test_cells_carry_what_they_are_sorted_by(page, report):
    cells = Page(page).all("td")
    table = report.sections[0].tables[0]
    first = table.shown.iloc[0].tolist()
    values = [cell["data-v"] for cell in cells[: len(first)]]
    assert values[0] == "accuracy" and float(values[3]) == first[3]


def test_names_are_text_and_nothing_else(page_alone):
    assert "<script>alert" not in page_alone and page_alone.count("<script") == 2
    assert page_alone.count('<script type="text/plain" id="ex-data">') == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;[/b]" in page_alone
    assert "\u05e9\u05dc\u05d5\u05dd" in page_alone and "\u202e" not in page_alone
    assert "<script>alert(1)</script>[/b] \u05e9\u05dc\u05d5\u05dd \\u202egnp" in " ".join(Page(page_alone).text)


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.4567, ".2f", "0.46"), (-0.0001, ".2f", "0.00"), (-0.0, "+.1f", "0.0"), (1234, ",d", "1,234"),
        (3.0, "d", "3"), (None, ".2f", "–"), (np.nan, ".2f", "–"), (True, "", "yes"), ("a\x1b", "", "a\\x1b"),
    ],
)  # fmt: skip
def test_a_cell_is_rounded_and_a_missing_one_is_a_dash(value, form, text):
    assert format_cell(value, form) == text


def test_light_dark_print_and_narrow_are_there(page):
    for rule in ("prefers-color-scheme: dark", "@media print", "max-width: 34rem", ":focus-visible"):
        assert rule in page


def contrast(one, other):
    def light(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    lighter, darker = sorted((light(one), light(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("place", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(page, place):
    blocks = re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#\w{6});", blocks[place]))
    for ink in ("ink", "soft", "link"):
        for ground in ("paper", "shade", "warn"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
