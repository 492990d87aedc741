"""NATS-Bench's size space: notations, and costs against records that the benchmark's authors and users have printed."""

import json

import pytest

from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.spaces.nats_sss import GENOTYPE

SPACE = get_space("nats-sss")


@pytest.mark.parametrize(
    ("architecture", "params"), [("8:8:8:8:8", 11_714), ("8:8:16:40:40", 107_826), ("64:64:64:64:64", 713_674)]
)
def test_params_are_those_of_the_benchmarks_records(architecture, params):
    assert SPACE.describe([architecture])["params"].tolist() == [params]


def test_params_and_flops_are_what_get_cost_info_prints():
    """NATS-Bench's notebooks/create-query-sss.ipynb: api.get_cost_info(12, 'cifar10')."""
    row = SPACE.describe([12]).iloc[0]
    assert row[["architecture", "params", "flops"]].tolist() == ["8:8:8:16:40", 67_378, 7_991_706]


@pytest.mark.parametrize(
    "text",
    [
        "8:16:64:8:24",
        " 8: 16:64:8:24 ",
        (8, 16, 64, 8, 24),
        [8, 16, 64, 8, 24],
        "(8, 16, 64, 8, 24)",
        962,
        "962",
        {"name": "infer.shape.tiny", "channels": "8:16:64:8:24", "genotype": GENOTYPE, "num_classes": 10},
        json.dumps({"channels": [8, 16, 64, 8, 24]}),
    ],
)
def test_every_notation_of_the_field_is_read(text):
    assert SPACE.parse(text) == "8:16:64:8:24"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("8:16:64:8", "4 part"),
        ("8:16:64:8:25", "at layer 4: '25' is no width"),
        ((0, 1, 2, 3, 4), "at layer 0: 0 is no width"),
        ([8.0, 8, 8, 8, 8], "at layer 0"),
        (32_768, "an index is 0 to 32767"),
        (-1, "an index"),
        (True, "not a nats-sss"),
        ({"C": 16}, "no 'channels'"),
        ({"channels": "8:8:8:8:8", "genotype": "|none~0|"}, "not the cell"),
        ("{", "can't be read"),
        ("[8, 8", "can't be read"),
        ("", "not a nats-sss"),
        (None, "not a nats-sss"),
    ],
)
def test_what_is_no_architecture_is_refused_with_the_place(text, message):
    with pytest.raises(InputError, match=message):
        SPACE.parse(text)


def test_the_official_order_counts_in_the_last_layer_first():
    listed = SPACE.architectures()["architecture"].tolist()
    assert listed[:2] + listed[-1:] == ["8:8:8:8:8", "8:8:8:8:16", "64:64:64:64:64"]
    assert len(set(listed)) == SPACE.size == len(SPACE.population()) == 32_768
    assert SPACE.decode(SPACE.population()).tolist() == listed


def test_the_cell_is_one_of_nas_bench_201():
    assert get_space("nb201").parse(GENOTYPE) == GENOTYPE
