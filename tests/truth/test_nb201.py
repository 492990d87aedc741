"""NAS-Bench-201's wide tables and its independent retraining; its records are tested with NATS-Bench's."""

import importlib.util
import pickle
import sys
import types

import numpy as np
import pandas as pd
import pytest

from nasbias import InputError, get_space, load_truth
from nasbias.truth import find_truth, import_truth, list_formats, read_truth
from nasbias.truth.nb201 import analog_file, melt_wide, read_analog
from tests.truth import official_nb201 as official

WIDE = {"c10_val_12": [50.0, 60.0], "c10_test_200": [90.0, 91.0], "in16_test_200": [40.0, 41.0]}


def test_the_real_table_is_read_as_its_columns_mean(shared):
    path = shared / "nb201_accuracy.parquet"
    wide = pd.read_parquet(path)
    assert import_truth("nb201", path, "real")["rows"] == 4 * 2 * 15_625
    for dataset, valid, test in (
        ("cifar10-valid", "c10_val", None),
        ("cifar10", None, "c10_test"),
        ("cifar100", "c100_val", "c100_test"),
        ("ImageNet16-120", "in16_val", "in16_test"),
    ):
        for epochs in (12, 200):
            rows = load_truth("nb201", "real", dataset=dataset, epochs=epochs)
            assert rows["architecture"].tolist() == wide["arch_str"].tolist()
            for measure, column in (("valid_accuracy", valid), ("test_accuracy", test)):
                if column is None:
                    assert rows[measure].isna().all()
                else:
                    assert np.array_equal(rows[measure], wide[f"{column}_{epochs}"])


def test_the_best_architecture_is_the_published_one(shared):
    rows = load_truth("nb201", shared / "nb201_accuracy.parquet")
    best = rows.loc[rows["test_accuracy"].idxmax()]
    assert best["architecture"] == (
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
    )
    assert best["test_accuracy"] == pytest.approx(94.3733, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.assign(c10_val_200=w["c10_val_200"].where(w.index != 4)), "no value"),
        (lambda w: w.assign(c100_val_12=w["c100_val_12"].where(w.index != 4)), "missing"),
        (lambda w: pd.concat([w, w.iloc[[3]]]), "repeat"),
        (lambda w: w.assign(arch_str=w["arch_str"].replace({w["arch_str"][1]: "|x~0|"})), "not in nb201"),
        (lambda w: w.assign(arch_index=w["arch_index"].to_numpy()[::-1]), "official order"),
    ],
)
def test_a_wide_table_with_a_mistake_is_refused(change, message, shared, tmp_path):
    wide = pd.read_parquet(shared / "nb201_accuracy.parquet").iloc[:20]
    change(wide).to_csv(tmp_path / "wide.csv", index=False)
    with pytest.raises(InputError, match=message):
        read_truth("nb201", tmp_path / "wide.csv")


def test_analog_nasbench_has_every_architecture_and_agrees_with_the_benchmark(shared):
    if importlib.util.find_spec("analognasbench") is None:
        pytest.skip("analog-nasbench is not installed")
    assert analog_file() is not None
    analog = load_truth("nb201", "analog-nasbench")
    assert set(analog["architecture"]) == set(get_space("nb201").architectures()["architecture"])
    benchmark = load_truth("nb201", shared / "nb201_accuracy.parquet")
    both = analog.merge(benchmark, on="architecture")
    assert both["test_accuracy_x"].corr(both["test_accuracy_y"], "spearman") == pytest.approx(0.991, abs=5e-4)
    assert analog.attrs["licence"].startswith("not stated")
    assert "analognasbench" not in sys.modules


@pytest.mark.parametrize("column", ["architecture", "arch_str", "arch_index"])
def test_a_wide_table_names_its_architectures_in_one_of_three_ways(column, tmp_path):
    names = official.names(2, start=7)
    wide = pd.DataFrame({column: [7, 8] if column == "arch_index" else names, **WIDE})
    wide.to_csv(tmp_path / "wide.csv", index=False)
    table, about = find_truth("nb201", tmp_path / "wide.csv")
    assert about["format"] == "wide" and find_truth("nb201", wide)[1]["format"] == "wide"
    pd.testing.assert_frame_equal(read_truth("nb201", wide), table)
    found = table.set_index(["dataset", "epochs"]).sort_index(kind="stable")
    assert found.loc[("cifar10-valid", 12), "architecture"].tolist() == names
    assert found.loc[("cifar10-valid", 12), "valid_accuracy"].tolist() == [50, 60]
    assert found.loc[("cifar10", 200), "test_accuracy"].tolist() == [90, 91]
    assert found.loc[("ImageNet16-120", 200), "test_accuracy"].tolist() == [40, 41]
    assert len(table) == 6


def test_a_wide_table_from_memory_is_called_a_table():
    names = official.names(2, start=7)
    with pytest.raises(InputError, match=r"^table: arch_index 9 is not"):
        melt_wide(pd.DataFrame({"architecture": names, "arch_index": [7, 9], **WIDE}))


def test_a_table_without_architectures_or_without_such_columns_is_not_wide(tmp_path):
    pd.DataFrame(WIDE).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match="no column 'architecture'"):
        read_truth("nb201", tmp_path / "a.csv")
    tidy = pd.DataFrame({"arch_str": official.names(2), "test_accuracy": [90.0, 91.0], "c10_val": [1.0, 2.0]})
    tidy.to_csv(tmp_path / "b.csv", index=False)
    assert find_truth("nb201", tmp_path / "b.csv")[1]["format"] == "tidy"
    assert find_truth("nb201", tidy.rename(columns={"c10_val": 3}))[1]["format"] == "tidy"


def write_analog(path, digits, monkeypatch):
    """A data file as analog-nasbench pickles it: {digits: Architecture with a baseline accuracy of 80, 81, ...}."""
    module = types.ModuleType("analognasbench.data")

    class Architecture:
        def __init__(self, accuracy):
            self.baseline_accuracy = accuracy

    Architecture.__module__, Architecture.__qualname__ = module.__name__, "Architecture"
    module.Architecture = Architecture
    monkeypatch.setitem(sys.modules, "analognasbench", types.ModuleType("analognasbench"))
    monkeypatch.setitem(sys.modules, "analognasbench.data", module)
    path.write_bytes(pickle.dumps({each: Architecture(80.0 + i) for i, each in enumerate(digits)}))
    return path


def test_the_digits_of_the_retraining_are_edges_and_operations_in_its_own_order(tmp_path, monkeypatch):
    path = write_analog(tmp_path / "data.anb", [(0, 1, 2, 3, 4, 0), (2, 2, 2, 2, 2, 2)], monkeypatch)
    table, about = find_truth("nb201", path)
    # edges 0->1, 0->2, 0->3, 1->2, 1->3, 2->3; operations skip, none, 3x3, 1x1, pooling
    assert table["architecture"].tolist() == [
        "|skip_connect~0|+|none~0|nor_conv_1x1~1|+|nor_conv_3x3~0|avg_pool_3x3~1|skip_connect~2|",
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    ]
    assert table["test_accuracy"].tolist() == [80, 81] and set(table["dataset"]) == {"cifar10"}
    assert read_analog(path).columns.tolist() == ["architecture", "dataset", "test_accuracy"]
    assert about["format"] == "analog-nasbench" and about["licence"].startswith("not stated")


@pytest.mark.parametrize("digits", [(0, 1, 2, 3, 4), (0, 0, 0, 0, 0, 5), (0, 0, 0, 0, 0, -1), (0,) * 7])
def test_a_retraining_of_other_digits_is_refused(digits, tmp_path, monkeypatch):
    path = write_analog(tmp_path / "data.anb", [digits], monkeypatch)
    with pytest.raises(InputError, match=r"data\.anb: its architectures are not tuples of six digits from 0 to 4"):
        read_analog(path)


def test_the_formats_are_tried_from_the_benchmarks_own_to_the_retraining():
    names = ["nas-bench-201", "nats-bench", "wide", "analog-nasbench"]
    assert [form.name for form in list_formats("nb201")] == names
    assert [form.retrained for form in list_formats("nb201")] == [False, False, False, True]
    assert all("accurac" in form.describes for form in list_formats("nb201"))
    assert find_truth("nb201", official.benchmark(2))[1]["format"] == "nas-bench-201"
