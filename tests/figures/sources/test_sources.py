import pytest

from nasbias.errors import InputError
from nasbias.figures import get_figure, list_figures
from nasbias.figures.sources import Given, make, make_from_table, say_runs
from tests.figures import tables
from tests.predicted import make_table, make_truth, runs_of


@pytest.fixture(scope="module")
def given() -> Given:
    table = make_table()
    return Given(space="nb201", predictions=runs_of(table, seeds=(0, 1, 2)), truth=make_truth(table))


OURS_ONLY = {"order_agreement", "groups", "prefixes", "folds", "pruning", "replicated"}
OF_STEPS = {"last_minibatches", "autocorrelation", "gt_tau_over_steps"}


def test_every_figure_has_tables():
    from nasbias.figures.sources import SOURCES

    make("run_taus", Given())
    assert set(SOURCES) == set(list_figures())


# The figures of one study differ in what they draw of it; bias has tests of its own.
DRAWN = set(list_figures()) - OURS_ONLY - OF_STEPS - {"finetuning", "effect_intervals", "decomposition", "size_deciles"}


@pytest.mark.parametrize("name", sorted(DRAWN - {"correction_curve", "operation_means"}))
def test_somebodys_predictions_are_drawn(name, given):
    made = make(name, given)
    for part in made.parts:
        get_figure(name).draw(**part.tables, **part.options).figure.canvas.draw()
    assert "300" in made.caption or name == "cross_run_map"


@pytest.mark.parametrize("name", sorted(OURS_ONLY))
def test_studies_of_run_folders_name_the_way_to_draw_ones_own(name, given):
    with pytest.raises(InputError, match="--table|no predictions"):
        make(name, given)


@pytest.mark.parametrize("name", sorted(OF_STEPS))
def test_predictions_without_steps_name_the_remedy(name, given):
    with pytest.raises(InputError, match="--dense-steps"):
        make(name, given)


def test_one_run_gets_a_sentence_or_an_interval_without_the_seeds_part(given):
    alone = Given(space="nb201", predictions=given.predictions.query("run == 's0'"), truth=given.truth)
    for name in ("s_tau_over_epochs", "rank_boxes"):
        (part,) = make(name, alone).parts
        assert "One run" in tables.texts_of(get_figure(name).draw(**part.tables))[0]


@pytest.mark.filterwarnings("ignore:.*nothing is ranked")
def test_constant_scores_are_one_error_or_a_sentence(given):
    constant = Given(
        space="nb201", predictions=given.predictions.assign(accuracy=50.0), truth=given.truth, score="accuracy"
    )
    (part,) = make("training_length", constant).parts
    assert get_figure("training_length").draw(**part.tables).texts
    with pytest.raises(InputError, match="constant"):
        make("effects_map", constant)


@pytest.mark.filterwarnings("ignore:.*learnt nothing")
def test_ten_architectures_are_one_error_or_a_figure(given):
    few = given.predictions[given.predictions["architecture"].isin(given.predictions["architecture"].unique()[:10])]
    ten = Given(space="nb201", predictions=few, truth=given.truth)
    (part,) = make("run_taus", ten).parts
    get_figure("run_taus").draw(**part.tables)
    with pytest.raises(InputError, match="needs 30"):
        make("effects_map", ten)


def test_a_table_of_ones_own_is_drawn_and_another_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    tables.operators().to_csv(path, index=False)
    made = make_from_table(get_figure("effects_map"), path)
    assert made.caption == "mine.csv: 6 rows."
    with pytest.raises(InputError, match=r"no table for run_taus.*score_effect"):
        make_from_table(get_figure("run_taus"), path)
    with pytest.raises(InputError, match="no such file"):
        make_from_table(get_figure("run_taus"), tmp_path / "absent.csv")


def test_an_unknown_figure_is_refused():
    with pytest.raises(InputError, match="unknown figure"):
        make("nothing", Given())


def test_one_run_is_not_1_runs():
    assert (say_runs(1), say_runs(3)) == ("1 run", "3 runs")
