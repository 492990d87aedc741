"""What a run is trained and scored on is cut as its configuration says."""

import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import Training  # noqa: E402
from nasbias.runs.data import EVALUATION_COLUMNS, augment, load_run_images, network_sizes, sized  # noqa: E402


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


def test_listed_places_are_validated_on(tmp_path):
    (tmp_path / "places.txt").write_text(" ".join(map(str, range(0, 100, 2))))
    images = load_run_images(Training(valid_indices=str(tmp_path / "places.txt"), valid_from="test"), "cpu")
    assert len(images.valid_y) == 50 and len(images.train_y) == 1500


def augmented(images, seed, **fields):
    config = Training(**{"crop": 0, "flip": False, **fields})
    return augment(images.train_x[:64], images, config, torch.Generator().manual_seed(seed))


def test_without_augmentation_images_are_only_normalised():
    images = load_run_images(Training(resolution=16), "cpu")
    found = augmented(images, 0)
    assert torch.equal(found, images.normalise(images.train_x[:64]))
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("fields", [{"crop": 2}, {"flip": True}, {"cutout": 3}])
def test_each_augmentation_is_asked_for_by_its_field_and_repeats_with_the_generator(fields):
    images = load_run_images(Training(), "cpu")
    first, again, other = (augmented(images, seed, **fields) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, images.normalise(images.train_x[:64]))


@pytest.mark.parametrize(("cutout", "side"), [(0, 0), (3, 3), (-1, 4)])
def test_a_square_of_the_side_is_cut_out_after_normalising_and_minus_one_is_half_the_image(cutout, side):
    images = load_run_images(Training(), "cpu")
    cut, whole = augmented(images, 0, cutout=cutout), images.normalise(images.train_x[:64])
    changed = cut != whole
    assert (cut[changed] == 0).all()  # the mean
    most = changed.any(dim=1).flatten(1).sum(dim=1).max()
    assert (most == 0) if side == 0 else (side * side / 2 < most <= side * side)


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
