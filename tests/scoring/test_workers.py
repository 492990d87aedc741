"""A run's checkpoints, scored by one process or by several."""

import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.runs.checkpoints import read_tensors  # noqa: E402
from nasbias.scoring import load_scoring_data, score_architectures, workers  # noqa: E402
from nasbias.scoring.workers import Scorer, Settings, score_checkpoints  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.training import train  # noqa: E402
from nasbias.training.loop import Run  # noqa: E402
from tests.small import small_run  # noqa: E402

NAMES = get_space("nb201").sample(7, seed=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return train(small_run("nb201", epochs=2, checkpoints=(1,)), tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def settings(folder):
    return Settings(folder.path, recalibration_images=64)


def test_every_checkpoint_is_scored_with_its_own_weights(folder, settings):
    found = dict(score_checkpoints(settings, [2, 1], NAMES, 1))
    assert list(found) == [2, 1]
    data = load_scoring_data(folder.config, 64)
    for epoch, table in found.items():
        network = Run(folder.config).network
        network.load_state_dict(read_tensors(folder.checkpoint(epoch), "network.")[0])
        pd.testing.assert_frame_equal(table, score_architectures(network, NAMES, data))
    assert not found[1]["loss"].equals(found[2]["loss"])


def test_two_workers_give_the_scores_of_one_in_the_order_asked_for(settings, monkeypatch):
    one = dict(score_checkpoints(settings, [1, 2], NAMES, 1))
    monkeypatch.setattr(workers, "PART", 3)  # three parts, so that each worker gets some
    two = dict(score_checkpoints(settings, [1, 2], NAMES, 2))
    assert list(two) == [1, 2]
    for epoch in one:
        assert two[epoch]["architecture"].tolist() == NAMES.tolist()
        pd.testing.assert_frame_equal(two[epoch], one[epoch])


def test_settings_reach_the_scores(folder, settings):
    def losses(**fields):
        given = Settings(folder.path, **{"recalibration_images": 64, **fields})
        return Scorer(given).score(2, NAMES)["loss"].tolist()

    base = losses()
    for fields in ({"bn": "running"}, {"recalibration_images": 32}, {"valid_size": 30}, {"precision": "bf16-mixed"}):
        assert losses(**fields) != base, fields
    assert losses(engine="plain") == pytest.approx(base, abs=1e-4)
    with pytest.raises(InputError, match="engine"):
        losses(engine="none")


def test_weights_are_read_once_as_long_as_the_epoch_stays(settings, monkeypatch):
    read = []
    monkeypatch.setattr(workers, "read_tensors", lambda *given: read.append(given) or read_tensors(*given))
    scorer = Scorer(settings)
    for epoch in (1, 1, 2, 1):
        scorer.score(epoch, NAMES[:1])
    assert len(read) == 3


def test_a_checkpoint_that_is_not_there_is_refused(settings):
    with pytest.raises(InputError, match="no such checkpoint"):
        Scorer(settings).score(9, NAMES)
