import inspect

import numpy as np
import pandas as pd
import pytest

import nasbias
from nasbias.bias import Bias, analyse_bias
from nasbias.correlation import Correlation, correlate_matched
from nasbias.density import Density
from nasbias.errors import InputError
from nasbias.figures import list_figures, plot
from nasbias.matching import match
from nasbias.stability import Stability, analyse_stability
from tests.predicted import make_table, make_truth, runs_of


@pytest.fixture(scope="module")
def runs():
    return runs_of(make_table(), seeds=(0, 1, 2))


@pytest.fixture(scope="module")
def truth():
    return make_truth(make_table())


@pytest.fixture(scope="module")
def matched(runs, truth):
    return match(runs, truth, space="nb201")


@pytest.fixture(scope="module")
def results(matched):
    return [correlate_matched(matched), analyse_stability(matched), analyse_bias(matched, draws=2, sizes=(30,))]


@pytest.mark.parametrize("kind", [Correlation, Stability, Bias, Density])
def test_a_result_names_figures_that_are_there_and_their_arguments(kind):
    known = list_figures()
    assert kind.figures
    for name, tables in kind.figures.items():
        assert set(tables) <= set(inspect.signature(known[name].draw).parameters)


def test_every_figure_of_every_result_is_drawn(results):
    for result in results:
        for name in result.figures:
            ax = plot(result, name)
            assert ax.has_data(), name
        assert plot(result).get_title() == plot(result, next(iter(result.figures))).get_title()


def test_what_is_drawn_are_the_results_numbers(results):
    ax = plot(results[0], "run_taus")
    dots = sorted(y for line in ax.lines if line.get_marker() == "o" for y in line.get_ydata())
    assert dots == pytest.approx(sorted(np.concatenate(results[0].shown["taus"].tolist())))
    assert set(results[0].shown["score"]) == {"accuracy"} and len(results[0].beside) == 3


def test_correlates_table_is_drawn_run_by_run_with_the_tables_own_intervals(runs, truth):
    table = nasbias.correlate(runs, truth)
    ax = plot(table)
    own = table[table["score"] == "accuracy"]
    dots = sorted(y for line in ax.lines if line.get_marker() == "o" for y in line.get_ydata())
    assert dots == pytest.approx(sorted(own["gt_tau"]))
    ends = sorted(y for bars in ax.collections for segment in bars.get_segments() for y in segment[:, 1])
    assert ends == pytest.approx(sorted([*own["gt_tau_low"], *own["gt_tau_high"]]))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["4", "8"]


def test_the_joined_table_is_drawn_and_options_reach_the_figure(runs, truth):
    joined = nasbias.join(runs, truth)
    assert "0->3" in plot(joined, decision="0->3").get_title()
    assert "parameters" in plot(joined, "size_against", value="score").get_xlabel()


def test_tuned_and_pruned_tables_have_figures_too():
    from nasbias.finetune import FineTuned

    assert set(FineTuned.figures) == {"finetuning"}
    row = {"space": "best", "mean_truth": 90.0, "best": 94.0, "found": 93.0, "found_low": np.nan, "found_high": np.nan}
    assert plot(pd.DataFrame([row | {"found_top": 93.5}])).has_data()


def test_density_plots_the_plans_over_the_most_mini_batches():
    rows = [
        {"plan": plan, "n_runs": 2, "k": k, "n": 64, "gt_tau_mean": 0.4, "low": 0.3, "high": 0.5, "gt_tau_std": 0.1}
        for plan in ("all", "groups:2", "groups:4")
        for k in (1, 64)
    ]
    density = Density({}, pd.DataFrame(rows), pd.DataFrame())
    assert len(density.longest) == 3 and plot(density, "groups").has_data() and "3 sharing plans" in repr(density)


def test_what_no_figure_draws_is_refused(results):
    with pytest.raises(InputError, match="no figure draws a dict"):
        plot({})
    with pytest.raises(InputError, match="no figure draws a DataFrame"):
        plot(pd.DataFrame({"a": [1]}))
    with pytest.raises(InputError, match="Did you mean rank_boxes"):
        plot(results[1], "rank_box")
