"""Every proxy against a slow computation of its formula that shares no code with it, on a tiny network in float64."""

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nasbias.proxies import NETWORK
from nasbias.proxies.measures import MEASURES
from nasbias.proxies.probe import Probe
from nasbias.spaces import get_space
from nasbias.supernets import options_from, standalone_network, task_of
from tests.small import IMAGES, OPTIONS

SPACE = get_space("nb201")
BATCH = 5
CONV = "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|nor_conv_3x3~2|"
DEAD = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"  # node 1 unread, node 2 empty
CUT = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


def make(architecture, space="nb201"):
    torch.manual_seed(3)
    network = standalone_network(space, architecture, options_from(space, OPTIONS), inputs=3, classes=4).double()
    x, y = torch.randn(BATCH, 3, 8, 8, dtype=torch.float64), torch.tensor([0, 1, 2, 3, 1])
    choice = tuple(get_space(space).encode([architecture])[0].tolist())
    return network, choice, x, y


def value(name, architecture, space="nb201"):
    network, choice, x, y = make(architecture, space)
    return MEASURES[name](Probe(network, choice, x, y), torch.Generator().manual_seed(7))


def weights_of(network, choice):
    """Convolutions and the linear layer that an architecture uses, as modules."""
    live = {id(parameter) for parameter in network.parameters_of(choice)}
    return [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear)) and id(m.weight) in live]


def loss_of(network, choice, x, y):
    return F.cross_entropy(network.plain(x, choice), y)


@pytest.mark.parametrize("architecture", [CONV, DEAD])
def test_gradients_and_norms_are_sums_over_layers(architecture):
    network, choice, x, y = make(architecture)
    loss_of(network, choice, x, y).backward()
    layers = weights_of(network, choice)
    grads = [torch.zeros_like(m.weight) if m.weight.grad is None else m.weight.grad for m in layers]
    assert value("grad_norm", architecture) == pytest.approx(sum(math.sqrt((g**2).sum()) for g in grads), rel=1e-9)
    pairs = [(m.weight.detach().flatten(), grad.flatten()) for m, grad in zip(layers, grads)]
    by_entry = sum(abs(float(w) * float(g)) for weight, grad in pairs for w, g in zip(weight, grad))
    assert value("snip", architecture) == pytest.approx(by_entry, rel=1e-9)
    norms = sum(math.sqrt(sum(float(w) ** 2 for w in weight)) for weight, _ in pairs)
    assert value("l2_norm", architecture) == pytest.approx(norms, rel=1e-9)


def test_grasp_is_the_change_of_the_gradient_along_itself():
    """Hg by central differences of the gradient."""
    network, choice, x, y = make(CONV)
    layers = weights_of(network, choice)

    def gradients():
        network.zero_grad()
        loss_of(network, choice, x, y).backward()
        return [torch.clone(m.weight.grad) for m in layers]

    first, step, start = gradients(), 1e-5, [m.weight.detach().clone() for m in layers]
    ends = []
    for sign in (1, -1):
        with torch.no_grad():
            for module, weight, gradient in zip(layers, start, first):
                module.weight.copy_(weight + sign * step * gradient)
        ends.append(gradients())
    hessian = [(a - b) / (2 * step) for a, b in zip(*ends)]
    expected = -sum(float((w * h).sum()) for w, h in zip(start, hessian))
    assert value("grasp", CONV) == pytest.approx(expected, rel=1e-5)


def test_fisher_sums_squares_of_output_times_gradient():
    network, choice, x, y = make(CONV)
    kept = []
    for module in weights_of(network, choice):
        module.register_forward_hook(lambda _m, _i, out: kept.append(out) or out.retain_grad())
    loss_of(network, choice, x, y).backward()
    expected = 0.0
    for out in kept:
        product = (out.detach() * out.grad).reshape(BATCH, out.shape[1], -1)
        for channel in range(out.shape[1]):
            expected += 0.5 * np.mean([float(product[image, channel].sum()) ** 2 for image in range(BATCH)])
    assert len(kept) == len(weights_of(network, choice))
    assert value("fisher", CONV) == pytest.approx(expected, rel=1e-9)


def test_jacob_cov_is_of_the_correlations_between_images():
    network, choice, x, _ = make(CONV)
    x.requires_grad_()
    network.plain(x, choice).sum().backward()
    assert x.grad is not None
    rows = [x.grad[image].flatten().tolist() for image in range(BATCH)]

    def correlation(a, b):
        a, b = np.array(a) - np.mean(a), np.array(b) - np.mean(b)
        return (a @ b) / math.sqrt((a @ a) * (b @ b))

    matrix = np.array([[correlation(a, b) for b in rows] for a in rows])
    expected = -sum(math.log(v + 1e-5) + 1 / (v + 1e-5) for v in np.linalg.eigvals(matrix).real)
    assert value("jacob_cov", CONV) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("architecture", [CONV, DEAD])
def test_nwot_counts_units_in_which_two_images_agree(architecture, monkeypatch):
    network, choice, x, _ = make(architecture)
    codes, relu = [], F.relu
    with monkeypatch.context() as patch:  # every ReLU of the reference path, modules' own included
        patch.setattr(F, "relu", lambda given, *a, **k: codes.append((given > 0).flatten(1).tolist()) or relu(given))
        network.plain(x, choice)
    kernel = np.zeros((BATCH, BATCH))
    for (i, j), code in itertools.product(itertools.product(range(BATCH), repeat=2), codes):
        kernel[i, j] += sum(a == b for a, b in zip(code[i], code[j]))
    sign, expected = np.linalg.slogdet(kernel)
    assert sign == 1 and len(codes) > 5
    assert value("nwot", architecture) == pytest.approx(expected, rel=1e-9)


def test_synflow_is_the_weights_flow_without_signs_and_normalisation():
    """|w dR/dw| by a difference quotient, weight by weight, of a network without BN and signs written anew."""
    network, choice, _, _ = make(CONV)
    layers = weights_of(network, choice)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    network.eval()
    ones = torch.ones(1, 3, 8, 8, dtype=torch.float64)

    def flow():
        with torch.no_grad():
            return float(network.plain(ones, choice).sum())

    expected, start = 0.0, flow()
    for module in layers:
        weight = module.weight.detach().clone()
        with torch.no_grad():  # the flow is linear in one layer's weights: w dR/dw summed is what they carry
            module.weight.copy_(weight * 1.5)
            expected += (flow() - start) / 0.5
            module.weight.copy_(weight)
    assert value("synflow", CONV) == pytest.approx(math.log10(expected), rel=1e-9)


def test_zen_is_the_map_s_change_and_the_batch_norms_scales():
    network, choice, x, _ = make(CONV)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
    noise, step = (torch.randn(x.shape, generator=generator).double() for _ in range(2))
    maps, variances = [], []
    network.last.register_forward_hook(lambda _m, _i, out: maps.append(out.detach()))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_pre_hook(
                lambda _m, given: variances.append(given[0].transpose(0, 1).flatten(1).var(1))
            )
    with torch.no_grad():
        network.plain(noise, choice)
    scales = sum(math.log(math.sqrt(float(v.mean()))) for v in variances)
    network.plain(noise + 0.01 * step, choice)
    difference = np.mean([float((maps[0] - maps[1])[image].abs().sum()) for image in range(BATCH)])
    assert value("zen", CONV) == pytest.approx(math.log(difference) + scales, rel=1e-6)


@pytest.mark.parametrize("name", NETWORK)
def test_a_proxy_leaves_the_network_as_it_was_and_the_others_values_too(name):
    network, choice, x, y = make(CONV)
    before = {
        key: tensor.clone() for key, tensor in network.state_dict().items() if "running" not in key and "num" not in key
    }
    probe = Probe(network, choice, x, y)
    found = MEASURES[name](probe, torch.Generator().manual_seed(7))
    for key, tensor in before.items():
        assert torch.equal(
            network.state_dict()[key].double(), tensor.double().float().double() if name == "synflow" else tensor
        ), key
    whole = Probe(*make(CONV))
    others = {each: MEASURES[each](whole, torch.Generator().manual_seed(7)) for each in NETWORK if each != "synflow"}
    assert others.get(name, found) == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize("name", NETWORK)
def test_an_architecture_that_no_image_reaches_has_a_value_that_says_so(name):
    found = value(name, CUT)
    wanted = {"synflow": -math.inf, "nwot": None, "jacob_cov": math.nan, "grasp": None}
    assert isinstance(found, float)
    if name in ("synflow", "jacob_cov"):
        assert found == pytest.approx(wanted[name], nan_ok=True)


@pytest.mark.parametrize("space", IMAGES)
def test_every_image_space_has_every_proxy(space):
    assert task_of(space) == "images"
    for architecture in get_space(space).sample(2, seed=0):
        network, choice, x, y = make(architecture, space)
        probe = Probe(network.float(), choice, x.float(), y)
        for name in NETWORK:
            assert np.isfinite(MEASURES[name](probe, torch.Generator().manual_seed(0))), name


def test_the_listed_proxies_are_those_that_are_there():
    assert sorted(NETWORK) == sorted(MEASURES)
    assert all(
        "arXiv" in (function.__doc__ or "") or "2101.08134" in (function.__doc__ or "")
        for function in MEASURES.values()
    )
