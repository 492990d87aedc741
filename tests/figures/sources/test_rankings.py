import pandas as pd
import pytest

from nasbias.figures.sources import Given, make
from nasbias.figures.sources.rankings import SPACES
from nasbias.figures.studies import read_study
from nasbias.spaces import get_space
from tests.predicted import make_table, make_truth, runs_of


def test_our_lengths_are_the_studys_numbers_for_every_space():
    made = make("training_length", Given())
    assert [part.title for part in made.parts] == [get_space(space).title for space in SPACES]
    first = made.parts[0].tables["lengths"]
    study = read_study("length")["by training length"].query("space == 'nb201'")
    pd.testing.assert_frame_equal(first, study)


def test_the_papers_numbers_go_with_the_measure_they_are_in():
    assert all("published" not in part.tables for part in make("top_k", Given()).parts)
    (nb201, *_) = make("corr_gt", Given()).parts
    assert nb201.tables["published"]["spearman"].tolist() == [0.701]


def test_of_several_scores_one_is_drawn():
    table = make_table()
    given = Given(space="nb201", predictions=runs_of(table), truth=make_truth(table))
    (part,) = make("training_length", given).parts
    assert set(part.tables["lengths"]["score"]) == {"accuracy"}
    assert set(part.tables["baselines"]["score"]) == {"params", "flops", "random"}
    (part,) = make("training_length", Given(**{**given.__dict__, "score": "loss"})).parts
    assert set(part.tables["lengths"]["score"]) == {"loss"}


def test_the_map_has_a_row_per_length():
    table = make_table()
    (part,) = make("cross_run_map", Given(space="nb201", predictions=runs_of(table))).parts
    assert part.tables["grid"]["epoch"].tolist() == [4, 8]


def test_the_joined_points_are_coloured_by_the_edge_that_decides_the_top():
    table = make_table()
    given = Given(space="nb201", predictions=runs_of(table), truth=make_truth(table))
    plain, coloured = make("score_against_truth", given).parts
    assert "decision" not in plain.options
    assert coloured.options["decision"] == "0->3"
    assert plain.tables["joined"]["truth"].to_numpy() == pytest.approx(table["valid_accuracy"].to_numpy(), abs=0.5)
