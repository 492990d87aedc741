import numpy as np
import pandas as pd
import pytest

import nasbias
from nasbias.errors import InputError
from nasbias.matching import describe_truth, match, read_truth_column
from nasbias.notices import Notice
from nasbias.spaces import get_space
from nasbias.tables import join_keys
from nasbias.truth import import_truth

ARCHITECTURES = get_space("nb201").sample(40, seed=0).tolist()
KEYS = join_keys("nb201", ARCHITECTURES)
ACCURACY = np.linspace(50, 89, 40)
TRUTH = pd.DataFrame({"architecture": ARCHITECTURES, "dataset": "cifar10", "epochs": 200, "test_accuracy": ACCURACY})


def test_a_value_is_the_mean_of_its_seeds_and_its_repeats_are_kept():
    table = pd.concat([TRUTH.assign(seed=1), TRUTH.assign(seed=5, test_accuracy=ACCURACY + 2).iloc[:30]])
    known = read_truth_column(table, "nb201")
    assert known.value.tolist() == [*(ACCURACY[:30] + 1), *ACCURACY[30:]]
    assert known.repeats[:30].tolist() == [[a, a + 2] for a in ACCURACY[:30]]
    assert np.isnan(known.repeats[30:, 1]).all()
    assert known.n_seeds == 1.75 and known.keys.tolist() == ARCHITECTURES
    assert (known.name, known.dataset, known.epochs, known.column, known.sign) == (
        "truth",
        "cifar10",
        200,
        "test_accuracy",
        1,
    )


def test_a_source_of_means_says_how_many_seeds_they_are_of():
    known = read_truth_column(TRUTH.assign(n_seeds=3), "nb201")
    assert known.n_seeds == 3 and known.repeats.shape == (40, 0)
    assert np.isnan(read_truth_column(TRUTH, "nb201").n_seeds)


def test_uniform_rows_are_taken_where_there_are_such_unless_asked():
    table = TRUTH.assign(sample=["uniform"] * 10 + ["search"] * 30)
    assert len(read_truth_column(table, "nb201").keys) == 10
    assert len(read_truth_column(table, "nb201", sample="all").keys) == 40
    assert len(read_truth_column(table, "nb201", sample="search").keys) == 30
    assert read_truth_column(TRUTH.assign(sample="search"), "nb201").sample is None


def test_equal_classes_share_one_value_where_the_benchmark_stores_classes():
    space = get_space("darts")
    cell = space.sample(1, seed=0)[0]
    key = space.truth_keys([cell])[0]
    table = pd.DataFrame({"architecture": list({cell, key}), "test_accuracy": 90.0})
    assert len(read_truth_column(table, "darts").keys) == 1


def test_a_loaded_truth_keeps_its_name_licence_and_description(tmp_path):
    TRUTH.to_csv(tmp_path / "mine.csv", index=False)
    import_truth("nb201", tmp_path / "mine.csv", "mine")
    loaded = nasbias.load_truth("nb201", "mine")
    direct = describe_truth(read_truth_column("mine", "nb201"))
    passed = describe_truth(read_truth_column(loaded, "nb201"))
    for key in ("name", "licence", "describes", "format", "source"):
        assert passed[key] == direct[key]
    assert passed["name"] == "mine" and passed["source"] == "mine.csv"
    assert describe_truth(read_truth_column(TRUTH, "nb201"))["name"] == "truth"


def test_a_loaded_truth_is_in_per_cent_whatever_its_values():
    low = nasbias.load_truth("nb201", TRUTH.assign(test_accuracy=ACCURACY / 100 + 1))
    low["test_accuracy"] -= 1
    assert read_truth_column(low, "nb201").value.max() < 1


@pytest.fixture
def two(tmp_path):
    """A small table of a better kind, and a wide one that a package or this project brings."""
    small, wide = tmp_path / "small.csv", tmp_path / "wide.csv"
    TRUTH.iloc[:5].to_csv(small, index=False)
    TRUTH.to_csv(wide, index=False)
    import_truth("nb201", small, "small")
    import_truth("nb201", wide, "wide")


def test_the_truth_that_covers_the_predictions_is_taken_with_a_line(two, monkeypatch):
    import nasbias.truth

    monkeypatch.setattr(nasbias.truth, "rank_sources", lambda space: [{"name": "small"}, {"name": "wide"}])
    with pytest.warns(Notice, match=r"truth wide has 40 of the 40 predicted architectures, small only 5: wide is used"):
        assert read_truth_column(None, "nb201", keys=KEYS).name == "wide"
    with pytest.warns(Notice, match=r"truth small \(5 architectures\) is used; wide has the predicted ones as well"):
        assert read_truth_column(None, "nb201", keys=KEYS[:5]).name == "small"
    predictions = pd.DataFrame({"architecture": ARCHITECTURES, "accuracy": ACCURACY})
    with pytest.warns(Notice, match="wide is used"):
        assert len(match(predictions, None).rows[0].score) == 40
    assert match(predictions, "small").truth.name == "small"


def test_a_truth_of_nearly_the_same_coverage_is_as_good_and_its_kind_decides(tmp_path, monkeypatch):
    import nasbias.truth

    for n in (38, 37):
        TRUTH.iloc[:n].to_csv(tmp_path / "a.csv", index=False)
        import_truth("nb201", tmp_path / "a.csv", f"n{n}")
    import_truth("nb201", TRUTH, "whole")
    monkeypatch.setattr(nasbias.truth, "rank_sources", lambda space: [{"name": "n38"}, {"name": "whole"}])
    with pytest.warns(Notice, match=r"--truth whole takes it"):
        assert read_truth_column(None, "nb201", keys=KEYS).name == "n38"
    monkeypatch.setattr(nasbias.truth, "rank_sources", lambda space: [{"name": "n37"}, {"name": "whole"}])
    with pytest.warns(Notice, match="whole is used"):
        assert read_truth_column(None, "nb201", keys=KEYS).name == "whole"


def test_a_truth_without_the_wanted_dataset_is_not_chosen(two, monkeypatch):
    import nasbias.truth

    import_truth("nb201", TRUTH.assign(dataset="cifar100").iloc[:3], "hundred")
    ranked = [{"name": "wide"}, {"name": "hundred"}]
    monkeypatch.setattr(nasbias.truth, "rank_sources", lambda space: ranked)
    assert read_truth_column(None, "nb201", "cifar100", keys=KEYS).name == "hundred"
    with pytest.raises(InputError, match="wide has no dataset 'svhn'"):
        read_truth_column(None, "nb201", "svhn", keys=KEYS)


def test_a_stored_truth_is_asked_for_dataset_epochs_split_and_sample():
    table = pd.concat(
        TRUTH.assign(dataset=dataset, epochs=epochs, valid_accuracy=5.0, sample=["uniform"] * 30 + ["search"] * 10)
        for dataset in ("cifar10", "cifar100")
        for epochs in (12, 200)
    )
    import_truth("nb201", table, "mine")
    known = read_truth_column("mine", "nb201", "cifar100", 12, "test", "search")
    assert (known.dataset, known.epochs, known.column, known.sample) == ("cifar100", 12, "test_accuracy", "search")
    assert known.value.tolist() == ACCURACY[30:].tolist()
    assert known.about["format"] == "tidy" and "name" not in known.about
    described = describe_truth(known)
    assert {key: described[key] for key in ("name", "dataset", "split", "epochs", "sample", "n", "better", "unit")} == {
        "name": "mine", "dataset": "cifar100", "split": "test_accuracy", "epochs": 12, "sample": "search", "n": 10,
        "better": "higher", "unit": "%",
    }  # fmt: skip
    assert np.isnan(described["n_seeds"]) and described["describes"] == known.about["describes"]


def test_errors_of_a_table_name_it_truth():
    with pytest.raises(InputError, match="^truth: no measure among"):
        read_truth_column(TRUTH[["architecture"]], "nb201")
    with pytest.raises(InputError, match="^truth has no valid split"):
        read_truth_column(TRUTH, "nb201", split="valid")
    with pytest.raises(InputError, match="^truth has no dataset 'svhn'"):
        read_truth_column(TRUTH, "nb201", "svhn")


def test_the_choice_among_truths_counts_what_is_asked_for(monkeypatch):
    import nasbias.truth

    import_truth("nb201", pd.concat([TRUTH.assign(epochs=12), TRUTH.iloc[:9]]), "first")
    import_truth("nb201", TRUTH.iloc[:38], "second")
    monkeypatch.setattr(nasbias.truth, "rank_sources", lambda space: [{"name": "first"}, {"name": "second"}])
    assert read_truth_column(None, "nb201", epochs=12, keys=KEYS).name == "first"
    with pytest.warns(Notice, match="second has 38 of the 40 predicted architectures, first only 9"):
        assert read_truth_column(None, "nb201", keys=np.concatenate([KEYS, KEYS])).name == "second"


def test_one_truth_alone_is_taken_without_counting():
    assert read_truth_column(None, "darts64", keys=join_keys("darts64", ["111"])).name == "darts64_truth"
    with pytest.raises(InputError, match="no ground truth for nats-sss is here"):
        read_truth_column(None, "nats-sss", keys=join_keys("nats-sss", ["8:8:8:8:8"]))
