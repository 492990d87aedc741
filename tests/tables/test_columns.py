import argparse

import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.notices import Notice
from nasbias.tables import AS_IS, Reading, check_predictions, column_of, column_option, rename_columns
from nasbias.tables.columns import is_usual


def named(columns, key="epoch", reading=AS_IS):
    table = pd.DataFrame([range(len(columns))], columns=columns)
    return list(rename_columns(table, "x", key, reading))


@pytest.mark.parametrize(
    "name", ["arch", "arch_str", "architecture_str", "Architecture", "Arch Str", "genotype", "arch_index"]
)
def test_architectures_are_found_under_their_usual_names_without_a_word(name):
    assert named([name, "zen"]) == ["architecture", "zen"]


def test_of_several_columns_with_architectures_the_text_is_taken_before_the_index():
    assert named(["arch_index", "arch_str"]) == ["arch_index", "architecture"]
    assert named(["arch", "architecture"]) == ["arch", "architecture"]


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("acc", "accuracy"),
        ("top1", "accuracy"),
        ("Top-1", "accuracy"),
        ("val_acc", "valid_accuracy"),
        ("test_accuracy_", None),
        ("val_loss", "valid_loss"),
        ("validation_accuracy", "valid_accuracy"),
        ("ppl", "perplexity"),
        ("acc_test", "test_accuracy"),
        ("train_acc", "train_accuracy"),
        ("test-acc", "test_accuracy"),
        ("accent", None),
    ],
)
def test_measures_are_found_under_their_usual_names_with_a_line(name, means):
    if means is None:
        assert named(["architecture", name]) == ["architecture", name]
        return
    with pytest.warns(Notice, match=f"^x: column '{name}' is read as {means} "):
        assert named(["architecture", name]) == ["architecture", means]


def test_the_line_says_unit_and_direction():
    said = (
        r"'acc' is read as accuracy \(%, higher is better\); column 'val_loss' is read as valid_loss \(nats, lower is"
    )
    with pytest.warns(Notice, match=said):
        named(["architecture", "acc", "val_loss"])


def test_a_column_that_has_nasbias_name_keeps_it_and_others_theirs():
    assert named(["architecture", "accuracy", "acc"]) == ["architecture", "accuracy", "acc"]
    assert named(["architecture", "Accuracy"]) == ["architecture", "accuracy"]


def test_the_caller_names_what_has_no_usual_name():
    with pytest.warns(Notice, match="'mine' is read as accuracy"):
        assert named(["key", "mine"], reading=Reading({"architecture": "key", "accuracy": "mine"})) == [
            "architecture",
            "accuracy",
        ]
    with pytest.raises(InputError, match="x: no column 'there' to be read as architecture. Its columns are: key, mine"):
        named(["key", "mine"], reading=Reading({"architecture": "there"}))


def test_a_column_that_the_caller_replaces_is_gone():
    table = pd.DataFrame({"architecture": ["old"], "mine": ["new"], "zen": [1]})
    read = rename_columns(table, "x", "epoch", Reading({"architecture": "mine"}))
    assert read.to_dict("list") == {"architecture": ["new"], "zen": [1]}


def test_training_lengths_are_epoch_in_predictions_and_epochs_in_truths():
    with pytest.warns(Notice, match="'epochs' is read as epoch"):
        assert named(["architecture", "epochs"]) == ["architecture", "epoch"]
    with pytest.warns(Notice, match="'epoch' is read as epochs"):
        assert named(["architecture", "epoch"], key="epochs") == ["architecture", "epochs"]
    assert named(["architecture", "epochs", "epoch"]) == ["architecture", "epochs", "epoch"]
    assert named(["architecture", "Seed", "RUN"]) == ["architecture", "seed", "run"]


@pytest.mark.parametrize("index", [None, "arch", "whatever"])
def test_the_index_holds_the_architectures_where_no_column_does(index):
    frame = pd.DataFrame({"zen": [1, 2]}, index=pd.Index(["a", "b"], name=index))
    assert rename_columns(frame, "x", "epoch", AS_IS).to_dict("list") == {"architecture": ["a", "b"], "zen": [1, 2]}


def test_a_numbered_index_holds_none_unless_it_is_called_so():
    frame = pd.DataFrame({"zen": [1, 2]}, index=[5, 7])
    assert list(rename_columns(frame, "x", "epoch", AS_IS)) == ["zen"]
    assert list(rename_columns(frame.rename_axis("arch"), "x", "epoch", AS_IS)) == ["architecture", "zen"]
    assert list(rename_columns(frame.reset_index(drop=True), "x", "epoch", AS_IS)) == ["zen"]
    keyed = frame.assign(arch=["a", "b"]).set_index(pd.Index(["c", "d"]))
    assert rename_columns(keyed, "x", "epoch", AS_IS)["architecture"].tolist() == ["a", "b"]


@pytest.mark.parametrize("columns", [["epoch_4", "epoch_16"], ["4", "16"], [4, 16], ["ep4", "ep16"]])
def test_one_column_per_epoch_becomes_one_row_per_epoch(columns):
    table = pd.DataFrame([["a", 1.0, 2.0], ["b", 3.0, 4.0]], columns=["arch", *columns])
    with pytest.warns(Notice, match="are read as score after 4 to 16 epochs"):
        read = rename_columns(table, "x", "epoch", AS_IS)
    assert read["architecture"].tolist() == ["a", "b", "a", "b"] and read["epoch"].tolist() == [4, 4, 16, 16]
    assert read["score"].tolist() == [1, 3, 2, 4]


def test_several_measures_per_epoch_stay_apart_and_other_columns_are_kept():
    columns = {"val_acc_4": [50.0], "val_acc_8": [60.0], "loss_epoch_8": [1.0], "loss_epoch_4": [2.0]}
    with pytest.warns(Notice) as notices:
        read = rename_columns(pd.DataFrame({"architecture": ["a"], "seed": [7], **columns}), "x", "epochs", AS_IS)
    assert [str(notice.message).split(": ")[1] for notice in notices] == [
        "columns 'val_acc_4' to 'val_acc_8' are read as valid_accuracy (%, higher is better) after 4 to 8 epochs.",
        "columns 'loss_epoch_4' to 'loss_epoch_8' are read as loss (nats, lower is better) after 4 to 8 epochs.",
    ]
    assert read["epochs"].tolist() == [4, 8] and read["seed"].tolist() == [7, 7]
    assert read["valid_accuracy"].tolist() == [50, 60] and read["loss"].tolist() == [2, 1]


def test_a_length_that_one_measure_lacks_is_missing_there():
    table = pd.DataFrame({"architecture": ["a"], "acc_4": [50.0], "acc_8": [60.0], "loss_8": [1.0], "loss_2": [3.0]})
    with pytest.warns(Notice):
        read = rename_columns(table, "x", "epoch", AS_IS)
    assert read["epoch"].tolist() == [2, 4, 8] and np.isnan(read["loss"][1]) and np.isnan(read["accuracy"][0])


@pytest.mark.parametrize("columns", [["conv1", "conv2"], ["top1", "top5"], ["epoch_4"], ["seed0", "seed1"]])
def test_numbered_columns_that_name_no_epoch_stay(columns):
    table = pd.DataFrame([["a", *range(len(columns))]], columns=["architecture", *columns])
    if "top1" in columns:
        with pytest.warns(Notice, match="'top1' is read as accuracy"):
            assert list(rename_columns(table, "x", "epoch", AS_IS)) == ["architecture", "accuracy", "top5"]
        return
    assert list(rename_columns(table, "x", "epoch", AS_IS)) == ["architecture", *columns]


def test_a_table_that_has_its_epochs_is_long_already():
    table = pd.DataFrame({"architecture": ["a"], "epoch": [3], "acc_4": [1.0], "acc_8": [2.0]})
    assert list(rename_columns(table, "x", "epoch", AS_IS)) == ["architecture", "epoch", "acc_4", "acc_8"]


def test_the_option_reads_name_equals_column():
    assert column_option("architecture=my=column") == ("architecture", "my=column")
    for text in ("architecture", "=mine", "architecture="):
        with pytest.raises(argparse.ArgumentTypeError, match="NAME=COLUMN"):
            column_option(text)


def test_every_split_and_kind_has_its_spellings():
    for short, prefix in (
        ("train", "train"),
        ("val", "valid"),
        ("valid", "valid"),
        ("validation", "valid"),
        ("test", "test"),
    ):
        for spelled in (f"{short}_acc", f"acc_{short}", f"{short}acc"):
            with pytest.warns(Notice, match=f"'{spelled}' is read as {prefix}_accuracy "):
                assert named(["architecture", spelled]) == ["architecture", f"{prefix}_accuracy"]
    assert named(["architecture", "_acc", "acc_"]) == ["architecture", "_acc", "acc_"]


def test_a_column_of_architectures_that_the_caller_names_beats_the_index_and_other_names():
    frame = pd.DataFrame({"mine": ["a"], "arch": ["b"], "zen": [1]}, index=["c"])
    read = rename_columns(frame, "x", "epoch", Reading({"architecture": "mine"}))
    assert read["architecture"].tolist() == ["a"] and read["arch"].tolist() == ["b"]
    read = rename_columns(frame.drop(columns="arch"), "x", "epoch", Reading({"architecture": "mine"}))
    assert read.columns.tolist() == ["architecture", "zen"]


def test_a_stem_keeps_its_own_name():
    table = pd.DataFrame({"architecture": ["a"], "zen_epoch_4": [1.0], "zen_epoch_8": [2.0]})
    with pytest.warns(Notice, match="are read as zen after 4 to 8 epochs"):
        assert rename_columns(table, "x", "epoch", AS_IS)["zen"].tolist() == [1, 2]


def test_a_column_that_is_there_twice_is_refused_by_its_name():
    once = pd.DataFrame([[0, 71.0, 72.0], [1, 81.0, 82.0]], columns=["architecture", "accuracy", "loss"])
    assert column_of(once, "loss", "mine").tolist() == [72.0, 82.0]
    twice = once.set_axis(["architecture", "accuracy", "accuracy"], axis=1)
    with pytest.raises(InputError, match="mine: 2 columns are called 'accuracy'"):
        check_predictions(twice, "nb201", "mine")


@pytest.mark.parametrize("header", ["", "Unnamed: 0"])
def test_a_first_column_without_a_name_is_the_index_that_to_csv_wrote_where_it_is_text(header):
    texts = pd.DataFrame({header: ["a", "b"], "zen": [1, 2]})
    assert rename_columns(texts, "x", "epoch", AS_IS)["architecture"].tolist() == ["a", "b"]
    numbers = pd.DataFrame({header: [0, 1], "zen": [1, 2]})
    assert "architecture" not in rename_columns(numbers, "x", "epoch", AS_IS)
    beside = texts.assign(arch=["c", "d"])
    assert rename_columns(beside, "x", "epoch", AS_IS)["architecture"].tolist() == ["c", "d"]
    asked = rename_columns(beside.rename(columns={"arch": "m"}), "x", "epoch", Reading({"architecture": "m"}))
    assert asked["architecture"].tolist() == ["c", "d"]
    later = pd.DataFrame({"zen": [1, 2], header: ["a", "b"]})
    assert "architecture" not in rename_columns(later, "x", "epoch", AS_IS)


def test_usual_names_are_known_as_such():
    assert is_usual("Arch Str") and is_usual("val_acc") and not is_usual("|none~0|") and not is_usual("zen")
    assert is_usual("arch", "architecture") and not is_usual("accuracy", "architecture")
