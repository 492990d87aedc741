"""What `Monitor.update` costs a training loop: below .1 CPU-seconds at 1,000 architectures, files written."""

import time

import numpy as np
import pandas as pd
import pytest

import nasbias


@pytest.mark.benchmark(group="monitor: an update, accuracy and loss of 1,000 architectures, files written")
def test_update(benchmark, tmp_path):
    rng = np.random.default_rng(0)
    space = nasbias.get_space("nb201")
    architectures = space.sample(1_000, seed=0)
    truth = pd.DataFrame({"architecture": architectures, "test_accuracy": 90 + rng.normal(size=1_000)})
    monitor = nasbias.Monitor("nb201", truth, n=1_000, out=tmp_path, patience=10**6)
    epochs = iter(range(1, 10**6))

    def update():
        score = rng.normal(size=1_000)
        monitor.update(next(epochs), {"accuracy": 50 + score, "loss": 50 - score})

    update()
    started = time.process_time()
    benchmark.pedantic(update, rounds=20)
    spent = (time.process_time() - started) / 20
    benchmark.extra_info["note"] = f"{spent:.3f} CPU-s"
    assert spent < 0.1
