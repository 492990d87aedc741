"""Depth and operation counts."""

import pytest

from nasbias.proxies.structure import describe_structure, measure_depth
from nasbias.spaces import get_space, list_spaces


@pytest.mark.parametrize(
    ("space", "architecture", "depth"),
    [
        ("nb201", "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|", 3),
        ("nb201", "|skip_connect~0|+|none~0|skip_connect~1|+|nor_conv_3x3~0|none~1|skip_connect~2|", 1),
        ("nb201", "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_1x1~2|", -1),
        ("nb201", "|skip_connect~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|", 0),
        ("darts64", "111", 2),
        ("ptb", "relu~0+relu~0+relu~0+relu~0+relu~0+relu~0+relu~0+relu~0", 1),
        ("ptb", "relu~0+relu~1+relu~2+relu~3+relu~4+relu~5+relu~6+relu~7", 8),
        (
            "darts",
            "normal:|sep_conv_3x3~0|sep_conv_3x3~1|+|sep_conv_3x3~2|skip_connect~0|+|skip_connect~3|skip_connect~0|+"
            "|max_pool_3x3~4|skip_connect~0|;"
            "reduce:|skip_connect~0|skip_connect~1|+|skip_connect~0|skip_connect~1|+|skip_connect~0|skip_connect~1|+"
            "|skip_connect~0|sep_conv_5x5~1|",
            4,
        ),
    ],
)
def test_depth_is_the_longest_way_without_skips(space, architecture, depth):
    space = get_space(space)
    assert list(measure_depth(space, [space.parse(architecture)])) == [depth]


def test_depth_of_nb101_is_that_of_its_graph():
    space = get_space("nb101")
    cells = space.sample(40, seed=0).tolist()
    for cell, found in zip(cells, measure_depth(space, cells)):
        digits, _, _ = cell.partition(":")
        edges = [(x, y) for x in range(7) for y in range(x + 1, 7)]
        edges = [edge for edge, digit in zip(edges, digits) if digit == "1"]

        def longest(node, edges=edges):
            return max((longest(x, edges) + (node < 6) for x, y in edges if y == node), default=0)

        assert found == longest(6), cell


@pytest.mark.parametrize("name", list_spaces())
def test_every_space_counts_its_operations(name):
    space = get_space(name)
    try:
        architectures = space.sample(5, seed=0).tolist()
    except NotImplementedError:
        pytest.skip(f"{name} can't be sampled")
    table = describe_structure(space, architectures)
    described = space.describe(architectures)
    for column in table.columns.drop("depth", errors="ignore"):
        assert table[column].tolist() == described[column].tolist()
