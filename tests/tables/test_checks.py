import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.notices import Notice
from nasbias.spaces import get_space
from nasbias.tables import Reading, check_architectures, check_predictions, check_truth, load_predictions, scores_of

ARCHITECTURES = get_space("nb201").sample(4, seed=0)


def truth(**columns):
    return pd.DataFrame({"architecture": ARCHITECTURES, "test_accuracy": [90.0, 91, 92, 93], **columns})


def test_a_minimal_truth_gains_the_missing_keys_as_missing():
    table = check_truth(truth(), "nb201", "mine.csv")
    assert table[["dataset", "epochs", "seed"]].isna().all(axis=None)
    assert table["test_accuracy"].tolist() == [90, 91, 92, 93]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (truth().rename(columns={"architecture": "mine"}), "--column architecture=mine"),
        (truth().drop(columns="test_accuracy"), "no measure among the columns"),
        (truth(test_accuracy=[0.9, 91, 92, 193]), "test_accuracy is 193"),
        (truth(test_accuracy=[np.nan, 91, 92, 93]), "1 row(s) have no value"),
        (truth(valid_accuracy=[np.nan, 91, 92, 93]), "valid_accuracy is missing (NaN) in 1 row"),
        (truth(test_accuracy=[90, "91.5%", "failed", 93]), "test_accuracy is 'failed' in row 3"),
        (truth(architecture=[*ARCHITECTURES[:3], "x"]), "1 of 4 architectures are not in nb201"),
        (truth(architecture=ARCHITECTURES[[0, 1, 2, 2]]), "1 row(s) repeat an earlier one"),
        (truth(seed=["a", "b", "c", "d"]), "seed is 'a' in row 1"),
        (truth(seed=[0, 1, 2.5, 3]), "seed is 2.5 in row 3; column 'seed' must hold whole numbers"),
        (truth(n_seeds=[1, 2, 2.5, 3]), "mine.csv: n_seeds is 2.5 in row 3"),
        (truth().iloc[:0], "no rows"),
        (truth()[["test_accuracy"]], "--column architecture=COLUMN."),
    ],
)
def test_a_bad_truth_is_refused_with_its_fault(table, says):
    with pytest.raises(InputError) as error:
        check_truth(table, "nb201", "mine.csv")
    assert says in str(error.value)
    assert str(error.value).startswith("mine.csv: ")


def test_predictions_need_only_an_architecture_and_a_score(tmp_path):
    path = tmp_path / "mine.csv"
    pd.DataFrame({"architecture": ARCHITECTURES, "zen": [3.0, 1, 2, np.nan], "params": 1}).to_csv(path, index=False)
    table = load_predictions(path, space="nb201")
    assert table["run"].unique().tolist() == ["mine"]
    assert table["zen"].tolist()[:3] == [3, 1, 2]
    assert "params" not in table  # a cost, not a score


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (pd.DataFrame({"architecture": ARCHITECTURES}), "no numeric score"),
        (pd.DataFrame({"score": [1.0]}), "no column 'architecture'"),
        (pd.DataFrame({"architecture": ARCHITECTURES[[0, 0]], "score": [1.0, 2]}), "repeat an earlier one"),
        (pd.DataFrame({"architecture": [None], "score": [1.0]}), "row 1 (of the data, from 1) has no architecture"),
        (pd.DataFrame({"architecture": ARCHITECTURES[:1], "accuracy": [101.0]}), "accuracy is 101"),
    ],
)
def test_bad_predictions_are_refused_with_their_fault(table, says):
    with pytest.raises(InputError) as error:
        check_predictions(table, "nb201", "mine.csv")
    assert says in str(error.value)


@pytest.mark.parametrize("content", [b"", b"PAR1 cut off", b"\xff\xfe\x00"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_broken_file_is_an_error_of_one_line(tmp_path, content, ending):
    path = tmp_path / f"broken.{ending}"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        load_predictions(path)
    assert "\n" not in str(error.value)


def scored(**columns):
    return pd.DataFrame({"architecture": ARCHITECTURES, **columns})


def test_fractions_are_read_as_fractions_with_a_line_in_both_tables():
    fractions = [0.9, 0.91, np.nan, 1.0]
    with pytest.warns(Notice, match=r"^x: accuracy lies within 0 and 1: read as fractions, times 100.$"):
        table = check_predictions(scored(accuracy=fractions), "nb201", "x")
    assert table["accuracy"].tolist()[:2] == [90, 91] and table["accuracy"][3] == 100
    with pytest.warns(Notice, match="read as fractions"):
        table = check_truth(truth(test_accuracy=[0.5, 0.6, 0.7, 0.8], test_accuracy_std=0.01), "nb201", "x")
    assert table["test_accuracy"].tolist() == [50, 60, 70, 80]
    assert table["test_accuracy_std"].tolist() == [1, 1, 1, 1]


def test_what_is_known_to_be_per_cent_is_never_taken_for_fractions(tmp_path):
    low = [0.9, 0.91, 0.5, 1.0]
    assert check_predictions(scored(accuracy=low), "nb201", "x", per_cent=True)["accuracy"].tolist() == low
    assert check_truth(truth(test_accuracy=low), "nb201", "x", per_cent=True)["test_accuracy"].tolist() == low
    again = check_predictions(check_predictions(scored(accuracy=low), "nb201", "x", per_cent=True), "nb201", "x")
    assert again["accuracy"].tolist() == low
    assert check_predictions(scored(accuracy=[0.9, 0.91, 0.5, 1.1]), "nb201", "x")["accuracy"].tolist()[3] == 1.1
    assert check_predictions(scored(loss=low), "nb201", "x")["loss"].tolist() == low
    from nasbias.tables import write_parquet

    write_parquet(scored(accuracy=low), tmp_path / "own.parquet", {"commit": "x"})
    assert load_predictions(tmp_path / "own.parquet")["accuracy"].tolist() == low
    scored(accuracy=low).to_parquet(tmp_path / "other.parquet")
    with pytest.warns(Notice, match="fractions"):
        assert load_predictions(tmp_path / "other.parquet")["accuracy"].tolist() == pytest.approx([90, 91, 50, 100])


def test_a_declared_measure_that_is_no_number_is_refused_and_nothing_takes_its_place():
    table = scored(accuracy=[90, 91, "failed", 92], train_seconds=[1, 2, 3, 4], latency=5)
    with pytest.raises(InputError) as error:
        check_predictions(table, "nb201", "mine.csv")
    assert "mine.csv: accuracy is 'failed' in row 3 (of the data, from 1)" in str(error.value)
    table["accuracy"] = ["91.2%", "90 %", None, "88"]
    read = check_predictions(table, "nb201", "mine.csv")
    assert read["accuracy"].tolist()[:2] == [91.2, 90] and np.isnan(read["accuracy"][2])


def test_per_cent_signs_are_no_fractions():
    assert check_predictions(scored(accuracy=["0.9%", "0.5%", "0.1%", "1%"]), "nb201", "x")["accuracy"][0] == 0.9


def test_a_score_with_a_name_of_its_own_is_refused_where_it_is_mostly_numbers_and_left_where_it_is_text():
    with pytest.raises(InputError, match="zen is 'oops' in row 2"):
        check_predictions(scored(zen=[1, "oops", 3, 4], loss=1.0), "nb201", "x")
    read = check_predictions(scored(note=["good", "3", "bad", "fine"], loss=[1.0, 2, 3, 4]), "nb201", "x")
    assert scores_of(read) == ["loss"] and "note" not in read


def test_numbers_that_only_describe_a_row_are_kept_but_are_no_scores():
    columns = {name: [1.0, 2, 3, 4] for name in ("latency", "id", "acc_std", "n_seeds", "train_seconds", "zen")}
    read = check_predictions(scored(**columns), "nb201", "x")
    assert scores_of(read) == ["zen"] and "latency" in read
    assert scores_of(check_predictions(scored(latency=1.0, id=[1, 2, 3, 4]), "nb201", "x")) == []


def test_keys_that_are_missing_are_missing_and_the_run_is_named_after_its_source():
    read = check_predictions(scored(accuracy=50.0, seed=[0, 1, 2, 3]), "nb201", "mine.csv", run="mine")
    assert list(read)[:6] == ["run", "seed", "epoch", "step", "bn", "architecture"]
    assert set(read["run"]) == {"mine"} and read["seed"].tolist() == [0, 1, 2, 3]
    assert read[["epoch", "step", "bn"]].isna().all(axis=None)
    assert set(check_predictions(scored(accuracy=50.0), "nb201", "mine.csv")["run"]) == {"mine.csv"}


def test_whether_an_architecture_was_just_trained_is_kept_and_missing_means_no():
    read = check_predictions(scored(accuracy=50.0, trained=[True, None, False, True]), "nb201", "x")
    assert read["trained"].tolist() == [True, False, False, True]


def test_a_list_of_numbers_needs_its_notation():
    table = pd.DataFrame({"architecture": ["(1, 1, 1, 1, 1, 1)", "(0, 0, 0, 0, 0, 0)"], "accuracy": [1.0, 90.0]})
    with pytest.raises(InputError, match="ambiguous"):
        check_predictions(table, "nb201", "x")
    nats = check_predictions(table, "nb201", "x", reading=Reading(notation="nats"))
    naslib = check_predictions(table, "nb201", "x", reading=Reading(notation="naslib"))
    assert nats["architecture"].tolist() == naslib["architecture"].tolist()[::-1]
    with pytest.raises(InputError, match="takes no notation"):
        check_predictions(
            pd.DataFrame({"architecture": ["111"], "accuracy": 5.0}), "darts64", "x", reading=Reading({}, "nats")
        )


def test_the_runs_name_is_the_files_without_its_endings(tmp_path):
    for name in ("mine.csv", "mine.csv.gz"):
        scored(accuracy=50.0).to_csv(tmp_path / name, index=False)
        assert set(load_predictions(tmp_path / name)["run"]) == {"mine"}
    with pytest.raises(InputError, match="a folder without predictions.parquet"):
        load_predictions(tmp_path)
    scored(accuracy=50.0).to_parquet(tmp_path / "predictions.parquet")
    assert set(load_predictions(tmp_path)["run"]) == {tmp_path.name}


def test_architectures_are_listed_from_any_table_once():
    table = pd.DataFrame({"arch": [*ARCHITECTURES, ARCHITECTURES[0]], "fun": 1})
    assert check_architectures(table, "nb201", "x").tolist() == ARCHITECTURES.tolist()
    with pytest.raises(InputError, match="no rows"):
        check_architectures(table.iloc[:0], "nb201", "x")


def test_a_truths_columns_are_typed_and_what_is_neither_key_nor_measure_is_dropped():
    table = check_truth(truth(fun=1, seed=7.0, epochs="200", sample="uniform", n_seeds=3), "nb201", "x")
    assert list(table) == ["architecture", "dataset", "epochs", "seed", "test_accuracy", "sample", "n_seeds"]
    assert table["epochs"].tolist() == [200] * 4 and table["seed"].tolist() == [7] * 4
    assert table["n_seeds"].tolist() == [3] * 4 and set(table["sample"]) == {"uniform"}


def test_a_measure_may_be_missing_in_one_dataset_but_not_in_half_of_it():
    table = truth(dataset=["a", "a", "b", "b"], valid_accuracy=[np.nan, np.nan, 5, 6])
    assert check_truth(table, "nb201", "x")["valid_accuracy"].isna().tolist() == [True, True, False, False]
    with pytest.raises(InputError, match="valid_accuracy is missing .* in 1 row"):
        check_truth(table.assign(valid_accuracy=[1, np.nan, 5, 6]), "nb201", "x")


def test_a_repeated_row_is_named_with_its_keys():
    table = pd.concat([scored(accuracy=50.0, seed=3, epoch=4)] * 2)
    with pytest.raises(InputError) as error:
        check_predictions(table, "nb201", "x", run="r")
    said = (
        f"x: 4 row(s) repeat an earlier one (first: {ARCHITECTURES[0]!r}, run r, seed 3, epoch 4). Keep one row each."
    )
    assert str(error.value) == said
    with pytest.raises(InputError, match="test_accuracy_std is 'a' in row 1"):
        check_truth(truth(test_accuracy_std=list("abcd")), "nb201", "x")


def test_a_column_per_epoch_is_listed_once_too():
    table = pd.DataFrame({"arch": ARCHITECTURES, "acc_4": 1.0, "acc_8": 2.0})
    assert check_architectures(table, "nb201", "x").tolist() == ARCHITECTURES.tolist()
    assert check_architectures(table.assign(epochs=3), "nb201", "x").tolist() == ARCHITECTURES.tolist()
