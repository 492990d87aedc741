import dataclasses

import numpy as np
import pandas as pd
import pytest

import nasbias
from nasbias.matching import join, match, select_panel
from nasbias.matching.joined import tabulate
from tests.predicted import make_table, make_truth, runs_of


@pytest.fixture(scope="module")
def both():
    table = make_table()
    return runs_of(table), make_truth(table)


def test_each_architecture_has_one_row_with_its_truth_scores_costs_and_decisions(both):
    predictions, truth = both
    table = nasbias.join(predictions, truth)
    space = nasbias.get_space("nb201")
    assert table["architecture"].is_unique
    assert len(table) == 300
    last = predictions.query("epoch == 8").pivot(index="architecture", columns="run", values="accuracy")
    last = last.reindex(table["architecture"])
    np.testing.assert_allclose(table[["score_s0", "score_s1"]], last)
    np.testing.assert_allclose(table["score"], last.mean(axis=1))
    seeds = truth.groupby("architecture")["valid_accuracy"].mean().reindex(table["architecture"])
    np.testing.assert_allclose(table["truth"], seeds)
    np.testing.assert_array_equal(table["params"], space.describe(table["architecture"])["params"])
    assert {decision.name for decision in space.decisions} <= set(table)


def test_a_low_loss_stays_a_low_number(both):
    predictions, truth = both
    table = join(predictions, truth, score="loss")
    assert table["score"].mean() == pytest.approx(predictions.query("epoch == 8")["loss"].mean())
    assert table.attrs["score"] == "loss"


def test_another_epoch_is_another_table(both):
    table = join(*both, epoch=4)
    assert table.attrs["epoch"] == 4
    assert not np.allclose(table["score"], join(*both)["score"])


def test_runs_of_one_name_keep_a_column_each(both):
    predictions, truth = both
    table = join(predictions.assign(run="same"), truth)
    assert {"score_same-0", "score_same-1"} <= set(table)


def test_what_is_not_there_is_refused(both):
    with pytest.raises(nasbias.InputError, match="Known: 8, 4"):
        join(*both, epoch=99)


def test_the_table_of_a_panel_is_the_joined_one(both):
    table = tabulate(select_panel(match(*both)))
    pd.testing.assert_frame_equal(table, join(*both))


def test_columns_of_ones_own_and_the_order_of_operation_numbers_are_passed_on(both):
    predictions, truth = both
    one = predictions.query("run == 's0' and epoch == 8")
    mine = one.rename(columns={"architecture": "mine"})
    pd.testing.assert_frame_equal(join(mine, truth, columns={"architecture": "mine"}), join(one, truth))
    numbers = [(0, 1, 2, 3, 4, 0), (1, 1, 2, 3, 4, 0), (2, 1, 2, 3, 4, 0)]
    space = nasbias.get_space("nb201")
    for notation in ("nats", "naslib"):
        names = space.parse_all(numbers, notation).tolist()
        known = pd.DataFrame({"architecture": names, "valid_accuracy": [70.0, 80, 90]})
        found = join((numbers, [1.0, 2, 3]), known, notation=notation)
        assert found["architecture"].tolist() == names and found["truth"].tolist() == [70, 80, 90]
        assert found.attrs == {
            "space": "nb201", "score": "score", "epoch": None, "bn": None, "runs": 1, "truth": "truth",
            "truth_column": "valid_accuracy",
        }  # fmt: skip


def test_runs_of_one_name_and_one_seed_are_told_apart_by_their_place(both):
    panel = select_panel(match(*both))
    runs = [{"run": "same", "seed": None}, {"run": "same", "seed": None}]
    table = tabulate(dataclasses.replace(panel, runs=runs))
    np.testing.assert_allclose(table[["score_same-None-0", "score_same-None-1"]], panel.scores.T)
