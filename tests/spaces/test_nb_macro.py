"""NAS-Bench-Macro, against all 6,561 rows of the benchmark."""

import pandas as pd
import pytest
from scipy.stats import kendalltau

from nasbias.errors import InputError
from nasbias.spaces import get_space

SPACE = get_space("nb-macro")


@pytest.fixture(scope="module")
def published(shared):
    return pd.read_parquet(shared / "nb_macro_c10.parquet")


def test_params_and_flops_equal_all_rows(published):
    described = SPACE.architectures()
    assert described["architecture"].tolist() == published["arch"].tolist()
    assert described["params"].tolist() == published["params"].tolist()
    assert described["flops"].tolist() == published["flops"].tolist()


def test_flops_explain_truth_better_than_params(published):
    described = SPACE.architectures()
    assert kendalltau(described["flops"], published["mean_acc"]).statistic == pytest.approx(0.556, abs=5e-4)
    assert kendalltau(described["params"], published["mean_acc"]).statistic == pytest.approx(0.218, abs=5e-4)


def test_isomorphic_strings_share_their_trainings(published):
    """The benchmark trains a class once, so the three accuracies are the same within it."""
    classes = SPACE.architectures()["isomorphism_class"]
    accuracies = published[["test_acc_0", "test_acc_1", "test_acc_2"]]
    assert classes.nunique() == len(SPACE.members("unique")) == 9 * 21 * 21
    assert (accuracies.groupby(classes.to_numpy()).nunique() == 1).all(axis=None)


def test_strings_and_choices_agree():
    strings = SPACE.architectures()["architecture"].to_numpy()
    assert SPACE.decode(SPACE.encode(strings)).tolist() == strings.tolist()
    population = SPACE.population()
    assert population is not None
    assert population.shape == (6561, 8)
    assert len(set(SPACE.sample(100, seed=0))) == 100


@pytest.mark.parametrize("text", [21, "21", "00000021", [0, 0, 0, 0, 0, 0, 2, 1], " 00000021 "])
def test_digits_are_read_however_they_come(text):
    assert SPACE.parse(text) == "00000021"


@pytest.mark.parametrize("text", ["", "00000003", "000000000", "abc", -1, None, [1, 2], 1.5])
def test_what_is_no_string_of_eight_digits_is_refused(text):
    with pytest.raises(InputError):
        SPACE.parse(text)
