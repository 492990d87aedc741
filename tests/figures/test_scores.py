import pytest

from nasbias.figures.scores import MANY, score_against_truth, size_against
from tests.figures import tables


def test_few_architectures_are_points_and_many_a_density():
    few, many = score_against_truth(tables.joined(50)), score_against_truth(tables.joined(MANY + 1))
    assert len(few.lines[0].get_xdata()) == 50
    assert not many.lines
    assert int(many.collections[0].get_array().sum()) == pytest.approx(MANY + 1, abs=5)  # the frame cuts single ones


def test_each_operation_has_a_colour_in_the_legend():
    table = tables.joined()
    ax = score_against_truth(table, decision="0->3")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["none", "skip", "conv 3x3"]
    assert len({tuple(colour) for colour in ax.collections[0].get_facecolors()}) == table["0->3"].nunique()


def test_units_are_on_both_axes():
    ax = score_against_truth(tables.joined(), truth="perplexity", truth_unit="")
    assert ax.get_xlabel() == "truth: perplexity"
    assert ax.get_ylabel() == "supernet: accuracy (%)"


def test_what_lies_outside_of_the_frame_is_counted():
    table = tables.joined(200)
    table.loc[:2, "truth"] = 10.0
    ax = score_against_truth(table)
    assert ax.get_xlim()[0] > 50
    assert "3 outside the frame" in tables.texts_of(ax)


def test_one_architecture_is_no_figure():
    assert "Fewer than two" in tables.texts_of(score_against_truth(tables.joined(1)))[0]


def test_size_that_does_not_vary_is_said():
    ax = size_against(tables.joined().assign(params=1.0))
    assert "do not vary" in tables.texts_of(ax)[0].replace("\n", " ")


def test_size_is_in_millions():
    table = tables.joined()
    ax = size_against(table, value="score")
    assert max(ax.lines[0].get_xdata()) == table["params"].max() / 1e6
    assert ax.get_xlabel() == "parameters (millions)"
