"""The reference engine, against scores worked out by hand."""

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from nasbias.scoring import ScoringData  # noqa: E402
from nasbias.scoring.plain import score  # noqa: E402


class Tiny(torch.nn.Module):
    """BN, then the mean of each channel as a logit, times 1 or -1."""

    def __init__(self):
        super().__init__()
        self.bn = torch.nn.BatchNorm2d(3, momentum=0.3)
        self.bn.running_mean.copy_(torch.tensor([0.5, -1.0, 2.0]))
        self.bn.running_var.copy_(torch.tensor([2.0, 3.0, 0.5]))

    def forward(self, x, choice):
        return self.bn(x).mean((2, 3)) * (1 - 2 * choice[0])


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(50, 3, 2, 2, generator=generator) * torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1) + 0.7
    y = torch.randint(3, (50,), generator=generator)
    return ScoringData(list(x[20:].split(20)), list(zip(x.split(32), y.split(32))))


def expected(data, means, variances):
    """Accuracy in per cent and mean cross entropy with given statistics per scored batch."""
    correct = loss = 0.0
    for (x, y), mean, variance in zip(data.valid, means, variances):
        logits = ((x - mean.view(3, 1, 1)) / (variance.view(3, 1, 1) + 1e-5).sqrt()).mean((2, 3))
        correct += (logits.argmax(1) == y).sum().item()
        loss += F.cross_entropy(logits, y, reduction="sum").item()
    return 100 * correct / 50, loss / 50


def check(data, bn, means, variances):
    found = score(Tiny(), [(0,), (1,), (0,)], data, bn)
    accuracy, loss = expected(data, means, variances)
    assert found["accuracy"][0] == pytest.approx(accuracy)
    assert found["loss"][0] == pytest.approx(loss, rel=1e-5)
    assert found["loss"][2] == found["loss"][0] != found["loss"][1]


def test_running_statistics_are_those_of_training(data):
    network = Tiny()
    check(data, "running", [network.bn.running_mean] * 2, [network.bn.running_var] * 2)


def test_batch_statistics_are_those_of_each_scored_batch(data):
    check(data, "batch", [x.mean((0, 2, 3)) for x, _ in data.valid],
          [x.var((0, 2, 3), correction=0) for x, _ in data.valid])  # fmt: skip


def test_recalibrated_statistics_are_the_mean_over_batches_of_mean_and_unbiased_variance(data):
    assert [len(x) for x in data.recalibration] == [20, 10]  # a batch counts once, whatever its size
    mean = torch.stack([x.mean((0, 2, 3)) for x in data.recalibration]).mean(0)
    variance = torch.stack([x.var((0, 2, 3), correction=1) for x in data.recalibration]).mean(0)
    check(data, "recalibrated", [mean] * 2, [variance] * 2)


def test_the_network_is_put_back_also_where_scoring_fails(data):
    network = Tiny().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(TypeError):
        score(network, [(0,), (None,)], data, "recalibrated")
    assert network.training and network.bn.training and network.bn.momentum == 0.3
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_a_network_with_a_reference_path_is_scored_through_it(data):
    class Detour(Tiny):
        plain = Tiny.forward

        def forward(self, x, choice):
            raise AssertionError("the fast path")

    assert score(Detour(), [(0,)], data, "running")["loss"] == score(Tiny(), [(0,)], data, "running")["loss"]
