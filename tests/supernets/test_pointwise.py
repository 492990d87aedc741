"""1x1 convolutions as products of matrices are the convolutions: values, both gradients, and the layout."""

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from nasbias.supernets._pointwise import Pointwise  # noqa: E402


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("side", [1, 2, 7, 8])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_pointwise_convolution_and_its_gradients_are_torchs(stride, side, layout):
    generator = torch.Generator().manual_seed(0)
    conv = Pointwise(6, 4, stride).double()
    x = torch.randn(3, 6, side, side, dtype=torch.float64, generator=generator).contiguous(memory_format=layout)
    results = []
    for way in (lambda x: F.conv2d(x, conv.weight, None, stride), conv):
        leaf = x.clone().requires_grad_()
        conv.zero_grad()
        output = way(leaf)
        output.backward(torch.linspace(-1, 1, output.numel(), dtype=torch.float64).view(output.shape))
        assert conv.weight.grad is not None
        results.append((output.detach(), leaf.grad, conv.weight.grad.clone()))
    for expected, found in zip(*results):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("stride", [1, 2])
def test_the_layout_stays_channels_last_forward_and_backward(stride):
    conv, x = Pointwise(6, 4, stride), torch.randn(3, 6, 8, 8).contiguous(memory_format=torch.channels_last)
    x.requires_grad_()
    output = conv(x)
    output.backward(torch.ones_like(output))
    assert x.grad is not None
    assert output.is_contiguous(memory_format=torch.channels_last)
    assert x.grad.is_contiguous(memory_format=torch.channels_last)


def test_large_batches_and_passes_without_gradients_are_convolutions():
    conv, x = Pointwise(3, 2), torch.randn(33, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        expected = F.conv2d(x, conv.weight)
        assert torch.equal(conv(x), expected)
    assert torch.equal(conv(x), expected)
