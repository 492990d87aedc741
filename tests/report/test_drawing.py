import re

import pytest

from nasbias.figures.sources import Part
from nasbias.report.drawing import draw
from tests.figures import tables


def test_a_drawing_points_nowhere_but_into_itself():
    svg = draw("run_taus", {"lengths": tables.lengths()}, "alt", "caption").svg
    assert svg.startswith("<svg viewBox=") and svg.endswith("</svg>")
    assert "http" not in svg and "<metadata" not in svg and "<?xml" not in svg
    ids = set(re.findall(r' id="([^"]+)"', svg))
    used = set(re.findall(r'href="#([^"]+)"', svg)) | set(re.findall(r"url\(#([^)]+)\)", svg))
    assert used and used <= ids


def test_two_drawings_on_a_page_share_no_id():
    first = draw("run_taus", {"lengths": tables.lengths()}, "alt", "caption")
    second = draw("run_taus", [Part({"lengths": tables.lengths()})] * 2, "alt", "caption")
    ids = [set(re.findall(r' id="([^"]+)"', drawing.svg)) for drawing in (first, second)]
    assert not ids[0] & ids[1]
    assert (first.width, second.width) == (88.0, 180.0)


@pytest.mark.parametrize("width", [None, 140.0])
def test_the_width_is_the_figures(width):
    drawing = draw("correction_curve", {"correction": tables.correction()}, "alt", "caption", width=width)
    found = re.search(r'viewBox="0 0 ([\d.]+)', drawing.svg)
    assert found and float(found[1]) == pytest.approx((width or 88) / 25.4 * 72, rel=0.01)
    assert drawing.width == (width or 88)
