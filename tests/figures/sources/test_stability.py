import pytest

from nasbias.errors import InputError
from nasbias.figures.sources import ORDERS, Given, make


def test_what_filtering_loses_has_a_panel_per_order():
    made = make("filter_curve", Given())
    assert [part.title for part in made.parts] == list(ORDERS.values())
    assert all(len(part.tables["loss"]) == 27 for part in made.parts)
    assert "5 runs an order" in made.caption


def test_orders_stand_beside_the_papers_own():
    (part,) = make("order_agreement", Given()).parts
    assert part.tables["instances"]["order"].tolist() == ["fixed", "shuffled", "reshuffled"]
    assert part.tables["published"]["s_tau"].tolist() == [0.5415, 0.3930, 0.4403]


def test_only_our_orders_can_be_compared():
    with pytest.raises(InputError, match="three orders"):
        make("order_agreement", Given(space="darts64"))


def test_ranks_are_of_every_architecture():
    (part,) = make("rank_boxes", Given(space="darts64")).parts
    assert len(part.tables["ranks"]) == 64


def test_a_cycle_is_marked_in_fixed_order_only():
    parts = make("last_minibatches", Given()).parts
    assert parts[0].title == ORDERS["cycle"]
    assert {part.title for part in parts if part.options["period"]} == {ORDERS["cycle"]}
    assert len(parts[0].tables["scores"]) == 64 * 128


def test_scores_come_back_after_a_cycle_in_fixed_order_only():
    lags = make("autocorrelation", Given()).parts[0].tables["lags"].set_index(["order", "lag"])["autocorrelation"]
    assert lags[ORDERS["cycle"], 64] > 0.5 > lags[ORDERS["reshuffled"], 64]


def test_each_step_has_a_tau():
    table = make("gt_tau_over_steps", Given()).parts[0].tables["steps"]
    assert set(table.groupby("order").size()) == {128}
    assert table["gt_tau"].between(-1, 1).all()
