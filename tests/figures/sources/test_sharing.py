import pytest

from nasbias.figures import get_figure
from nasbias.figures.sources import Given, make


@pytest.mark.parametrize("name", ["groups", "prefixes", "finetuning", "folds", "pruning", "replicated"])
def test_our_studies_are_drawn(name):
    made = make(name, Given())
    for part in made.parts:
        ax = get_figure(name).draw(**part.tables, **part.options)
        assert ax.axison


def test_plans_are_of_the_last_steps_and_not_of_one():
    assert make("groups", Given()).parts[0].tables["plans"]["k"].min() > 1
    assert [part.options["value"] for part in make("groups", Given()).parts] == ["gt_tau_mean", "gt_tau_std"]


def test_each_truth_of_tuning_has_a_panel_and_the_papers_marks_go_with_the_papers():
    ours, theirs = make("finetuning", Given()).parts
    assert ours.tables["published"] is None
    assert set(theirs.tables["curve"]["truth"]) == {"deeper-insights-64"}


def test_folds_of_a_space_are_not_mixed_with_anothers():
    nb201, nb101 = make("folds", Given()).parts
    assert len(nb201.tables["each"]) == 15
    assert len(nb101.tables["each"]) == 6
