"""A small truth of NAS-Bench-201, two seeds of 40 architectures."""

import numpy as np
import pandas as pd
import pytest

from tests.truth import official_nb201 as official


@pytest.fixture
def tidy() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"architecture": official.names(40), "dataset": "cifar10", "epochs": 200})
    return pd.concat([table.assign(seed=seed, test_accuracy=rng.uniform(80, 90, 40)) for seed in (0, 1)])
