"""What a run is trained and scored on is cut as its configuration says."""

import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import Training  # noqa: E402
from nasbias.runs.data import EVALUATION_COLUMNS, load_run_images, network_sizes, sized  # noqa: E402


def test_every_field_of_the_split_reaches_the_images():
    config = Training(train_size=100, valid_size=40, resolution=16, split_seed=3)
    images = load_run_images(config, "cpu")
    assert images.train_x.shape == (100, 1, 16, 16) and len(images.valid_y) == 40
    other = load_run_images(Training(train_size=100, valid_size=40, resolution=16), "cpu")
    assert not torch.equal(images.valid_y, other.valid_y)
    official = load_run_images(Training(valid_from="test", valid_size=40), "cpu")
    assert len(official.train_y) == 1500  # nothing is split off


def test_a_network_takes_the_channels_and_gives_the_classes_of_the_images():
    assert network_sizes(load_run_images(Training(), "cpu")) == {"inputs": 1, "classes": 10}


class Words:
    name, train, valid = "mine", torch.arange(10), torch.arange(100, 105)


def test_text_is_cut_to_its_first_words():
    train, valid = sized(Words, Training(train_size=3))
    assert train.tolist() == [0, 1, 2] and valid.tolist() == [100, 101, 102, 103, 104]
    train, valid = sized(Words, Training(train_size=10, valid_size=1))
    assert len(train) == 10 and valid.tolist() == [100]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"train_size": 11}, "train_size is 11, but mine has 10 words there"),
        ({"valid_size": 6}, "valid_size is 6, but mine has 5 words there"),
        ({"valid_size": 0}, "valid_size is 0"),
    ],
)
def test_more_words_than_there_are_and_none_are_refused(fields, says):
    with pytest.raises(InputError, match=says):
        sized(Words, Training(**fields))


def test_the_images_lie_on_the_device_that_is_asked_for():
    images = load_run_images(Training(), "meta")
    assert {part.device.type for part in (images.train_x, images.valid_x, images.test_y)} == {"meta"}


def test_validation_text_is_read_in_ten_columns_as_p2_does():
    assert EVALUATION_COLUMNS == 10
