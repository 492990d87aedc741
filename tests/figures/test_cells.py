import itertools
import re

import pytest

import nasbias
from nasbias.figures import draw
from nasbias.figures.cells import _rise, extent
from nasbias.figures.style import DARK, GREY, PALE, new_axes, save, short

SPACES = nasbias.list_spaces()
DEAD = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|nor_conv_3x3~1|avg_pool_3x3~2|"


def boxes_of(ax):
    """The extents in pixels of every text that is drawn."""
    renderer = ax.figure.canvas.get_renderer()
    return [(text.get_text(), text.get_window_extent(renderer)) for text in ax.texts]


@pytest.mark.parametrize("space", SPACES)
def test_every_operation_is_written_and_every_wire_drawn(space):
    home = nasbias.get_space(space)
    for text in home.sample(4, seed=0):
        cells = home.wire(text)
        ax = draw(space, text)
        shown = sorted(each.get_text() for each in ax.texts)
        parts = [part.text for cell in cells for part in (*cell.nodes, *cell.wires) if part.text]
        assert shown == sorted([*map(short, parts), *(line for c in cells for line in (c.title, c.note) if line)])
        assert len(ax.patches) == sum(len(cell.nodes) + len(cell.wires) for cell in cells)
        assert ax.get_gid() == text


@pytest.mark.parametrize("space", SPACES)
def test_no_text_covers_another_or_leaves_the_figure(space):
    for text in nasbias.get_space(space).sample(12, seed=1):
        ax = draw(space, text)
        width, height = ax.figure.canvas.get_width_height()
        boxes = boxes_of(ax)
        for (one, a), (other, b) in itertools.combinations(boxes, 2):
            lapped = min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
            assert not lapped, (text, one, other)
        for one, a in boxes:
            assert a.x0 >= 0 and a.y0 >= 0 and a.x1 <= width and a.y1 <= height, (text, one)


def test_dead_parts_are_grey_and_dashed_and_living_ones_are_not():
    from matplotlib.colors import to_hex
    from matplotlib.patches import FancyArrowPatch

    ax = draw("nb201", DEAD)
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    colours = [to_hex(arrow.get_edgecolor()) for arrow in arrows]
    assert sorted(colours) == sorted([DARK] * 3 + [PALE] * 3)
    assert [arrow.get_linestyle() != "solid" for arrow in arrows] == [colour == PALE for colour in colours]
    ink = {each.get_text(): each.get_color() for each in ax.texts}
    assert ink["none"] == ink["avg pool"] == ink["2"] == GREY and ink["skip"] == ink["3"] == DARK


def test_arcs_of_one_side_that_are_as_high_lie_apart():
    (cell,) = nasbias.get_space("ptb").wire(nasbias.get_space("ptb").sample(1, seed=0)[0])
    for one, other in itertools.combinations([each for each in cell.wires if _rise(each)], 2):
        if _rise(one) == _rise(other) and one.source != other.source:
            assert abs(one.source - other.source) >= 2
    left, right, bottom, top = extent(cell)
    assert left < 0 < right and bottom < 0 < top


def test_it_draws_into_axes_that_are_given():
    ax = new_axes(1, 180, 60)[0]
    assert draw("darts64", "123", ax=ax) is ax


def test_a_vector_graphic_holds_no_picture(tmp_path):
    save(draw("darts", nasbias.get_space("darts").sample(1, seed=0)[0]).figure, tmp_path / "x.svg")
    text = (tmp_path / "x.svg").read_text()
    assert "<image" not in text and len(re.findall("<path", text)) > 20


def test_what_is_no_architecture_is_refused():
    with pytest.raises(nasbias.InputError, match="unknown operation"):
        draw("nb201", "|x~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    with pytest.raises(nasbias.InputError, match="nb999"):
        draw("nb999", "1")
