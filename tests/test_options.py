"""Fields that are options."""

import argparse
import contextlib
import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from nasbias.errors import InputError
from nasbias.options import COUNT, PART, SEED, Bounds, check_options, number, numbers, option, whole_number
from nasbias.terminal import Parser, add_fields, fields_of


@dataclass(frozen=True)
class Sizes:
    width: int = option(8, "channels of the first layer")


def test_a_field_is_an_option_with_its_default_and_its_help():
    assert Sizes().width == 8
    parser = Parser(prog="sizes")
    add_fields(parser, Sizes)
    assert "channels of the first layer (default: 8)" in parser.format_help()
    assert Sizes(**fields_of(Sizes, parser.parse_args(["--width", "3"]))) == Sizes(3)


@dataclass(frozen=True)
class Everything:
    count: int = option(1, "", COUNT)
    seed: int | None = option(None, "", SEED)
    share: float = option(0.5, "", PART)
    epochs: tuple[int, ...] = option((), "", Bounds(least=0))
    flag: bool = option(False, "")
    order: Literal["cycle", "fair"] = option("cycle", "")
    name: str = option("", "")

    __post_init__ = check_options


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"count": 0}, "count is 0: 1 or more is needed."),
    ({"count": "4"}, "count is '4': a whole number is needed."),
    ({"count": True}, "count is True: a whole number is needed."),
    ({"count": 2.0}, "count is 2.0: a whole number is needed."),
    ({"count": 10**9 + 1}, "1,000,000,000 or less is needed."),
    ({"seed": -1}, "seed is -1: 0 or more is needed."),
    ({"seed": 2**63}, "or less is needed."),
    ({"seed": 10**400}, "or less is needed."),
    ({"share": 1.0}, "share is 1.0: less than 1 is needed."),
    ({"share": math.nan}, "share is nan: a finite number is needed."),
    ({"share": math.inf}, "share is inf: a finite number is needed."),
    ({"share": None}, "share is None: a number is needed."),
    ({"epochs": 3}, "epochs is 3: a list is needed."),
    ({"epochs": (1, -1)}, "epochs is -1: 0 or more is needed."),
    ({"flag": 1}, "flag is 1: yes or no (true or false) is needed."),
    ({"order": "fare"}, "unknown order 'fare'. Did you mean fair?"),
    ({"order": ["cycle"]}, "unknown order"),
    ({"name": 3}, "name is 3: text is needed."),
    ({"name": "a\udcff"}, "text is needed."),  # what a shell passes on of bytes that are no UTF-8
]


@pytest.mark.parametrize(("values", "message"), REFUSED, ids=[str(values)[:40] for values, _ in REFUSED])
def test_a_field_outside_its_type_or_bounds_is_refused(values, message):
    with pytest.raises(InputError) as refused:
        Everything(**values)
    assert message in str(refused.value)
    assert len(str(refused.value)) < 300


def test_what_is_within_bounds_is_taken_as_it_is():
    taken = Everything(count=10**9, seed=2**63 - 1, share=0, epochs=(0, 5), flag=True, order="fair", name="x")
    assert (taken.count, taken.seed, taken.share, taken.epochs) == (10**9, 2**63 - 1, 0, (0, 5))
    assert Everything(count=np.int64(3)).count == 3  # pyright: ignore[reportArgumentType] as pandas hands it over


def test_an_argument_is_held_to_the_same_rules():
    assert whole_number(np.int64(3), "sample") == 3
    with pytest.raises(InputError, match="sample is 0: 1 or more is needed"):
        whole_number(0, "sample")


@pytest.mark.parametrize("text", ["", "x", "1_000", "\u0661\u0662", "0x10", "1e3", "1.0", "--1", "1 2", "9" * 500])
def test_a_whole_number_is_written_in_plain_digits(text):
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        number(int)(text)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("text", ["", "x", "1,5", "1e", ".", "nan", "inf", "-inf", "1e999", "0x1p3"])
def test_a_number_is_written_plainly_and_finite(text):
    with pytest.raises(argparse.ArgumentTypeError):
        number(float)(text)


@given(some.integers(-(10**30), 10**30))
def test_a_whole_number_reads_as_what_it_is(value):
    assert number(int)(str(value)) == value


@given(some.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_as_what_it_is(value):
    assert number(float)(repr(value)) == value


@given(some.text())
def test_any_text_is_a_number_or_refused(text):
    for kind in (int, float):
        with contextlib.suppress(argparse.ArgumentTypeError):
            assert math.isfinite(number(kind)(text))


def test_numbers_are_separated_by_commas():
    assert numbers(int)("4, 8,16,") == (4, 8, 16)
    with pytest.raises(argparse.ArgumentTypeError, match="0: 1 or more is needed"):
        numbers(int, COUNT)("4,0")
