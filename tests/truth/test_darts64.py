import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.truth import find_truth, load_truth
from nasbias.truth.darts64 import FORMATS

CODES = get_space("darts64").architectures()["architecture"].tolist()


@pytest.fixture
def path(tmp_path):
    table = pd.DataFrame({"code": CODES, "gt_mean": [0.80 + i / 1000 for i in range(64)], "gt_std": 0.002})
    table.to_parquet(tmp_path / "p1.parquet")
    return tmp_path / "p1.parquet"


def test_p1s_fractions_become_per_cent_with_their_deviation(path):
    table = load_truth("darts64", path)
    assert table["architecture"].tolist() == CODES
    assert table["test_accuracy"].tolist() == pytest.approx([80 + i / 10 for i in range(64)])
    assert table["test_accuracy_std"].tolist() == pytest.approx([0.2] * 64)
    assert table["n_seeds"].tolist() == [10] * 64 and set(table["epochs"]) == {200}
    assert (table.attrs["format"], table.attrs["licence"][:3]) == ("p1-64", "MIT")
    whole, about = find_truth("darts64", path)
    assert set(whole["sample"]) == {"uniform"} and set(whole["dataset"]) == {"cifar10"} and about["rows"] == 64


def test_per_cent_in_p1s_columns_are_refused(tmp_path):
    pd.DataFrame({"code": CODES, "gt_mean": 81.0, "gt_std": 0.2}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="gt_mean should hold fractions"):
        load_truth("darts64", tmp_path / "a.parquet")


def test_a_table_without_p1s_columns_is_not_p1s(tmp_path):
    pd.DataFrame({"code": CODES, "gt_mean": 0.8}).to_parquet(tmp_path / "a.parquet")
    assert not FORMATS[0].recognises(tmp_path / "a.parquet")


def test_p1s_real_table_is_read_in_per_cent(shared):
    table = load_truth("darts64", shared / "deeper_insights_64_gt.parquet")
    assert len(table) == 64 and 70 < table["test_accuracy"].min() < table["test_accuracy"].max() < 90
