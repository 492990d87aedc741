import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.matching import read_predictions, runs_of
from nasbias.spaces import get_space
from nasbias.tables import Reading

ARCHITECTURES = get_space("nb201").sample(4, seed=0).tolist()
SCORES = [3.0, 1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame({"architecture": ARCHITECTURES, "score": SCORES}),
        pd.DataFrame({"score": SCORES}, index=ARCHITECTURES),
        pd.Series(SCORES, index=ARCHITECTURES),
        dict(zip(ARCHITECTURES, SCORES)),
        (ARCHITECTURES, SCORES),
        (np.array(ARCHITECTURES, dtype=object), np.array(SCORES)),
    ],
)
def test_predictions_in_memory_are_the_same_table_in_every_form(given):
    ((name, table),) = read_predictions(given, "nb201")
    assert name == "predictions" and set(table["run"]) == {"predictions"}
    assert table["architecture"].tolist() == ARCHITECTURES and table["score"].tolist() == SCORES


def test_a_series_names_its_score_and_a_mapping_may_hold_several():
    ((_, table),) = read_predictions(pd.Series(SCORES, index=ARCHITECTURES, name="zen"), "nb201")
    assert table["zen"].tolist() == SCORES
    ((_, table),) = read_predictions({name: {"accuracy": 50.0, "loss": 1.0} for name in ARCHITECTURES}, "nb201")
    assert table["accuracy"].tolist() == [50] * 4 and table["loss"].tolist() == [1] * 4


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((ARCHITECTURES, SCORES[:3]), "4 architectures, but 3 scores"),
        ([1.0, 2.0], "can't be read from a list of float"),
        ([], "no predictions given"),
        ({"a": 1, "b": {"loss": 2}}, "must all be numbers"),
        ({ARCHITECTURES[0]: "failed", ARCHITECTURES[1]: 2, ARCHITECTURES[2]: 3}, "score is 'failed' in row 1"),
    ],
)
def test_what_are_no_predictions_is_refused(given, says):
    with pytest.raises(InputError, match=says):
        read_predictions(given, "nb201")


def test_two_paths_are_not_taken_for_architectures_and_scores(tmp_path):
    for name in "ab":
        pd.DataFrame({"architecture": ARCHITECTURES, "zen": SCORES}).to_csv(tmp_path / f"{name}.csv", index=False)
    tables = read_predictions((str(tmp_path / "a.csv"), str(tmp_path / "b.csv")), "nb201")
    assert [name for name, _ in tables] == [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    assert [set(table["run"]) for _, table in tables] == [{"a"}, {"b"}]


def test_runs_of_one_name_in_two_files_are_told_apart_and_a_file_given_twice_is_refused(tmp_path):
    paths = [tmp_path / "mine.csv", tmp_path / "mine.tsv"]
    pd.DataFrame({"architecture": ARCHITECTURES, "zen": SCORES}).to_csv(paths[0], index=False)
    pd.DataFrame({"architecture": ARCHITECTURES, "zen": SCORES}).to_csv(paths[1], index=False, sep="\t")
    tables = read_predictions(paths, "nb201")
    assert [set(table["run"]) for _, table in tables] == [{"mine"}, {f"{paths[1]}:mine"}]
    with pytest.raises(InputError, match="given twice"):
        read_predictions([paths[0], tmp_path / "." / "mine.csv"], "nb201")


def test_a_name_that_comes_again_is_told_apart_whatever_came_between(tmp_path):
    for name in ("mine.csv", "other.csv", "mine.tsv"):
        separator = "\t" if name.endswith("tsv") else ","
        table = pd.DataFrame({"architecture": ARCHITECTURES, "zen": SCORES})
        table.to_csv(tmp_path / name, index=False, sep=separator)
    paths = [tmp_path / name for name in ("mine.csv", "other.csv", "mine.tsv")]
    runs = [set(table["run"]) for _, table in read_predictions(paths, "nb201")]
    assert runs == [{"mine"}, {"other"}, {f"{paths[2]}:mine"}]


def test_the_reading_reaches_files_and_frames(tmp_path):
    table = pd.DataFrame({"key": ["(1, 1, 1, 1, 1, 1)"], "zen": [1.0]})
    table.to_csv(tmp_path / "a.csv", index=False)
    reading = Reading({"architecture": "key"}, "nats")
    for given in (table, tmp_path / "a.csv"):
        ((_, read),) = read_predictions(given, "nb201", reading)
        assert read["architecture"][0].startswith("|skip_connect~0|")


def test_without_predictions_those_shipped_are_taken():
    ((name, table),) = read_predictions(None, "nb201")
    assert name.endswith("nb201_predictions.parquet") and len(table) == 18_000


def test_runs_are_split_by_all_their_keys_and_missing_ones_are_none():
    table = pd.DataFrame({"run": ["a", "a", "b", "a"], "seed": [0, 0, 0, 0], "epoch": [1, 2, 1, 1]})
    table = table.assign(step=pd.array([pd.NA] * 4, "Int64"), bn=None)
    found = [(keys, at.tolist()) for keys, at in runs_of(table)]
    assert found == [
        ({"run": "a", "seed": 0, "epoch": 1, "step": None, "bn": None}, [0, 3]),
        ({"run": "a", "seed": 0, "epoch": 2, "step": None, "bn": None}, [1]),
        ({"run": "b", "seed": 0, "epoch": 1, "step": None, "bn": None}, [2]),
    ]


def test_predictions_in_memory_are_called_so_in_errors_and_runs():
    ((_, table),) = read_predictions(pd.DataFrame({"architecture": ARCHITECTURES, "zen": SCORES}), "nb201")
    assert set(table["run"]) == {"predictions"}
    with pytest.raises(InputError, match="^predictions: row 1 .* has no architecture"):
        read_predictions(pd.DataFrame({"architecture": [None], "zen": 1.0}), "nb201")


def test_files_are_read_in_their_space_and_pairs_need_no_usual_name(tmp_path):
    pd.DataFrame({"architecture": ["111", "222"], "zen": [1.0, 2]}).to_csv(tmp_path / "a.csv", index=False)
    ((_, table),) = read_predictions(tmp_path / "a.csv", "darts64")
    assert table["architecture"].tolist() == ["111", "222"]
    ((_, table),) = read_predictions((["111"], [1.0]), "darts64")
    assert table["architecture"].tolist() == ["111"]


def test_runs_come_in_the_order_in_which_they_appear():
    table = pd.DataFrame(
        {"run": ["z", "a", "z", "m"], "seed": [2, 1, 2, 0], "epoch": [9, 1, 9, 5], "step": 0, "bn": "x"}
    )
    assert [keys["run"] for keys, _ in runs_of(table)] == ["z", "a", "m"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (5, "can't be read from int. Give a DataFrame"),
        (object(), "can't be read from object. Give a DataFrame"),
        ([1, 2], "can't be read from a list of int. Give a DataFrame"),
        ({}, "the table has no rows"),
        (([], []), "the table has no rows"),
    ],
)
def test_what_holds_no_predictions_is_refused_with_what_does(given, says):
    with pytest.raises(InputError, match=says):
        read_predictions(given, "nb201")
