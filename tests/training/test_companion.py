"""What goes along with a training is told of every step and epoch, and is part of the run's state."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.training import train  # noqa: E402
from nasbias.training.companion import no_companions  # noqa: E402
from tests.small import small_run  # noqa: E402

CONFIG = small_run("nb201", epochs=2)


class Diary:
    """Writes down what it is told."""

    name = "diary"

    def __init__(self, config, sampler, device):
        self.steps, self.epochs, self.wrote = [], [], []

    def after_step(self, step, left, network, trained):
        self.steps.append((step, left, len(trained)))

    def after_epoch(self, epoch, network):
        self.epochs.append(epoch)
        return {"told": epoch}

    def state(self):
        return {"steps": torch.tensor([step for step, _, _ in self.steps])}

    def restore(self, tensors):
        self.steps = [(step, None, None) for step in tensors["steps"].tolist()]

    def write(self, folder, steps_per_epoch):
        (folder / "diary.txt").write_text(" ".join(str(step) for step, _, _ in self.steps))
        self.wrote.append(steps_per_epoch)


def with_diaries(made):
    def make(*given):
        made.append(Diary(*given))
        return [made[-1]]

    return make


def test_a_companion_hears_of_every_step_and_epoch_and_writes_at_the_end(tmp_path):
    made = []
    folder = train(replace(CONFIG, per_step=2), tmp_path / "run", companions=with_diaries(made))
    (diary,) = made
    assert diary.steps == [(1, 3, 2), (2, 2, 2), (3, 1, 2), (4, 0, 2)]
    assert (diary.epochs, diary.wrote) == ([1, 2], [2])
    assert [record["told"] for record in folder.log] == [1, 2]


def test_a_resumed_run_gives_its_companion_back_what_it_knew(tmp_path):
    made = []
    train(CONFIG, tmp_path / "run", stop_after=1, companions=with_diaries(made))
    assert not (tmp_path / "run" / "diary.txt").exists()
    train(CONFIG, tmp_path / "run", companions=with_diaries(made))
    assert (tmp_path / "run" / "diary.txt").read_text() == "1 2 3 4"
    assert len(made) == 2 and made[1].epochs == [2]


@pytest.mark.parametrize("fields", [{"dense_steps": 1}, {"prune": "halve"}])
def test_a_training_without_companions_refuses_a_run_that_asks_for_some(fields):
    assert no_companions(CONFIG, None, None) == []
    with pytest.raises(InputError, match=r"score while they train: use nasbias\.campaigns\.train_run"):
        no_companions(replace(CONFIG, **fields), None, None)
