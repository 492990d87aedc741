import inspect

import pytest
from matplotlib.axes import Axes

from nasbias.errors import InputError
from nasbias.figures import get_figure, list_figures
from nasbias.figures.correlation import training_length
from nasbias.figures.style import new_axes
from tests.figures import tables


def test_a_figure_is_registered_under_its_functions_name():
    assert get_figure("training_length").draw is training_length
    assert all(entry.draw.__name__ == name == entry.name for name, entry in list_figures().items())


def test_an_unknown_name_answers_with_the_nearest():
    with pytest.raises(InputError, match="training_length"):
        get_figure("trainig_length")


@pytest.mark.parametrize("name", list(list_figures()))
def test_every_figure_says_in_a_line_what_it_shows_and_takes_an_ax(name):
    entry = list_figures()[name]
    assert 20 < len(entry.title) < 120
    assert entry.sentence[-1] in ".?"
    assert "ax" in inspect.signature(entry.draw).parameters
    assert entry.width in (88, 180)


def test_without_an_ax_there_is_a_figure_of_the_registered_size():
    ax = training_length(tables.lengths())
    assert isinstance(ax, Axes)
    assert ax.figure.get_size_inches()[0] * 25.4 == pytest.approx(88)


def test_with_an_ax_it_is_drawn_there_and_returned():
    (ax,) = new_axes()
    assert training_length(tables.lengths(), ax=ax) is ax
    assert ax.lines
