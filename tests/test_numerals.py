"""Numbers as text."""

import math

import pytest

from nasbias.numerals import interval, short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.474, ".47"),
        (-0.05, "-.05"),
        (-0.001, ".00"),
        (1.0, "1.00"),
        (-1.0, "-1.00"),
        (0.999, "1.00"),
        (0.995, ".99"),  # 0.99499... in binary
        (-10.04, "-10.04"),
        (100.0, "100.00"),
        (math.nan, "-"),
    ],
)
def test_short_numbers_have_two_decimals_and_no_leading_zero(value, text):
    assert short(value) == text


def test_intervals_line_up_and_one_without_an_end_is_a_dash():
    assert interval(-0.05, 0.5) == "-.05 to  .50"
    assert interval(0.36, 1.0) == " .36 to 1.00"
    assert interval(math.nan, 0.5) == interval(0.5, math.nan) == "-"
