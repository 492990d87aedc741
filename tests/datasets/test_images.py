"""Loading, splitting, channels and normalising; the real CIFAR-10 where it is here."""

import pytest
import torch

from nasbias.datasets import batches, load_images
from nasbias.datasets.images import convert_channels
from nasbias.errors import InputError


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rows(x: torch.Tensor) -> list[bytes]:
    return [image.numpy().tobytes() for image in x]


def test_every_image_keeps_its_label():
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    label_of = {(row * (255 / 16)).round().astype("uint8").tobytes(): label for row, label in zip(pixels, labels)}
    images = load_images("digits")
    for split in ("train", "valid", "test"):
        x, y = getattr(images, f"{split}_x"), getattr(images, f"{split}_y")
        assert [label_of[row] for row in rows(x)] == y.tolist()


def test_the_seed_decides_the_split():
    first, again, other = (load_images("digits", seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first.train_x, again.train_x)
    assert torch.equal(first.valid_y, again.valid_y)
    assert not torch.equal(first.valid_x, other.valid_x)


def test_smaller_sets_of_one_seed_are_the_start_of_larger_ones():
    large, small = load_images("digits", valid_size=300), load_images("digits", valid_size=40, train_size=100)
    assert torch.equal(small.valid_x, large.valid_x[:40])
    assert torch.equal(small.train_x, large.train_x[:100])


def test_the_test_split_can_be_the_validation_set():
    images = load_images("digits", valid="test")
    assert torch.equal(images.valid_x, images.test_x)
    assert len(images.train_x) == 1500


def test_normalised_training_images_have_mean_0_and_deviation_1():
    images = load_images("digits", valid="test")
    x = images.normalise(images.train_x)
    assert x.dtype == torch.float32
    assert float(x.mean()) == pytest.approx(0, abs=1e-4)
    assert float(x.std(correction=0)) == pytest.approx(1, abs=1e-4)
    last = images.normalise(images.train_x.expand(-1, 3, -1, -1), torch.channels_last)
    assert last.is_contiguous(memory_format=torch.channels_last)


def test_normalising_leaves_the_images_as_they_were():
    images = load_images("digits")
    x = images.train_x[:10].float()
    before = x.clone()
    images.normalise(x)
    assert torch.equal(x, before)


def test_gray_images_become_rgb_and_back():
    gray = load_images("digits", resolution=4)
    colour = load_images("digits", resolution=4, channels="rgb")
    assert colour.train_x.shape == (1200, 3, 4, 4)
    assert colour.mean.flatten().tolist() == pytest.approx(gray.mean.flatten().tolist() * 3)
    assert torch.equal(convert_channels(colour.train_x, "gray"), gray.train_x)


def test_gray_is_what_pillow_calls_gray():
    from PIL import Image

    x = torch.randint(0, 256, (1, 3, 40, 40), generator=generator(), dtype=torch.uint8)
    pillow = torch.tensor(list(Image.fromarray(x[0].permute(1, 2, 0).numpy()).convert("L").tobytes()))
    assert (convert_channels(x, "gray").flatten().int() - pillow).abs().max() <= 1  # pillow rounds in fixed point


def test_an_epoch_visits_every_image_once_in_the_generators_order():
    x = torch.zeros(103, 1, 2, 2)
    first = list(batches(x, 20, generator(1)))
    assert [len(index) for index in first] == [20] * 5 + [3]
    assert sorted(torch.cat(first).tolist()) == list(range(103))
    assert torch.equal(torch.cat(first), torch.cat(list(batches(x, 20, generator(1)))))
    assert [len(index) for index in batches(x, 20, generator(1), drop_last=True)] == [20] * 5
    random = generator(1)
    epochs = [torch.cat(list(batches(x, 20, random))) for _ in range(2)]
    assert not torch.equal(*epochs)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name_or_path": "digit"}, "Did you mean digits?"),
        ({"name_or_path": "cifar10"}, "python -m nasbias.datasets fetch cifar10"),
        ({"name_or_path": "no/such/place"}, "no such file or folder"),
        ({"resolution": 0}, "resolution must lie in 1 to 512, not 0"),
        ({"channels": "blue"}, "channels must be gray or rgb, not 'blue'"),
        ({"valid": "both"}, "valid must be 'train' or 'test', not 'both'"),
        ({"valid_size": 1500}, "valid_size is 1,500, but digits has room for 1 to 1,499"),
        ({"valid_size": 500, "train_size": 1001}, "train_size is 1,001, but digits has room for 1 to 1,000"),
        ({"valid": "test", "valid_size": 298}, "valid_size is 298, but digits has room for 1 to 297"),
        ({"seed": -1}, "seed must be 0 or more, not -1"),
        ({"device": "gpu"}, "device 'gpu' can't be used"),
    ],
)
def test_an_impossible_wish_is_refused_with_its_remedy(options, says):
    with pytest.raises(InputError) as caught:
        load_images(**options)
    assert says in str(caught.value)


@pytest.fixture(scope="module")
def cifar10(shared, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASBIAS_DATA", str(tmp_path_factory.mktemp("decoded")))
        return load_images(shared / "cifar10_jpeg.parquet", valid_size=10_000)


def test_the_shared_cifar10_has_the_published_counts_and_moments(cifar10):
    splits = [torch.cat([cifar10.train_y, cifar10.valid_y]), cifar10.test_y]
    assert [split.bincount().tolist() for split in splits] == [[5000] * 10, [1000] * 10]
    assert cifar10.train_x.shape == (40_000, 3, 32, 32)
    # Known of the lossless images; JPEG at quality 75 takes a little contrast.
    assert cifar10.mean.flatten().tolist() == pytest.approx([0.4914, 0.4822, 0.4465], abs=5e-4)
    assert cifar10.std.flatten().tolist() == pytest.approx([0.2470, 0.2435, 0.2616], abs=2.5e-3)


def test_the_first_validation_images_are_a_random_sample_of_the_classes(cifar10):
    assert int(cifar10.valid_y[:1000].bincount().min()) >= 60  # expected 100, standard deviation 9.5


@pytest.mark.parametrize("split", ["train", "test"])
def test_listed_images_alone_are_validated_on_and_none_of_them_is_trained_on(split):
    whole = load_images("digits", valid="test")
    source = load_images("digits", valid=split, valid_indices=range(0, 200, 2), seed=1)
    fewer = load_images("digits", valid=split, valid_indices=range(0, 200, 2), seed=1, valid_size=30)
    assert len(source.valid_x) == 100
    assert torch.equal(fewer.valid_x, source.valid_x[:30])
    assert len(source.train_x) == len(fewer.train_x) == (1400 if split == "train" else 1500)
    if split == "train":
        assert sorted(rows(source.train_x) + rows(source.valid_x)) == sorted(rows(whole.train_x))
    else:
        assert set(rows(source.valid_x)) < set(rows(whole.test_x))


def test_places_that_the_split_does_not_have_are_refused():
    with pytest.raises(InputError, match="place 1,500 asked for"):
        load_images("digits", valid_indices=[3, 1500])
    with pytest.raises(InputError, match="0 places asked for"):
        load_images("digits", valid_indices=[])
    with pytest.raises(InputError, match="297 images in that split, 297 places"):
        load_images("digits", valid="test", valid_indices=range(297))
