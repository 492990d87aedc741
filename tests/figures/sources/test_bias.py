import pandas as pd

from nasbias.bias import analyse_bias
from nasbias.figures.sources import Given, make
from nasbias.figures.studies import read_study
from nasbias.matching import match
from tests.predicted import make_table, make_truth, runs_of


def test_our_maps_are_the_studys_by_accuracy_and_by_loss():
    parts = make("effects_map", Given()).parts
    assert [part.title for part in parts] == ["by accuracy", "by loss"]
    pd.testing.assert_frame_equal(parts[1].tables["operators"], read_study("operators")["operators by loss"])


def test_somebodys_tables_are_those_of_the_study():
    table = make_table()
    predictions, truth = runs_of(table), make_truth(table)
    bias = analyse_bias(match(predictions, truth))
    given = Given(space="nb201", predictions=predictions, truth=truth)
    pd.testing.assert_frame_equal(make("effects_map", given).parts[0].tables["operators"], bias.operators)
    pd.testing.assert_frame_equal(make("decomposition", given).parts[0].tables["parts"], bias.decomposition)
    pd.testing.assert_frame_equal(make("correction_curve", given).parts[0].tables["correction"], bias.correction)


def test_the_size_of_the_top_is_the_studys():
    table = make_table()
    given = Given(space="nb201", predictions=runs_of(table), truth=make_truth(table))
    assert make("top_shares", given).parts[0].options["top"] == 100
    assert make("top_shares", given).parts[0].tables["published"] is None
