"""What the tests of pruning share."""

import numpy as np
import pandas as pd
import pytest

from tests.pruning.made import CODES


@pytest.fixture
def truth():
    rng = np.random.default_rng(0)
    return pd.DataFrame({"architecture": CODES, "dataset": "cifar10", "valid_accuracy": rng.uniform(80, 90, 64)})
