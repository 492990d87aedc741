"""P1's truth of the 64 architectures."""

import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.tables import select_truth
from nasbias.truth.darts64 import FORMATS
from tests.truth.reading import read


def test_p1s_means_of_ten_seeds_are_per_cent_on_the_test_split(shared):
    table, _ = read("darts64", shared / "deeper_insights_64_gt.parquet")
    published = pd.read_parquet(shared / "deeper_insights_64_gt.parquet")
    assert table["test_accuracy"].tolist() == pytest.approx(100 * published["gt_mean"])
    assert table["test_accuracy_std"].tolist() == pytest.approx(100 * published["gt_std"])
    assert table["seed"].isna().all()
    mean = select_truth(table)
    assert set(mean["n_seeds"]) == {10}
    assert mean["test_accuracy_std"].between(0.1, 1).all()
    assert mean.loc[mean["test_accuracy"].idxmin(), "architecture"] == "111"  # pooling only


def test_p1s_fractions_are_not_taken_for_per_cent(tmp_path):
    pd.DataFrame({"code": ["111"], "gt_mean": [84.0], "gt_std": [0.1]}).to_csv(tmp_path / "gt.csv", index=False)
    with pytest.raises(InputError, match="fractions"):
        read("darts64", tmp_path / "gt.csv")


def test_a_row_of_p1_says_what_was_trained_how_long_and_on_what(tmp_path):
    pd.DataFrame({"code": ["012", "120"], "gt_mean": [0.0, 1.0], "gt_std": [0.001, 0.002]}).to_csv(
        tmp_path / "gt.csv", index=False
    )
    (form,) = FORMATS
    assert form.read(tmp_path / "gt.csv").to_dict("records") == [
        {
            "architecture": code,
            "dataset": "cifar10",
            "epochs": 200,
            "sample": "uniform",
            "n_seeds": 10,
            "test_accuracy": accuracy,
            "test_accuracy_std": std,
        }
        for code, accuracy, std in ((12, 0.0, 0.1), (120, 100.0, 0.2))
    ]


@pytest.mark.parametrize("fraction", [-0.001, 1.001, None])
def test_a_mean_outside_of_0_to_1_or_missing_is_refused(fraction, tmp_path):
    table = pd.DataFrame({"code": ["111", "000"], "gt_mean": [0.9, fraction], "gt_std": [0.1, 0.1]})
    table.to_parquet(tmp_path / "gt.parquet")
    with pytest.raises(InputError) as caught:
        FORMATS[0].read(tmp_path / "gt.parquet")
    assert (
        str(caught.value)
        == f"{tmp_path / 'gt.parquet'}: gt_mean should hold fractions from 0 to 1, as P1's figures do."
    )


@pytest.mark.parametrize("lacking", ["code", "gt_mean", "gt_std", None])
def test_only_a_table_with_all_of_p1s_columns_is_taken_for_it(lacking, tmp_path):
    table = pd.DataFrame({"code": ["111"], "gt_mean": [0.9], "gt_std": [0.1], "more": [1]})
    table.drop(columns=[lacking] if lacking else []).to_csv(tmp_path / "gt.csv", index=False)
    assert FORMATS[0].recognises(tmp_path / "gt.csv") is (lacking is None)


def test_the_format_says_whose_numbers_these_are():
    (form,) = FORMATS
    assert form.name == "p1-64"
    assert form.licence == "MIT (ultmaster/deeper-insights-weight-sharing)"
    assert "CIFAR-10 test accuracy of all 64" in form.describes
    assert "mean and standard deviation of 10 seeds" in form.describes
    assert not form.retrained
