"""Depthwise convolutions by other means are the convolutions: values and both gradients."""

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from nasbias.supernets._separable import SeparableConv, depthwise  # noqa: E402


@pytest.mark.parametrize("side", [2, 4, 7, 8, 16])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5])
def test_a_depthwise_convolution_and_its_gradients_are_torchs(kernel, dilation, stride, side):
    torch.manual_seed(0)
    conv = SeparableConv(6, kernel, dilation, True, 0.1).rounds[0].depthwise.double()
    x = torch.randn(3, 6, side, side, dtype=torch.float64).contiguous(memory_format=torch.channels_last)
    padding = dilation * (kernel // 2)
    results = []
    for way in (
        lambda x: F.conv2d(x, conv.weight, None, stride, padding, dilation, 6),
        lambda x: depthwise(x, conv, stride),
    ):
        leaf = x.clone().requires_grad_()
        conv.zero_grad()
        output = way(leaf)
        output.backward(torch.linspace(-1, 1, output.numel(), dtype=torch.float64).view(output.shape))
        assert conv.weight.grad is not None
        results.append((output.detach(), leaf.grad, conv.weight.grad.clone()))
    for expected, found in zip(*results):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
