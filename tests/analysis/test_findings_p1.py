"""P1's findings on tables whose answer is known: supernets that are the truth and noise of a known size."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
from analysis import findings_p1, harvest
from nasbias.spaces import get_space
from nasbias.tables import write_parquet
from nasbias.truth import load_truth

EPOCHS = range(191, 201)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """data/ in an empty folder, and the shipped truth in the place of P1's."""
    monkeypatch.setattr(findings_p1, "DATA", tmp_path)
    monkeypatch.setattr(harvest, "DATA", tmp_path)
    monkeypatch.setattr(findings_p1, "TRUTH", "darts64_truth")
    return tmp_path


def truth() -> pd.Series:
    table = load_truth("darts64", "darts64_truth")
    names = get_space("darts64").parse_all(table["architecture"])
    return pd.Series(table["valid_accuracy"].rank().to_numpy(), names)


def write(folder, name: str, table: pd.DataFrame) -> None:
    runs = {run: {"cost": {"cpu_seconds": 3600.0}} for run in table["run"].unique()}
    write_parquet(table, folder / f"{name}.parquet", {"all_runs": {}, "runs": runs})


def by_finding(rows, text: str):
    return next(row for row in rows if text in row.finding)


def test_without_harvested_tables_there_are_no_findings(data):
    assert findings_p1.orders() == findings_p1.steps() == findings_p1.tuning() == findings_p1.sharing() == []


def test_noisy_supernets_rank_moderately_and_differ_as_they_were_made_to(data):
    rng, value = np.random.default_rng(0), truth()
    tables = []
    for order in ("cycle", "shuffled", "reshuffled"):
        for seed in range(5):
            for epoch in EPOCHS:
                score = value + 20 * rng.normal(size=64)
                table = pd.DataFrame(
                    {"architecture": value.index, "accuracy": score.clip(-40, 140).to_numpy() / 2 + 20}
                )
                tables.append(table.assign(run=f"p1s-{order}-{seed}", seed=seed, epoch=epoch, bn="running"))
    write(data, "darts64_orders", pd.concat(tables, ignore_index=True))
    rows = findings_p1.orders()
    assert {row.cpu_hours for row in rows} == {15.0}
    for text in ("S-Tau above 0", "GT-Tau is moderate", "swings between"):
        assert by_finding(rows, text).verdict == "agrees"
    assert by_finding(rows, "GT-Tau does not depend").verdict != "disagrees"  # the same noise
    assert by_finding(rows, "drop the worst").verdict == "agrees"
    assert by_finding(rows, "spread more").verdict.startswith("not decided")  # the same noise for good and bad


def test_the_control_tells_smaller_images_that_rank_as_well_from_such_that_rank_worse(data):
    rng, value = np.random.default_rng(2), truth()

    def made(prefix: str, name: str, deviation: float) -> None:
        tables = [
            pd.DataFrame({"architecture": value.index, "accuracy": (value + deviation * rng.normal(size=64)) / 20 + 50})
            .assign(run=f"{prefix}-cycle-{seed}", seed=seed, epoch=200, bn="running")
            .reset_index(drop=True)
            for seed in range(8)
        ]
        write(data, name, pd.concat(tables, ignore_index=True))

    made("p1s", "darts64_orders", 8)
    made("p1", "darts64_orders_16", 8)
    (row,) = findings_p1.control()
    assert row.verdict == "agrees", row
    made("p1s", "darts64_orders", 100)
    (row,) = findings_p1.control()
    assert row.verdict == "disagrees", row


def test_scores_with_a_period_of_64_are_found_to_have_it(data):
    rng, value = np.random.default_rng(1), truth()
    tables = []
    for seed in (0, 1):
        for step in range(128):
            swing = np.cos(2 * np.pi * (step - np.arange(64)) / 64)  # the one trained at this step is at its best
            score = value + 30 * swing + 0.1 * rng.normal(size=64)
            table = pd.DataFrame({"architecture": value.index, "accuracy": score.to_numpy() / 2 + 20, "trained": False})
            table.loc[step % 64, "trained"] = True
            tables.append(table.assign(run=f"p1s-cycle-{seed}", seed=seed, epoch=200, step=step + 1, bn="running"))
    write(data, "darts64_orders", pd.DataFrame({"run": ["p1s-cycle-0"]}))
    write(data, "darts64_steps", pd.concat(tables, ignore_index=True))
    rows = findings_p1.steps()
    assert by_finding(rows, "period 64").verdict == "agrees"
    assert by_finding(rows, "just trained does best").verdict == "agrees"
    assert by_finding(rows, "Std-64").verdict == "above 0"
    assert not [row for row in rows if "reshuffled" in row.finding]


def test_a_plan_that_ranks_better_than_one_supernet_for_all_is_told_by_the_spread_of_the_other_plans(data):
    rng, value = np.random.default_rng(3), truth()

    def steps(run: str, seed: int, deviation: float) -> pd.DataFrame:
        fixed = value + deviation * rng.normal(size=64)
        parts = [
            pd.DataFrame({"architecture": value.index, "accuracy": (fixed + 0.1 * rng.normal(size=64)) / 5 + 40})
            .assign(run=run, seed=seed, epoch=200, step=step + 1, bn="running", trained=False)
            .reset_index(drop=True)
            for step in range(64)
        ]
        return pd.concat(parts, ignore_index=True)

    write(data, "darts64_steps", pd.concat([steps(f"p1s-cycle-{seed}", seed, 25) for seed in range(4)]))
    plans = {"all": 25, "similar4": 4, "groups4": 4, "groups2": 25}
    write(data, "darts64_sharing", pd.concat([steps(f"p1s-{plan}-0", 0, noise) for plan, noise in plans.items()]))
    rows = findings_p1.sharing()
    assert len(rows) == 6
    assert by_finding(rows, "Mean-64 under similar4").verdict == "agrees"  # the paper's rises
    assert by_finding(rows, "Mean-64 under groups4").verdict == "disagrees"  # the paper's falls
    assert by_finding(rows, "Mean-64 under groups2").verdict in ("agrees", "not decided")  # as the paper's: the same
