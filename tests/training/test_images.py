"""Batches of augmented images and their loss."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from nasbias.errors import InputError  # noqa: E402
from nasbias.runs import Training  # noqa: E402
from nasbias.training.images import AUXILIARY_WEIGHT, ImageTask  # noqa: E402

BARE = Training(batch_size=64, train_size=200, valid_size=40, crop=0, flip=False)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def make(**fields):
    return ImageTask(replace(BARE, **fields), torch.device("cpu"))


class Recorder(torch.nn.Module):
    """Keeps what it is shown; logits are zero, or two of them where it has an auxiliary head."""

    def __init__(self, heads=1):
        super().__init__()
        self.seen, self.heads = [], heads

    def forward(self, x, choice):
        self.seen.append((x, choice))
        logits = torch.arange(10.0).expand(len(x), 10)
        return logits if self.heads == 1 else (logits, 2 * logits)


def shown(task, seed=0):
    """All images of an epoch [n, channels, height, width]."""
    recorder, source = Recorder(), generator(seed)
    task.begin_epoch(source)
    for step in range(task.steps):
        task.loss(recorder, (1, 2), step, source)
    assert {choice for _, choice in recorder.seen} == {(1, 2)}
    return torch.cat([x for x, _ in recorder.seen])


def test_an_epoch_is_whole_batches_in_a_new_order_each_image_once():
    task = make()
    assert (task.steps, task.batch_size, task.examples) == (3, 64, 192)  # of 200: eight are left out
    first, second = shown(task), shown(task, seed=1)
    there = {image.numpy().tobytes() for image in task.images.normalise(task.images.train_x)}
    seen = [image.numpy().tobytes() for image in first]
    assert len(set(seen)) == len(set(there) & set(seen)) == 192
    assert not torch.equal(first, second)
    assert torch.equal(first, shown(task))


def test_a_batch_is_no_larger_than_the_set():
    task = make(batch_size=500)
    assert (task.batch_size, task.steps, task.examples) == (200, 1, 200)


def test_the_loss_is_the_mean_cross_entropy_and_the_auxiliary_heads_counts_less():
    task = make()
    task.begin_epoch(generator())
    labels = task.images.train_y[task.order[64:128]]
    logits = torch.arange(10.0).expand(64, 10)
    plain = task.loss(Recorder(), (0,), 1, generator())
    assert plain.item() == pytest.approx(F.cross_entropy(logits, labels).item())
    both = task.loss(Recorder(heads=2), (0,), 1, generator())
    expected = F.cross_entropy(logits, labels) + 0.4 * F.cross_entropy(2 * logits, labels)
    assert both.item() == pytest.approx(expected.item()) and AUXILIARY_WEIGHT == 0.4


def test_the_last_images_of_an_epoch_are_a_smaller_batch_where_they_are_kept():
    task = make(last_batch="keep")
    assert (task.steps, task.examples) == (4, 200)
    assert len({image.numpy().tobytes() for image in shown(task)}) == len(
        {image.numpy().tobytes() for image in task.images.normalise(task.images.train_x)}
    )
    assert make(last_batch="keep", batch_size=100).steps == 2  # none is left over


@pytest.mark.parametrize(("last", "steps", "examples"), [("drop", 3, 60), ("keep", 4, 66)])
def test_architectures_of_a_step_see_images_of_their_own_where_asked(last, steps, examples):
    task = make(step_images="own", per_step=3, batch_size=20, last_batch=last)
    assert (task.steps, task.examples) == (steps, examples)
    recorder, source = Recorder(), generator()
    task.begin_epoch(source)
    for step in range(task.steps):
        for number in range(3):
            task.loss(recorder, (number,), step, source, number)
    seen = [{image.numpy().tobytes() for image in x} for x, _ in recorder.seen]
    assert [len(x) for x, _ in recorder.seen] == [20] * 9 + ([6] * 3 if last == "keep" else [])
    assert len(set.union(*seen)) == sum(map(len, seen))  # no image twice


def test_images_too_few_for_a_step_are_refused():
    assert make(step_images="own", per_step=4).batch_size == 50
    with pytest.raises(InputError, match="200 training images are too few for 201 architectures a step"):
        make(step_images="own", per_step=201)


def test_one_image_is_refused_where_bn_has_one_value_and_no_other_error_is():
    class Normal(Recorder):
        def __init__(self):
            super().__init__()
            self.bn = torch.nn.BatchNorm2d(1)

        def forward(self, x, choice):
            self.bn(x.mean((1, 2, 3), keepdim=True))
            return super().forward(x, choice)

    for size in (1, 2):
        task = make(batch_size=size)
        task.begin_epoch(generator())
        if size == 1:
            with pytest.raises(InputError, match="one image.*--batch-size"):
                task.loss(Normal(), (1,), 0, generator())
        else:
            assert torch.isfinite(task.loss(Normal(), (1,), 0, generator()))

    def complain(x, choice):
        raise InputError("its own")

    task = make(batch_size=1)
    task.begin_epoch(generator())
    with pytest.raises(InputError, match="^its own$"):
        task.loss(complain, (1,), 0, generator())
