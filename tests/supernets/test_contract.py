"""Every space's supernet against what nasbias.supernets.contract writes down."""

import importlib

import pytest

torch = pytest.importorskip("torch")

from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import count_parameters, options_from, standalone_network, task_of  # noqa: E402
from nasbias.supernets.contract import ImageNetwork, SupernetModule, TextNetwork, body_of  # noqa: E402
from tests.small import IMAGES, OPTIONS, SIZES, SPACES, small_network  # noqa: E402


def module_of(space):
    return importlib.import_module(f"nasbias.supernets.{space.replace('-', '_')}")


def small(space, **more):
    torch.manual_seed(0)
    return small_network(space, **more)


def loss_of(space, network, choice):
    if task_of(space) == "text":
        states, last = network(torch.randint(30, (5, 2)), choice, network.first_hidden(2))
        assert states[-1].equal(last)
        logits = network.logits(states)
        assert logits.shape == (5, 2, 30)
        return logits.square().sum()
    output = network(torch.randn(4, 3, 8, 8), choice)
    outputs = output if isinstance(output, tuple) else (output,)
    assert all(logits.shape == (4, 7) for logits in outputs)
    return sum(logits.square().sum() for logits in outputs)


@pytest.mark.parametrize("space", SPACES)
def test_a_space_has_a_module_of_its_name_with_what_the_others_have(space):
    assert isinstance(module_of(space), SupernetModule)


@pytest.mark.parametrize("space", SPACES)
def test_a_network_offers_what_its_task_asks(space):
    assert isinstance(small(space), TextNetwork if task_of(space) == "text" else ImageNetwork)


@pytest.mark.parametrize("space", SPACES)
def test_a_gradient_reaches_exactly_the_parameters_of_the_architecture(space):
    network = small(space)
    for choice in map(tuple, get_space(space).encode(get_space(space).sample(6, seed=0)).tolist()):
        network.zero_grad(set_to_none=True)
        loss_of(space, network, choice).backward()
        used = [id(parameter) for parameter in network.parameters_of(choice)]
        assert len(set(used)) == len(used)
        assert {id(p) for p in network.parameters() if p.grad is not None} == set(used)


@pytest.mark.parametrize("space", SPACES)
def test_an_architecture_uses_as_many_parameters_as_alone_and_no_more_than_it_has_there(space):
    network, options = small(space), options_from(space, OPTIONS)
    for architecture in get_space(space).sample(6, seed=1).tolist():
        choice = tuple(get_space(space).encode([architecture])[0].tolist())
        alone = standalone_network(space, architecture, options, **SIZES[task_of(space)])
        used = sum(p.numel() for p in network.parameters_of(choice))
        assert used == sum(p.numel() for p in alone.parameters_of(choice))
        assert used <= count_parameters(alone)  # NAS-Bench-201 counts edges that lead nowhere
        loss_of(space, alone, choice)


@pytest.mark.parametrize("space", IMAGES)
def test_the_first_blocks_can_be_another_networks(space):
    """What --sharing prefix:K does: stem and blocks up to the first cell of a supernet before a network's own."""
    architecture = get_space(space).sample(1, seed=2)[0]
    choice = tuple(get_space(space).encode([architecture])[0].tolist())
    shared, network = small(space), small(space, allowed=[(value,) for value in choice])
    first = next(i for i, block in enumerate(body_of(shared)) if isinstance(block, module_of(space).Cell))
    network.stem = shared.stem
    for i in range(first + 1):
        body_of(network)[i] = body_of(shared)[i]
    loss_of(space, network, choice).backward()
    assert any(p.grad is not None for p in shared.stem.parameters())
    assert any(p.grad is not None for p in body_of(shared)[first].parameters())
