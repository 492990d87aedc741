import pandas as pd
import pytest

from nasbias.figures import get_figure
from nasbias.figures.composing import compose
from nasbias.figures.sources import Made, Part
from tests.figures import tables


def make_lengths(count: int, columns: int | None = None) -> Made:
    return Made([Part({"lengths": tables.lengths()}, f"panel {i}") for i in range(count)], "caption", columns)


@pytest.mark.parametrize(("count", "columns", "width", "rows"), [(1, None, 88, 1), (2, None, 180, 1), (5, 3, 180, 2)])
def test_panels_lie_side_by_side_on_a_page(count, columns, width, rows):
    figure = compose(get_figure("training_length"), make_lengths(count, columns))
    assert len(figure.axes) == count
    wide, high = figure.get_size_inches() * 25.4
    assert wide == pytest.approx(width)
    assert high == pytest.approx(60 * rows, rel=0.1)
    assert [ax.get_title() for ax in figure.axes] == [f"panel {i}" for i in range(count)]


def test_a_width_that_is_asked_for_is_the_figures():
    assert compose(get_figure("run_taus"), make_lengths(1), 120).get_size_inches()[0] * 25.4 == pytest.approx(120)


def test_panels_share_one_legend_and_labels_are_said_once():
    figure = compose(get_figure("training_length"), make_lengths(4, 2))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["supernet"]
    assert [bool(ax.get_ylabel()) for ax in figure.axes] == [True, False, True, False]
    assert [bool(ax.get_xlabel()) for ax in figure.axes] == [False, False, True, True]


@pytest.mark.parametrize("width", [60, 88, 180])
def test_the_legend_fits_the_figure(width):
    made = Made([Part({"correction": tables.correction()})], "")
    figure = compose(get_figure("correction_curve"), made, width)
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width


def test_a_panel_that_says_what_is_missing_stands_beside_one_that_does_not():
    parts = [Part({"lengths": tables.lengths()}), Part({"lengths": tables.lengths().assign(gt_tau=float("nan"))})]
    figure = compose(get_figure("training_length"), Made(parts, ""))
    assert [ax.axison for ax in figure.axes] == [True, False]


def test_published_numbers_come_last_in_the_legend():
    part = Part({"lengths": tables.lengths(), "published": pd.DataFrame({"epoch": [99], "spearman": [0.5]})})
    figure = compose(get_figure("corr_gt"), Made([part], ""))
    assert figure.legends[0].get_texts()[-1].get_text() == "P2, published"


@pytest.mark.parametrize("name", ["run_taus", "training_length"])
def test_a_caption_is_added_below_and_covers_nothing(name):
    entry, made = get_figure(name), make_lengths(3)
    plain, captioned = compose(entry, made), compose(entry, made, caption=True)
    assert captioned.get_figheight() > plain.get_figheight()
    renderer = captioned.canvas.get_renderer()
    (text,) = captioned.texts
    assert text.get_text().replace("\n", " ").startswith(entry.sentence)
    top = text.get_window_extent(renderer).y1
    boxes = [part.get_tightbbox(renderer) for part in (*captioned.axes, *captioned.legends)]
    lowest = min(box.y0 for box in boxes if box is not None)
    assert 0 < text.get_window_extent(renderer).y0 < top < lowest
    plain.draw_without_rendering()
    heights = [ax.get_position().height * figure.get_figheight() for figure in (plain, captioned) for ax in figure.axes]
    assert heights[:3] == pytest.approx(heights[3:], rel=1e-3)
