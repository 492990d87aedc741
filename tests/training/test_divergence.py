"""Trainings that come to nothing: named to the step, marked, and not begun again."""

import json
import math
from dataclasses import replace

import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias.campaigns.standalone import train_alone  # noqa: E402
from nasbias.correlation import correlate  # noqa: E402
from nasbias.errors import InputError  # noqa: E402
from nasbias.notices import Notice  # noqa: E402
from nasbias.runs import Diverged, RunFolder  # noqa: E402
from nasbias.score import Scoring, score_run  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.tables import read_about, read_table  # noqa: E402
from nasbias.training import train  # noqa: E402
from nasbias.training.divergence import EXPLODED, LossWatch  # noqa: E402
from nasbias.training.images import ImageTask  # noqa: E402
from nasbias.truth import read_truth  # noqa: E402
from tests.small import small_run  # noqa: E402

CHOICE = (0, 1, 2, 3, 4, 0)
NAME = get_space("nb201").decode([CHOICE])[0]


def watch(device="cpu", every=None):
    found = LossWatch(get_space("nb201"), 10, torch.device(device))
    found.every = every or found.every
    return found


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf, 1.6e12, 1.01 * EXPLODED * math.log(10)])
def test_the_step_that_ends_a_training_is_named_also_when_it_is_looked_at_later(loss):
    late = watch(every=64)
    for step, value in enumerate((2.3, 90.0, loss, 2.3), start=11):
        late.add(2, step, [CHOICE], torch.tensor(value), False)
    with pytest.raises(
        Diverged, match=rf"in epoch 2, step 13 \(architecture {NAME.replace('|', '.').replace('+', '.')}\)"
    ):
        late.look(False)
    late.look(False)  # what was seen is not seen again
    with pytest.raises(Diverged):
        watch().add(1, 1, [CHOICE], torch.tensor(loss), False)


def test_losses_that_trainings_come_back_from_are_let_through():
    calm = watch()
    for value in (2.3, 0.0, 0.99 * EXPLODED * math.log(10)):
        calm.add(1, 1, [CHOICE], torch.tensor(value), False)
    calm.add(1, 1, [CHOICE], torch.tensor(math.nan), True)  # a text run rolls back
    with pytest.raises(Diverged, match="1.6e"):
        calm.add(1, 1, [CHOICE], torch.tensor(1.6e12), True)


@pytest.fixture
def broken(monkeypatch):
    """From its fifth step on, every run's loss is multiplied by `broken.factor`."""
    loss, count = ImageTask.loss, {}

    def wrong(task, network, choice, step, generator, number=0):
        count[task] = count.get(task, 0) + 1
        return loss(task, network, choice, step, generator) * (wrong.factor if count[task] >= 5 else 1)

    wrong.factor = math.nan
    monkeypatch.setattr(ImageTask, "loss", wrong)
    return wrong


def test_a_run_that_diverges_keeps_its_checkpoints_and_is_not_begun_again(broken, tmp_path):
    config = small_run("nb201", epochs=4, checkpoints=(1, 2))  # of two steps each
    with pytest.raises(Diverged, match=r"the training loss is nan in epoch 3, step 5"):
        train(config, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert folder.epochs == [1, 2] and not folder.is_finished and not folder.latest.exists()
    assert [record["epoch"] for record in folder.log] == [1, 2]
    assert json.loads((folder.path / "diverged.json").read_text())["step"] == 5
    before = sorted(folder.path.rglob("*"))
    broken.factor = 1.0
    with pytest.raises(Diverged, match="step 5"):
        train(config, tmp_path / "run", report=lambda record: pytest.fail("trained again"))
    assert sorted(folder.path.rglob("*")) == before


def test_an_explosion_is_a_divergence(broken, tmp_path):
    broken.factor = 1e12
    with pytest.raises(Diverged, match=r"the training loss is \d.*e\+1\d in epoch 3"):
        train(small_run("nb201", epochs=4), tmp_path / "run")


def test_weights_that_are_no_numbers_are_not_saved(tmp_path, monkeypatch):
    def spoil(task, network):
        next(network.parameters()).data.fill_(math.nan)

    monkeypatch.setattr(ImageTask, "after_step", spoil)
    with pytest.raises(Diverged):
        train(small_run("nb201", epochs=1, train_size=64), tmp_path / "run")
    assert RunFolder(tmp_path / "run").epochs == []


def test_predictions_of_such_a_run_say_so_to_whoever_reads_them(broken, tmp_path):
    with pytest.raises(Diverged):
        train(small_run("nb201", epochs=4, checkpoints=(2,)), tmp_path / "run")
    names = get_space("nb201").sample(40, 0)
    truth = pd.DataFrame({"architecture": names, "test_accuracy": range(10, 50)})
    (tmp_path / "names.txt").write_text("\n".join(names))
    options = Scoring(architectures=str(tmp_path / "names.txt"), recalibration_images=64, valid_size=50, processes=1)
    score_run(tmp_path / "run", options)
    with pytest.warns(Notice, match="training diverged: the training loss is nan in epoch 3, step 5"):
        correlate([tmp_path / "run"], truth, space="nb201")


@pytest.mark.filterwarnings("ignore:valid_accuracy:nasbias.notices.Notice")
def test_one_that_diverges_stops_no_other_and_is_named_in_the_truth(tmp_path, monkeypatch):
    names = get_space("nb201").sample(3, 1).tolist()
    loss = ImageTask.loss
    monkeypatch.setattr(
        ImageTask,
        "loss",
        lambda task, *rest: loss(task, *rest) * (math.nan if task.config.standalone == names[1] else 1),
    )
    told = []
    config = small_run("nb201", epochs=1)
    with pytest.warns(Notice, match="1 of 3 trainings diverged and have no row"):
        path = train_alone(config, names, (0,), tmp_path / "t", report=lambda result, *counts: told.append(result))
    assert ["diverged" in result for result in told] == [False, True, False]
    assert set(read_table(path)["architecture"]) == {names[0], names[2]}
    (about,) = read_about(path)["diverged"]
    assert about.startswith(f"{names[1]}, seed 0: training diverged: the training loss is nan in epoch 1, step 1 ")
    with pytest.warns(Notice, match="1 of its trainings diverged and have no row"):
        read_truth("nb201", path)
    assert sorted(p.name for p in (tmp_path / "t").iterdir()) == [
        "config.toml",
        "provenance.json",
        "trainings",
        path.name,
    ]
    with pytest.raises(InputError, match="all 1 trainings diverged"):
        train_alone(replace(config, seed=1), names[1:2], (1,), tmp_path / "u")
