import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from nasbias.figures.bias import (
    correction_curve,
    decomposition,
    effect_intervals,
    effects_map,
    operation_means,
    top_shares,
)
from nasbias.spaces import get_space, list_spaces
from tests.figures import tables


def hatched(ax) -> set[tuple[float, float]]:
    return {patch.get_xy() for patch in ax.patches if isinstance(patch, Rectangle) and patch.get_hatch()}


def test_every_cell_is_hatched_but_what_is_found():
    assert hatched(effects_map(tables.operators())) == {(j, i) for i in range(3) for j in range(2)} - {(0, 0)}


def test_a_raw_difference_is_hatched_where_its_interval_holds_0():
    table = tables.operators()
    open_ = table[(table["low"] <= 0) & (table["high"] >= 0)]
    assert 0 < len(open_) < len(table)
    assert len(hatched(effects_map(table, value="rank_difference"))) == len(open_)


def test_the_maps_colours_are_balanced_around_0():
    cells = effects_map(tables.operators()).collections[0]
    assert cells.norm.vmin == -cells.norm.vmax
    assert cells.norm.vmax == tables.operators()["score_effect"].abs().max()


def test_means_are_written_in_their_cells():
    ax = operation_means(tables.operators())
    assert tables.texts_of(ax) == ["90.0", "90.0", "91.0", "91.0", "92.0", "92.0"]


@pytest.mark.parametrize("space", list_spaces())
def test_decisions_of_every_space_fit_a_map(space):
    decisions = get_space(space).decisions
    names = tuple(decision.name for decision in decisions)
    ax = effects_map(tables.operators(names, decisions[0].values))
    assert [label.get_text() for label in ax.get_xticklabels()] == list(names)
    ax.figure.canvas.draw()


def test_intervals_are_the_tables():
    table = tables.operators()
    ax = effect_intervals(table)
    drawn = {
        (float(s[0, 0]), float(s[1, 0]))
        for bundle in ax.collections
        for s in bundle.get_segments()
        if s[0, 1] == s[1, 1]
    }
    wanted = {*zip(table["score_effect_low"], table["score_effect_high"]), *zip(table["low"], table["high"])}
    assert drawn == wanted


def test_of_many_operations_the_largest_effects_are_shown_and_it_is_said():
    many = tables.operators(tuple(f"layer {i}" for i in range(30)), tuple("abcde"))
    ax = effect_intervals(many)
    assert ax.get_title() == "the 60 largest of 150 effects"
    assert len(ax.get_yticks()) == 60


def test_shares_at_the_top_stack_up_to_the_whole():
    ax = top_shares(tables.operators())
    tops = {}
    for patch in ax.patches:
        key = round(patch.get_x(), 6)
        tops[key] = max(tops.get(key, 0), patch.get_y() + patch.get_height())
    assert list(tops.values()) == pytest.approx([100] * 4)


def test_a_published_share_is_a_hollow_mark_where_its_segment_would_end():
    known = pd.DataFrame({"decision": ["0->1"], "operation": ["skip_connect"], "share": [0.5]})
    (mark,) = top_shares(tables.operators(), known).lines
    assert mark.get_markerfacecolor() == "none"
    assert mark.get_ydata()[0] == pytest.approx(100 / 3 + 50)


def test_shares_of_the_error_lie_side_by_side_up_to_100():
    parts = pd.DataFrame({"part": ["size", "seed noise", "decisions"], "share": [20.0, 30.0, 50.0]})
    ax = decomposition(parts)
    assert [(bar.get_x(), bar.get_width()) for bar in ax.patches] == [(0, 20), (20, 30), (50, 50)]
    assert [bool(bar.get_hatch()) for bar in ax.patches] == [False, True, False]


def test_a_perfect_ranking_has_no_error_to_take_apart():
    ax = decomposition(pd.DataFrame({"part": ["size"], "share": [np.nan]}))
    assert "as the truth does" in tables.texts_of(ax)[0].replace("\n", " ")


def test_the_corrections_band_is_the_tables_and_absent_predictors_are_left_out():
    ax = correction_curve(tables.correction())
    assert set(tables.band_of(ax)[:, 1]) == {0.3, 0.6, 0.5, 0.7}
    assert "Gaussian process without" not in ax.get_legend_handles_labels()[1]
    assert "ridge without" in ax.get_legend_handles_labels()[1]


def test_too_few_to_correct_is_said():
    assert "Too few" in tables.texts_of(correction_curve(tables.correction()[:1]))[0]
