"""NAS-Bench-101's space: published counts, the shared sample's hashes and parameters, nasbench-pytorch as oracle."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbias.errors import InputError
from nasbias.spaces import _nb101_cells as cells
from nasbias.spaces import get_space
from nasbias.spaces._nb101_hash import md5_rows
from nasbias.spaces.nb101 import OPERATIONS

SPACE = get_space("nb101")
CELL = "110101:conv3x3-bn-relu,maxpool3x3"


@pytest.fixture(scope="session")
def sample(shared):
    return pd.read_parquet(shared / "nb101_subset_val.parquet")


@pytest.fixture(scope="module")
def small_listing():
    """A list of hashes that stands for the whole; that of the cells of up to 5 vertices."""
    listed = cells.list_cells()
    few = listed.vertices <= 5
    return cells.Cells(listed.topologies, listed.topology[few], listed.labelling[few])


@st.composite
def specs(draw):
    """Matrix and operations of 2 to 7 vertices, dangling parts and too many edges included."""
    n = draw(st.integers(2, 7))
    matrix = np.zeros((n, n), dtype=int)
    for x, y in zip(*np.triu_indices(n, 1)):
        matrix[x, y] = draw(st.integers(0, 1))
    return matrix, draw(st.lists(st.sampled_from(OPERATIONS), min_size=n - 2, max_size=n - 2))


def test_the_list_has_the_published_number_of_cells_for_each_number_of_vertices():
    listed = cells.list_cells()
    assert len(listed) == SPACE.size == 423_624
    counts = np.bincount(listed.vertices)
    assert {n: counts[n] for n in range(2, 8)} == {7: 359_082, 6: 62_010, 5: 2_441, 4: 84, 3: 6, 2: 1}
    edges = np.array([bin(code).count("1") for _, code in listed.topologies])
    assert edges.max() == 9


def test_every_listed_cell_is_its_own_representative_and_canonical():
    texts = SPACE.members("all")
    assert len(set(texts)) == 423_624
    assert (SPACE.parse_all(texts) == texts).all()
    assert (SPACE.truth_keys(texts) == texts).all()


def test_cells_of_up_to_five_vertices_have_distinct_hashes(small_listing):
    assert len(set(cells.compute_hashes(small_listing))) == len(small_listing) == 2_532


def test_the_shared_sample_has_our_hashes_and_parameters_and_is_in_our_list(sample):
    texts = (sample["adjacency"] + ":" + sample["ops"]).tolist()
    described = SPACE.describe(texts)
    assert len(described) == 25_001
    assert (described["architecture"] == texts).all()
    assert (described["isomorphism_class"] == sample["module_hash"]).all()
    assert (described["params"] == sample["trainable_parameters"]).all()
    assert (described["vertices"] == sample["num_vertices"]).all()
    assert set(texts) <= set(SPACE.members("all"))


@settings(max_examples=60, deadline=None)
@given(specs())
def test_pruning_hash_and_parameters_are_nasbench_pytorchs(spec):
    torch = pytest.importorskip("torch")
    graph_util = pytest.importorskip("nasbench_pytorch.model.graph_util")
    from nasbench_pytorch.model.model import Network, Placeholder
    from nasbench_pytorch.model.model_spec import ModelSpec

    matrix, operations = spec
    theirs = None
    try:
        theirs = ModelSpec(matrix.copy(), ["input", *operations, "output"])
    except RuntimeError:  # what it does with a disconnected cell
        with pytest.raises(InputError, match="can't be reached"):
            SPACE.parse((matrix, operations))
        return
    assert theirs.matrix is not None and theirs.ops is not None
    pruned = theirs.matrix.numpy()
    if pruned.sum() > 9:
        with pytest.raises(InputError, match="at most 7 and 9"):
            SPACE.parse((matrix, operations))
        return
    (row,) = SPACE.describe([SPACE.parse((matrix, operations))]).to_dict("records")
    labels = [-1, *(OPERATIONS.index(name) for name in theirs.ops[1:-1]), -2]
    assert row["isomorphism_class"] == graph_util.hash_module(pruned, labels)
    assert [row["vertices"], row["edges"]] == [len(pruned), pruned.sum()]
    with torch.device("meta"):
        network = Network(theirs)
    dummies = sum(isinstance(module, Placeholder) for module in network.modules())
    assert row["params"] == sum(p.numel() for p in network.parameters() if p.requires_grad) - dummies


@settings(max_examples=60, deadline=None)
@given(specs(), st.randoms(use_true_random=False))
def test_renaming_vertices_changes_neither_hash_nor_truth_key(spec, random):
    matrix, operations = spec
    try:
        cell = SPACE.parse((matrix, operations))
    except InputError:
        return
    n = len(matrix)
    order = [0, *random.sample(range(1, n - 1), n - 2), n - 1]
    moved = matrix[np.ix_(order, order)]
    if np.tril(moved).any():
        return
    other = SPACE.parse((moved, [operations[v - 1] for v in order[1:-1]]))
    assert SPACE.hashes([cell])[0] == SPACE.hashes([other])[0]
    assert SPACE.truth_keys([cell])[0] == SPACE.truth_keys([other])[0]


def test_cells_hashed_together_and_one_by_one_have_the_same_hash(monkeypatch):
    drawn = cells.read_cells(SPACE.sample(300, seed=5, subset="all"))
    apart = cells.compute_hashes(drawn)
    monkeypatch.setattr(cells, "_VECTORS_PAY", 1)
    assert (cells.compute_hashes(drawn) == apart).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 200), st.integers(1, 5))
def test_md5_of_many_messages_is_hashlibs(length, count):
    messages = np.random.default_rng(length).integers(0, 256, (count, length), dtype=np.uint8)
    assert [row.tobytes() for row in md5_rows(messages)] == [hashlib.md5(row.tobytes()).digest() for row in messages]


def test_truth_keys_are_as_fine_as_module_hashes():
    drawn = SPACE.sample(3_000, seed=1)
    assert len(set(zip(SPACE.truth_keys(drawn), SPACE.hashes(drawn)))) == len(set(SPACE.hashes(drawn)))
    assert len(set(SPACE.truth_keys(drawn))) == len(set(SPACE.hashes(drawn)))


def test_flops_are_those_of_a_real_network():
    nn = pytest.importorskip("torch.nn")
    import torch
    from nasbench_pytorch.model.model import Network
    from nasbench_pytorch.model.model_spec import ModelSpec

    cell = "101001101010001:conv3x3-bn-relu,conv1x1-bn-relu,maxpool3x3,conv3x3-bn-relu"
    matrix = np.zeros((6, 6), dtype=int)
    matrix[np.triu_indices(6, 1)] = [int(bit) for bit in cell.partition(":")[0]]
    network = Network(ModelSpec(matrix, ["input", *cell.partition(":")[2].split(","), "output"])).eval()
    counted = []

    def count(module, inputs, output):
        pixels = output.shape[2] * output.shape[3] if output.dim() == 4 else 1
        counted.append(module.weight.numel() * pixels)

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.zeros(1, 3, 32, 32))
    assert SPACE.describe([cell])["flops"][0] == sum(counted)


def test_the_study_has_the_published_counts():
    study = SPACE.members("study")
    assert len(set(study)) == 95_985
    assert len({text.partition(":")[0] for text in study}) == 395
    assert len(set(SPACE.truth_keys(study))) == len(SPACE.members("study-unique")) == 42_228
    assert set(SPACE.members("study-unique")) <= set(study)


def test_choices_of_the_study_survive_a_round_trip():
    drawn = SPACE.sample(200, seed=0)
    choices = SPACE.encode(drawn)
    assert (SPACE.decode(choices) == drawn).all()
    assert (choices < [len(decision.values) for decision in SPACE.decisions]).all()
    population = SPACE.population()
    assert population is not None
    assert len(set(map(tuple, population.tolist()))) == 95_985


def test_decisions_name_operations_and_parents():
    cell = SPACE.parse(
        {f"op{v}": "conv3x3" for v in range(1, 5)}
        | {"op5": "maxpool3x3", "input2": [1], "input3": [2], "input4": [0, 1], "input5": [0, 3], "input6": [4, 5]}
    )
    row = SPACE.decide([cell]).iloc[0]
    assert row.to_dict() == {
        **{f"op{v}": "conv3x3-bn-relu" for v in range(1, 5)},
        **{"op5": "maxpool3x3", "input2": "1", "input3": "2", "input4": "0+1", "input5": "0+3", "input6": "4+5"},
    }


def test_a_cell_outside_the_study_has_no_choices():
    with pytest.raises(InputError, match=r"1 of 1 cells are not in the study.*110101"):
        SPACE.encode([CELL])
    with pytest.raises(InputError, match="loose end"):
        SPACE.decode(np.zeros((1, 10), dtype=int))


def test_sampling_is_reproducible_and_without_repetition():
    for subset in SPACE.subsets:
        drawn = SPACE.sample(500, seed=3, subset=subset)
        assert (drawn == SPACE.sample(500, seed=3, subset=subset)).all()
        assert len(set(drawn)) == 500
    with pytest.raises(InputError, match="unknown subset"):
        SPACE.sample(1, seed=0, subset="stduy")
    with pytest.raises(InputError, match="42,229"):
        SPACE.sample(42_229, seed=0, subset="study-unique")


MATRIX = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    "text",
    [
        "110011:conv3x3-bn-relu,maxpool3x3",
        " 110011:conv3x3, maxpool3x3 ",
        "0110000100010000:conv3x3,maxpool3x3",
        json.dumps([MATRIX, ["input", "conv3x3-bn-relu", "maxpool3x3", "output"]]),
        json.dumps([MATRIX, ["conv3x3-bn-relu", "maxpool3x3"]]),
        (np.array(MATRIX), ["conv3x3-bn-relu", "maxpool3x3"]),
        json.dumps({"ops": ["conv3x3", "maxpool3x3"], "matrix": MATRIX}),
        {"module_adjacency": np.array(MATRIX), "module_operations": ["input", "conv3x3", "maxpool3x3", "output"]},
        "1101001001:conv3x3-bn-relu,maxpool3x3,conv1x1-bn-relu",  # one vertex leads nowhere, one comes from nowhere
    ],
)
def test_every_notation_gives_the_same_cell(text):
    expected = "110011:conv3x3-bn-relu,maxpool3x3" if "1101001001" not in str(text) else CELL_OF_PRUNED
    assert SPACE.parse(text) == expected
    assert SPACE.parse_all([text, "1:"]).tolist() == [expected, "1:"]


CELL_OF_PRUNED = "111:conv3x3-bn-relu"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 95_984))
def test_p2s_mapping_is_read_as_masks_indices_and_names(index):
    (cell,) = cells_of_study([index])
    names, parents = SPACE.decide([cell]).iloc[0], {"input1": [True]}
    for v in range(2, 7):
        chosen = [int(u) for u in names[f"input{v}"].split("+")]
        parents[f"input{v}"] = [u in chosen for u in range(v)]
    one_hot = {f"op{v}": [names[f"op{v}"] == op for op in OPERATIONS] for v in range(1, 6)}
    by_name = {f"op{v}": names[f"op{v}"] for v in range(1, 6)}
    assert SPACE.parse(json.dumps(one_hot | parents)) == cell
    assert SPACE.parse(by_name | parents) == cell


def cells_of_study(indices):
    return SPACE.members("study")[indices]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("conv3x3", "neither a module hash"),
        ("1121:conv3x3,conv3x3", "position 2"),
        ("11:conv3x3", "2 digits are no upper triangle"),
        ("110101:conv3x3", "4 vertices need 2 operations between input and output, not 1"),
        ("110101:conv3x3,conv5x5", r"at vertex 2: unknown operation 'conv5x5'. Known operations: conv3x3-bn-relu"),
        ("110000:conv3x3,conv3x3", "can't be reached"),
        ("1" * 21 + ":" + ",".join(["conv3x3"] * 5), "21 edges after pruning"),
        ("[[[0, 1], [1, 0]], []]", "upper triangular"),
        ("[[[0, 2], [0, 0]], []]", "0 and 1"),
        ("[[0, 1], []]", "square"),
        ("[1,", "can't be read"),
        ('{"op1": [true, false, false]}', "lacks op2, op3, op4, op5, input2"),
        (None, "not an nb101 architecture"),
        (7, "not an nb101 architecture"),
        ("", "neither a module hash"),
    ],
)
def test_what_is_no_cell_is_an_error_that_says_where(text, message):
    with pytest.raises(InputError, match=message) as caught:
        SPACE.parse(text)
    assert "\n" not in str(caught.value)


def test_p2s_mapping_with_a_wrong_value_names_it():
    good = {f"op{v}": "conv3x3" for v in range(1, 6)} | {f"input{v}": [0] for v in range(1, 6)} | {"input6": [1, 2]}
    with pytest.raises(InputError, match="input4 must be a mask"):
        SPACE.parse(good | {"input4": [9]})
    with pytest.raises(InputError, match="op2 must be an operation"):
        SPACE.parse(good | {"op2": [1, 1, 0]})


def test_bad_cells_among_many_are_counted():
    with pytest.raises(InputError, match=r"2 of 3 architectures are not in nb101; the first: '0:'"):
        SPACE.parse_all([CELL, "0:", "0:"])


@pytest.fixture
def listing_of_small_cells(monkeypatch, small_listing):
    """Hash look-up over the small list instead of all 423,624 (20 s); the file and the look-up are the real ones."""
    caches = (cells.listed_hashes, cells.hash_of_representative, cells.representative_of_hash)
    monkeypatch.setattr(cells, "list_cells", lambda: small_listing)
    for cache in caches:
        cache.cache_clear()
    yield small_listing
    for cache in caches:
        cache.cache_clear()


def test_a_hash_is_read_through_the_list_which_is_kept(listing_of_small_cells, capsys):
    from nasbias.files import data_folder

    module_hash = SPACE.hashes([CELL])[0]
    (expected,) = SPACE.truth_keys([CELL])
    assert SPACE.parse(module_hash.upper()) == expected
    assert "once" in capsys.readouterr().err
    (kept,) = data_folder().iterdir()
    for cache in (cells.listed_hashes, cells.hash_of_representative, cells.representative_of_hash):
        cache.cache_clear()
    assert SPACE.parse(module_hash) == expected
    assert capsys.readouterr().err == ""
    with pytest.raises(InputError, match=r"no cell with module hash '0{32}'"):
        SPACE.parse("0" * 32)
    kept.write_bytes(kept.read_bytes()[:-7])  # a damaged file is made anew
    for cache in (cells.listed_hashes, cells.hash_of_representative, cells.representative_of_hash):
        cache.cache_clear()
    assert SPACE.parse(module_hash) == expected
