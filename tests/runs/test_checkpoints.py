"""A checkpoint is whole or absent, and gives back what was put in."""

import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.runs.checkpoints import load_weights, read_tensors, write_tensors  # noqa: E402

TENSORS = {
    "network.weight": torch.arange(12.0).reshape(3, 4).T,  # not contiguous
    "network.steps": torch.tensor(7),
    "momentum.weight": torch.ones(2, requires_grad=True),
}
STATE = {"epoch": 3, "log": [{"loss": 0.1}]}


@pytest.fixture
def path(tmp_path):
    write_tensors(tmp_path / "checkpoints" / "a.safetensors", TENSORS, STATE)
    return tmp_path / "checkpoints" / "a.safetensors"


def test_tensors_and_state_come_back_as_they_were(path):
    tensors, state = read_tensors(path)
    assert state == STATE
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensor, TENSORS[name]) for name, tensor in tensors.items())
    assert [each.name for each in path.parent.iterdir()] == ["a.safetensors"]


def test_a_prefix_chooses_tensors_and_is_cut_off(path):
    tensors, state = read_tensors(path, "network.")
    assert sorted(tensors) == ["steps", "weight"]
    assert state == STATE


def test_a_write_that_fails_leaves_the_checkpoint_that_was_there(path):
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_tensors(path, TENSORS, {"epoch": object()})
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["a.safetensors"]


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_a_cut_checkpoint_is_an_error_of_one_line(path, length):
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError, match=r"a\.safetensors: (not a whole nasbias checkpoint|is damaged)") as error:
        read_tensors(path)
    assert "\n" not in str(error.value)


def test_a_file_of_tensors_that_nasbias_did_not_write_is_refused(tmp_path):
    import safetensors.torch

    for metadata in (None, {"state": "{"}, {"other": "{}"}):
        safetensors.torch.save_file({"a": torch.ones(1)}, tmp_path / "b", metadata=metadata)
        with pytest.raises(InputError, match="not a whole nasbias checkpoint|is damaged"):
            read_tensors(tmp_path / "b")
    with pytest.raises(InputError, match="absent: no such checkpoint"):
        read_tensors(tmp_path / "absent")


def test_weights_of_another_network_are_refused_with_their_file(path):
    network, other = torch.nn.Linear(2, 3), torch.nn.Linear(3, 3)
    load_weights(network, torch.nn.Linear(2, 3).state_dict(), path)
    for weights in (other.state_dict(), {}, {**network.state_dict(), "more": torch.ones(1)}):
        with pytest.raises(InputError, match=r"a\.safetensors: holds the weights of another network"):
            load_weights(network, weights, path)
