"""NAS-Bench-101 cells as NASLib, NNI and AceNAS write them."""

import numpy as np
import pytest

from nasbias.errors import InputError
from nasbias.spaces import get_space

SPACE = get_space("nb101")
SMALL = "110101:conv3x3-bn-relu,maxpool3x3"  # 0->1, 0->2, 1->3... four vertices


def test_each_format_is_written_as_its_package_writes_it():
    assert SPACE.format(SMALL, "nasbench") == {
        "matrix": [[0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]],
        "ops": ["input", "conv3x3-bn-relu", "maxpool3x3", "output"],
    }
    flat = (0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0)
    assert SPACE.format(SMALL, "naslib") == (*flat, 0, 4, 2, 1)
    nni = {"op1": "conv3x3-bn-relu", "op2": "maxpool3x3", "input1": [0], "input2": [0, 1], "input3": [2]}
    assert SPACE.format(SMALL, "nni") == nni
    padded = {
        "op3": "maxpool3x3",
        "op4": "maxpool3x3",
        "op5": "maxpool3x3",
        "input3": [0],
        "input4": [0],
        "input5": [0],
    }
    assert SPACE.format(SMALL, "acenas") == nni | padded | {"num_vertices": 4, "input6": [2]}


@pytest.mark.parametrize("subset", ["all", "study"])
def test_cells_of_every_size_come_back(subset):
    smaller = [SMALL, "1:", "111:conv1x1-bn-relu"]
    for cell in [*SPACE.sample(40, seed=0, subset=subset).tolist(), *smaller]:
        for notation in SPACE.formats:
            returned = SPACE.parse(SPACE.format(cell, notation))
            assert SPACE.truth_keys([returned]).tolist() == SPACE.truth_keys([cell]).tolist(), notation
            assert returned == cell or notation == "hash"


def test_nasbench_s_own_specs_are_read_as_objects_and_hash_alike():
    model_spec = pytest.importorskip("nasbench_pytorch.model").ModelSpec
    for cell in SPACE.sample(20, seed=3, subset="all"):
        spec = SPACE.format(cell, "nasbench")
        given = model_spec(np.array(spec["matrix"]), spec["ops"])
        assert SPACE.parse(given) == cell


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ((0, 1, 0, 0, 0, 9), "not an nb101 architecture"),
        ({"op1": "conv3x3-bn-relu", "input1": [0], "input2": [3]}, "input2 must list earlier vertices, not 3"),
        ({"num_vertices": 4, "op1": "maxpool3x3", "input1": [0]}, "lacks"),
    ],
)
def test_what_is_no_cell_is_refused(value, says):
    with pytest.raises(InputError, match=says):
        SPACE.parse(value)
