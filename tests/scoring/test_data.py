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


def test_recalibration_takes_batches_of_another_size_and_augmented_images_where_asked():
    config = Training(crop=1, flip=True)
    plain, again, augmented = (
        load_scoring_data(config, 300, 40, recalibration_batch=100, augmented=asked) for asked in (False, True, True)
    )
    assert [len(x) for x in plain.recalibration] == [len(x) for x in augmented.recalibration] == [100] * 3
    one, other, third = (torch.cat(data.recalibration) for data in (plain, again, augmented))
    assert torch.equal(other, third)  # for every architecture and run
    assert not torch.equal(one, other)
    assert torch.equal(plain.valid[0][0], augmented.valid[0][0])  # what is scored is not augmented
    bare = load_scoring_data(Training(crop=0, flip=False), 300, 40, recalibration_batch=100, augmented=True)
    assert torch.equal(torch.cat(bare.recalibration), one)
