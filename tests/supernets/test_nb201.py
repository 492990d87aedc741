import numpy as np
import pytest
import torch

from nasbias.spaces import get_space
from nasbias.supernets import build_supernet, count_parameters, standalone_network
from nasbias.supernets.nb201 import Options, average_pool, live_edges

SPACE = get_space("nb201")
SMALL = Options(channels=4, cells=1)


def choices(n, seed=0, subset=None):
    return [tuple(row) for row in SPACE.encode(SPACE.sample(n, seed, subset)).tolist()]


def test_a_standalone_network_has_the_benchmarks_parameters():
    architectures = SPACE.sample(12, seed=0, subset="all")
    counted = [count_parameters(standalone_network("nb201", text)) for text in architectures]
    assert counted == SPACE.describe(architectures)["params"].tolist()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("size", [8, 7])
def test_the_fast_way_equals_the_plain_one(training, size):
    network = build_supernet("nb201", SMALL).double().train(training)
    x = torch.randn(6, 3, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for choice in choices(25, subset="all"):
        torch.testing.assert_close(network(x, choice), network.plain(x, choice), rtol=1e-10, atol=1e-10)


def test_gradients_of_both_ways_are_equal_and_reach_the_used_weights_only():
    network = build_supernet("nb201", SMALL).double()
    x = torch.randn(6, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    direction = torch.randn(10, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for choice in choices(10):
        gradients = []
        for forward in (network.plain, network):
            network.zero_grad()
            (forward(x, choice).square() @ direction).sum().backward()
            gradients.append({n: p.grad.clone() for n, p in network.named_parameters() if p.grad is not None})
        used = {id(parameter) for parameter in network.parameters_of(choice)}
        assert used == {id(p) for p in network.parameters() if p.grad is not None}
        for name, gradient in gradients[1].items():
            torch.testing.assert_close(gradient, gradients[0][name], rtol=1e-6, atol=1e-8)


def test_a_standalone_network_with_inherited_weights_is_the_supernet_under_that_choice():
    supernet = build_supernet("nb201", SMALL).eval()
    x = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    for text in SPACE.sample(5, seed=1):
        alone = standalone_network("nb201", text, SMALL).eval()
        alone.load_state_dict({name: supernet.state_dict()[name] for name in alone.state_dict()})
        choice = tuple(SPACE.encode([text])[0].tolist())
        torch.testing.assert_close(alone(x, choice), supernet(x, choice))


def test_pooling_as_a_convolution_is_average_pooling_without_the_padding():
    x = torch.randn(2, 5, 7, 4, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    torch.testing.assert_close(average_pool(x), expected)


def test_an_edge_is_live_when_its_target_reaches_the_output():
    assert live_edges((1, 1, 0, 1, 0, 0)) == {3}
    assert live_edges((1, 0, 2, 0, 0, 3)) == {0, 2, 5}
    sizes = [len(live_edges(choice)) for choice in choices(50)]
    assert min(sizes) >= 1
    assert np.ptp(sizes) > 0
