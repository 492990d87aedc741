import pytest
import torch

from nasbias.errors import InputError
from nasbias.runs import Training
from nasbias.scoring import load_scoring_data


def test_known_statistics_are_scored_in_small_batches_and_unknown_ones_in_those_of_recalibration():
    for bn, size in (("recalibrated", 64), ("running", 64), ("batch", 256)):
        data = load_scoring_data(Training(), 300, 280, bn=bn)
        assert [len(x) for x in data.recalibration] == [256, 44]
        assert {len(y) for _, y in data.valid[:-1]} == {size}
        assert data.n_valid == 280


def test_the_scored_images_are_the_same_ones_in_batches_of_any_size():
    small, large = (load_scoring_data(Training(), 64, 280, bn=bn) for bn in ("running", "batch"))
    for part in (0, 1):
        assert torch.equal(*(torch.cat([pair[part] for pair in data.valid]) for data in (small, large)))


def test_more_images_than_there_are_are_refused():
    with pytest.raises(InputError, match="5000 validation images asked for"):
        load_scoring_data(Training(), valid_size=5000)
