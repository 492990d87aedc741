"""Building a network of any space by its name."""

import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import build_supernet, count_parameters, options_from, standalone_network  # noqa: E402
from tests.small import IMAGES, OPTIONS, SPACES, small_network  # noqa: E402


@pytest.mark.parametrize("space", SPACES)
def test_weights_depend_on_torchs_generator_alone(space):
    states = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        states.append(small_network(space).state_dict())
    first, again, other = states
    assert all(torch.equal(tensor, again[name]) for name, tensor in first.items())
    assert any(not torch.equal(tensor, other[name]) for name, tensor in first.items())


@pytest.mark.parametrize("space", IMAGES)
def test_an_architecture_alone_holds_less_than_the_supernet(space):
    architecture = get_space(space).sample(1, seed=0)[0]
    sizes = {"inputs": 1, "classes": 3}
    whole = build_supernet(space, options_from(space, OPTIONS), **sizes)
    alone = standalone_network(space, architecture, options_from(space, OPTIONS), **sizes)
    assert 0 < count_parameters(alone) < count_parameters(whole)


def test_without_options_the_network_is_of_the_benchmarks_size():
    with torch.device("meta"):
        assert (
            count_parameters(standalone_network("nats-sss", "8:8:8:8:8"))
            == get_space("nats-sss").describe(["8:8:8:8:8"])["params"].item()
        )


def test_only_what_is_trained_counts_as_a_parameter():
    network = torch.nn.Linear(3, 2)
    network.bias.requires_grad_(False)
    assert count_parameters(network) == 6


def test_a_space_without_a_network_is_refused_by_name():
    with pytest.raises(InputError, match="nb-macro has no supernet here"):
        build_supernet("nb-macro")
