"""What the proxies look at: each weight's output once, ReLUs of the reference path, changes that are taken back."""

import pytest
import torch
from torch import nn

from nasbias.proxies.probe import Probe, changed_weights, without_normalisation
from nasbias.spaces import get_space
from nasbias.supernets import options_from, standalone_network
from tests.small import IMAGES, OPTIONS


def probe_of(space, architecture):
    network = standalone_network(space, architecture, options_from(space, OPTIONS), inputs=3, classes=7)
    choice = get_space(space).encode([architecture])[0].tolist()
    return Probe(network, choice, torch.randn(4, 3, 8, 8), torch.tensor([0, 1, 2, 3]))


@pytest.mark.parametrize("space", IMAGES)
def test_every_weight_in_use_gives_one_output(space):
    for architecture in get_space(space).sample(3, seed=1):
        probe = probe_of(space, architecture)
        assert probe.logits.shape == (4, 7)
        wanted = {id(p) for p in probe.network.parameters_of(probe.choice) if p.dim() > 1}
        assert {id(weight) for weight in probe.weights} == wanted
        assert (
            len(probe.outputs) == len(probe.weights) or space == "nats-sss"
        )  # there weights are put together of pieces
        assert all(output.shape == gradient.shape for output, gradient in probe.outputs)
        assert len(probe.rectified) > 1 and all((each >= 0).all() for each in probe.rectified)


def test_the_map_before_pooling_is_what_is_averaged():
    probe = probe_of("nb201", get_space("nb201").sample(1, seed=0)[0])
    found = probe.last_map(probe.x)
    assert found.shape == (4, 16, 2, 2)
    torch.testing.assert_close(probe.network.classifier(found.mean((2, 3))), probe.run(probe.x))
    with pytest.raises(TypeError, match="averages no map"):
        Plain = type("Plain", (nn.Linear,), {"forward": lambda self, x, choice: x, "parameters_of": lambda self, c: []})
        Probe(Plain(2, 2), (0,), torch.ones(2, 2), torch.tensor([0, 1])).last_map(torch.ones(2, 2))


def test_what_is_changed_comes_back_even_after_an_error():
    network = probe_of("darts64", "123").network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(ZeroDivisionError), changed_weights(network, torch.zeros_like), without_normalisation(network):
        assert all((p == 0).all() for p in network.parameters())
        bn = next(m for m in network.modules() if isinstance(m, nn.BatchNorm2d))
        x = torch.randn(2, bn.num_features, 2, 2)
        assert bn(x) is x
        _ = 1 / 0
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert bn(x) is not x
