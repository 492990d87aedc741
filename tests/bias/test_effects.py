"""Effects at equal truth, piece by piece, against formulas written out another way."""

import numpy as np
import pytest
import scipy.interpolate

from nasbias.bias.effects import (
    KNOTS,
    compare_with_others,
    contrast_decisions,
    fit_at_truth,
    fit_equal_truth,
    percentiles,
    spline_basis,
)


def groups(rng, n, k=2):
    codes = rng.integers(0, k + 1, n)
    return contrast_decisions(codes, k + 1)


def test_percentiles_are_the_middle_of_each_rank_and_ties_share_theirs():
    assert percentiles(np.array([3.0, 1.0, 3.0, 7.0])).tolist() == [50, 12.5, 50, 87.5]
    assert percentiles(np.array([[1.0, 2.0], [5.0, 4.0]])).tolist() == [[25, 75], [75, 25]]


def test_the_spline_is_cubic_sums_to_one_and_knows_its_slope():
    values = np.sort(np.random.default_rng(0).uniform(0, 100, 300))
    basis, slope = spline_basis(values)
    assert basis.shape == (300, KNOTS + 4) and slope.shape == basis.shape
    assert basis.sum(axis=1) == pytest.approx(1) and slope.sum(axis=1) == pytest.approx(0, abs=1e-12)
    cubic, derivative = spline_basis(values, knots=0)
    assert cubic.shape == (300, 4)
    weights = np.linalg.lstsq(cubic, values**3, rcond=None)[0]
    assert cubic @ weights == pytest.approx(values**3, rel=1e-8, abs=1e-4)
    assert derivative @ weights == pytest.approx(3 * values**2, rel=1e-6, abs=1e-4)
    knots = np.quantile(values, np.linspace(0, 1, KNOTS + 2))
    reference = scipy.interpolate.make_lsq_spline(values, np.sin(values), np.r_[[knots[0]] * 3, knots, [knots[-1]] * 3])
    ours = basis @ np.linalg.lstsq(basis, np.sin(values), rcond=None)[0]
    assert ours == pytest.approx(reference(values), abs=1e-8)


def test_the_effect_in_points_of_score_is_least_squares_run_by_run():
    rng = np.random.default_rng(1)
    truth, design = rng.uniform(0, 100, 120), groups(rng, 120)
    scores = rng.normal(50, 20, (2, 120)) + design @ [4.0, -3.0]
    values, pulls = fit_at_truth(scores, truth, design)
    matrix = np.hstack([spline_basis(truth)[0], design])
    assert values.shape == (2, 2) and pulls.shape == (2, 120, 2)
    for run in range(2):
        solution, *_ = np.linalg.lstsq(matrix, scores[run], rcond=None)
        assert values[run] == pytest.approx(solution[-2:])
        residual = scores[run] - matrix @ solution
        rows = np.linalg.solve(matrix.T @ matrix, matrix.T)[-2:].T
        expected = rows * residual[:, None] * np.sqrt(120 / (120 - matrix.shape[1]))
        assert pulls[run] == pytest.approx(expected)


def test_a_shift_of_the_truth_is_found_whatever_smooth_score_it_went_through():
    rng = np.random.default_rng(2)
    truth, design = rng.uniform(0, 100, 3000), groups(rng, 3000)
    index = truth + design @ [12.0, -7.0]
    fit = fit_equal_truth(20 + 0.3 * index + 0.004 * index**2, truth, design)
    assert fit.effect == pytest.approx([12, -7], abs=0.1)
    assert fit.slope == pytest.approx(np.polyfit(truth, 20 + 0.3 * index + 0.004 * index**2, 1)[0])


def test_pulls_tell_how_much_estimates_vary_from_draw_to_draw():
    shift, flat, errors = [], [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth, design = rng.uniform(0, 100, 400), groups(rng, 400, 1)
        score = 10 + 0.8 * (truth + design @ [6.0]) + rng.normal(0, 15, 400)
        fit = fit_equal_truth(score, truth, design)
        values, pulls = fit_at_truth(score[None], truth, design)
        shift.append(fit.effect[0])
        flat.append(values[0, 0])
        errors.append([np.sqrt((fit.pull**2).sum()), np.sqrt((pulls**2).sum())])
        assert fit.pull.shape == (400, 1)
    assert np.mean(shift) == pytest.approx(6, abs=0.7) and np.mean(flat) == pytest.approx(4.8, abs=0.6)
    assert np.mean(errors, axis=0) == pytest.approx([np.std(shift), np.std(flat)], rel=0.25)


@pytest.mark.parametrize(("slope", "known"), [(0.05, False), (0.2, True)])
def test_a_score_that_hardly_follows_the_truth_has_no_shift(slope, known):
    rng = np.random.default_rng(3)
    truth, design = np.linspace(0, 100, 500), groups(rng, 500)
    fit = fit_equal_truth(slope * truth + 0.1 * rng.normal(size=500), truth, design)
    assert np.isfinite(fit.effect).all() == known and np.isfinite(fit.pull).all() == known
    assert fit.effect.shape == (2,) and fit.pull.shape == (500, 2)
    assert fit.slope == pytest.approx(slope, abs=0.001)


def test_a_fit_to_the_digit_on_a_fixed_draw():
    """Every constant of the fit is in these digits: rounds, knots, the least slope, the correction for what it used."""
    rng = np.random.default_rng(4)
    truth, design = percentiles(rng.normal(size=150)), groups(rng, 150)
    score = percentiles(np.tanh((truth - 50) / 25) + design @ [0.5, -0.4] + 0.4 * rng.normal(size=150))
    fit = fit_equal_truth(score, truth, design)
    assert fit.effect == pytest.approx(EFFECT, abs=1e-5)
    assert np.sqrt((fit.pull**2).sum(axis=0)) == pytest.approx(ERROR, abs=1e-5)


EFFECT, ERROR = [24.78040072, -17.28060484], [3.68282093, 3.23504876]


def test_indicators_leave_out_the_first_present_value_and_are_centred():
    design = contrast_decisions(np.array([1, 1, 3, 2]), 4)
    assert design.tolist() == [[-0.25, -0.25], [-0.25, -0.25], [-0.25, 0.75], [0.75, -0.25]]
    assert contrast_decisions(np.array([2, 2, 2]), 3).shape == (3, 0)


def test_the_reference_of_an_operation_is_the_median_of_the_others():
    levels = np.array([0.0, 10.0, 1.0, -1.0])
    assert (compare_with_others(4, levels) @ levels).tolist() == [-1, 10 - 0, 1 - 0, -1 - 1]
    even = np.array([0.0, 10.0, 2.0])
    assert (compare_with_others(3, even) @ even).tolist() == [-6, 9, -3]
