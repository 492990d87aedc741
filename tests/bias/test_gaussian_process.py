"""Path features by hand, and predictions that are scikit-learn's own."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from nasbias.bias import gaussian_process
from nasbias.bias.gaussian_process import GaussianProcess, has_gaussian_process, path_features
from nasbias.spaces import get_space
from nasbias.statistics.metrics import kendall_tau
from tests.bias.simulated import SPACE, panel_of


def features_of(space, architectures):
    codes = np.asarray(space.encode(architectures), dtype=int)
    return path_features(dataclasses.replace(panel_of(0, n=60), space=space, codes=codes, truth=np.zeros(len(codes))))


def test_an_architecture_is_the_set_of_its_paths():
    """A skip adds nothing to a path, `none` ends it, and by which nodes it goes is no matter."""
    names = [
        "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|",
        "|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|",
        "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    ]
    found = features_of(SPACE, names)
    # sorted words: "", "conv3", "conv3|avg", "conv3|conv1|conv3"
    assert found.tolist() == [[1, 0, 1, 1], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert features_of(SPACE, names[3:]).shape == (1, 0)


def test_where_decisions_are_no_edges_the_features_are_the_choices():
    space = get_space("nb-macro")
    assert features_of(space, space.sample(40, seed=0)).shape == (40, 2 * len(space.decisions))


def test_predictions_are_scikit_learns_own():
    panel = panel_of(0, n=300)
    features, score = path_features(panel), panel.scores[0]
    fit, rest = np.arange(60), np.arange(60, 300)
    for each in (score, None):
        process = GaussianProcess()
        ours = process.predict(each, features, panel.truth, fit, rest)
        scaled = features / np.sqrt(features.var(axis=0).sum())
        inputs = gaussian_process._beside(scaled, each, np.arange(300), process._weight)
        target = (panel.truth[fit] - panel.truth[fit].mean()) / panel.truth[fit].std()
        theirs = GaussianProcess._regress(inputs[fit], target, process._kernel).predict(inputs[rest])
        assert ours == pytest.approx(panel.truth[fit].mean() + panel.truth[fit].std() * theirs)
        assert process.predict(each, features, panel.truth, fit, rest) == pytest.approx(ours)


def test_the_weight_of_the_score_is_the_one_of_the_highest_likelihood():
    panel = panel_of(0, n=200, noise=1.0)
    features, fit = path_features(panel), np.arange(50)
    process = GaussianProcess()
    predicted = process.predict(panel.scores[0], features, panel.truth, fit, np.arange(50, 200))
    scaled = features / np.sqrt(features.var(axis=0).sum())
    target = (panel.truth[fit] - panel.truth[fit].mean()) / panel.truth[fit].std()
    likelihood = {
        weight: GaussianProcess._regress(
            gaussian_process._beside(scaled[fit], panel.scores[0], fit, weight), target
        ).log_marginal_likelihood_value_
        for weight in gaussian_process._WEIGHTS
    }
    assert process._weight == max(likelihood, key=likelihood.get)
    assert kendall_tau(predicted, panel.truth[50:]) > 0.8


def test_a_score_beside_the_paths_is_centred_and_of_the_same_spread():
    score = np.arange(50.0)
    beside = gaussian_process._beside(np.zeros((50, 2)), score, np.arange(50), 2.0)
    assert (
        beside.shape == (50, 3) and beside[:, -1].mean() == pytest.approx(0) and beside[:, -1].std() == pytest.approx(2)
    )


def test_the_study_goes_on_without_scikit_learn():
    assert has_gaussian_process()
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from nasbias.bias.gaussian_process import has_gaussian_process\n"
        "import nasbias.bias.__main__\n"
        "assert not has_gaussian_process()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
