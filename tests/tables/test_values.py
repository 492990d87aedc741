import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.notices import Notice
from nasbias.tables import MEASURES, name_dead
from nasbias.tables.values import are_fractions, as_number, mostly_numbers, read_measure, read_numbers


@pytest.mark.parametrize(
    ("value", "number"),
    [("91.2%", 91.2), (" 91.2 % ", 91.2), ("1e3", 1000), (3, 3), (np.float32(2), 2), (np.int64(4), 4), ("-5", -5)],
)
def test_a_number_is_read_however_it_is_written(value, number):
    assert as_number(value) == number


@pytest.mark.parametrize("value", ["", "-", "NaN", "none", "NULL", "n/a", "NA", "<NA>", None, pd.NA, pd.NaT, "%"])
def test_what_says_that_nothing_is_there_is_missing(value):
    assert np.isnan(as_number(value))


@pytest.mark.parametrize("value", ["failed", "1_000", "91,2", "1 2", True, [1], {}, "9%%"])
def test_what_is_no_number_is_none(value):
    assert as_number(value) is None


def test_a_column_is_read_and_its_first_fault_named_by_row():
    values, signed = read_numbers(pd.Series(["1", "2%", ""], name="zen"), "x")
    assert values.tolist()[:2] == [1, 2] and np.isnan(values[2]) and signed
    assert read_numbers(pd.Series(["1", "2"]), "x")[1] is False
    with pytest.raises(InputError, match=r"^x: zen is 'bad' in row 2 \(of the data, from 1\); a number is wanted"):
        read_numbers(pd.Series(["1", "bad", "worse"], name="zen"), "x")
    with pytest.raises(InputError, match="'zen' holds truth values"):
        read_numbers(pd.Series([True, False], name="zen"), "x")
    assert np.isnan(read_numbers(pd.Series([1, None], dtype="Int64"), "x")[0][1])


def test_a_text_column_is_numbers_where_half_of_it_is():
    assert mostly_numbers(pd.Series(["1", "oops"])) and mostly_numbers(pd.Series(["1", "2", "oops", ""]))
    assert not mostly_numbers(pd.Series(["1", "a", "b"]))
    assert not mostly_numbers(pd.Series(["", None])) and not mostly_numbers(pd.Series([True, False]))


@pytest.mark.parametrize(
    ("values", "fractions"),
    [
        ([0.2, 1.0], True),
        ([0, 0.5, np.nan], True),
        ([0, 0], False),
        ([np.nan], False),
        ([-0.1, 0.5], False),
        ([0.5, 1.01], False),
    ],
)
def test_fractions_lie_within_0_and_1_and_are_not_all_0(values, fractions):
    assert are_fractions(np.array(values)) is fractions


def test_a_value_outside_its_measures_range_is_refused_with_its_architecture():
    names = pd.Series(["one", "two"])
    with pytest.raises(InputError, match=r"^x: accuracy is 101 for 'two'; it must lie in 0 to 100 %"):
        read_measure(pd.Series([100.0, 101]), MEASURES["accuracy"], names, "x", True)
    with pytest.raises(InputError, match="perplexity is 0.5 for 'one'; it must lie in 1 to inf"):
        read_measure(pd.Series([0.5, 2]), MEASURES["perplexity"], names, "x", True)
    assert read_measure(pd.Series([0.0, 100]), MEASURES["accuracy"], names, "x", True)[1] == 1
    with pytest.warns(Notice):
        assert read_measure(pd.Series([0.0, 1]), MEASURES["accuracy"], names, "x", True)[0].tolist() == [0, 100]


def test_equal_outcomes_are_named_as_dead():
    assert name_dead(np.full(5, 10.0), True) == name_dead(np.full(5, 10.0), False) == "all 5 are 10: nothing is ranked"
    cells = np.array(
        [259.8, 268.3, 275.21922, 275.22072, 275.22127, 275.22188, 301.5, 304.3, 309.3, 322.2, 328.0, 496.4]
    )
    assert name_dead(cells, coarse=False) == "4 of 12 are 275.222, as networks end that learnt nothing"
    assert name_dead(cells, coarse=True) == ""
    accuracies = np.r_[np.full(10, 10.0), np.linspace(20, 90, 90)]
    assert name_dead(accuracies, coarse=True).startswith("10 of 100 are 10,")
    assert name_dead(accuracies[1:], coarse=True) == ""  # 9 of 99 are less than a tenth
    assert name_dead(np.r_[np.nan, np.full(3, 2.0), 3.0], coarse=True).startswith("3 of 4 are 2,")


def test_ties_by_counting_and_single_outcomes_are_not_dead():
    assert name_dead(np.repeat(np.arange(20.0), 5), coarse=True) == ""
    assert name_dead(np.r_[np.full(29, 1.0), np.full(10, 2.0), np.arange(3, 20)], coarse=True) == ""  # not three times
    assert name_dead(np.r_[np.full(30, 1.0), np.full(10, 2.0), np.arange(3, 20)], coarse=True) != ""
    assert name_dead(np.arange(10.0), coarse=False) == "" and name_dead(np.array([1.0, np.nan]), coarse=False) == ""
    for coarse in (False, True):
        assert name_dead(np.array([1.0, 1.0, 2.0]), coarse) == ""  # two are chance
        assert name_dead(np.array([1.0, 1.0, 1.0, 2.0]), coarse) != ""
    assert name_dead(np.array([1.0, 1.0001, 1.0002, 2.0]), coarse=False) == ""
    assert name_dead(np.linspace(2.2, 2.3, 1000), coarse=False) == ""


def test_integers_with_gaps_and_signed_texts_are_read_whole():
    values, signed = read_numbers(pd.Series([5, None, 7], dtype="Int64", name="zen"), "x")
    assert values[[0, 2]].tolist() == [5, 7] and values.dtype == float and not signed
    assert read_numbers(pd.Series(["1% "]), "x")[1] and not read_numbers(pd.Series(["%1"]).replace("%1", "1"), "x")[1]
    with pytest.raises(InputError, match="^mine: accuracy is 'a'"):
        read_measure(pd.Series(["a"], name="accuracy"), MEASURES["accuracy"], pd.Series(["one"]), "mine", True)
    with pytest.raises(InputError, match="'perplexity' holds truth values|'x' holds truth values"):
        read_measure(pd.Series([True], name="x"), MEASURES["perplexity"], pd.Series(["one"]), "mine", True)
    assert name_dead(np.array([3.0, 3.0]), coarse=False) == "all 2 are 3: nothing is ranked"
