"""The truth's own noise: where it comes from, what it makes of percentiles, and what is left when it is taken off."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from nasbias import bias
from nasbias.bias.effects import contrast_decisions, percentiles
from nasbias.bias.truth_noise import (
    KNOWN,
    calibrate_truth,
    known_noise,
    noise_from_repeats,
    noise_of,
    noise_of_percentiles,
)
from nasbias.errors import InputError
from nasbias.matching import Panel, read_truth_column
from tests.bias.simulated import SPACE, panel_of


def listed(noise: np.ndarray | None) -> list[float]:
    """The noise of each architecture; that there is none known is a failure."""
    assert noise is not None
    return noise.tolist()


def test_what_is_stated_goes_before_repeats_and_these_before_what_is_known():
    bare, repeated = panel_of(0, n=60), panel_of(0, n=60, seeds=2, truth_noise=10.0)
    assert noise_of(bare) is None
    assert listed(noise_of(bare, known=0.4)) == [0.4] * 60
    assert listed(noise_of(bare, stated=0.3, known=0.4)) == [0.3] * 60
    own = listed(noise_of(repeated, known=0.4))
    assert np.mean(own) == pytest.approx(2 / np.sqrt(2), rel=0.2)  # ten points are two units; the mean of two seeds
    assert listed(noise_of(repeated, stated=0.0)) == [0] * 60
    for wrong in (-0.1, np.nan, np.inf):
        with pytest.raises(InputError, match="0 or more"):
            noise_of(bare, stated=wrong)


def test_a_mean_of_more_repeats_is_less_wrong_and_bad_ones_are_more():
    rng = np.random.default_rng(0)
    true = np.linspace(0, 100, 4000)
    repeats = true[:, None] + (10 - true / 20)[:, None] * rng.normal(size=(4000, 4))
    repeats[::2, 2:] = np.nan  # every second has two, the others four
    noise = noise_from_repeats(true, repeats)
    assert noise is not None
    assert noise[0::2][:100].mean() == pytest.approx(10 / np.sqrt(2), rel=0.1)
    assert noise[1::2][-100:].mean() == pytest.approx(5 / np.sqrt(4), rel=0.1)
    assert noise[1::2][950:1050].mean() == pytest.approx(7.5 / 2, rel=0.1)


def test_fewer_than_ten_repeated_architectures_tell_no_noise():
    repeats = np.full((50, 2), np.nan)
    repeats[:, 0] = np.arange(50)
    repeats[:10, 1] = np.arange(10) + 2.0
    noise = noise_from_repeats(repeats[:, 0], repeats)
    assert noise is not None
    assert noise[0] == pytest.approx(1) and noise[49] == pytest.approx(np.sqrt(2))  # variance 2, of two and of one
    repeats[9, 1] = np.nan
    assert noise_from_repeats(repeats[:, 0], repeats) is None
    assert noise_from_repeats(repeats[:, 0], repeats[:, :1]) is None


def test_an_architecture_with_more_repeats_tells_more_of_the_noise():
    """Variances pool by their degrees of freedom: 8 with three repeats, variance 1, and 4 with two, variance 8."""
    repeats = np.full((12, 3), np.nan)
    repeats[:8] = np.arange(8)[:, None] + np.array([-1.0, 0.0, 1.0])
    repeats[8:, :2] = np.arange(8, 12)[:, None] + np.array([-2.0, 2.0])
    noise = noise_from_repeats(np.arange(12.0), repeats)
    assert noise is not None
    assert noise[[0, 11]] == pytest.approx(np.sqrt((16 * 1 + 4 * 8) / 20 / np.array([3, 2])))


def test_noise_of_percentiles_is_that_of_a_uniform_truth_and_ties_make_none():
    truth = np.linspace(80, 90, 5000)
    middle = slice(1000, 4000)
    assert noise_of_percentiles(truth, np.full(5000, 0.25))[middle] == pytest.approx(6.25, rel=0.01)
    assert noise_of_percentiles(truth, np.zeros(5000)) == pytest.approx(0, abs=1e-12)
    assert noise_of_percentiles(np.full(20, 3.0), np.full(20, 1e-12))[0] < 2500
    assert noise_of_percentiles(np.array([1.0, 2, 3, 4]), np.zeros(4)) == pytest.approx(0)


def test_without_a_known_noise_the_truth_stays_as_it_is():
    truth, design = np.random.default_rng(0).normal(size=90), np.zeros((90, 0))
    for noise in (None, np.zeros(90)):
        assert calibrate_truth(truth, noise, design).tolist() == percentiles(truth).tolist()


def test_the_calibrated_truth_is_bayes_own_where_that_is_known():
    rng = np.random.default_rng(1)
    true = rng.normal(size=4000)
    measured = true + rng.normal(size=4000)
    ours = calibrate_truth(measured, np.ones(4000), np.zeros((4000, 0)))
    bayes = 100 * scipy.stats.norm.cdf(measured / 2 / np.sqrt(1.5))
    assert np.sqrt(((ours - bayes) ** 2).mean()) < 4.5
    error, plain = (np.sqrt(((each - percentiles(true)) ** 2).mean()) for each in (ours, percentiles(measured)))
    assert error < 0.95 * plain


def test_what_the_decisions_say_is_used_for_a_noisy_truth():
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 2, 3000)
    true = 1.5 * codes + rng.normal(size=3000)
    measured = true + 0.7 * rng.normal(size=3000)
    design = contrast_decisions(codes, 2)
    ours = calibrate_truth(measured, np.full(3000, 0.7), design)
    # At equal calibrated truth the groups are equally good; at equal measured truth they are not.
    for truth, least, most in ((percentiles(measured), 6, 60), (ours, -2, 2)):
        matrix = np.column_stack([np.ones(3000), truth, truth**2, truth**3, design])
        gap = np.linalg.lstsq(matrix, percentiles(true), rcond=None)[0][-1]
        assert least < gap < most


def test_a_calibration_to_the_digit_on_a_fixed_draw():
    """Cells, grid and rounds are in these digits."""
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 3, 240)
    truth = codes + rng.normal(size=240)
    ours = calibrate_truth(truth, np.linspace(0.2, 0.9, 240), contrast_decisions(codes, 3))
    assert ours[[0, 60, 120, 239]] == pytest.approx(CALIBRATED, abs=1e-6)


CALIBRATED = [97.63125454, 64.77688973, 84.61741353, 65.91438412]


def test_known_sources_are_known_by_their_format(shared):
    source = read_truth_column(shared / "deeper_insights_64_gt.parquet", "darts64")
    assert known_noise(source) == KNOWN["p1-64"]
    table = pd.read_parquet(shared / "deeper_insights_64_gt.parquet")
    assert known_noise(source) == pytest.approx(100 * np.sqrt((table["gt_std"] ** 2).mean() / 10), abs=0.005)
    assert known_noise(read_truth_column(shared / "nb201_accuracy.parquet", "nb201")) is None


def test_the_noise_known_of_the_wheel_is_its_distance_from_the_benchmark(shared):
    if importlib.util.find_spec("analognasbench") is None:
        pytest.skip("the noise of its truth is measured on the analog-nasbench wheel")
    official = read_truth_column(shared / "nb201_accuracy.parquet", "nb201", dataset="cifar10", epochs=200)
    ours = read_truth_column("analog-nasbench", "nb201")
    table = pd.DataFrame({"true": pd.Series(official.value, official.keys), "ours": pd.Series(ours.value, ours.keys)})
    apart = (table["ours"] - table["true"]).groupby(pd.qcut(table["true"], 10, labels=False))
    robust = apart.apply(lambda values: scipy.stats.median_abs_deviation(values, scale="normal"))
    assert known_noise(ours) == pytest.approx(robust.median(), abs=0.03)


def test_few_architectures_are_one_cell():
    rng = np.random.default_rng(5)
    truth, codes = rng.normal(size=90), rng.integers(0, 2, 90)
    with_design, without = (
        calibrate_truth(truth, np.full(90, 0.5), design) for design in (contrast_decisions(codes, 2), np.zeros((90, 0)))
    )
    assert with_design == pytest.approx(without)  # nothing that decisions say is used


def real_panel(seed, noise, shared, n=2000):
    """The benchmark's truth, measured with `noise`, and three fair supernets."""
    rng = np.random.default_rng(seed)
    table = pd.read_parquet(shared / "nb201_accuracy.parquet")
    chosen = rng.choice(15_625, n, replace=False)
    names = SPACE.parse_all(table["arch_str"].to_numpy()[chosen])
    true = table["c10_test_200"].to_numpy(float)[chosen]
    scores = percentiles(true) + 20 * rng.normal(size=(3, n))
    described = SPACE.describe(names.tolist())
    return Panel(
        SPACE, "score", None, None, [{}] * 3, scores, true + noise * rng.normal(size=n), np.empty((n, 0)), described,
        np.asarray(SPACE.encode(names.tolist()), dtype=int), 1, 1,
    )  # fmt: skip


@pytest.mark.parametrize(("noise", "least", "naive"), [(0.25, 0.9, 0.97), (1.0, 0.85, 0.5)])
def test_intervals_hold_at_a_known_noise_of_the_truth_and_not_at_one_ignored(noise, least, naive, shared):
    known, ignored, found = [], [], []
    for seed in range(3):
        panel = real_panel(seed, noise, shared)
        unknown = bias.measure_operator_bias(panel)
        for table, into in ((bias.measure_operator_bias(panel, truth_noise=noise), known), (unknown, ignored)):
            into += ((table["score_effect_low"] <= 0) & (table["score_effect_high"] >= 0)).tolist()
        found.append(unknown["found"].mean())
        assert (unknown.loc[unknown["found"], "score_effect"].abs() >= bias.LEAST_UNADJUSTED).all()
    assert np.mean(known) >= least and np.mean(ignored) < naive
    if noise < 0.3:
        assert np.mean(found) == 0  # no effect of three points or more, so none is called bias
