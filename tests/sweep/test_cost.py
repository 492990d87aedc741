"""What a plan would cost."""

import pytest

pytest.importorskip("distributed")

from nasbias.sweep import cost, make_plan, work
from nasbias.training import pace
from tests.sweep.small import SCORE, TRAINING

pytestmark = pytest.mark.filterwarnings("ignore::nasbias.notices.Notice")


def test_longer_runs_cost_more_seeds_cost_the_same_and_what_is_done_costs_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(pace, "MEASURED", 0.2)
    measured = []
    seconds = cost.estimate_seconds
    monkeypatch.setattr(cost, "estimate_seconds", lambda *given: (measured.append(1), seconds(*given))[1])
    training = {name: value for name, value in TRAINING.items() if name != "epochs"}
    plan = make_plan({"training": training, "grid": {"epochs": [2, 2000], "seed": [0, 1]}, "score": SCORE})
    table = cost.estimate(plan, tmp_path / "out", 3)
    assert len(measured) == 1 and table.attrs["processes"] == 3
    short, _, long, other = table["minutes"]
    assert long == other > 10 * short > 0 and (table["scoring"] > 0).all()
    assert not (tmp_path / "out").exists()
    caller = work.Caller(str(tmp_path), "test")
    folder = plan.items[0].folder(tmp_path / "out" / "runs")
    work.train_item(plan.items[0], folder, caller)
    work.finish_item(plan.items[0], folder, caller)
    table = cost.estimate(plan, tmp_path / "out", 3)
    assert table["state"].tolist() == ["done", "waiting", "waiting", "waiting"] and table["minutes"][0] == 0
