import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.tables import (
    MEASURES,
    check_predictions,
    check_truth,
    choose_split,
    load_predictions,
    read_about,
    select_truth,
    sign_of,
    write_parquet,
)

ARCHITECTURES = get_space("nb201").sample(4, seed=0)


def truth(**columns):
    return pd.DataFrame({"architecture": ARCHITECTURES, "test_accuracy": [90.0, 91, 92, 93], **columns})


def test_directions_are_declared_once_and_losses_are_lower_better():
    assert (sign_of("test_accuracy"), sign_of("loss"), sign_of("valid_perplexity"), sign_of("mine")) == (1, -1, -1, 1)
    assert sign_of("mine", lower_is_better=["mine"]) == -1
    assert all(measure.better == ("higher" if "accuracy" in name else "lower") for name, measure in MEASURES.items())


def test_a_minimal_truth_gains_the_missing_keys_as_missing():
    table = check_truth(truth(), "nb201", "mine.csv")
    assert table[["dataset", "epochs", "seed"]].isna().all(axis=None)
    assert table["test_accuracy"].tolist() == [90, 91, 92, 93]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (truth().rename(columns={"architecture": "arch"}), "no column 'architecture'"),
        (truth().drop(columns="test_accuracy"), "no measure among the columns"),
        (truth(test_accuracy=[0.9, 91, 92, 193]), "test_accuracy is 193"),
        (truth(test_accuracy=[np.nan, 91, 92, 93]), "1 row(s) have no value"),
        (truth(valid_accuracy=[np.nan, 91, 92, 93]), "valid_accuracy is missing (NaN) in 1 row"),
        (truth(test_accuracy=list("abcd")), "must be numeric"),
        (truth(architecture=[*ARCHITECTURES[:3], "x"]), "1 of 4 architectures are not in nb201"),
        (truth(architecture=ARCHITECTURES[[0, 1, 2, 2]]), "1 row(s) repeat an earlier one"),
        (truth(seed=["a", "b", "c", "d"]), "column 'seed' must hold whole numbers"),
        (truth().iloc[:0], "no rows"),
    ],
)
def test_a_bad_truth_is_refused_with_its_fault(table, says):
    with pytest.raises(InputError) as error:
        check_truth(table, "nb201", "mine.csv")
    assert says in str(error.value)
    assert str(error.value).startswith("mine.csv: ")


def test_the_mean_over_seeds_is_taken_over_the_seeds_there_are():
    table = check_truth(
        pd.concat([truth(seed=777), truth(seed=888, test_accuracy=[92.0, 93, 94, 95]).iloc[:3]]), "nb201", "x"
    )
    mean = select_truth(table)
    assert mean["test_accuracy"].tolist() == [91, 92, 93, 93]
    assert mean["n_seeds"].tolist() == [2, 2, 2, 1]
    assert select_truth(table, seed=888)["test_accuracy"].tolist() == [92, 93, 94]
    assert len(select_truth(table, seed="all")) == 7
    with pytest.raises(InputError, match="no seed 999. It has: 777, 888"):
        select_truth(table, seed=999)


def test_the_default_is_cifar10_and_the_largest_budget():
    parts = [truth(dataset=name, epochs=budget) for name in ("cifar100", "cifar10") for budget in (12, 200)]
    table = check_truth(pd.concat(parts), "nb201", "x")
    chosen = select_truth(table)
    assert set(chosen["dataset"]) == {"cifar10"}
    assert set(chosen["epochs"]) == {200}
    with pytest.raises(InputError, match="no dataset 'svhn'. It has: cifar100, cifar10"):
        select_truth(table, dataset="svhn")
    with pytest.raises(InputError, match="no budget of 50 epochs for cifar10. It has: 12, 200"):
        select_truth(table, epochs=50)


def test_validation_is_preferred_and_never_made_up_from_test():
    table = check_truth(truth(dataset="cifar10"), "nb201", "x")
    assert choose_split(table) == "test_accuracy"
    with pytest.raises(InputError, match="dataset cifar10-valid"):
        choose_split(table, "valid")
    assert choose_split(table.assign(valid_accuracy=1.0)) == "valid_accuracy"


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
        (pd.DataFrame({"architecture": [None], "score": [1.0]}), "row 0 has no architecture"),
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


def test_a_table_carries_its_provenance(tmp_path):
    write_parquet(truth(), tmp_path / "t.parquet", {"commit": "abc"})
    assert read_about(tmp_path / "t.parquet") == {"commit": "abc"}
    truth().to_parquet(tmp_path / "plain.parquet")
    assert read_about(tmp_path / "plain.parquet") == {}
