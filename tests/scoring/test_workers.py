"""A run's checkpoints, scored by one process or by several."""

import json
from dataclasses import replace

import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.runs.checkpoints import read_tensors  # noqa: E402
from nasbias.scoring import load_scoring_data, score_architectures, workers  # noqa: E402
from nasbias.scoring.workers import Scorer, Settings, score_checkpoints  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.training import train  # noqa: E402
from nasbias.training.run import Run  # noqa: E402
from tests.small import small_run  # noqa: E402

NAMES = get_space("nb201").sample(7, seed=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return train(small_run("nb201", epochs=2, checkpoints=(1,)), tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def settings(folder):
    return Settings(folder.path, recalibration_images=64)


@pytest.fixture
def parts(tmp_path):
    """The folder of shards."""
    (tmp_path / "parts").mkdir()
    return tmp_path / "parts"


def test_every_checkpoint_is_scored_with_its_own_weights(folder, settings, parts):
    found = dict(score_checkpoints(settings, [2, 1], NAMES, 1, parts))
    assert list(found) == [2, 1]
    data = load_scoring_data(folder.config, 64)
    for epoch, table in found.items():
        network = Run(folder.config).network
        network.load_state_dict(read_tensors(folder.checkpoint(epoch), "network.")[0])
        pd.testing.assert_frame_equal(table, score_architectures(network, NAMES, data))
    assert not found[1]["loss"].equals(found[2]["loss"])


def test_two_workers_give_the_scores_of_one_to_the_bit_in_the_order_asked_for(settings, parts, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "PART", 3)  # three parts, so that each worker gets some
    (tmp_path / "others").mkdir()
    one = dict(score_checkpoints(settings, [1, 2], NAMES, 1, parts))
    two = dict(score_checkpoints(settings, [1, 2], NAMES, 2, tmp_path / "others"))
    assert list(two) == [1, 2]
    for epoch in one:
        assert two[epoch]["architecture"].tolist() == NAMES.tolist()
        pd.testing.assert_frame_equal(two[epoch], one[epoch], check_exact=True)


def test_shards_do_not_change_the_scores_of_architectures_that_are_one_function(settings, parts, tmp_path, monkeypatch):
    names = get_space("nb201").members()[:40]  # many are equal here
    whole = dict(score_checkpoints(settings, [2], names, 1, parts))[2]
    monkeypatch.setattr(workers, "PART", 2)
    (tmp_path / "others").mkdir()
    cut = dict(score_checkpoints(settings, [2], names, 1, tmp_path / "others"))[2]
    pd.testing.assert_frame_equal(cut, whole, check_exact=True)
    assert len(list((tmp_path / "others").iterdir())) < 20  # they are scored once


def test_what_is_scored_is_not_scored_again_and_what_is_half_or_of_other_settings_is_removed(
    settings, parts, monkeypatch
):
    monkeypatch.setattr(workers, "PART", 3)
    whole = dict(score_checkpoints(settings, [2], NAMES, 1, parts))[2]
    first, second, third = sorted(parts.iterdir())
    second.unlink()
    third.write_bytes(third.read_bytes()[:100])
    (parts / ".x.parquet.0123abcd.parquet").touch()
    (parts / "other.parquet").touch()
    scored, told = [], []
    score = workers.score_shard
    monkeypatch.setattr(workers, "score_shard", lambda shard: (scored.append(shard.path), score(shard)))
    again = dict(score_checkpoints(settings, [2], NAMES, 1, parts, lambda *counts: told.append(counts)))[2]
    assert sorted(scored) == [second, third]
    assert told[0][0] in (1, 3) and told[-1] == (7, 7) and len(told) == 3
    pd.testing.assert_frame_equal(again, whole, check_exact=True)
    assert sorted(parts.iterdir()) == [first, second, third]


def test_a_shard_is_known_by_its_weights_and_settings(folder, settings, parts):
    def name(**fields):
        shards, place = workers.list_shards(replace(settings, **fields), [2], NAMES, parts)
        assert sorted(place) == list(range(len(shards[0].architectures)))
        return shards[0].path

    assert name() == name() != name(bn="running")
    before = name()
    path = folder.checkpoint(2)
    content = path.read_bytes()
    try:
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        assert name() != before
    finally:
        path.write_bytes(content)


def test_data_that_are_not_those_of_the_training_are_refused(folder, settings):
    about = folder.path / "provenance.json"
    text = about.read_text()
    try:
        about.write_text(text.replace(json.loads(text)["contents"]["data"], "0" * 16))
        with pytest.raises(InputError, match="began with other data"):
            Scorer(settings)
        about.unlink()
        Scorer(settings)  # of an earlier version
    finally:
        about.write_text(text)


def test_settings_reach_the_scores(folder, settings):
    def losses(**fields):
        given = Settings(folder.path, **{"recalibration_images": 64, **fields})
        return Scorer(given).score(2, NAMES)["loss"].tolist()

    base = losses()
    more = ({"precision": "bf16-mixed"}, {"recalibration_batch": 16}, {"recalibration_augmented": True})
    for fields in ({"bn": "running"}, {"recalibration_images": 32}, {"valid_size": 30}, *more):
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
