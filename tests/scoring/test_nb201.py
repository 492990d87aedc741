import numpy as np
import pytest
import torch

from nasbias.scoring import ScoringData, score_architectures
from nasbias.scoring.nb201 import deduplicate
from nasbias.spaces import get_space
from nasbias.supernets import build_supernet
from nasbias.supernets.nb201 import Options

SPACE = get_space("nb201")


@pytest.fixture(scope="module", params=[(1, True, 8), (2, False, 7)], ids=["N=1 affine 8x8", "N=2 plain BN 7x7"])
def trained(request):
    """A network whose BN has seen data and whose scales differ, and batches of unequal size."""
    cells, affine, size = request.param
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_supernet("nb201", Options(channels=4, cells=cells, affine=affine))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(0, 0.5, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
            if module.affine:
                torch.nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
                torch.nn.init.uniform_(module.bias, -0.5, 0.5, generator=generator)
    x = torch.randn(60, 3, size, size, generator=generator)
    y = torch.randint(10, (60,), generator=generator)
    return network, ScoringData(list(x[:25].split(10)), list(zip(x.split(32), y.split(32))))


@pytest.mark.parametrize("bn", ["recalibrated", "batch", "running"])
@pytest.mark.parametrize("engine", ["fast", "batched"])
def test_every_engine_equals_the_plain_one(trained, engine, bn):
    network, data = trained
    architectures = SPACE.sample(60, seed=5, subset="all")
    plain = score_architectures(network, architectures, data, bn=bn, engine="plain")
    other = score_architectures(network, architectures, data, bn=bn, engine=engine)
    assert other["architecture"].tolist() == plain["architecture"].tolist()
    np.testing.assert_allclose(other["loss"], plain["loss"], atol=1e-4)
    assert (np.abs(other["accuracy"] - plain["accuracy"]) < 1e-4).mean() > 0.95  # a logit may tie


def test_functionally_equal_architectures_are_scored_once(trained):
    network, _ = trained
    choices = [tuple(row) for row in SPACE.encode(SPACE.members("all")).tolist()]
    unique, back = deduplicate(choices, network.options.affine, "recalibrated")
    assert len(unique) == (8_452 if network.options.affine else 7_548)
    assert len(back) == 15_625
    assert unique == sorted(unique)


@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_bf16_changes_the_scores_by_little_and_only_when_asked(trained, engine):
    network, data = trained
    architectures = SPACE.sample(20, seed=8)
    exact = score_architectures(network, architectures, data, engine=engine)
    rough = score_architectures(network, architectures, data, engine=engine, precision="bf16-mixed")
    assert 0 < np.abs(rough["loss"] - exact["loss"]).max() < 0.1
    assert score_architectures(network, architectures, data, engine=engine)["loss"].equals(exact["loss"])
