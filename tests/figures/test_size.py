import pandas as pd

from nasbias.figures.size import size_deciles
from tests.figures import tables


def test_the_lines_are_the_tables_intervals():
    table = pd.DataFrame({"decile": [1, 2], "largest": [1e5, 2e6], "rank_difference": [5.0, -3.0]})
    table["low"], table["high"] = [2.0, -7.0], [9.0, 1.0]
    ax = size_deciles(table)
    assert tables.vertical_lines(ax) == [(0, 2, 9), (1, -7, 1)]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.1", "2"]


def test_a_space_of_one_size_is_said():
    assert "do not vary" in tables.texts_of(size_deciles(pd.DataFrame()))[0].replace("\n", " ")
