"""A few figures as pictures against those that somebody looked at, drawn with matplotlib's own font.

After a change that is meant: `NASBIAS_DRAW=1 python -m pytest tests/figures/test_images.py`, look at them, commit.
"""

import os
import re
from pathlib import Path

import matplotlib
import pytest
from matplotlib.testing.compare import compare_images

from nasbias.figures import draw, get_figure
from nasbias.figures.composing import compose
from nasbias.figures.sources import Made, Part
from nasbias.figures.style import save
from tests.figures import tables

PICTURES = Path(__file__).parent / "pictures"
PINNED = re.search(r"^matplotlib==(\S+)", (Path(__file__).parents[2] / "constraints.txt").read_text(), re.MULTILINE)
TOLERANCE = 3.0  # root mean square of 255; a label moved by a pixel makes 1, a missing one 5 and more
DEAD = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|nor_conv_3x3~1|avg_pool_3x3~2|"


def composed(name, part_tables, **options):
    return compose(get_figure(name), Made([Part(part_tables, "title", options)], "Caption."), caption=True)


FIGURES = {
    "training_length": lambda: composed(
        "training_length", {"lengths": tables.lengths(), "baselines": tables.baselines(), "ceiling": 0.9}
    ),
    "effects_map": lambda: composed("effects_map", {"operators": tables.operators()}),
    "score_against_truth": lambda: composed("score_against_truth", {"joined": tables.joined()}),
    "architecture": lambda: draw("nb201", DEAD).figure,
}


@pytest.mark.skipif(
    PINNED is None or matplotlib.__version__ != PINNED[1],
    reason=f"the pictures are matplotlib {PINNED and PINNED[1]}'s, this is {matplotlib.__version__}",
)
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_looks_as_it_did(name, tmp_path):
    place = PICTURES if os.environ.get("NASBIAS_DRAW") else tmp_path
    save(FIGURES[name](), place / f"{name}.png", dpi=100)
    fault = compare_images(str(PICTURES / f"{name}.png"), str(place / f"{name}.png"), TOLERANCE)
    assert fault is None


def test_the_tolerance_tells_a_figure_without_one_of_its_labels(tmp_path):
    figure = FIGURES["effects_map"]()
    figure.axes[0].set_xlabel("")
    figure.axes[0].texts[0].remove()
    save(figure, tmp_path / "effects_map.png", dpi=100)
    assert compare_images(str(PICTURES / "effects_map.png"), str(tmp_path / "effects_map.png"), TOLERANCE)
