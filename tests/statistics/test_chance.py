"""What random rankings get, against random rankings."""

import math

import numpy as np
import pytest

from nasbias.statistics.chance import random_rankings
from nasbias.statistics.metrics import METRICS


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", METRICS)
def test_the_range_of_chance_is_that_of_random_rankings(name, ties):
    rng = np.random.default_rng(3)
    truth = 90 + rng.normal(size=120)
    truth = truth.round(0) if ties else truth
    drawn = np.array([METRICS[name](rng.permutation(120), truth) for _ in range(1500)])
    median, low, high = random_rankings(truth)[name]
    assert low <= median <= high
    assert 0.94 <= np.mean((drawn >= low - 1e-9) & (drawn <= high + 1e-9)) <= 1
    assert np.mean(drawn <= median + 1e-9) >= 0.46 and np.mean(drawn >= median - 1e-9) >= 0.46
    if not ties and name in ("gt_tau", "spearman", "top1_rank", "best_at_10", "br_at_5", "wr_at_5"):
        inside = np.mean((drawn > low + 1e-9) & (drawn < high - 1e-9))
        assert inside <= 0.965  # and no wider than it must be


def test_the_best_of_all_architectures_is_sure_to_be_found():
    found = random_rankings(np.arange(8.0))
    assert found["best_at_10"] == (7, 7, 7) and found["top1_rank"][1:] == (1, 8)


def test_a_truth_that_ranks_nothing_leaves_nothing_to_say():
    assert all(math.isnan(value) for values in random_rankings(np.ones(5)).values() for value in values)
    assert math.isnan(random_rankings(np.array([1.0, 1.01]))["sparse_tau"][0])


@pytest.mark.parametrize("n", [2, 3, 5])
def test_chance_never_leaves_a_metrics_range(n):
    for name, values in random_rankings(np.arange(float(n))).items():
        low, high = METRICS[name].bounds
        assert all(low <= value <= high for value in values), name
    assert random_rankings(np.arange(2.0))["gt_tau"] == (0, -1, 1)
