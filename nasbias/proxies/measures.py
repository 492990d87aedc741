"""Zero-cost proxies: numbers that an untrained network gives for one batch. Each is a function of a `Probe`, higher =
better as its authors mean it; the formula and its source are in the docstring. Needs torch.

Where papers differ from the code that everybody uses (Abdelfattah et al., arXiv 2101.08134, zero-cost-nas), the code's
reading is taken and said. Sums over "the weights" are over convolutions and the linear layer: no BN, no bias.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from nasbias.proxies.probe import Probe, changed_weights, normalised, without_normalisation

MEASURES: dict[str, Callable[[Probe, torch.Generator], float]] = {}
Measure = Callable[[Probe, torch.Generator], float]
_K = 1e-5  # jacob_cov's own constant
_STEP = 1e-2  # zen's own alpha


def proxy(function: Measure) -> Measure:
    """Register a proxy under the function's name."""
    MEASURES[function.__name__] = function
    return function


@proxy
def grad_norm(probe: Probe, generator: torch.Generator) -> float:
    """Sum over the weights of the Euclidean norm of the loss' gradient by each (arXiv 2101.08134, section 3.1)."""
    return float(sum(gradient.detach().norm() for gradient in probe.gradients))


@proxy
def snip(probe: Probe, generator: torch.Generator) -> float:
    """Sum of |weight x gradient of the loss by it| (SNIP, arXiv 1810.02340, summed as in 2101.08134)."""
    pairs = zip(probe.weights, probe.gradients)
    return float(sum((weight * gradient).detach().abs().sum() for weight, gradient in pairs))


@proxy
def grasp(probe: Probe, generator: torch.Generator) -> float:
    """Minus the sum of weight x (H g), H the loss' Hessian and g its gradient by the weights (GraSP, arXiv 2002.07376,
    temperature 1 and one batch as in 2101.08134)."""
    product = sum((gradient * gradient.detach()).sum() for gradient in probe.gradients)
    assert isinstance(product, Tensor)
    second = torch.autograd.grad(product, probe.weights, retain_graph=True, materialize_grads=True)
    return -float(sum((weight.detach() * hessian).sum() for weight, hessian in zip(probe.weights, second)))


@proxy
def fisher(probe: Probe, generator: torch.Generator) -> float:
    """Sum over layers and channels of half the mean over images of (sum over pixels of output x gradient by it)^2
    (arXiv 1801.05787; outputs of convolutions and the linear layer, as in 2101.08134)."""
    total = 0.0
    for output, gradient in probe.outputs:
        product = (output * gradient).detach()
        if product.dim() == 4:
            product = product.sum((2, 3))
        total += float(0.5 * product.pow(2).mean(0).sum())
    return total


@proxy
def l2_norm(probe: Probe, generator: torch.Generator) -> float:
    """Sum over the weights of their Euclidean norm at initialisation: another way to count parameters (2101.08134)."""
    return float(sum(weight.detach().norm() for weight in probe.weights))


@proxy
def jacob_cov(probe: Probe, generator: torch.Generator) -> float:
    """Minus the sum over the eigenvalues v of the images' Jacobians' correlation matrix of log(v + k) + 1 / (v + k),
    k = 1e-5 (Mellor et al., arXiv 2006.04647 version 1). NaN where an image has no gradient, so no correlation."""
    jacobian = probe.jacobian.double().numpy()
    if (jacobian.std(axis=1) == 0).any():
        return float("nan")
    values = np.linalg.eigvalsh(np.corrcoef(jacobian))
    return -float(np.sum(np.log(np.maximum(values, 0) + _K) + 1 / (np.maximum(values, 0) + _K)))


@proxy
def nwot(probe: Probe, generator: torch.Generator) -> float:
    """log |K|, K [b, b] the number of ReLU units in which two images' binary codes agree, summed over the ReLUs
    (naswot: Mellor et al., arXiv 2006.04647 version 3). -inf where two images have one code."""
    kernel = torch.zeros(len(probe.x), len(probe.x), dtype=torch.float64)
    for rectified in probe.rectified:
        code = (rectified > 0).flatten(1).float()
        on, both = code.sum(1), code @ code.T  # whole numbers, exact in float32
        kernel += (code.shape[1] - on[:, None] - on + 2 * both).double()
    return float(torch.linalg.slogdet(kernel)[1])


@proxy
def synflow(probe: Probe, generator: torch.Generator) -> float:
    """log10 of the sum of |weight x gradient| of the summed logits for one image of ones, with the weights' absolute
    values and without BN (SynFlow, arXiv 2006.05467, as in 2101.08134). The logarithm, which ranks alike, as the sum
    runs over many orders of magnitude. -inf where the image does not reach the output.

    The network is homogeneous in its weights layer by layer, so float64 is enough and no constant is subtracted.
    """
    ones = torch.ones_like(probe.x[:1], dtype=torch.float64)
    with without_normalisation(probe.network):
        logits, weights = probe.run_with(lambda weight: weight.double().abs(), ones)
        gradients = torch.autograd.grad(logits.sum(), weights, materialize_grads=True)
    total = float(sum((w.detach() * g).abs().sum() for w, g in zip(weights, gradients)))
    return float(np.log10(total)) if total > 0 else -np.inf


@proxy
def zen(probe: Probe, generator: torch.Generator) -> float:
    """log of the mean over noise images x and e of |f(x + a e) - f(x)|_1, plus the sum over BN layers of
    log sqrt(mean variance): f the map before the last pooling, a = .01, weights normal with unit variance
    (Zen-NAS, arXiv 2102.01063 and its code). -inf where the map is constant."""
    with changed_weights(probe.network, lambda p: _normal(p, generator) if p.dim() > 1 else p):
        noise, step = (torch.randn(probe.x.shape, generator=generator).to(probe.x) for _ in range(2))
        with normalised(probe.network) as layers:
            first = probe.last_map(noise)
            variances = [layer.running_var.mean() for layer in layers if layer.running_var is not None]
        moved = probe.last_map(noise + _STEP * step)
    difference = float((first - moved).abs().sum((1, 2, 3)).mean())
    if difference == 0:
        return -np.inf
    scales = [float(variance) for variance in variances if variance > 0]  # a dead edge's BN gets zeros
    return float(np.log(difference) + 0.5 * np.sum(np.log(scales)))


def _normal(parameter: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(parameter.shape, generator=generator).to(parameter)
