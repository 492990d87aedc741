"""`Monitor`: the row of an update, what it warns of, what it keeps."""

import numpy as np
import pandas as pd
import pytest

import nasbias
from nasbias.errors import InputError
from nasbias.notices import Notice
from nasbias.outside import Monitor
from nasbias.spaces import get_space
from nasbias.tables import load_predictions

SPACE = get_space("darts64")
CODES = SPACE.architectures()["architecture"].to_numpy()


@pytest.fixture
def truth():
    """64 architectures; parameters rank them moderately."""
    rng = np.random.default_rng(0)
    params = SPACE.describe(CODES)["params"].to_numpy()
    values = 80 + 5 * (params - params.mean()) / params.std() + rng.normal(scale=5, size=64)
    return pd.DataFrame({"architecture": CODES, "test_accuracy": values})


def value_of(truth, monitor):
    return truth.set_index("architecture")["test_accuracy"].loc[monitor.architectures].to_numpy()


def test_the_row_is_what_correlate_says(truth):
    monitor = Monitor("darts64", truth, n=50, seed=1)
    assert len(set(monitor.architectures)) == 50
    scores = value_of(truth, monitor) + np.random.default_rng(1).normal(scale=5, size=50)
    row = monitor.update(3, scores)
    told = nasbias.correlate((monitor.architectures, scores), truth, space="darts64").iloc[0]
    for name in ("n", "gt_tau", "gt_tau_low", "gt_tau_high", "spearman", "top1_rank", "best_at_10", "tau_given_params"):
        assert row[name] == pytest.approx(told[name]), name
    assert (row["epoch"], row["score"], row["best_free"]) == (3, "score", monitor.free["baseline"][0])
    params = SPACE.describe(monitor.architectures)["params"]
    told = nasbias.correlate((monitor.architectures, params.tolist()), truth, space="darts64").iloc[0]
    assert row["params_tau"] == pytest.approx(told["gt_tau"])
    assert row["over_params_low"] < row["over_params"] < row["over_params_high"]


def test_one_seed_is_one_sample_and_the_whole_truth_is_taken_where_it_is_small(truth):
    first, again, other = (Monitor("darts64", truth, n=20, seed=seed).architectures.tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert len(Monitor("darts64", truth.iloc[:30], n=200).architectures) == 30
    assert Monitor("darts64", truth, architectures=["111", "112", "444"]).architectures.tolist() == [
        "111",
        "112",
        "444",
    ]


def test_scores_may_come_in_every_form_with_one_result(truth):
    forms = [
        lambda a, s: dict(zip(a, s)),
        lambda a, s: list(s),
        lambda a, s: pd.Series(s, index=a),
        lambda a, s: {"score": s},
        lambda a, s: {each: {"score": score} for each, score in zip(a, s)},
        lambda a, s: pd.DataFrame({"arch": a[::-1], "score": s[::-1]}),
    ]
    taus = set()
    for form in forms:
        monitor = Monitor("darts64", truth, n=40)
        scores = value_of(truth, monitor) + np.arange(40) % 7
        taus.add(monitor.update(1, form(monitor.architectures, scores))["gt_tau"])
    assert len(taus) == 1 and 0 < taus.pop() < 1


def test_accuracy_judges_and_a_loss_is_turned_round(truth):
    monitor = Monitor("darts64", truth, n=40)
    value = value_of(truth, monitor)
    row = monitor.update(1, {"loss": 200 - value, "accuracy": 0.5 * value + np.arange(40) % 5})
    assert row["score"] == "accuracy"
    assert monitor.table.set_index("score").loc["loss", "gt_tau"] == pytest.approx(1)


def test_what_has_no_score_is_counted_out(truth):
    monitor = Monitor("darts64", truth, n=40)
    scores = dict(zip(monitor.architectures[:30], value_of(truth, monitor)))
    assert monitor.update(1, scores)["n"] == 30
    assert len(monitor.predictions) == 30


def test_a_ranking_that_stops_improving_is_said_once(truth):
    monitor = Monitor("darts64", truth, n=64, patience=3)
    value, rng = value_of(truth, monitor), np.random.default_rng(0)
    monitor.update(1, value + rng.normal(scale=3, size=64))
    for epoch in (2, 3):
        monitor.update(epoch, value + rng.normal(scale=4, size=64))
    with pytest.warns(Notice, match=r"epoch 4: score has ranked no better for 3 updates \(tau 0\.\d+, best 0\.\d+\)"):
        monitor.update(4, value + rng.normal(scale=4, size=64))
    monitor.update(5, value + rng.normal(scale=4, size=64))  # a second notice would be an error
    monitor.update(6, value)  # better than ever: it may be said again
    monitor.update(7, value + rng.normal(scale=4, size=64))


def test_a_ranking_below_counting_parameters_is_said_once(truth):
    params = pd.Series(SPACE.describe(CODES)["params"].to_numpy(dtype=float), CODES)
    truth = truth.assign(test_accuracy=50 + 40 * params.rank().to_numpy() / 64)
    monitor = Monitor("darts64", truth, n=64)
    rng = np.random.default_rng(0)
    with pytest.warns(Notice, match=r"epoch 1: score ranks worse than counting parameters .*difference 95 % -"):
        monitor.update(1, rng.normal(size=64))
    monitor.update(2, rng.normal(size=64))


def test_files_are_whole_after_every_update_and_every_study_reads_them(truth, tmp_path):
    monitor = Monitor("darts64", truth, n=40, out=tmp_path / "m", run="mine", run_seed=4)
    for epoch in (1, 2):
        value = value_of(truth, monitor)
        monitor.update(epoch, {"accuracy": value, "loss": 100 + 0.1 * value[::-1]})
    read = load_predictions(tmp_path / "m", space="darts64")
    assert (
        len(read) == 80 and set(read["run"]) == {"mine"} and set(read["seed"]) == {4} and set(read["epoch"]) == {1, 2}
    )
    rows = nasbias.correlate(tmp_path / "m", truth, space="darts64", scores="accuracy")
    assert rows["gt_tau"].tolist() == pytest.approx([1, 1])
    metrics = pd.read_parquet(tmp_path / "m" / "metrics.parquet")
    assert metrics[["epoch", "score"]].to_numpy().tolist() == [
        [1, "accuracy"],
        [1, "loss"],
        [2, "accuracy"],
        [2, "loss"],
    ]


def test_a_writer_gets_the_metrics_by_score_and_epoch(truth):
    class Writer(list):
        def add_scalar(self, tag, scalar_value, global_step):
            self.append((tag, scalar_value, global_step))

    writer = Writer()
    monitor = Monitor("darts64", truth, n=40, writer=writer)
    row = monitor.update(5, value_of(truth, monitor))
    assert ("rank/score/gt_tau", row["gt_tau"], 5) in writer
    assert {tag for tag, *_ in writer} >= {"rank/score/over_params", "rank/score/best_at_10"}


@pytest.mark.parametrize(
    ("epoch", "scores", "says"),
    [
        (1, lambda a: np.arange(40), "epochs must rise"),
        (2, lambda a: np.arange(39), r"40 scores are wanted.*\(39,\)"),
        (2, lambda a: {"111": 1.0, "zzz": 2.0}, "not in darts64"),
        (2, lambda a: np.full(40, np.nan), "NaN for all 40"),
        (2, lambda a: {"accuracy": np.full(40, 101.0)}, "must lie in 0 to 100"),
        (2, lambda a: dict.fromkeys([c for c in CODES if c not in set(a)], 1.0), "24 of 24 .*not the monitor's"),
    ],
)
def test_bad_scores_are_refused_and_leave_the_monitor_as_it_was(epoch, scores, says, truth):
    monitor = Monitor("darts64", truth, n=40)
    monitor.update(1, value_of(truth, monitor))
    with pytest.raises(InputError, match=says):
        monitor.update(epoch, scores(monitor.architectures))
    assert len(monitor.table) == 1 and len(monitor.predictions) == 40


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"truth": "nowhere"}, "nowhere"),
        ({"space": "darts65"}, "unknown space"),
        ({"n": 0}, "0"),
        (
            {"architectures": ["111"], "truth": pd.DataFrame({"architecture": ["444"], "test_accuracy": [1.5]})},
            "none of",
        ),
    ],
)
def test_a_monitor_without_a_truth_is_refused(arguments, says, truth):
    with pytest.raises(InputError, match=says):
        Monitor(**{"space": "darts64", "truth": truth} | arguments)
