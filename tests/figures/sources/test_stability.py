import pytest

from nasbias.figures.sources import ORDERS, Given, make


def test_our_orders_are_panels_with_their_own_published_numbers():
    made = make("s_tau_over_epochs", Given())
    assert [part.title for part in made.parts] == list(ORDERS.values())
    assert [part.tables["published"]["s_tau"].item() for part in made.parts] == [0.5415, 0.3930, 0.4403]


def test_ranks_are_of_all_64_architectures():
    for part in make("rank_boxes", Given()).parts:
        assert len(part.tables["ranks"]) == 64


def test_the_period_is_marked_in_fixed_order_only():
    fixed, reshuffled = make("last_minibatches", Given()).parts
    assert fixed.title == ORDERS["cycle"]
    assert (fixed.options["period"], reshuffled.options["period"]) == (64, None)
    assert len(fixed.tables["scores"]) == 64 * 128


def test_scores_come_back_after_a_cycle_in_fixed_order_only():
    lags = make("autocorrelation", Given()).parts[0].tables["lags"].set_index(["order", "lag"])["autocorrelation"]
    assert lags[ORDERS["cycle"], 64] > 0.5 > lags[ORDERS["reshuffled"], 64]


def test_each_order_has_a_tau_per_step():
    table = make("gt_tau_over_steps", Given()).parts[0].tables["steps"]
    assert table.groupby("order").size().tolist() == [128, 128]
    assert table["gt_tau"].between(-1, 1).all()


def test_the_caption_counts_the_runs_of_each_order():
    assert "fixed order: " in make("filter_curve", Given()).caption
    assert make("order_agreement", Given()).parts[0].tables["instances"]["n"].min() >= 2


def test_the_three_orders_are_ours():
    with pytest.raises(ValueError, match="three orders"):
        make("order_agreement", Given(space="darts64"))
