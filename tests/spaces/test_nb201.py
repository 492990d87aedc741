import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nasbias
from nasbias.errors import InputError
from nasbias.spaces.nb201 import EDGES, OPERATIONS, SPACE

BEST = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"


@pytest.fixture(scope="module")
def whole():
    return SPACE.architectures()


def test_the_counts_are_the_published_ones(whole):
    assert (len(whole), whole["is_valid"].sum(), whole["isomorphism_class"].nunique()) == (15_625, 15_284, 6_466)
    assert (whole["params"].min(), whole["params"].max()) == (73_306, 1_531_546)


@pytest.mark.parametrize(
    ("affine", "bn", "count"),
    [(True, "running", 8_452), (True, "recalibrated", 8_452), (False, "running", 8_452), (False, "batch", 7_548)],
)
def test_functional_classes_are_as_many_as_measured(affine, bn, count):
    assert len(np.unique(SPACE.functional_classes(affine, bn))) == count


def test_order_parameters_and_flops_equal_the_benchmark(whole, shared):
    table = pd.read_parquet(shared / "nb201_accuracy.parquet")
    assert whole["architecture"].tolist() == table["arch_str"].tolist()
    for dataset, prefix in (("cifar10", "c10"), ("cifar100", "c100"), ("ImageNet16-120", "in16")):
        described = SPACE.describe(table["arch_str"], dataset=dataset)
        assert described["params"].tolist() == table[f"{prefix}_params"].tolist()
    assert whole["flops"].to_numpy() / 1e6 == pytest.approx(table["c10_mflops"].to_numpy(), abs=1e-9)


def test_every_architecture_survives_a_round_trip(whole):
    strings = whole["architecture"].tolist()
    assert SPACE.decode(SPACE.encode(strings)).tolist() == strings
    assert SPACE.index(strings).tolist() == list(range(15_625))
    assert SPACE.parse_all(strings).tolist() == strings


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=6, max_size=6), st.randoms())
def test_every_notation_means_the_same_architecture(choice, random):
    text = SPACE.decode(np.array([choice]))[0]
    names = {f"{a}_{b}": OPERATIONS[op].replace("nor_conv", "conv") for (a, b), op in zip(EDGES, choice)}
    keys = list(names)
    random.shuffle(keys)
    assert SPACE.parse(json.dumps({key: names[key] for key in keys})) == text  # any order of keys
    assert SPACE.parse(str(SPACE.index([text])[0])) == text
    order = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    digits = {"skip_connect": 0, "none": 1, "nor_conv_3x3": 2, "nor_conv_1x1": 3, "avg_pool_3x3": 4}
    naslib = tuple(digits[OPERATIONS[choice[EDGES.index(edge)]]] for edge in order)
    assert SPACE.parse_as(str(naslib), "naslib") == SPACE.parse_as(naslib, "naslib") == text
    assert SPACE.parse_as(str(tuple(choice)), "nats") == SPACE.parse_as(list(choice), "nats") == text
    assert SPACE.parse_all([naslib], "naslib").tolist() == SPACE.parse_all([choice], "nats").tolist() == [text]


def test_six_numbers_are_refused_with_both_readings_unless_these_agree():
    with pytest.raises(InputError) as error:
        SPACE.parse((3, 3, 3, 3, 3, 1))
    nats = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|skip_connect~2|"
    naslib = "|nor_conv_1x1~0|+|nor_conv_1x1~0|nor_conv_1x1~1|+|nor_conv_1x1~0|nor_conv_1x1~1|none~2|"
    assert f"{nats} in NATS-Bench's order, {naslib} in NASLib's" in str(error.value)
    assert "--notation nats or --notation naslib" in str(error.value)
    assert (
        SPACE.parse(str((np.int8(4),) * 6)) == SPACE.parse("(4, 4, 4, 4, 4, 4)") == SPACE.parse([4] * 6)
    )  # average pooling is 4 in both, everywhere
    with pytest.raises(InputError, match="Did you mean naslib"):
        SPACE.parse_all(["1"], "nasslib")


def test_one_string_is_one_architecture():
    text = SPACE.sample(1, seed=0)[0]
    assert SPACE.describe(text)["architecture"].tolist() == SPACE.parse_all(text).tolist() == [text]
    assert len(SPACE.encode(text)) == len(SPACE.decide(text)) == len(SPACE.truth_keys(text)) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BEST.replace("skip_connect~0", "conv_5x5~0"), "at edge 0->3: unknown operation 'conv_5x5'"),
        (BEST.replace("|+|skip", "|skip"), "has 2 node"),
        (BEST.replace("nor_conv_1x1~2|", ""), "at node 3: inputs are 0, 1"),
        (BEST.replace("~1|+", "~9|+"), "at node 2"),
        (BEST[:-1], "at position 49: node 3"),
        ("15625", "an index is 0 to 15624"),
        ("{'0_1'", "can't be read"),
        ('{"0_1": "none"}', "missing: 0_2"),
        ("(0, 1, 2)", "six digits"),
        ("", "has 1 node"),
        (None, "not an nb201 architecture"),
    ],
)
def test_a_malformed_architecture_is_named_with_its_fault(text, says):
    with pytest.raises(nasbias.InputError) as error:
        SPACE.parse(text)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_the_error_of_many_counts_and_explains_the_first():
    with pytest.raises(nasbias.InputError, match=r"2 of 3 architectures are not in nb201; the first: '\|x~0\|'"):
        SPACE.parse_all([BEST, "|x~0|", "|x~0|"])


def test_a_sample_is_distinct_connected_and_repeatable():
    sample = SPACE.sample(500, seed=3)
    assert len(set(sample)) == 500
    assert SPACE.describe(sample)["is_valid"].all()
    assert sample.tolist() == SPACE.sample(500, seed=3).tolist() != SPACE.sample(500, seed=4).tolist()
    with pytest.raises(nasbias.InputError, match="ask for fewer"):
        SPACE.sample(15_285, seed=0)
    with pytest.raises(nasbias.InputError, match="Did you mean unique"):
        SPACE.sample(1, seed=0, subset="uniqe")


def test_the_unique_subset_has_one_connected_member_of_each_class(whole):
    unique = whole[whole["architecture"].isin(SPACE.members("unique"))]
    assert unique["isomorphism_class"].is_unique
    assert set(unique["isomorphism_class"]) == set(whole.loc[whole["is_valid"], "isomorphism_class"])
    assert unique["is_valid"].all()


def test_decisions_name_the_operation_on_every_edge():
    decided = SPACE.decide([BEST])
    assert decided.iloc[0].to_dict() == {
        "0->1": "nor_conv_3x3", "0->2": "nor_conv_3x3", "1->2": "nor_conv_3x3",
        "0->3": "skip_connect", "1->3": "nor_conv_3x3", "2->3": "nor_conv_1x1",
    }  # fmt: skip
