import pytest

torch = pytest.importorskip("torch")

from nasbias.datasets.sending import send  # noqa: E402
from nasbias.training.run import Run  # noqa: E402
from tests.small import SPACES, small_run  # noqa: E402

# What a GPU's host has to wait for: a number read from the device, and an index list of unknown length.
WAITS = {"aten::_local_scalar_dense", "aten::item", "aten::nonzero"}


def test_what_is_on_the_device_already_is_not_copied():
    tensor = torch.arange(3)
    assert send(tensor, "cpu") is tensor


def test_what_is_not_there_goes_there():
    assert send(torch.arange(3), "meta").device.type == "meta"


@pytest.mark.parametrize("space", SPACES)
def test_a_training_step_reads_nothing_back_from_the_device(space):
    run = Run(small_run(space, clip=1.0))
    run.begin_epoch()
    run.train_next()
    choices = run.sampler.step()
    with torch.profiler.profile() as profile:
        run.move(choices, 1, 0.01)
    seen = {event.key for event in profile.key_averages()}
    assert "aten::mm" in seen or "aten::addmm" in seen  # the profiler does see what is done
    assert not seen & WAITS
