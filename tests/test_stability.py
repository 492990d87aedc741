"""Agreement between instances, epochs and mini-batches against definitions written out and against simulations."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from nasbias import stability
from nasbias.matching import match
from nasbias.panel import select_panel
from nasbias.spaces import get_space
from nasbias.steps import Steps, collect_steps, measure_autocorrelation, measure_gain, measure_tau_at_lag, tau_matrix

SPACE = get_space("darts64")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def truth(rng):
    names = SPACE.architectures()["architecture"].tolist()
    quality = rng.permutation(64) / 10
    return pd.concat(
        pd.DataFrame({"architecture": names, "seed": seed}).assign(
            test_accuracy=85 + quality + 0.3 * rng.normal(size=64)
        )
        for seed in range(3)
    )


def predictions_of(truth, rng, runs=3, epochs=(1, 2), noise=1.5):
    mean = truth.groupby("architecture", sort=False)["test_accuracy"].mean()
    return pd.concat(
        pd.DataFrame({"run": f"s{run}", "seed": run, "epoch": epoch, "architecture": mean.index}).assign(
            accuracy=mean.to_numpy() - 40 + noise / epoch * rng.normal(size=64)
        )
        for run in range(runs)
        for epoch in epochs
    )


def test_the_tau_matrix_is_scipys_pair_by_pair(rng):
    for n in (30, 600):
        scores = rng.integers(0, 12, (4, n))
        matrix = tau_matrix(scores)
        for i in range(4):
            for j in range(4):
                assert matrix[i, j] == pytest.approx(scipy.stats.kendalltau(scores[i], scores[j]).statistic)


def test_instances_are_summarised_as_p1_defines(rng):
    truth = rng.permutation(64)
    scores = truth + 20 * rng.normal(size=(5, 64))
    row = stability.summarise_instances(scores, truth)
    pairs = [scipy.stats.kendalltau(scores[i], scores[j]).statistic for i in range(5) for j in range(i)]
    gt = [scipy.stats.kendalltau(score, truth).statistic for score in scores]
    best = [64 - truth[np.argsort(-score)[:3]].max() for score in scores]
    assert (row["n"], row["s_tau_max"], row["s_tau_min"]) == (5, pytest.approx(max(pairs)), pytest.approx(min(pairs)))
    assert row["s_tau"] == pytest.approx(2 / (5 * 4) * sum(pairs))
    assert (row["gt_tau"], row["gt_tau_std"]) == (pytest.approx(np.mean(gt)), pytest.approx(np.std(gt)))
    assert row["t3r"] == pytest.approx(np.mean(best)) and row["t3r"] <= row["t1r"]
    assert row["s_tau_low"] < row["s_tau"] < row["s_tau_high"]


def test_the_interval_of_s_tau_covers_what_more_instances_would_give(rng):
    truth = np.arange(64.0)
    noisy = lambda n: truth + 25 * np.exp(0.3 * rng.normal(size=(n, 1))) * rng.normal(size=(n, 64))  # noqa: E731
    true = stability.summarise_instances(noisy(80), truth)["s_tau"]
    rows = [stability.summarise_instances(noisy(6), truth) for _ in range(120)]
    assert 0.9 <= np.mean([row["s_tau_low"] < true < row["s_tau_high"] for row in rows]) <= 1


def test_one_instance_has_no_s_tau_and_says_so(rng):
    row = stability.summarise_instances(rng.normal(size=(1, 20)), np.arange(20))
    assert math.isnan(row["s_tau"]) and row["reason"] == "one instance: nothing to compare it with"
    assert not math.isnan(row["gt_tau"])


def test_random_rankings_spread_as_the_formula_says(truth, rng):
    panel = select_panel(match(predictions_of(truth, rng, runs=10), truth, space="darts64"))
    truth_row, random_row = stability.frame_instances(panel, rng)
    assert random_row["expected_sd"] == pytest.approx(0.0856, abs=5e-5)  # study.md, n = 64
    assert abs(random_row["s_tau"]) < 0.02 and random_row["gt_tau_std"] == pytest.approx(0.0856, rel=0.25)
    assert truth_row["name"] == "ground truth" and truth_row["n"] == 3
    seeds = truth.pivot(index="architecture", columns="seed", values="test_accuracy")
    expected = np.mean([scipy.stats.kendalltau(seeds[i], seeds[j]).statistic for i, j in ((0, 1), (0, 2), (1, 2))])
    assert truth_row["s_tau"] == pytest.approx(expected)


def test_what_a_filter_loses_is_counted_among_the_true_best():
    truth = np.arange(100.0)
    perfect = stability.measure_filter(np.stack([truth, truth]), truth)
    kept = perfect[perfect["dropped"] + perfect["top"] <= 100]
    assert (kept["lost"] == 0).all() and (perfect["random"] == perfect["dropped"]).all()
    reverse = stability.measure_filter(-truth[None], truth).set_index(["dropped", "top"])
    assert reverse.loc[(10, 10), "lost"] == 100 and reverse["low"].isna().all()
    half = truth.copy()
    half[95:] = -1  # the best five are ranked last
    assert stability.measure_filter(half[None], truth).set_index(["dropped", "top"]).loc[(10, 10), "lost"] == 50


def test_reliably_bad_is_in_the_worst_quarter_of_every_run(truth, rng):
    panel = select_panel(match(predictions_of(truth, rng), truth, space="darts64"))
    table = stability.rank_spread(panel)
    assert table["true_rank"].is_monotonic_increasing and len(table) == 64
    ranks = pd.DataFrame(scipy.stats.rankdata(-panel.scores, axis=1), columns=panel.architectures["architecture"])
    bad = ranks.columns[(ranks > 48).all()]
    assert set(table.loc[table["is_reliably_bad"], "architecture"]) == set(bad) and len(bad) > 0


def planted_steps(rng, period):
    """Scores after 128 steps that each lift the architecture they train; in a fixed order the period is 64."""
    usual = rng.normal(size=64)
    order = np.tile(np.arange(64), 2) if period else np.concatenate([rng.permutation(64), rng.permutation(64)])
    lift = np.zeros(64)
    rows = []
    for trained in order:
        lift *= 0.9
        lift[trained] += 3
        rows.append(usual + lift + 0.05 * rng.normal(size=64))
    return Steps("a", 0, np.arange(1000, 1128), np.arange(64), np.array(rows), usual), order.tolist()


def test_a_fixed_order_shows_its_period_and_a_shuffled_one_does_not(rng):
    fixed, _ = planted_steps(rng, period=True)
    shuffled, _ = planted_steps(rng, period=False)
    assert measure_autocorrelation(fixed)["64"] > measure_autocorrelation(fixed)["32"] + 0.2
    assert measure_autocorrelation(shuffled)["64"] < measure_autocorrelation(fixed)["64"] - 0.2
    taus = measure_tau_at_lag(fixed)
    assert taus["1"] > taus["16"] and taus["64"] > taus["32"] + 0.1
    expected = np.mean([scipy.stats.kendalltau(fixed.scores[i], fixed.scores[i + 32]).statistic for i in range(96)])
    assert taus["32"] == pytest.approx(expected)
    assert list(taus) == ["1", "2", "4", "8", "16", "32", "48", "64", "96"]


def test_the_architecture_just_trained_gains(rng):
    fixed, order = planted_steps(rng, period=True)
    gain = measure_gain(fixed, order)
    assert gain["gain"] > 5 * gain["error"] and gain["rank_gain"] > 0 and gain["n"] == 128
    nobody = measure_gain(fixed, [None] * 128)
    assert nobody["n"] == 0 and math.isnan(nobody["gain"])
    other = measure_gain(fixed, [(column + 32) % 64 for column in order])
    assert abs(other["gain"]) < gain["gain"] / 10


def test_what_was_trained_travels_with_the_predictions(rng):
    fixed, order = planted_steps(rng, period=True)
    codes = get_space("darts64").architectures()["architecture"].to_numpy()
    frames = [
        pd.DataFrame({"architecture": codes, "step": step, "accuracy": 50 + row, "trained": np.arange(64) == at})
        for step, row, at in zip(fixed.step, fixed.scores, order)
    ]
    table = pd.concat(frames).assign(run="a", seed=0, epoch=8)
    truth = pd.DataFrame({"architecture": codes, "valid_accuracy": 50 + fixed.truth})
    (steps,) = collect_steps(match(table, truth, space="darts64"), "accuracy", None)
    assert steps.trained is not None
    assert stability.summarise_steps(steps)["gain"] == pytest.approx(measure_gain(fixed, order))
    plain = match(table.drop(columns="trained"), truth, space="darts64")
    (steps,) = collect_steps(plain, "accuracy", None)
    assert stability.summarise_steps(steps)["gain"]["n"] == 0


def test_steps_keep_the_last_k_in_order_of_step(truth, rng):
    mean = truth.groupby("architecture", sort=False)["test_accuracy"].mean()
    frames = []
    for step in rng.permutation(np.arange(500, 510)):
        noise = 0.0 if step >= 506 else 3.0
        frames.append(
            pd.DataFrame({"run": "a", "seed": 0, "epoch": 8, "step": step, "architecture": mean.index}).assign(
                accuracy=mean.to_numpy() - 40 + noise * rng.normal(size=64)
            )
        )
    matched = match(pd.concat(frames), truth, space="darts64")
    (steps,) = collect_steps(matched, "accuracy", None)
    assert steps.step.tolist() == list(range(500, 510))
    row = stability.summarise_steps(steps, last=4)
    assert (row["k"], row["first_step"], row["last_step"]) == (4, 506, 509)
    assert row["gt_tau_mean"] == pytest.approx(1) and row["gt_tau_std"] == pytest.approx(0) and row["t1r"] == 1
    assert stability.summarise_steps(steps, last=99)["k"] == 10
    taus = [scipy.stats.kendalltau(score, steps.truth).statistic for score in steps.scores]
    assert stability.summarise_steps(steps)["gt_tau_std"] == pytest.approx(np.std(taus))
    assert select_panel(matched, least=4).scores.shape == (1, 64)  # the last step stands for the epoch


def test_the_command_prints_the_document_and_the_tables(truth, rng, tmp_path, capsys):
    predictions_of(truth, rng).to_csv(tmp_path / "p.csv", index=False)
    truth.to_csv(tmp_path / "t.csv", index=False)
    arguments = ["--space", "darts64", "--predictions", str(tmp_path / "p.csv"), "--truth", str(tmp_path / "t.csv")]
    assert stability.main([*arguments, "--format", "json", "--ranks", str(tmp_path / "ranks.csv")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"instances", "steps", "filter"} <= set(document) and document["steps"] == []
    keys = {"n", "s_tau", "s_tau_max", "s_tau_min", "gt_tau", "gt_tau_std", "t1r", "t3r"}
    assert keys <= set(document["instances"]) and document["instances"]["n"] == 3
    assert [row["epoch"] for row in document["epochs"]] == [1, 2] and document["epoch"] == 2
    assert document["epochs"][1]["s_tau"] == document["instances"]["s_tau"] > document["epochs"][0]["s_tau"]
    assert len(document["last_epochs"]) == 3 and document["last_epochs"][0]["n"] == 2
    assert len(pd.read_csv(tmp_path / "ranks.csv")) == 64
    assert stability.main(arguments) == 0
    out = capsys.readouterr().out
    assert out.startswith("darts64: accuracy after 2 epochs, 3 run(s), 64 architectures: runs agree")
    assert "ground truth" in out and "random" in out
    assert stability.main([*arguments, "--last", "0"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
