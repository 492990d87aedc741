import pandas as pd
import pytest

from nasbias.figures.published import published_groups, published_prefixes
from nasbias.figures.sharing import finetuning, folds, groups, prefixes, pruning, replicated
from tests.figures import tables


def make_plans() -> pd.DataFrame:
    plans = ["all", "groups:2", "groups:8", "similar:2", "similar:8", "prefix:0", "prefix:2"]
    table = pd.DataFrame({"plan": plans, "gt_tau_mean": [0.1, 0.2, 0.3, 0.15, 0.4, 0.5, 0.6], "gt_tau_std": 0.1})
    return table.assign(low=table["gt_tau_mean"] - 0.05, high=table["gt_tau_mean"] + 0.07)


def test_all_architectures_together_are_one_group_of_both_kinds():
    curves = {line.get_label(): line for line in groups(make_plans(), published_groups()).lines}
    assert list(curves["at random"].get_xdata()) == [1, 2, 8]
    assert list(curves["at random"].get_ydata()) == [0.1, 0.2, 0.3]
    assert list(curves["similar together"].get_ydata()) == [0.1, 0.15, 0.4]
    assert curves["hollow: P1, published"].get_ydata()[0] == 0.4988


def test_prefixes_are_ordered_and_the_papers_are_hollow():
    ax = prefixes(make_plans(), published_prefixes())
    curves = {line.get_label(): line for line in ax.lines}
    assert list(curves["ours"].get_xdata()) == [0, 2]
    assert sorted({round(float(y), 6) for y in tables.band_of(ax)[:, 1]}) == [0.45, 0.55, 0.57, 0.67]
    assert list(curves["hollow: P1, published (of 4 cells)"].get_ydata()) == [0.6960, 0.4837, 0.4159, 0.4448, 0.5174]


def test_plans_without_groups_or_prefixes_are_said():
    alone = make_plans()[:1]
    assert "groups" in tables.texts_of(groups(alone))[0]
    assert "prefix" in tables.texts_of(prefixes(alone))[0]


def test_tuning_has_a_curve_per_checkpoint_and_the_tables_bars():
    curve = pd.DataFrame({"epoch": [4, 4, 8, 8], "step": [0, 5, 0, 5], "gt_tau": [0.1, 0.3, 0.2, 0.4]})
    curve = curve.assign(low=curve["gt_tau"] - 0.9, high=curve["gt_tau"] + 0.5)
    ax = finetuning(curve)
    assert sorted(line[1:] for line in tables.vertical_lines(ax)) == sorted(zip(curve["low"], curve["high"]))
    assert {"from epoch 4", "from epoch 8"} <= {line.get_label() for line in ax.lines}


def test_a_fold_is_its_gain_over_the_whole():
    each = pd.DataFrame({"way": ["random", "random"], "fold_tau": [0.5, 0.4], "whole_tau": [0.3, 0.5]})
    gains = pd.DataFrame({"way": ["random"], "gain": [0.05], "low": [-0.1], "high": [0.2]})
    ax = folds(each, gains)
    assert list(ax.lines[1].get_xdata()) == pytest.approx([0.2, -0.1])
    (line,) = ax.collections[0].get_segments()
    assert list(line[:, 0]) == [-0.1, 0.2]


def test_pruned_spaces_show_their_best_and_what_was_found():
    spaces = pd.DataFrame({"space": ["whole", "best $third"], "mean_truth": [88.0, 92.0], "best": [94.0, 94.2]})
    spaces = spaces.assign(found=[91.0, 92.1], found_low=[90.0, None], found_high=[92.0, None], found_top=[92.5, 93.0])
    ax = pruning(spaces)
    shown = {line.get_label(): list(line.get_xdata()) for line in ax.lines}
    assert shown["best there is"] == [94.0, 94.2]
    assert shown["ranked first"] == [91.0, 92.1]
    ax.figure.canvas.draw()


def test_copies_have_a_bar_and_the_error_of_counting():
    spread = pd.DataFrame({"supernet": ["ordinary", "conv3x3"], "spread": [3.7, 0.9], "counting_error": 1.5})
    ax = replicated(spread.assign(low=[1.9, 0.0], high=[5.5, 2.4]))
    assert [patch.get_height() for patch in ax.patches] == [3.7, 0.9]
    assert [line[1:] for line in tables.vertical_lines(ax)] == [(1.9, 5.5), (0.0, 2.4)]
