"""What a table or an architecture may not hold: one line of refusal each, or what it is read as; never a traceback."""

import contextlib
import decimal
import json
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from nasbias.errors import InputError
from nasbias.notices import Notice
from nasbias.spaces import get_space, list_spaces
from nasbias.tables import check_predictions, check_truth, read_table

SPACE = get_space("nb201")
NAMES = SPACE.sample(30, seed=0).tolist()
ACCURACY = np.linspace(10, 90, 30)
WIDE = 10**400  # more than a float holds


def first(value: Any) -> pd.Series:
    """Accuracies whose first one is `value`."""
    return pd.Series([value, *ACCURACY[1:].tolist()], dtype=object)


NO_NUMBERS: dict[str, Any] = {
    "truth values": [True, False] * 15,
    "bytes": [b"1"] * 30,
    "complex": [1j] * 30,
    "dates": pd.date_range("2020", periods=30),
    "durations": pd.to_timedelta(range(30)),
    "lists": [[1]] * 30,
    "endless": [np.inf] * 30,
    "words": ["x"] * 30,
    "below 0": [-1.0] * 30,
    "above 100": [101.0] * 30,
    "one truth value": first(True),
    "one of bytes": first(b"1"),
    "one list": first([1]),
    "one mapping": first({"a": 1}),
    "one in other digits": first("٤٢"),
    "one of 400 digits": first("9" * 400),
    "one whole number of 400 digits": first(WIDE),
    "one with an underscore": first("1_0"),
    "one in hexadecimal": first("0x1F"),
    "one endless": first("inf"),
    "one decimal": first(decimal.Decimal("1.5")),
    "one word": first("failed"),
}


@pytest.mark.parametrize("check", [check_predictions, check_truth])
@pytest.mark.parametrize("values", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_accuracies_that_are_none_are_refused(check, values):
    table = pd.DataFrame({"architecture": NAMES, "valid_accuracy": values})
    with pytest.raises(InputError) as refused:
        check(table, "nb201", "mine.csv")
    assert str(refused.value).startswith("mine.csv: ")
    assert len(str(refused.value)) < 800


QUOTED = (
    json.dumps(dict.fromkeys(NAMES, "12.5")),
    json.dumps({NAMES[0]: "1e2", **dict(zip(NAMES[1:], ACCURACY[1:]))}),
    json.dumps([{"architecture": name, "accuracy": "-.5"} for name in NAMES]),
    json.dumps({"architecture": NAMES, "Test Accuracy": [*ACCURACY[1:], "12"]}),
    json.dumps({name: {"loss": "3"} for name in NAMES}),
)


@pytest.mark.parametrize("text", QUOTED)
def test_a_number_in_quotes_is_none_in_json(text, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"mine\.json: can't be read as json \(.* is text; a number has no quotes"):
        read_table(path)
    path.write_text(json.dumps([{"architecture": "123456", "accuracy": 12.5, "run": "4", "note": "7"}]))
    assert read_table(path)["run"].tolist() == ["4"]  # names


KEYS: list[tuple[Any, str, Any]] = [
    *[(check_predictions, "epoch", value) for value in (-1, 1.5, np.inf, "x", True, 10**30, 2**63, b"4", WIDE)],
    *[(check_predictions, "step", value) for value in (-1, 1.5, "x", [1])],
    *[(check_predictions, "seed", value) for value in (1.5, "x", WIDE, True, 2**63)],
    *[(check_predictions, name, value) for name in ("run", "bn") for value in ([1], b"x", {"a": 1}, (1,))],
    *[(check_truth, "epochs", value) for value in (-1, 1.5, np.inf, "x", True, 2**63)],
    *[(check_truth, "seed", value) for value in (1.5, "x", WIDE)],
    *[(check_truth, "n_seeds", value) for value in (-1, 0, 1.5, "x", np.inf)],
    *[(check_truth, "valid_accuracy_std", value) for value in (-1, "x", np.inf, True)],
    *[(check_truth, "dataset", value) for value in ([1], b"x")],
]


@pytest.mark.parametrize(("check", "name", "value"), KEYS, ids=[f"{name} {str(value)[:20]}" for _, name, value in KEYS])
def test_keys_and_extras_outside_their_kind_are_refused(check, name, value):
    values = pd.Series([value] * 30, dtype=object if isinstance(value, int) and abs(value) > 2**62 else None)
    table = pd.DataFrame({"architecture": NAMES, "valid_accuracy": ACCURACY, name: values})
    with pytest.raises(InputError) as refused:
        check(table, "nb201", "mine.csv")
    assert name in str(refused.value)
    assert len(str(refused.value)) < 800


def test_a_seed_keeps_all_of_its_digits():
    table = pd.DataFrame({"architecture": NAMES, "accuracy": ACCURACY, "seed": 2**53 - 1})
    assert check_predictions(table, "nb201", "x")["seed"].unique().tolist() == [2**53 - 1]


BROKEN_TABLES: dict[str, Any] = {
    "nothing": pd.DataFrame(),
    "no rows": pd.DataFrame({"architecture": [], "accuracy": []}),
    "no score": pd.DataFrame({"architecture": NAMES}),
    "no architecture": pd.DataFrame({"accuracy": ACCURACY}),
    "architectures missing": pd.DataFrame({"architecture": [None] * 30, "accuracy": ACCURACY}),
    "architectures of bytes": pd.DataFrame({"architecture": [name.encode() for name in NAMES], "accuracy": ACCURACY}),
    "architectures that are numbers": pd.DataFrame({"architecture": [1.5] * 30, "accuracy": ACCURACY}),
    "every row twice": pd.DataFrame({"architecture": NAMES * 2, "accuracy": [*ACCURACY, *ACCURACY]}),
    "two columns of one name": pd.DataFrame([[NAMES[0], 1, 2]], columns=["architecture", "accuracy", "accuracy"]),
    "names in two levels": pd.DataFrame(np.zeros((3, 2)), columns=pd.MultiIndex.from_product([["a"], ["b", "c"]])),
}


@pytest.mark.parametrize("table", BROKEN_TABLES.values(), ids=BROKEN_TABLES)
def test_a_table_that_is_none_is_refused(table):
    with pytest.raises(InputError, match="mine.csv"):
        check_predictions(table, "nb201", "mine.csv")


@pytest.mark.parametrize("space", list_spaces())
def test_what_is_no_architecture_is_refused_in_one_short_line(space):
    parse, good = get_space(space).parse, get_space(space).sample(1, seed=0)[0]
    nul, other_digits = f"{good}\0", good.translate({ord(str(i)): chr(0x660 + i) for i in range(10)})
    wrong: list[Any] = [
        None, -1, 1.5, True, float("nan"), float("inf"), good.encode(), "", " ", [], {}, [[[[]]]], [1.9] * 6, nul,
        other_digits, "\u202e" + good, "x" * 10**6, "(" * 100_000, "[" * 100_000, '{"a":' * 100_000, "9" * 5000,
        10**5000, np.zeros((3, 3)), object(), {1}, (number for number in []), good + good, {"module_adjacency": 5},
    ]  # fmt: skip
    for value in wrong:
        with pytest.raises(InputError) as refused:
            parse(value)
        assert len(str(refused.value)) < 2_100
        assert str(refused.value).isprintable()


def test_a_table_of_thousands_of_scores_is_read_in_time_that_grows_with_them():
    # column by column pandas takes the square of them, and warns: 76 s for 8,000
    table = pd.DataFrame({"architecture": NAMES, "accuracy": ACCURACY, **{f"c{i}": ACCURACY for i in range(8000)}})
    assert check_predictions(table, "nb201", "mine.csv").shape == (30, 6 + 8001)


MATRIX = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
OPERATIONS = ["input", "conv3x3-bn-relu", "maxpool3x3", "output"]


@pytest.mark.parametrize(
    "row", [[0, 1.9, 1, 0], [0, -1, 1, 0], [0, 2, 1, 0], [0, float("nan"), 1, 0], [0, "x", 1, 0], [0, [1], 1, 0], [0]]
)
def test_an_adjacency_matrix_holds_0_and_1_and_nothing_that_rounds_to_them(row):
    parse = get_space("nb101").parse
    for form in (
        ([row, *MATRIX[1:]], OPERATIONS),
        {"module_adjacency": [row, *MATRIX[1:]], "module_operations": OPERATIONS},
        json.dumps([[row, *MATRIX[1:]], OPERATIONS]),
    ):
        with pytest.raises(InputError, match="matrix"):
            parse(form)
    assert parse((np.array(MATRIX, dtype=float), OPERATIONS)) == parse((MATRIX, OPERATIONS))


ANYTHING = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text() | some.binary(),
    lambda inner: some.lists(inner, max_size=8) | some.dictionaries(some.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("space", list_spaces())
@given(value=ANYTHING)
def test_any_value_is_an_architecture_of_the_space_or_refused(space, value):
    space = get_space(space)
    try:
        parsed = space.parse(value)
    except InputError:
        return
    assert space.parse(parsed) == parsed
    assert len(space.describe([parsed])) == 1


@pytest.mark.parametrize("space", list_spaces())
@given(data=some.data())
def test_a_damaged_architecture_is_another_one_or_refused(space, data):
    space = get_space(space)
    good = space.sample(1, seed=data.draw(some.integers(0, 50)))[0]
    at = data.draw(some.integers(0, len(good)))
    text = good[:at] + data.draw(some.text(max_size=2)) + good[at + data.draw(some.integers(0, 2)) :]
    with contextlib.suppress(InputError):
        assert space.parse(space.parse(text)) == space.parse(text)


@given(values=some.lists(ANYTHING, min_size=3, max_size=3), name=some.sampled_from(["accuracy", "epoch", "run", "x"]))
def test_any_column_is_read_or_refused(values, name):
    table = pd.DataFrame({"architecture": NAMES[:3], "loss": [1.0, 2.0, 3.0]})
    table[name] = pd.Series(values, dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        try:
            assert len(check_predictions(table, "nb201", "x")) % 3 == 0
        except InputError as error:
            assert str(error).isprintable()
