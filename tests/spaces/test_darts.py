"""DARTS on CIFAR-10, against P2's 478 rows, DARTS' published cell, and itself under round trips."""

import json
from collections import namedtuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.spaces.darts import OPERATIONS

SPACE = get_space("darts")
# The cell that DARTS publishes as DARTS_V2, in the notation of its genotypes.py.
PUBLISHED = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, 6))"
)


@pytest.fixture(scope="module")
def p2(shared):
    return pd.read_parquet(shared / "darts_cifar10_anon2102.parquet")


def test_size_is_p2s_ordered_pairs_of_distinct_inputs():
    per_cell = np.prod([node * (node - 1) * 49 for node in (2, 3, 4, 5)], dtype=object)
    assert per_cell**2 == SPACE.size == 275_647_219_316_498_534_400


def test_params_and_flops_equal_all_rows_of_p2(p2):
    described = SPACE.describe(p2["architecture"])
    assert len(p2) == 478
    assert described["params"].tolist() == p2["params"].tolist()
    assert described["flops"].tolist() == p2["flops"].tolist()


def test_row_six_of_p2_is_the_published_cell(p2):
    published, row = SPACE.describe([PUBLISHED, p2["architecture"][6]])["isomorphism_class"]
    assert published == row


def test_the_published_cell_has_its_published_costs():
    described = SPACE.describe([PUBLISHED], counted="all")
    assert described["params"].item() == 3_349_342
    assert round(described["flops"].item() / 1e6) == 528  # as papers that compare with DARTS give it


def test_the_auxiliary_head_adds_what_darts_own_head_has():
    without, with_head = (SPACE.describe([PUBLISHED], auxiliary=on)["params"].item() for on in (False, True))
    channels = 4 * 4 * 36
    assert with_head - without == channels * 128 + 256 + 128 * 768 * 4 + 1536 + 7690


def test_smaller_networks_cost_less_and_keep_their_order_of_magnitude():
    small = SPACE.describe([PUBLISHED], depth=5, width=8, resolution=16)
    assert 10_000 < small["params"].item() < 200_000
    assert small["flops"].item() < SPACE.describe([PUBLISHED])["flops"].item() / 100


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31))
def test_every_notation_survives_a_round_trip(seed):
    (architecture,) = SPACE.sample(1, seed=seed)
    assert SPACE.parse(architecture) == architecture
    assert SPACE.parse(SPACE.write(architecture, "genotype")) == architecture
    assert SPACE.parse(SPACE.write(architecture, "p2")) == architecture
    assert SPACE.decode(SPACE.encode([architecture])).tolist() == [architecture]
    # NASBench-301 has no slots: the same network, perhaps with its slots swapped.
    returned = SPACE.parse(SPACE.write(architecture, "nasbench301"))
    assert SPACE.truth_keys([returned]).tolist() == SPACE.truth_keys([architecture]).tolist()


def test_json_in_any_key_order_is_the_same_architecture(p2):
    keys = json.loads(p2["architecture"][0])
    shuffled = json.dumps(dict(reversed(keys.items())))
    assert SPACE.parse(shuffled) == SPACE.parse(p2["architecture"][0]) == SPACE.parse(keys)


def test_genotype_objects_and_mappings_are_read_as_text_is():
    kind = namedtuple("Genotype", "normal normal_concat reduce reduce_concat")
    genotype = eval(PUBLISHED, {"Genotype": kind})
    assert SPACE.parse(genotype) == SPACE.parse(PUBLISHED) == SPACE.parse(genotype._asdict())


def test_a_nasbench301_configuration_is_read_by_its_edge_numbers():
    prefix = "NetworkSelectorDatasetInfo:darts:"
    keys = {f"{prefix}inputs_node_{cell}_{node}": "0_2" for cell in ("normal", "reduce") for node in (3, 4, 5)}
    for cell in ("normal", "reduce"):  # edges 0->2, 1->2, then 0->3, 2->3, 0->4, 2->4, 0->5, 2->5
        keys |= {f"{prefix}edge_{cell}_{edge}": OPERATIONS[edge % 7] for edge in (0, 1, 2, 4, 5, 7, 9, 11)}
    keys["OptimizerSelector:sgd:learning_rate"] = 0.025
    expected = "+".join(
        f"|{OPERATIONS[a % 7]}~0|{OPERATIONS[b % 7]}~{source}|"
        for a, b, source in ((0, 1, 1), (2, 4, 2), (5, 7, 2), (9, 11, 2))
    )
    assert SPACE.parse(json.dumps(keys)) == f"normal:{expected};reduce:{expected}"


def test_swapped_slots_and_renumbered_nodes_are_one_class_but_changed_operations_are_not():
    cell = "|sep_conv_3x3~0|skip_connect~1|+|max_pool_3x3~0|dil_conv_5x5~1|+{}+|avg_pool_3x3~2|sep_conv_5x5~3|"
    third = "|skip_connect~2|skip_connect~3|"
    one = f"normal:{cell.format(third)};reduce:{cell.format(third)}"
    swapped = one.replace("|sep_conv_3x3~0|skip_connect~1|", "|skip_connect~1|sep_conv_3x3~0|")
    renumbered = (
        "|max_pool_3x3~0|dil_conv_5x5~1|+|sep_conv_3x3~0|skip_connect~1|+|avg_pool_3x3~3|sep_conv_5x5~2|+"
        "|skip_connect~2|skip_connect~3|"
    )
    changed = one.replace("avg_pool_3x3", "max_pool_3x3")
    keys = SPACE.truth_keys([one, swapped, f"normal:{renumbered};reduce:{renumbered}", changed]).tolist()
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_the_two_previous_cells_are_not_interchangeable():
    cell = "+".join(["|sep_conv_3x3~0|skip_connect~1|"] * 4)
    other = "+".join(["|sep_conv_3x3~1|skip_connect~0|"] * 4)
    first, second = SPACE.truth_keys([f"normal:{cell};reduce:{cell}", f"normal:{other};reduce:{other}"])
    assert first != second


def test_samples_are_distinct_repeatable_and_uniform_over_every_decision():
    sample = SPACE.sample(4000, seed=0)
    assert len(set(sample)) == 4000
    assert sample.tolist() == SPACE.sample(4000, seed=0).tolist()
    assert sample.tolist() != SPACE.sample(4000, seed=1).tolist()
    for name, column in SPACE.decide(sample).items():
        shares = column.value_counts(normalize=True)
        expected = 1 / len(column.cat.categories)
        assert (abs(shares - expected) < 5 * np.sqrt(expected / 4000)).all(), name


def test_drawn_choices_are_architectures_of_the_space():
    choices = SPACE.draw(50, np.random.default_rng(0))
    assert SPACE.encode(SPACE.decode(choices)).tolist() == choices.tolist()
    assert SPACE.population() is None


def test_operator_counts_are_the_sixteen_slots():
    described = SPACE.describe(SPACE.sample(20, seed=0))
    assert (described[[f"n_{op}" for op in OPERATIONS]].sum(axis=1) == 16).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("sep_conv_3x3", "sep_conv_7x7"), "unknown operation 'sep_conv_7x7'"),
        (("('sep_conv_3x3', 0), ('sep_conv_3x3', 1)", "('sep_conv_3x3', 0), ('none', 1)"), "unknown operation 'none'"),
        (("('sep_conv_3x3', 0), ('sep_conv_3x3', 1)", "('sep_conv_3x3', 0), ('sep_conv_3x3', 0)"), "two distinct"),
        (
            ("('sep_conv_3x3', 0), ('sep_conv_3x3', 1)", "('sep_conv_3x3', 0), ('sep_conv_3x3', 2)"),
            "not a node from 0 to 1",
        ),
        (("('sep_conv_3x3', 0), ('sep_conv_3x3', 1)", "('sep_conv_3x3', 0)"), "eight"),
        (("range(2, 6)", "range(3, 6)"), "reduce_concat"),
        (("range(2, 6)", "print('executed')"), "can't be read"),
        (("range(2, 6)", "range(10**12)"), "can't be read"),
        (("reduce=", "other="), "no reduce cell"),
    ],
)
def test_a_genotype_outside_the_space_says_where(change, says, capsys):
    with pytest.raises(InputError, match=r"darts|sep_conv") as error:
        SPACE.parse(PUBLISHED.replace(*change, 1))
    assert says in str(error.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("mend", "says"),
    [
        (lambda keys: keys.pop("reduce/5/1/op"), "reduce/5/1/op"),
        (lambda keys: keys.update({"reduce/6/0/op": "skip_connect"}), "reduce/6/0/op"),
        (lambda keys: keys.update({"normal/3/0/input": 3}), "normal/3/0: input 3"),
        (lambda keys: keys.update({"normal/3/0/input": 0.5}), "normal/3/0: input 0.5"),
        (lambda keys: keys.update({"normal/3/0/input": keys["normal/3/1/input"]}), "at normal/3: both inputs"),
    ],
)
def test_json_outside_the_space_says_which_key(mend, says):
    keys = json.loads(SPACE.write(SPACE.sample(1, seed=0)[0], "p2"))
    mend(keys)
    with pytest.raises(InputError) as error:
        SPACE.parse(json.dumps(keys))
    assert says in str(error.value)


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "normal:;reduce:", "Genotype(", "Genotype()", 7, None, "|skip_connect~0|"]
)
def test_what_is_no_architecture_is_refused(text):
    with pytest.raises(InputError):
        SPACE.parse(text)


def test_choices_out_of_range_are_refused():
    choices = SPACE.encode(SPACE.sample(1, seed=0))
    for column, value in ((1, 7), (1, -1), (0, 2), (0, -1)):
        wrong = choices.copy()
        wrong[0, column] = value
        with pytest.raises(InputError):
            SPACE.decode(wrong)


@pytest.mark.parametrize("options", [{"depth": 2}, {"width": 7}, {"resolution": 30}, {"dataset": "imagenet"}])
def test_networks_that_can_not_be_built_have_no_costs(options):
    with pytest.raises(InputError):
        SPACE.describe([PUBLISHED], **options)


def test_the_whole_space_can_not_be_listed():
    with pytest.raises(InputError, match="too many to list"):
        SPACE.architectures()


def test_nni_s_and_naslib_s_forms_are_written_as_theirs_and_read_back():
    architecture = SPACE.sample(1, seed=8)[0]
    compact, nni = SPACE.format(architecture, "naslib"), SPACE.format(architecture, "nni")
    slots = [body.strip("|").split("|") for body in architecture.split(";")[0].removeprefix("normal:").split("+")]
    first = [(int(each.split("~")[1]), OPERATIONS.index(each.split("~")[0])) for each in slots[0]]
    assert list(compact[0][:2]) == first and [len(cell) for cell in compact] == [8, 8]
    assert (nni["normal_0_input_x"], nni["normal_0_op_x"]) == (first[0][0], OPERATIONS[first[0][1]])
    assert nni["reduce_concat"] == [2, 3, 4, 5]
    for value in (compact, str(compact), [list(map(list, cell)) for cell in compact], nni, json.dumps(nni)):
        assert SPACE.parse(value) == architecture
    for value in (compact[:1], ((1,), (2,)), [[(0, 99)] * 8] * 2, "((", {**nni, "normal_3_op_y": "conv"}):
        with pytest.raises(InputError):
            SPACE.parse(value)
    with pytest.raises(InputError, match="no normal_3_op_y"):
        SPACE.parse({key: value for key, value in nni.items() if key != "normal_3_op_y"})
