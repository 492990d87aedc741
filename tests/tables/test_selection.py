import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.tables import check_truth, choose_split, join_keys, select_truth

ARCHITECTURES = get_space("nb201").sample(4, seed=0)


def truth(**columns):
    return pd.DataFrame({"architecture": ARCHITECTURES, "test_accuracy": [90.0, 91, 92, 93], **columns})


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


def test_a_table_that_names_no_dataset_counts_as_the_default_one():
    table = check_truth(truth(), "nb201", "x")
    assert len(select_truth(table, dataset="cifar10")) == 4
    assert len(select_truth(table)) == 4
    with pytest.raises(InputError, match="names no data set: it counts as cifar10 or ptb, not 'cifar100'"):
        select_truth(table, dataset="cifar100")


def test_without_cifar10_the_first_dataset_is_taken_and_without_a_budget_all_rows():
    table = check_truth(pd.concat([truth(dataset=name) for name in ("svhn", "cifar100")]), "nb201", "x")
    assert set(select_truth(table)["dataset"]) == {"svhn"}
    assert select_truth(table)["epochs"].isna().all()
    with pytest.raises(InputError, match="no budget of 5 epochs for svhn. It has: none named"):
        select_truth(table, epochs=5)


def test_rows_are_chosen_by_their_sample():
    table = check_truth(truth(sample=["uniform", "uniform", "search", "search"]), "nb201", "x")
    assert select_truth(table, sample="search")["architecture"].tolist() == ARCHITECTURES[2:].tolist()
    with pytest.raises(InputError, match="no sample 'lucky'. It has: uniform, search"):
        select_truth(table, sample="lucky")
    with pytest.raises(InputError, match="no sample 'lucky'. It has: none named"):
        select_truth(table.drop(columns="sample"), sample="lucky")


def test_a_source_that_gives_means_keeps_its_number_of_seeds():
    table = check_truth(truth(n_seeds=[3, 3, 1, None], test_accuracy_std=0.5), "nb201", "x")
    mean = select_truth(table)
    assert mean["n_seeds"].tolist()[:3] == [3, 3, 1] and pd.isna(mean["n_seeds"][3])
    assert mean["test_accuracy_std"].tolist() == [0.5] * 4
    assert list(mean)[:5] == ["architecture", "dataset", "epochs", "seed", "n_seeds"]
    with pytest.raises(InputError, match="the source gives only means over seeds"):
        select_truth(table, seed=1)


def test_a_column_that_does_not_say_its_split_is_taken_last():
    table = check_truth(truth().rename(columns={"test_accuracy": "accuracy"}), "nb201", "x")
    assert choose_split(table) == "accuracy"
    assert choose_split(table.assign(test_accuracy=1.0)) == "test_accuracy"
    with pytest.raises(InputError, match="no test split. It has: accuracy"):
        choose_split(table, "test")
    perplexity = table[["architecture", "dataset"]].assign(valid_perplexity=1.0, test_perplexity=1.0)
    assert choose_split(perplexity) == "valid_perplexity" and choose_split(perplexity, "test") == "test_perplexity"


def test_a_column_without_a_value_is_no_split():
    table = check_truth(truth(), "nb201", "x").assign(valid_accuracy=float("nan"))
    assert choose_split(table) == "test_accuracy"


def test_truth_and_predictions_are_joined_on_what_the_space_says():
    assert join_keys("nb201", ARCHITECTURES.tolist()).tolist() == ARCHITECTURES.tolist()
    cell = get_space("darts").sample(1, seed=0)[0]
    assert join_keys(get_space("darts"), [cell]).tolist() == get_space("darts").truth_keys([cell]).tolist()


def test_what_is_selected_is_numbered_from_0_and_has_no_other_columns():
    parts = [
        truth(dataset=name, epochs=e, seed=s) for name in ("cifar100", "cifar10") for e in (12, 200) for s in (3, 4)
    ]
    table = check_truth(pd.concat(parts), "nb201", "x")
    for seed, n in (("all", 8), (4, 4), ("mean", 4)):
        selected = select_truth(table, "cifar100", 12, seed)
        assert selected.index.tolist() == list(range(n))
        assert set(selected["dataset"]) == {"cifar100"} and selected["epochs"].tolist() == [12] * n
        columns = [
            "architecture",
            "dataset",
            "epochs",
            "seed",
            *(["n_seeds"] if seed == "mean" else []),
            "test_accuracy",
        ]
        assert list(selected) == columns
    mean = select_truth(table)
    assert set(mean["dataset"]) == {"cifar10"} and mean["epochs"].tolist() == [200] * 4
    assert mean["n_seeds"].tolist() == [2] * 4 and str(mean["n_seeds"].dtype) == "Int64" and mean["seed"].isna().all()


def test_a_mean_of_a_source_without_seeds_has_a_missing_number_of_them():
    mean = select_truth(check_truth(truth(), "nb201", "x"))
    assert mean["n_seeds"].isna().all() and mean["epochs"].isna().all() and mean["dataset"].isna().all()


def test_the_errors_name_the_source():
    table = check_truth(truth(), "nb201", "x")
    with pytest.raises(InputError) as error:
        choose_split(table, "valid")
    assert str(error.value) == "truth has no valid split. It has: test_accuracy."
    with pytest.raises(InputError) as error:
        choose_split(table[["architecture", "dataset"]], where="mine")
    assert str(error.value) == "mine has no valid or test split. It has: nothing."
    with pytest.raises(InputError) as error:
        select_truth(table, dataset="svhn")
    assert str(error.value) == "truth names no data set: it counts as cifar10 or ptb, not 'svhn'."
    with pytest.raises(InputError, match="^mine has no seed 3"):
        select_truth(table, seed=3, where="mine")


def test_losses_are_the_last_choice_of_a_split():
    table = check_truth(truth(), "nb201", "x")[["architecture", "dataset"]]
    assert choose_split(table.assign(test_loss=1.0, valid_loss=1.0)) == "valid_loss"
    assert choose_split(table.assign(loss=1.0)) == "loss"
    assert choose_split(table.assign(loss=1.0, perplexity=2.0)) == "perplexity"
    assert choose_split(table.assign(test_loss=1.0, perplexity=2.0)) == "test_loss"
