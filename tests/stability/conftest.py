"""What the tests of stability share."""

import numpy as np
import pandas as pd
import pytest

from tests.stability.made import SPACE


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def truth(rng):
    names = SPACE.architectures()["architecture"].tolist()
    quality = rng.permutation(64) / 10
    return pd.concat(
        pd.DataFrame({"architecture": names, "seed": seed}).assign(
            test_accuracy=85 + quality + 0.3 * rng.normal(size=64)
        )
        for seed in range(3)
    )
