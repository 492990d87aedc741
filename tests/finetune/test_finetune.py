"""GT-Tau against mini-batches."""

import numpy as np
import pandas as pd
import pytest

from nasbias.finetune import follow_finetuning
from nasbias.matching import match
from nasbias.spaces import get_space

SOME = get_space("nb201").sample(5, seed=2).tolist()


def test_tau_against_mini_batches_is_that_of_each_step():
    values = np.array([90.0, 80, 85, 70, 60])
    truth = pd.DataFrame({"architecture": SOME, "valid_accuracy": values})
    tables = [
        pd.DataFrame({"architecture": SOME, "step": step, "accuracy": 100 - values if step < 3 else values})
        for step in range(6)
    ]
    scores = pd.concat(tables).assign(run="r", seed=0, epoch=1, bn="running")
    curve = follow_finetuning(match(scores, truth))
    assert curve["step"].tolist() == [0, 1, 2, 3, 4, 5]
    assert curve["gt_tau"].tolist() == pytest.approx([-1, -1, -1, 1, 1, 1])
