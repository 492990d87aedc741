"""The simulation's targets are the taus it says, and what was measured is what the docstrings promise."""

import json
from pathlib import Path

import numpy as np
import pytest

import nasbias
from analysis import coverage
from nasbias.correlation.wording import say_apart
from nasbias.statistics import combine_runs, compare_runs, compare_same_runs, influence, mean_over_runs

MEASURED = Path(__file__).parents[2] / "data" / "coverage.json"


def test_the_targets_are_what_large_draws_have():
    generator = np.random.default_rng(0)
    truth, shared = coverage.draw_space(100_000, generator)
    score = coverage.draw_score(shared, 1.3, 0, generator)
    assert influence(score, truth).tau == pytest.approx(float(coverage.expected_tau(1.3)), abs=0.006)
    assert coverage.mean_tau(0.0, 1.3) == pytest.approx(float(coverage.expected_tau(1.3)))
    amplitudes = np.exp(0.2 * generator.normal(size=200_000))
    assert coverage.mean_tau(0.2) == pytest.approx(float(coverage.expected_tau(amplitudes).mean()), abs=0.001)
    counted = coverage.draw_score(shared, 1.3, 100, generator)
    assert len(np.unique(counted)) < 60 and (counted == counted.round()).all()


@pytest.mark.parametrize("case", [each for each in coverage.cases() if each.n == 20], ids=lambda case: case.name)
def test_every_kind_of_case_is_simulated(case):
    row = coverage.measure_coverage(case, 3, np.random.default_rng(0))
    assert 0 <= row["coverage"] <= 1 and row["width"] > 0 and (row["n"], row["runs"]) == (20, case.runs[-1])


@pytest.fixture(scope="module")
def rows():
    rows = json.loads(MEASURED.read_text())["rows"]
    assert {row["runs"] for row in rows} >= {1, 2, 3, 5, 10} and {row["n"] for row in rows} == {20, 64, 1000, 15625}
    return rows


def of_case(rows, words):
    return [row["coverage"] for row in rows if row["case"] == words]


def span(values):
    return f"{100 * min(values):.0f} to {100 * max(values):.0f}"


def promise_of(function):
    return " ".join(function.__doc__.split())


def test_the_docstring_says_how_many_cells_hold_and_where_the_others_are(rows):
    promise = promise_of(mean_over_runs)
    held = [row for row in rows if 0.93 <= row["coverage"] <= 0.97]
    more, less = [row for row in rows if row["coverage"] > 0.97], [row for row in rows if row["coverage"] < 0.93]
    assert f"{len(held)} of {len(rows)} cells cover 93 to 97 %" in promise
    assert f"{len(more)} cover more, up to {100 * max(row['coverage'] for row in more):.1f} %" in promise
    few = [row for row in more if not (row["runs"] in (2, 3) or row["n"] == 20)]
    assert max(row["coverage"] for row in few) < 0.98 and all(row["coverage"] - 0.97 < 2 * row["error"] for row in few)
    (other,) = [row for row in less if "fails" not in row["case"]]
    assert f"{len(less)} cover less: one at {100 * other['coverage']:.1f} %" in promise
    assert other["coverage"] > 0.93 - 3 * other["error"]


def test_the_docstrings_say_how_narrow_intervals_are_where_runs_fail(rows):
    one, four = (of_case(rows, f"one in five fails{lengths}") for lengths in ("", ", four lengths"))
    promise = promise_of(mean_over_runs)
    assert f"{span(one)} % with five runs at one length, {span(four)} % with four lengths pooled" in promise
    said = say_apart({"score": "loss", "epoch": 4, "step": None, "apart": ["a"]})
    assert f"it covers {span([*one, *four])} %, not 95" in said


def test_the_docstrings_of_differences_and_many_estimates_say_what_was_measured():
    others = json.loads(MEASURED.read_text())["others"]
    assert all(row["coverage"] > 0.95 - 3 * row["error"] for row in others)
    assert {row["runs"] for row in others} == {2, 3, 5}

    def measured(function, **which):
        return span([
            row["coverage"] for row in others
            if row["function"] == function and all(row[key] in values for key, values in which.items())
        ])  # fmt: skip

    promise = promise_of(compare_runs)
    assert f"covers {measured('compare_runs', n=[64, 1000])} % with 64 or 1,000 architectures" in promise
    assert f"and {measured('compare_runs', n=[20])} % with 20" in promise
    assert f"it covers {measured('compare_same_runs')} %" in promise_of(compare_same_runs)
    promise = promise_of(combine_runs)
    assert f"covers {measured('combine_runs', estimates=[30])} % with K = 30" in promise
    assert f"and {measured('combine_runs', estimates=[1])} % with K = 1" in promise


def test_others_than_the_mean_are_simulated():
    rows = coverage.measure_others(2, 0)
    assert {row["function"] for row in rows} == {"compare_runs", "compare_same_runs", "combine_runs"}
    assert len(rows) == 48
    assert all(0 <= row["coverage"] <= 1 for row in rows)


def test_the_interval_of_a_single_run_covers_what_correlate_says(rows):
    assert f"simulated it covers {span(of_case(rows, 'one run'))} %" in promise_of(nasbias.correlate)
