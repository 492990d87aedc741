import pytest

torch = pytest.importorskip("torch")

from nasbias.scoring.folding import Recalibrating, layer_of, stack  # noqa: E402


@pytest.fixture
def pair():
    """A convolution and its BN, with scales and statistics that differ."""
    torch.manual_seed(0)
    conv, norm = torch.nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False), torch.nn.BatchNorm2d(4, eps=1e-3)
    for tensor in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
        tensor.uniform_(0.5, 2)
    return conv, norm


@pytest.mark.parametrize("affine", [True, False])
def test_running_statistics_are_folded_into_the_kernel(pair, affine):
    conv, norm = pair
    norm.weight, norm.bias = (norm.weight, norm.bias) if affine else (None, None)
    x = torch.randn(5, 3, 8, 8)
    with torch.no_grad():
        found = layer_of("running", {}).convolve(x, stack([conv], [norm]), 0)
        torch.testing.assert_close(found, norm.eval()(conv(x)))


def test_recalibrated_statistics_are_the_mean_over_batches_for_each_owner_alone(pair):
    conv, norm = pair
    unit, statistics, batches = stack([conv], [norm]), {}, [torch.randn(6, 3, 8, 8) for _ in range(3)]
    with torch.no_grad():
        for k, x in enumerate(batches):
            Recalibrating(statistics, 1 / (k + 1)).convolve(x, unit, "a")
        Recalibrating(statistics, 1.0).convolve(batches[0], unit, "b")
        outputs = [conv(x) for x in batches]
        mean, variance = statistics["a", unit]
        torch.testing.assert_close(mean, torch.stack([y.mean((0, 2, 3)) for y in outputs]).mean(0))
        torch.testing.assert_close(variance, torch.stack([y.var((0, 2, 3)) for y in outputs]).mean(0))
        assert not torch.equal(statistics["b", unit][0], mean)
        found = layer_of("recalibrated", statistics).convolve(batches[0], unit, "a")
        expected = torch.nn.functional.batch_norm(outputs[0], mean, variance, norm.weight, norm.bias, eps=norm.eps)
        torch.testing.assert_close(found, expected)


def test_convolutions_side_by_side_are_one_unit(pair):
    conv, norm = pair
    x = torch.randn(2, 3, 8, 8)
    with torch.no_grad():
        both = layer_of("batch", {}).convolve(x, stack([conv, conv], [norm, norm]), 0)
        alone = layer_of("batch", {}).convolve(x, stack([conv], [norm]), 0)
    torch.testing.assert_close(both, torch.cat([alone, alone], dim=1))
