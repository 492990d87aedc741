import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection

from nasbias.figures.steps import autocorrelation, gt_tau_over_steps, last_minibatches
from tests.figures import tables


def make_scores(architectures: int, steps: int) -> pd.DataFrame:
    step, place = np.meshgrid(np.arange(1, steps + 1), np.arange(architectures))
    score = 60 + place + np.sin(step)
    return pd.DataFrame(
        {"step": step.ravel(), "architecture": place.ravel(), "score": score.ravel(), "truth": place.ravel()}
    )


def test_each_architecture_is_a_line_coloured_by_its_truth():
    ax = last_minibatches(make_scores(8, 20))
    (lines,) = [each for each in ax.collections if isinstance(each, LineCollection)]
    assert len(lines.get_segments()) == 8
    assert list(lines.get_array()) == list(range(8))


def test_more_than_200_are_thinned_over_the_whole_range_of_truth():
    (lines,) = [each for each in last_minibatches(make_scores(500, 3)).collections if isinstance(each, LineCollection)]
    assert len(lines.get_segments()) == 200
    values = lines.get_array()
    assert values is not None and (values.min(), values.max()) == (0, 499)


def test_cycles_are_marked_back_from_the_last_step():
    ax = last_minibatches(make_scores(4, 20), period=8)
    assert sorted(line.get_xdata()[0] for line in ax.lines) == [4, 12]


def test_one_step_is_no_figure():
    assert "--dense-steps" in tables.texts_of(last_minibatches(make_scores(4, 1)))[0].replace("\n", " ")
    assert "--dense-steps" in tables.texts_of(gt_tau_over_steps(pd.DataFrame({"step": [1]})))[0].replace("\n", " ")
    assert "--dense-steps" in tables.texts_of(autocorrelation(pd.DataFrame()))[0].replace("\n", " ")


def test_lags_are_drawn_as_they_stand_and_periods_marked():
    lags = pd.DataFrame({"order": ["a"] * 4, "lag": [1, 2, 3, 4], "autocorrelation": [0.9, 0.1, -0.3, 0.8], "tau": 0.5})
    ax = autocorrelation(lags, period=2)
    (curve,) = [line for line in ax.lines if line.get_label() == "a"]
    assert list(curve.get_ydata()) == [0.9, 0.1, -0.3, 0.8]
    assert [line.get_xdata()[0] for line in ax.lines if set(line.get_ydata()) == {0, 1}] == [2, 4]


def test_gt_tau_has_a_line_per_order():
    steps = pd.DataFrame({"order": ["a", "a", "b", "b"], "step": [1, 2, 1, 2], "gt_tau": [0.1, 0.2, 0.3, 0.4]})
    curves = {line.get_label(): list(line.get_ydata()) for line in gt_tau_over_steps(steps).lines}
    assert curves["a"] == [0.1, 0.2]
    assert curves["b"] == [0.3, 0.4]
