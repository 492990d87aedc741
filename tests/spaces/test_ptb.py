"""DARTS-PTB: published cells and counts, P2's real cells, and round trips between the notations."""

import itertools
import json
from collections import namedtuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.spaces.ptb import ACTIVATIONS, STEPS, _walk, count_flops, count_params, to_genotype, to_json

PTB = get_space("ptb")
DARTS_V1 = (
    "Genotype(recurrent=[('relu', 0), ('relu', 1), ('tanh', 2), ('relu', 3), ('relu', 4), ('identity', 1), "
    "('relu', 5), ('relu', 1)], concat=range(1, 9))"
)
DARTS_V2 = (
    "Genotype(recurrent=[('sigmoid', 0), ('relu', 1), ('relu', 1), ('identity', 1), ('tanh', 2), ('sigmoid', 5), "
    "('tanh', 3), ('relu', 5)], concat=range(1, 9))"
)
V2 = "sigmoid~0+relu~1+relu~1+identity~1+tanh~2+sigmoid~5+tanh~3+relu~5"

cells = st.tuples(
    *(st.integers(0, len(ACTIVATIONS) - 1) for _ in range(STEPS)), *(st.integers(0, step) for step in range(STEPS))
)


def test_the_space_has_p2s_number_of_cells():
    assert PTB.size == 2_642_411_520 == np.prod([len(decision.values) for decision in PTB.decisions])
    with pytest.raises(InputError, match="too many to list"):
        PTB.architectures()


@given(cells)
@settings(max_examples=50, deadline=None)
def test_every_notation_of_a_cell_is_the_same_cell(choices):
    architecture = PTB.decode(np.array([choices]))[0]
    assert PTB.encode([architecture]).tolist() == [list(choices)]
    assert PTB.parse(architecture) == architecture
    assert PTB.parse(to_genotype(architecture)) == architecture
    assert PTB.parse(to_json(architecture)) == architecture


def test_darts_published_cells_are_read():
    assert PTB.parse(DARTS_V2) == V2
    assert to_genotype(PTB.parse(DARTS_V1)) == DARTS_V1
    genotype = namedtuple("Genotype", "recurrent concat")
    pairs = [tuple(token.split("~")) for token in V2.split("+")]
    recurrent = [(name, int(source)) for name, source in pairs]
    assert PTB.parse(genotype(recurrent, range(1, 9))) == V2
    assert PTB.parse(recurrent) == V2


def test_a_json_in_another_key_order_is_the_same_cell():
    slots = json.loads(to_json(V2))
    shuffled = dict(sorted(slots.items(), key=lambda item: item[0][::-1]))
    backwards = dict(reversed(slots.items()))
    assert PTB.parse(json.dumps(shuffled)) == PTB.parse(json.dumps(backwards, indent=2)) == PTB.parse(slots) == V2


def test_p2s_230_rows_are_137_cells(shared):
    rows = pd.read_parquet(shared / "darts_ptb_anon2102.parquet")["architecture"]
    parsed = PTB.parse_all(rows)
    assert len(set(parsed)) == 137
    assert [json.loads(to_json(cell)) for cell in parsed] == [json.loads(text) for text in rows]


def test_parameters_are_the_23_million_of_darts_table_and_equal_for_all():
    described = PTB.describe(PTB.sample(50, seed=0))
    assert described["params"].unique().tolist() == [22_960_000]
    assert described["is_valid"].all()
    assert count_params(hidden=2, vocabulary=3) == 16 + 8 * 8 + 6 + 3
    assert count_flops(hidden=2, vocabulary=3) == 16 + 8 * 8 + 6
    assert PTB.describe([V2], hidden=2, vocabulary=3)["params"].item() == 89


def test_operations_are_counted_per_cell():
    row = PTB.describe([V2]).iloc[0]
    assert [row[f"n_{name}"] for name in ACTIVATIONS] == [2, 3, 2, 1]
    assert PTB.describe([to_json(V2)])["architecture"].item() == V2
    assert PTB.describe([]).empty


def test_samples_are_distinct_reproducible_and_uniform_in_every_decision():
    sample = PTB.sample(4_000, seed=1)
    assert len(set(sample)) == 4_000
    assert (sample == PTB.sample(4_000, seed=1)).all()
    assert (sample != PTB.sample(4_000, seed=2)).any()
    choices = PTB.encode(sample)
    for i, decision in enumerate(PTB.decisions):
        values = len(decision.values)
        share = np.bincount(choices[:, i], minlength=values) / len(sample)
        assert len(share) == values
        assert np.abs(share - 1 / values).max() < 5 * np.sqrt(1 / values * (1 - 1 / values) / len(sample)) + 1e-12
    with pytest.raises(InputError, match="can't sample"):
        PTB.sample(PTB.size + 1, seed=0)


def test_draws_are_uniform_and_follow_the_generator():
    drawn = PTB.draw(4_000, np.random.default_rng(0))
    for i, decision in enumerate(PTB.decisions):
        share = np.bincount(drawn[:, i], minlength=len(decision.values)) / len(drawn)
        assert np.abs(share - 1 / len(decision.values)).max() < 0.04
    assert (drawn == PTB.draw(4_000, np.random.default_rng(0))).all()
    assert PTB.population() is None


def test_decisions_are_named_as_in_p2():
    table = PTB.decide([V2])
    assert list(table.columns) == [f"{kind}/{i}" for kind in ("act", "switch") for i in range(8)]
    assert "+".join(f"{table[f'act/{i}'].item()}~{table[f'switch/{i}'].item()}" for i in range(8)) == V2


def count_trees(steps: int, colours: int) -> int:
    """Rooted trees with `steps` coloured nodes below a plain root, by the Euler transform (Polya)."""
    trees = [0] * (steps + 2)  # trees[n]: n nodes, root coloured
    forests = [1] + [0] * (steps + 1)
    for n in range(1, steps + 2):
        forests[n - 1] = forests[n - 1] if n == 1 else _forests(trees, n - 1, forests)
        trees[n] = colours * forests[n - 1]
    return forests[steps]


def _forests(trees: list[int], n: int, forests: list[int]) -> int:
    total = sum(sum(d * trees[d] for d in range(1, k + 1) if k % d == 0) * forests[n - k] for k in range(1, n + 1))
    return total // n


def test_the_tree_count_itself_is_right():
    assert [count_trees(steps, 1) for steps in range(9)] == [1, 1, 2, 4, 9, 20, 48, 115, 286]  # OEIS A000081


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_isomorphism_classes_are_counted_by_polya(steps):
    activations = itertools.product(range(4), repeat=steps)
    cells = [
        (*acts, *sources)
        for acts in activations
        for sources in itertools.product(*(range(step + 1) for step in range(steps)))
    ]
    assert len({_walk(cell) for cell in cells}) == count_trees(steps, colours=4)


@given(cells, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_renaming_steps_keeps_the_class_and_the_class_is_a_member(choices, random):
    activations, sources = choices[:STEPS], choices[STEPS:]
    name, ready, renamed = {0: 0}, [], [[], []]
    for _ in range(STEPS):  # any order in which every step comes after its predecessor
        ready = [s for s in range(1, STEPS + 1) if s not in name and sources[s - 1] in name]
        step = random.choice(ready)
        name[step] = len(name)
        renamed[0].append(activations[step - 1])
        renamed[1].append(name[sources[step - 1]])
    cell, other = PTB.decode(np.array([choices, renamed[0] + renamed[1]]))
    described = PTB.describe([cell, other])["isomorphism_class"]
    assert described[0] == described[1]
    assert PTB.describe([described[0]])["isomorphism_class"].item() == described[0] == PTB.parse(described[0])


def test_a_different_activation_is_another_class():
    other = V2.replace("identity", "tanh")
    assert PTB.describe([V2, other])["isomorphism_class"].nunique() == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (V2.replace("identity~1", "swish~1"), r"at act/3: unknown activation 'swish'.*identity \(3\)"),
        (V2.replace("relu~1", "relu~2", 1), "at switch/1: the predecessor must be 0 to 1, not 2"),
        (V2.replace("sigmoid~0", "sigmoid~-1"), "at switch/0: the predecessor must be 0 to 0, not '-1'"),
        (V2 + "+tanh~0", r"has 9 step\(s\) separated by '\+', ptb has 8"),
        ("", r"has 1 step\(s\)"),
        (to_json(V2).replace('"switch/3": 1, ', ""), "slot 'switch/3' is missing"),
        (to_json(V2).replace('"act/0"', '"act/8"'), "slot 'act/0' is missing"),
        (to_json(V2)[:-1] + ', "act/8": 0}', "'act/8' is no slot"),
        (to_json(V2).replace('"act/0": 2', '"act/0": 4'), "at act/0: unknown activation 4"),
        (to_json(V2).replace('"act/0": 2', '"act/0": true'), "at act/0: unknown activation True"),
        (to_json(V2).replace('"switch/7": 5', '"switch/7": 8'), "at switch/7: the predecessor must be 0 to 7, not 8"),
        (to_json(V2).replace('"switch/7": 5', '"switch/7": "5"'), "at switch/7: the predecessor must be 0 to 7"),
        (to_json(V2)[:-1], "not whole JSON"),
        (DARTS_V2.replace("range(1, 9)", "[2, 5]"), r"mean of all steps, concat=range\(1, 9\), not \[2, 5\]"),
        (DARTS_V2.replace("('sigmoid', 0), ", ""), r"has 7 step\(s\)"),
        (DARTS_V2.replace("('sigmoid', 0)", "__import__('os').getcwd()"), "can't be read as Genotype"),
        (DARTS_V2[:40], "can't be read as Genotype"),
        ("[('relu',), 3]", "is a list of pairs"),
        (17, "not a ptb cell: 17"),
    ],
)
def test_what_is_not_a_cell_is_refused_with_its_place(text, message):
    with pytest.raises(InputError, match=message):
        PTB.parse(text)
