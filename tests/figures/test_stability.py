import numpy as np
import pandas as pd

from nasbias.figures.stability import filter_curve, order_agreement, rank_boxes, s_tau_over_epochs
from tests.figures import tables


def make_epochs() -> pd.DataFrame:
    table = pd.DataFrame({"epoch": [4, 8, 16], "s_tau": [0.2, 0.3, 0.35], "gt_tau": [0.1, 0.2, 0.3]})
    table["s_tau_low"], table["s_tau_high"] = [0.0, 0.1, 0.2], [0.4, 0.5, 0.55]
    return table.assign(s_tau_min=table["s_tau"] - 0.2, s_tau_max=table["s_tau"] + 0.2, n=5)


def test_the_band_is_s_taus_interval_and_the_lines_its_pairs():
    table = make_epochs()
    ax = s_tau_over_epochs(table)
    corners = tables.band_of(ax)
    assert set(corners[:, 1]) == {*table["s_tau_low"], *table["s_tau_high"]}
    assert tables.vertical_lines(ax) == list(zip([4.0, 8.0, 16.0], table["s_tau_min"], table["s_tau_max"]))


def test_one_run_has_nothing_to_agree_with():
    ax = s_tau_over_epochs(make_epochs().assign(s_tau=np.nan))
    assert "One run" in tables.texts_of(ax)[0]
    assert "One run" in tables.texts_of(s_tau_over_epochs(pd.DataFrame()))[0]


def test_the_truths_own_agreement_is_a_line_where_it_is_known():
    frames = pd.DataFrame([{"name": "ground truth", "s_tau": 0.7}, {"name": "random", "s_tau": 0.0}])
    lines = {line.get_label(): line.get_ydata()[0] for line in s_tau_over_epochs(make_epochs(), frames=frames).lines}
    assert lines["truth, repeated"] == 0.7
    assert "truth, repeated" not in {
        line.get_label() for line in s_tau_over_epochs(make_epochs(), frames=frames[1:]).lines
    }


def test_boxes_run_from_quartile_to_quartile_and_lines_over_all():
    table = tables.ranks()
    ax = rank_boxes(table)
    boxes = [patch for patch in ax.patches if patch.get_height()]
    assert [(box.get_y(), box.get_y() + box.get_height()) for box in boxes] == list(
        zip(table["q1_rank"], table["q3_rank"])
    )
    assert [line[1:] for line in tables.vertical_lines(ax)] == list(zip(table["min_rank"], table["max_rank"]))
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_the_legend_names_reliably_good_ones_only_where_there_are_any():
    labels = rank_boxes(tables.ranks()).get_legend_handles_labels()[1]
    assert "in the worst quarter of every run" in labels
    assert "in the best quarter of every run" not in labels


def test_ranks_of_one_run_are_no_boxes():
    table = tables.ranks()
    same = table.assign(**dict.fromkeys(("min_rank", "q1_rank", "q3_rank", "max_rank"), table["true_rank"]))
    assert "One run" in tables.texts_of(rank_boxes(same))[0]


def test_the_filters_band_is_that_of_the_widest_top():
    rows = [
        {
            "dropped": dropped,
            "top": top,
            "lost": dropped / 2,
            "low": dropped / 4 + top,
            "high": dropped,
            "random": dropped,
        }
        for top in (1, 10)
        for dropped in (10, 50, 90)
    ]
    ax = filter_curve(pd.DataFrame(rows))
    corners = tables.band_of(ax)
    assert {12.5, 22.5, 32.5} <= set(corners[:, 1])
    assert ax.get_xlim() == (0, 100)


def test_orders_have_their_intervals_and_the_papers_hollow_marks():
    table = pd.DataFrame({"order": ["cycle", "shuffled"], "s_tau": [0.2, 0.3], "gt_tau": [0.1, 0.4]})
    for name in ("s_tau", "gt_tau"):
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.1, table[name] + 0.2
    published = pd.DataFrame({"order": ["cycle"], "s_tau": [0.54], "gt_tau": [0.46]})
    ax = order_agreement(table, published)
    drawn = {line[1:] for line in tables.vertical_lines(ax)}
    assert drawn == {
        (row[f"{n}_low"], row[f"{n}_high"]) for row in table.to_dict("records") for n in ("s_tau", "gt_tau")
    }
    hollow = [line for line in ax.lines if line.get_markerfacecolor() == "none"]
    assert sorted(line.get_ydata()[0] for line in hollow) == [0.46, 0.54]
