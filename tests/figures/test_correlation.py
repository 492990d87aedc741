import numpy as np
import pandas as pd
import pytest

from nasbias.figures.correlation import corr_gt, cross_run_map, run_taus, top_k, training_length
from tests.figures import tables


def test_the_band_is_the_tables_interval():
    table = tables.lengths()
    corners = tables.band_of(training_length(table))
    for epoch, low, high in zip(table["epoch"], table["gt_tau_low"], table["gt_tau_high"]):
        assert {low, high} <= set(corners[corners[:, 0] == epoch, 1])
    assert corners[:, 1].min() == table["gt_tau_low"].min()
    assert corners[:, 1].max() == table["gt_tau_high"].max()


def test_it_is_not_the_interval_that_seaborn_would_draw():
    seaborn = pytest.importorskip("seaborn")
    table = tables.lengths()
    runs = table.explode("taus").astype({"taus": float, "epoch": float})
    from nasbias.figures.style import new_axes

    (ax,) = new_axes()
    seaborn.lineplot(runs, x="epoch", y="taus", ax=ax, seed=0)
    theirs, ours = tables.band_of(ax), tables.band_of(training_length(table))
    assert np.ptp(theirs[theirs[:, 0] == 8, 1]) < 0.2 * np.ptp(ours[ours[:, 0] == 8, 1])


def test_params_flops_chance_and_ceiling_are_lines_at_their_values():
    ax = training_length(tables.lengths(), tables.baselines(), 0.8)
    heights = {line.get_label(): set(line.get_ydata()) for line in ax.lines}
    assert heights["parameters"] == {0.5}
    assert heights["FLOPs"] == {0.45}
    assert heights["random rankings"] == {0.0}
    assert heights["ceiling: truth repeated"] == {0.8}


def test_without_a_ceiling_there_is_no_line_of_it():
    labels = [line.get_label() for line in training_length(tables.lengths(), tables.baselines(), None).lines]
    assert "ceiling: truth repeated" not in labels


def test_published_numbers_are_hollow_and_not_joined():
    ax = corr_gt(tables.lengths(), published=pd.DataFrame({"epoch": [2000], "spearman": [0.7]}))
    (mark,) = [line for line in ax.lines if line.get_label() == "P2, published"]
    assert mark.get_markerfacecolor() == "none"
    assert mark.get_linestyle() == "None"
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (2000, 0.7)


def test_no_band_is_drawn_where_the_table_has_no_interval():
    ax = top_k(tables.lengths(), tables.baselines())
    assert not ax.collections
    assert ax.get_ylabel() == "best of ten (%)"


def test_predictions_without_epochs_get_a_sentence_and_no_axes():
    ax = training_length(tables.lengths().assign(epoch=None))
    assert "no epoch" in tables.texts_of(ax)[0].replace("\n", " ")
    assert not ax.axison


def test_every_run_is_a_dot_and_the_bar_is_the_tables():
    table = tables.lengths()
    ax = run_taus(table)
    dots = sorted(value for line in ax.lines if line.get_marker() == "o" for value in line.get_ydata())
    assert dots == sorted(value for taus in table["taus"] for value in taus)
    bars = tables.vertical_lines(ax)
    assert bars == list(zip([0.0, 1.0, 2.0], table["gt_tau_low"], table["gt_tau_high"]))


def test_the_cross_run_map_says_every_value_once():
    grid = pd.DataFrame({"epoch": [2, 16], 2: [0.1, 0.3], 16: [0.3, np.nan]})
    ax = cross_run_map(grid)
    assert sorted(tables.texts_of(ax)) == [".10", ".30", ".30"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2", "16"]


def test_a_map_of_one_run_says_what_is_missing():
    ax = cross_run_map(pd.DataFrame({"epoch": []}))
    assert "several runs" in tables.texts_of(ax)[0].replace("\n", " ")
