"""Networks and images for the proxies."""

import numpy as np
import pytest
import torch

from nasbias.proxies import Probing
from nasbias.proxies.bench import Bench
from nasbias.spaces import get_space
from nasbias.supernets import options_from

SPACE = get_space("nb201")


@pytest.fixture
def bench():
    options = Probing(batch_size=8, untrained_images=16, proxies=("grad_norm", "zen", "untrained"))
    return Bench(SPACE, options, options_from("nb201", {"channels": 4, "cells": 1}))


def test_measuring_twice_gives_the_same_bits_and_leaves_torch_s_generator_alone(bench):
    architecture = SPACE.sample(1, seed=0)[0]
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    first = bench.measure(architecture)
    assert torch.equal(before, torch.random.get_rng_state())
    assert bench.measure(architecture) == first and set(first) == {"grad_norm", "zen"}


def test_the_untrained_supernet_is_one_and_its_scores_near_chance(bench):
    architectures = SPACE.sample(30, seed=0).tolist()
    scores = bench.score_untrained(architectures)
    assert scores["untrained_loss"].shape == (30,) and abs(np.median(scores["untrained_loss"]) - np.log(10)) < 0.6
    again = bench.score_untrained(architectures[7:9])
    np.testing.assert_allclose(again["untrained_loss"], scores["untrained_loss"][7:9], rtol=1e-4)


def test_the_batch_is_the_first_training_images(bench):
    assert bench.x.shape[0] == len(bench.y) == 8 and len(bench.data.valid[0][1]) == 16
    assert torch.equal(bench.data.valid[0][0][:8], bench.x)
