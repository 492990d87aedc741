"""NAS-Bench-201 cells as other packages write them, against those packages where they install."""

import json

import numpy as np
import pytest

from nasbias.errors import InputError
from nasbias.spaces import get_space

SPACE = get_space("nb201")
TEXT = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|none~1|nor_conv_3x3~2|"


def test_each_format_is_written_as_its_package_writes_it():
    assert SPACE.format(TEXT, "naslib") == (4, 3, 3, 0, 1, 2)  # edges 0-1 0-2 0-3 1-2 1-3 2-3
    assert SPACE.format(TEXT, "aw_nas") == [[0, 0, 0, 0], [4, 0, 0, 0], [2, 1, 0, 0], [2, 0, 3, 0]]
    assert SPACE.format(TEXT, "autodl") == [
        [("avg_pool_3x3", 0)],
        [("nor_conv_1x1", 0), ("skip_connect", 1)],
        [("nor_conv_1x1", 0), ("none", 1), ("nor_conv_3x3", 2)],
    ]
    assert SPACE.format(TEXT, "few_shot_nas").startswith("[[['avg_pool_3x3', 0]], [['nor_conv_1x1', 0], ['skip_con")
    nni = {"0_1": "avg_pool_3x3", "0_2": "conv_1x1", "1_2": "skip_connect", "0_3": "conv_1x1", "1_3": "none"}
    assert SPACE.format(TEXT, "nni") == SPACE.format(TEXT, "acenas") == nni | {"2_3": "conv_3x3"}


def test_the_official_api_reads_and_writes_the_same_structures_and_matrices():
    api = pytest.importorskip("nas_201_api").NASBench201API
    for text in SPACE.sample(30, seed=0, subset="all"):
        lists, matrix = api.str2lists(text), api.str2matrix(text)
        assert [list(node) for node in lists] == SPACE.format(text, "autodl")
        assert matrix.tolist() == SPACE.format(text, "aw_nas")
        assert SPACE.parse(lists) == SPACE.parse(matrix) == SPACE.parse(matrix.tolist()) == text


def test_naslib_s_own_conversion_gives_the_same_six_digits():
    """Its `convert_str_to_op_indices`, written anew from its description: split, look up, in its edge order."""
    names = ["skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3"]
    for text in SPACE.sample(30, seed=1, subset="all"):
        nodes = [[part.split("~")[0] for part in node.strip("|").split("|")] for node in text.split("+")]
        digits = [nodes[v - 1][u] for u, v in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))]
        assert SPACE.format(text, "naslib") == tuple(map(names.index, digits))


def test_an_object_with_nodes_is_autodl_s_structure():
    structure = type("Structure", (), {"nodes": SPACE.format(TEXT, "autodl")})()
    assert SPACE.parse(structure) == TEXT


def test_lists_and_matrices_are_read_from_text_and_in_bulk():
    structure, matrix = SPACE.format(TEXT, "autodl"), SPACE.format(TEXT, "aw_nas")
    for value in (str(structure), json.dumps(structure), str(matrix), structure, matrix, np.array(matrix, dtype=float)):
        assert SPACE.parse_all([value]).tolist() == [TEXT]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([[0] * 4] * 3, "neither a 4x4 matrix"),
        ([[0, 0, 0, 0], [5, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], "operation numbers, 0 to 4, not 5"),
        ([[0, 0, 0, 0], [0.5, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], "not 0.5"),
        ([[0, 4, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], "row 0, column 1 must be 0"),
        ([[("none", 0)], [("none", 0), ("none", 0)], [("none", 0), ("none", 1), ("none", 2)]], "node 2 inputs 0 and 1"),
        (
            [[("conv", 0)], [("none", 0), ("none", 1)], [("none", 0), ("none", 1), ("none", 2)]],
            "unknown operation 'conv'",
        ),
    ],
)
def test_what_is_no_cell_is_refused_where_it_departs(value, says):
    with pytest.raises(InputError, match=says):
        SPACE.parse(value)
