"""Many architectures in one pass: the logits of each alone, with as many kernels as for one."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nasbias.scoring import ScoringData, score_architectures  # noqa: E402
from nasbias.scoring.nb201_batched import Chosen, Normalisation, exact_float32, forward, score  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets import build_supernet  # noqa: E402
from nasbias.supernets.nb201 import Options  # noqa: E402

SPACE = get_space("nb201")


def make_network():
    torch.manual_seed(0)
    network = build_supernet("nb201", Options(channels=4, cells=1))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
    return network


@pytest.mark.parametrize("bn", ["running", "batch"])
@torch.no_grad()
def test_the_logits_are_those_of_each_architecture_alone(bn):
    network = make_network().train(bn == "batch")
    choices = [tuple(row) for row in SPACE.encode(SPACE.sample(30, seed=1, subset="all")).tolist()]
    x = torch.randn(6, 3, 8, 8)
    found = forward(network, x, Chosen(choices, x.device), Normalisation(len(choices), bn))
    assert found.shape == (30, 6, 10)
    for choice, logits in zip(choices, found):
        torch.testing.assert_close(logits, network.plain(x, choice), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_how_many_share_a_pass_changes_no_score(chunk):
    network = make_network()
    x, y = torch.randn(40, 3, 8, 8), torch.randint(10, (40,))
    data = ScoringData(list(x[:30].split(20)), list(zip(x.split(25), y.split(25))))
    choices = [tuple(row) for row in SPACE.encode(SPACE.sample(15, seed=2)).tolist()]
    found, expected = (score(network, choices, data, "recalibrated", size) for size in (chunk, 64))
    for name in ("accuracy", "loss"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)
    plain = score_architectures(network, SPACE.sample(15, seed=2), data, engine="plain")
    np.testing.assert_allclose(found["loss"], plain["loss"], atol=1e-4)


def count_kernels(network, x, choices):
    chosen, norm = Chosen(choices, x.device), Normalisation(len(choices), "batch")
    with torch.profiler.profile() as profile, torch.inference_mode():
        forward(network, x, chosen, norm)
    return {event.key: event.count for event in profile.key_averages() if event.key.startswith("aten::")}


@pytest.fixture(scope="module")
def kernels():
    """Calls of a pass by name, for 64 and for 512 architectures; every operation on every edge is there in both."""
    network = build_supernet("nb201", Options(channels=4, cells=1))
    tables = [SPACE.encode(SPACE.sample(n, seed=0)).tolist() for n in (64, 512)]
    assert all(len({row[edge] for row in table}) == 5 for table in tables for edge in range(6))
    return [count_kernels(network, torch.zeros(2, 3, 8, 8), [tuple(row) for row in table]) for table in tables]


def test_the_number_of_kernels_does_not_grow_with_the_architectures(kernels):
    few, many = (sum(calls.values()) for calls in kernels)
    assert many <= 1.01 * few  # the profiler counts a few housekeeping calls more or less


def test_a_pass_runs_each_convolution_once_and_the_host_waits_for_nothing(kernels):
    for calls in kernels:
        # Stem, 3 cells of 6 edges with two convolutions and 3 poolings, 2 reductions of two and a shortcut.
        assert calls["aten::conv2d"] == 1 + 3 * (6 * 2 + 3) + 2 * 3
        assert not {"aten::nonzero", "aten::item", "aten::_local_scalar_dense"} & set(calls)


def test_products_are_exact_within_and_as_before_after(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    with exact_float32():
        assert not torch.backends.cudnn.allow_tf32
        assert not torch.backends.cuda.matmul.allow_tf32
    assert torch.backends.cudnn.allow_tf32
