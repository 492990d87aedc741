import pytest

import nasbias
from nasbias.spaces._wiring import Cell, Edge, Node, chain, wire
from nasbias.spaces.nb101 import OPERATIONS

SPACES = nasbias.list_spaces()


def operations_of(wirings):
    return sorted(
        part.text for cell in wirings for part in (*cell.nodes, *cell.wires) if part.text and not part.text.isdecimal()
    )


@pytest.mark.parametrize("name", SPACES)
def test_every_operation_of_an_architecture_stands_in_its_wiring_once(name):
    space = nasbias.get_space(name)
    known = {
        value for decision in space.decisions for value in decision.values if not value.replace("+", "").isdecimal()
    }
    for text in space.sample(20, seed=1):
        chosen = (
            [str(value) for value in space.decide([text]).iloc[0]] if name != "nb101" else text.split(":")[1].split(",")
        )
        drawn = [text for text in operations_of(space.wire(text)) if text not in ("input", "output")]
        assert drawn == sorted(value for value in chosen if value in known)


@pytest.mark.parametrize("name", SPACES)
def test_wires_lead_forward_to_nodes_that_are_there(name):
    space = nasbias.get_space(name)
    for text in space.sample(20, seed=2):
        for cell in space.wire(text):
            assert cell.wires and all(0 <= each.source < each.target < len(cell.nodes) for each in cell.wires)


def test_a_disconnected_nb201_cell_is_dead_and_only_such_a_cell_is():
    space = nasbias.get_space("nb201")
    table = space.architectures().groupby("is_valid").sample(60, random_state=0)
    for text, is_valid in zip(table["architecture"], table["is_valid"]):
        (cell,) = space.wire(text)
        assert all(node.is_dead for node in (cell.nodes[0], cell.nodes[3])) == (not is_valid)
        assert any(not each.is_dead for each in cell.wires) == is_valid


def test_an_edge_of_nothing_and_what_only_it_fed_are_dead():
    (cell,) = nasbias.get_space("nb201").wire(
        "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|nor_conv_3x3~1|avg_pool_3x3~2|"
    )
    dead = {(each.source, each.target) for each in cell.wires if each.is_dead}
    assert dead == {(0, 2), (1, 2), (2, 3)}
    assert [node.is_dead for node in cell.nodes] == [False, False, True, False]


def test_an_nb101_cell_outside_of_the_studys_sub_space_is_wired_as_its_matrix_says():
    (cell,) = nasbias.get_space("nb101").wire(f"110101:{OPERATIONS[0]},{OPERATIONS[2]}")
    assert [(each.source, each.target) for each in cell.wires] == [(0, 1), (0, 2), (1, 2), (2, 3)]
    assert [node.text for node in cell.nodes] == ["input", OPERATIONS[0], OPERATIONS[2], "output"]
    assert not any(part.is_dead for part in (*cell.nodes, *cell.wires))


def test_an_identity_is_dead_only_after_the_first_layer_of_its_stage():
    (cell,) = nasbias.get_space("nb-macro").wire("00000000")
    assert [node.is_dead for node in cell.nodes] == [False, True, False, True, True, False, True, True]


def test_a_space_without_cells_is_a_chain_of_its_decisions():
    (cell,) = wire([chain("x", ["a", "b"])], {"a": "one", "b": "two"})
    assert [node.text for node in cell.nodes] == ["one", "two"] and [each.source for each in cell.wires] == [0]


def test_an_edge_whose_source_is_chosen_may_have_several():
    cell = Cell("c", (Node("0"), Node("1"), Node("2")), (Edge(0, 1), Edge("from", 2, "op")))
    (wired,) = wire([cell], {"from": "0+1", "op": "pool"})
    assert [(each.source, each.target, each.text) for each in wired.wires] == [
        (0, 1, ""),
        (0, 2, "pool"),
        (1, 2, "pool"),
    ]
