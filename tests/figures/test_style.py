import itertools
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from nasbias.errors import InputError
from nasbias.figures.style import (
    BALANCE,
    COLOURS,
    SEQUENCE,
    STYLE,
    check_path,
    draw_interval,
    new_axes,
    plain,
    readable_on,
    save,
    say_missing,
    short,
    styled,
    use_log_epochs,
)
from tests.figures import tables


def luminance(colour) -> float:
    parts = [
        part / 12.92 if part <= 0.04 else ((part + 0.055) / 1.055) ** 2.4 for part in matplotlib.colors.to_rgb(colour)
    ]
    return float(np.dot([0.2126, 0.7152, 0.0722], parts))


def test_drawing_leaves_matplotlibs_settings_alone():
    before = dict(matplotlib.rcParams)
    with styled():
        assert matplotlib.rcParams["font.size"] == 8
        new_axes()
    assert dict(matplotlib.rcParams) == before


def test_pyplot_is_not_needed():
    code = (
        "import sys\nfrom nasbias.figures.registry import list_figures\nlist_figures()\n"
        "import nasbias.figures.sources.sharing, nasbias.figures.composing\n"
        "sys.exit(','.join({'matplotlib.pyplot', 'torch', 'seaborn'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_figure_has_the_size_asked_for():
    (ax,) = new_axes(width=88, height=60)
    assert ax.figure.get_size_inches() * 25.4 == pytest.approx([88, 60])
    assert len(new_axes(5, columns=3)[0].figure.axes) == 5


@pytest.mark.parametrize("ending", [".pdf", ".svg", ".png"])
def test_the_same_figure_makes_the_same_bytes(ending, tmp_path):
    for name in ("a", "b"):
        with styled():
            (ax,) = new_axes()
            ax.plot([0, 1], [0, 1], label="x")
            ax.set_title("title")
        save(ax.figure, tmp_path / f"{name}{ending}")
    one, other = (tmp_path / f"{name}{ending}" for name in ("a", "b"))
    assert one.stat().st_size > 500
    assert one.read_bytes() == other.read_bytes()


def test_fonts_are_embedded_in_a_pdf_as_publishers_ask(tmp_path):
    (ax,) = new_axes()
    ax.set_title("embedded")
    save(ax.figure, tmp_path / "a.pdf")
    content = (tmp_path / "a.pdf").read_bytes()
    assert b"/Type0" in content  # TrueType (42); type 3 fonts are what many journals refuse
    assert b"/Type3" not in content


@pytest.mark.parametrize("name", ["a.doc", "a", "a.pdf.gz"])
def test_another_ending_is_refused_and_nothing_is_left(name, tmp_path):
    with pytest.raises(InputError, match=r"\.pdf, \.svg, \.png"):
        save(new_axes()[0].figure, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="can't be written"):
        save(new_axes()[0].figure, tmp_path / "file" / "a.pdf")
    (tmp_path / "folder.pdf").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        check_path(tmp_path / "folder.pdf")


@pytest.mark.parametrize("name", ["$\\frac{1$", "<script>", "[/b]", "a$b$c", "שלום", "名前", "a\nb\x1b[31m", "$"])
def test_somebodys_own_names_are_drawn_as_they_are(name, tmp_path):
    with styled():
        (ax,) = new_axes()
        ax.set_title(plain(name))
    save(ax.figure, tmp_path / "a.png")


def test_operations_have_short_names_and_unknown_ones_keep_theirs():
    assert short("nor_conv_3x3") == "conv 3x3"
    assert short("my_own_op") == "my own op"


def test_missing_intervals_draw_no_band_and_a_single_one_a_bar():
    (ax,) = new_axes()
    draw_interval(ax, [1, 2], [np.nan, np.nan], [np.nan, 1], "blue")
    assert not ax.collections
    draw_interval(ax, [1, 2], [np.nan, 0.2], [np.nan, 0.7], "blue")
    assert tables.vertical_lines(ax) == [(2, 0.2, 0.7)]


def test_a_gap_in_the_intervals_is_a_gap_in_the_band():
    (ax,) = new_axes()
    draw_interval(ax, [1, 2, 3, 4, 5], [0, 0, np.nan, 0, 0], [1, 1, np.nan, 1, 1], "blue")
    assert len(ax.collections[0].get_paths()) == 2


@pytest.mark.parametrize("epochs", [[0, 1, 4, 10, 25], [2, 4, 8, 16, 32, 64, 128, 256, 512], [5], list(range(1, 200))])
def test_ticks_of_training_lengths_do_not_touch(epochs):
    with styled():
        (ax,) = new_axes()
        ax.plot(epochs, epochs)
        use_log_epochs(ax, epochs)
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
    assert ax.get_xticks()[-1] == epochs[-1]


def test_text_stands_out_on_every_colour_of_our_maps():
    for name in (SEQUENCE, BALANCE):
        for share in np.linspace(0, 1, 50):
            colour = matplotlib.colormaps[name](share)
            dark, light = sorted([luminance(colour), luminance(readable_on(colour))])
            assert (light + 0.05) / (dark + 0.05) > 3.5, (name, share)


def test_no_two_colours_look_alike_in_grey_and_to_those_who_see_no_red():
    # Vienot 1999: what a protanope sees, from linear RGB.
    seen = []
    for colour in COLOURS:
        red, green, blue = (part**2.2 for part in matplotlib.colors.to_rgb(colour))
        seen.append([0.1124 * red + 0.8876 * green, blue, 0.299 * red + 0.587 * green + 0.114 * blue])
    apart = [np.abs(np.subtract(a, b)).max() for i, a in enumerate(seen) for b in seen[:i]]
    assert min(apart) > 0.05


def test_text_is_never_smaller_than_a_reader_can_read():
    assert (
        min(
            value
            for key, value in STYLE.items()
            if key.endswith("size") and "tick.m" not in key and "marker" not in key
        )
        >= 6
    )


def test_a_sentence_stands_in_place_of_an_empty_figure():
    ax = say_missing(new_axes()[0], "One run: $give several$ runs of the same length and of different seeds.")
    assert not ax.axison
    assert max(map(len, ax.texts[0].get_text().split("\n"))) < 42


def test_few_colours_make_a_smaller_picture_that_looks_the_same(tmp_path):
    from PIL import Image

    ax = new_axes()[0]
    for i, colour in enumerate(COLOURS):
        ax.plot([0, 1], [i, i + 0.5], color=colour, marker="o", label=str(i))
    ax.legend()
    save(ax.figure, tmp_path / "all.png")
    save(ax.figure, tmp_path / "few.png", colours=256)
    with Image.open(tmp_path / "all.png") as one, Image.open(tmp_path / "few.png") as other:
        faults = np.abs(np.asarray(one.convert("RGB"), int) - np.asarray(other.convert("RGB"), int))
    assert faults.max() <= 20
    assert (tmp_path / "few.png").stat().st_size < 0.6 * (tmp_path / "all.png").stat().st_size
