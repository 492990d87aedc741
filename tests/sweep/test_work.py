"""The tasks of a sweep, in this process."""

import pytest

pytest.importorskip("distributed")

from nasbias.runs import Diverged, RunFolder
from nasbias.score import score_run
from nasbias.sweep import work
from nasbias.tables import load_predictions
from tests.sweep.small import small_plan

pytestmark = pytest.mark.filterwarnings("ignore::nasbias.notices.Notice")


@pytest.fixture
def caller(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return work.Caller(str(tmp_path), "test")


def test_a_run_in_shards_has_the_predictions_of_one_that_is_scored_at_once(caller, tmp_path, monkeypatch):
    monkeypatch.setattr("nasbias.scoring.workers.PART", 2)
    (item,) = small_plan([0]).items
    shards = work.train_item(item, tmp_path / "run", caller)
    assert shards is not None and item.score is not None
    assert len(shards) == 3 and not work.is_done(item, tmp_path / "run")
    for shard in shards[::-1]:
        work.score_part(item, tmp_path / "run", shard, caller)
    written = {shard.path: shard.path.stat().st_mtime_ns for shard in shards}
    work.score_part(item, tmp_path / "run", shards[0], caller)
    assert {path: path.stat().st_mtime_ns for path in written} == written  # what is there is not scored again
    shards[1].path.unlink()  # lost: `finish_item` makes it again
    notices = work.finish_item(item, tmp_path / "run", caller)
    assert all("accuracy" in text for text in notices)
    assert work.is_done(item, tmp_path / "run")
    assert not list((tmp_path / "run").glob(".*"))
    together = load_predictions(tmp_path / "run")
    score_run(tmp_path / "run", item.score.on_one_process())
    assert together.equals(load_predictions(tmp_path / "run"))
    assert work.train_item(item, tmp_path / "run", caller) == []
    work.score_part(item, tmp_path / "run", shards[0], caller)  # a scheduler asks once more for what a lost worker had
    assert not list((tmp_path / "run").glob(".*"))


def test_a_run_is_done_when_it_is_scored_as_the_plan_has_it_now(caller, tmp_path):
    (item,) = small_plan([0]).items
    (other,) = small_plan([0], score=False).items
    assert not work.is_done(item, tmp_path / "run")
    work.train_item(item, tmp_path / "run", caller)
    assert work.is_done(other, tmp_path / "run") and not work.is_done(item, tmp_path / "run")
    work.finish_item(item, tmp_path / "run", caller)
    assert work.is_done(item, tmp_path / "run")
    (tmp_path / "run" / work.PREDICTIONS).write_text("half")
    assert not work.is_done(item, tmp_path / "run")


def test_a_worker_that_is_asked_to_stop_saves_what_it_is_at_and_serves_the_next_sweep(caller, tmp_path):
    (item,) = small_plan([0]).items
    work.ask_to_stop(caller)
    assert work.train_item(item, tmp_path / "run", caller) is None
    assert RunFolder(tmp_path / "run").latest.exists() and not (tmp_path / "run" / ".lock").exists()
    assert work.train_item(item, tmp_path / "run", work.Caller(caller.cwd, "the next"))
    assert RunFolder(tmp_path / "run").is_settled


def test_a_run_that_diverged_is_not_done(caller, tmp_path):
    (item,) = small_plan([0], learning_rate=1e20, clip=0.0).items
    for _ in range(2):
        with pytest.raises(Diverged):
            work.train_item(item, tmp_path / "run", caller)
    assert not work.is_done(item, tmp_path / "run")
