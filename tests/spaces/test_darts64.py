"""P1's 64 architectures: codes, indices and costs counted by hand from P1's description."""

import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.spaces import get_space

SPACE = get_space("darts64")


def test_codes_and_indices_are_p1s(shared):
    published = pd.read_parquet(shared / "deeper_insights_64_gt.parquet")
    assert SPACE.architectures()["architecture"].tolist() == published["code"].tolist()
    assert SPACE.index(published["code"]).tolist() == published["child"].tolist()


def test_operations_are_p1s_in_order(shared):
    published = pd.read_parquet(shared / "deeper_insights_64_gt.parquet")
    for text, ops in zip(published["code"], published[["op0", "op1", "op2"]].to_numpy().tolist()):
        assert SPACE.parse(",".join(ops)) == text


def test_a_code_of_digits_abc_has_index_16a_4b_c():
    for text in SPACE.architectures()["architecture"]:
        a, b, c = map(int, text)
        assert SPACE.index([text]).item() == 16 * (a - 1) + 4 * (b - 1) + (c - 1)


def test_params_are_the_networks_counted_by_hand():
    """Stem: 3x3 to 48, 3x3 to 48, two BN; four cells with a 1x1 from 48, then from two concatenated nodes of 16."""
    fixed = (27 * 48 + 2 * 48) + (9 * 48 * 48 + 2 * 48) + (48 * 16 + 3 * 32 * 16) + (32 * 10 + 10)
    described = SPACE.describe(["111", "222", "333", "444"])
    per_cell = [0, 3 * 2 * (9 * 16 + 256), 3 * 2 * (25 * 16 + 256), 3 * (25 * 16 + 256)]
    assert described["params"].tolist() == [fixed + 4 * cell for cell in per_cell]


def test_both_readings_of_p1_are_counted():
    code = SPACE.describe(["444"])["params"].item()
    small_kernel = SPACE.describe(["444"], dilated="dil_conv_3x3")["params"].item()
    summed = SPACE.describe(["444"], output="sum")["params"].item()
    assert code - small_kernel == 4 * 3 * (25 - 9) * 16
    assert code - summed == 3 * 16 * 16 + 16 * 10  # three cells read half as much, so does the linear layer


def test_flops_are_every_convolution_at_full_resolution():
    described = SPACE.describe(["123"])
    weights = 27 * 48 + 9 * 48 * 48 + 48 * 16 + 3 * 32 * 16 + 4 * (2 * (9 * 16 + 256) + 2 * (25 * 16 + 256))
    assert described["flops"].item() == weights * 1024 + 320


def test_strings_choices_and_indices_agree():
    strings = SPACE.architectures()["architecture"].to_numpy()
    assert SPACE.decode(SPACE.encode(strings)).tolist() == strings.tolist()
    assert SPACE.parse_all(list(range(64))).tolist() == strings.tolist()
    assert SPACE.parse_all([int(text) for text in strings]).tolist() == strings.tolist()  # as a CSV gives them
    population = SPACE.population()
    assert population is not None
    assert population.tolist() == SPACE.encode(strings).tolist()
    assert sorted(SPACE.sample(64, seed=3)) == strings.tolist()


@pytest.mark.parametrize("text", ["", "1111", "115", "011", "64", "-1", "1.1", None, True, "²", "skip,skip,skip"])
def test_what_is_no_code_is_refused(text):
    with pytest.raises(InputError):
        SPACE.parse(text)


def test_choices_out_of_range_and_unknown_readings_are_refused():
    with pytest.raises(InputError):
        SPACE.decode(np.array([[0, 0, 4]]))
    with pytest.raises(InputError):
        SPACE.describe(["111"], output="mean")
