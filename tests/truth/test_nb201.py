"""NAS-Bench-201's wide tables and its independent retraining; its records are tested with NATS-Bench's."""

import sys

import numpy as np
import pandas as pd
import pytest

from nasbias import InputError, get_space, load_truth
from nasbias.truth import import_truth, read_truth
from nasbias.truth.nb201 import analog_file


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
    if analog_file() is None:
        pytest.skip("analog-nasbench is not installed")
    analog = load_truth("nb201", "analog-nasbench")
    assert set(analog["architecture"]) == set(get_space("nb201").architectures()["architecture"])
    benchmark = load_truth("nb201", shared / "nb201_accuracy.parquet")
    both = analog.merge(benchmark, on="architecture")
    assert both["test_accuracy_x"].corr(both["test_accuracy_y"], "spearman") == pytest.approx(0.991, abs=5e-4)
    assert analog.attrs["licence"].startswith("not stated")
    assert "analognasbench" not in sys.modules
