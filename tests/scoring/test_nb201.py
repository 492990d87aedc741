import numpy as np
import pytest
import torch

from nasbias.errors import InputError
from nasbias.scoring import ScoringData, score_architectures
from nasbias.scoring.nb201 import deduplicate
from nasbias.scoring.nb201_batched import Normalisation, forward
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


@pytest.mark.parametrize("bn", ["recalibrated", "running"])
def test_scoring_leaves_the_network_as_it_was(trained, bn):
    network, data = trained
    network.train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for engine in ("plain", "fast", "batched"):
        score_architectures(network, SPACE.sample(3, seed=0), data, bn=bn, engine=engine)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(module.training for module in network.modules())


def test_a_score_does_not_depend_on_its_company(trained):
    network, data = trained
    architectures = SPACE.sample(40, seed=6)
    together = score_architectures(network, architectures, data, engine="fast").set_index("architecture")
    alone = score_architectures(network, architectures[7:8], data, engine="fast").set_index("architecture")
    assert together.loc[architectures[7], "loss"] == pytest.approx(alone.loc[architectures[7], "loss"], abs=1e-6)


def test_functionally_equal_architectures_are_scored_once(trained):
    network, _ = trained
    choices = [tuple(row) for row in SPACE.encode(SPACE.members("all")).tolist()]
    unique, back = deduplicate(choices, network, "recalibrated")
    assert len(unique) == (8_452 if network.options.affine else 7_548)
    assert len(back) == 15_625
    assert unique == sorted(unique)


def count_kernels(network, x, table):
    with torch.profiler.profile() as profile, torch.inference_mode():
        forward(network, x, table, Normalisation(len(table), "batch"))
    return sum(event.count for event in profile.key_averages() if event.key.startswith("aten::"))


def test_the_number_of_kernels_does_not_grow_with_the_architectures():
    network = build_supernet("nb201", Options(channels=4, cells=1))
    x = torch.zeros(2, 3, 8, 8)
    # Every operation on every edge is there in both, so the same kernels run.
    tables = [SPACE.encode(SPACE.sample(n, seed=0)).astype(np.int64) for n in (64, 512)]
    assert all(len(np.unique(table[:, edge])) == 5 for table in tables for edge in range(6))
    few, many = (count_kernels(network, x, torch.from_numpy(table)) for table in tables)
    assert many <= 1.01 * few  # the profiler counts a few housekeeping calls more or less


@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_bf16_changes_the_scores_by_little_and_only_when_asked(trained, engine):
    network, data = trained
    architectures = SPACE.sample(20, seed=8)
    exact = score_architectures(network, architectures, data, engine=engine)
    rough = score_architectures(network, architectures, data, engine=engine, precision="bf16-mixed")
    assert 0 < np.abs(rough["loss"] - exact["loss"]).max() < 0.1
    assert score_architectures(network, architectures, data, engine=engine)["loss"].equals(exact["loss"])


def test_an_unknown_engine_answers_with_the_known_ones(trained):
    network, data = trained
    with pytest.raises(InputError, match="Did you mean fast"):
        score_architectures(network, SPACE.sample(1, seed=0), data, engine="fas")
