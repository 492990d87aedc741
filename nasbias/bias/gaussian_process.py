"""The control that needs no supernet: a Gaussian process on the paths of the architectures trained alone.

Where the decisions are operations on edges (`0->1`) an architecture is the set of operation sequences that lead from
its input to its output, as in BANANAS (arXiv 1910.11858); `none` ends a path and a skip adds nothing to it. Else it is
its choices. scikit-learn fits it; without
scikit-learn there is no such control, and the rest of the study goes on.

These features were the best, without the supernet's score, of seven tried on our own NAS-Bench-201 predictions (paths
with their nodes, counts, choices, ...: tau .46 to .67 at 50 trainings), so there the control is a little flattered.
"""

import importlib.util
import re
import warnings
from typing import Any

import numpy as np

from nasbias.bias.effects import contrast_decisions
from nasbias.matching import Panel

Array = np.ndarray
REMEDY = "the Gaussian process needs scikit-learn, which is not installed. Remedy: pip install 'nasbias[analysis]'."
_WEIGHTS = (0.5, 1.0, 2.0)  # of the score beside the paths; the likelihood chooses


def has_gaussian_process() -> bool:
    """Whether scikit-learn is there."""
    try:
        return importlib.util.find_spec("sklearn.gaussian_process") is not None
    except (ImportError, ValueError):
        return False


def path_features(panel: Panel) -> Array:
    """Indicators [n, features]: which sequences of operations an architecture has on its way from input to output, or
    its choices where decisions are no edges."""
    edges = [re.fullmatch(r"(\d+)->(\d+)", decision.name) for decision in panel.space.decisions]
    if not all(edges):
        decisions = panel.space.decisions
        return np.hstack([contrast_decisions(panel.codes[:, i], len(d.values)) for i, d in enumerate(decisions)])
    into: dict[int, list[tuple[int, int]]] = {}
    for place, edge in enumerate(edges):
        source, target = map(int, edge.groups()) if edge else (0, 0)
        into.setdefault(target, []).append((source, place))
    values = [decision.values for decision in panel.space.decisions]
    words: dict[str, Array] = {}
    for path in _paths_to(max(into), into):
        kinds, of_row = np.unique(panel.codes[:, path], axis=0, return_inverse=True)
        for kind, codes in enumerate(kinds):
            operations = [values[place][code] for place, code in zip(path, codes)]
            if "none" not in operations:
                word = "|".join(each for each in operations if each != "skip_connect")
                words.setdefault(word, np.zeros(panel.n))[of_row == kind] = 1.0
    return np.stack([words[word] for word in sorted(words)], axis=1) if words else np.zeros((panel.n, 0))


def _paths_to(node: int, into: dict[int, list[tuple[int, int]]]) -> list[list[int]]:
    """Every way to a node, as places of the decisions along it."""
    if node not in into:
        return [[]]
    return [[*path, place] for source, place in into[node] for path in _paths_to(source, into)]


class GaussianProcess:
    """Predictions of truth by scikit-learn's Gaussian process: RBF on the features, and on the score if there is one.

    Its hyperparameters (scale, length, noise, the score's weight) are those of the highest likelihood on the first call
    and stay, so that many draws of one size cost seconds: one process serves one panel's features.
    """

    def __init__(self) -> None:
        self._kernel: Any = None
        self._weight = self._scale = 1.0

    def predict(self, score: Array | None, features: Array, truth: Array, fit: Array, rest: Array) -> Array:
        """Predicted truth of the rows `rest` from a fit on the rows `fit`."""
        if self._kernel is None:
            self._scale = np.sqrt(max(float(features.var(axis=0).sum()), 1e-12))
        scaled = features / self._scale
        mean, spread = truth[fit].mean(), max(float(truth[fit].std()), 1e-12)
        target = (truth[fit] - mean) / spread
        if self._kernel is None:
            tried = [
                (self._regress(_beside(scaled[fit], score, fit, weight), target), weight)
                for weight in (_WEIGHTS if score is not None else (1.0,))
            ]
            best, self._weight = max(tried, key=lambda pair: pair[0].log_marginal_likelihood_value_)
            self._kernel = best.kernel_
        known = _beside(scaled[fit], score, fit, self._weight)
        process = self._regress(known, target, self._kernel)
        new = _beside(scaled[rest], score, rest, self._weight)
        scale, length = self._kernel.k1.k1.constant_value, self._kernel.k1.k2.length_scale
        return mean + spread * scale * (_similar(new, known, length) @ process.alpha_)

    @staticmethod
    def _regress(inputs: Array, target: Array, kernel: Any = None) -> Any:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

        first = ConstantKernel(1.0, (1e-2, 1e2)) * RBF(1.0, (0.1, 30.0)) + WhiteKernel(0.2, (1e-3, 1.0))
        keep: dict[str, Any] = {"optimizer": None} if kernel else {}
        process = GaussianProcessRegressor(kernel or first, **keep)
        with warnings.catch_warnings():  # a bound that is reached is a choice here, no fault
            warnings.simplefilter("ignore", ConvergenceWarning)
            return process.fit(inputs, target)


def _similar(new: Array, known: Array, length: float) -> Array:
    """The RBF [new, known]: by one matrix product and in place, as scikit-learn's own takes the distances of a census
    one by one."""
    similar = (-2 * new) @ known.T
    similar += (new**2).sum(axis=1)[:, None]
    similar += (known**2).sum(axis=1)
    np.maximum(similar, 0, out=similar)
    similar *= -0.5 / length**2
    return np.exp(similar, out=similar)


def _beside(scaled: Array, score: Array | None, rows: Array, weight: float) -> Array:
    if score is None:
        return scaled
    return np.column_stack([scaled, weight * (score[rows] - score.mean()) / max(float(score.std()), 1e-12)])
