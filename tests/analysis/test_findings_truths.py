"""Supernets between two truths: what is said follows from which of them they rank like."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
from analysis import findings_truths
from analysis.findings_truths import Pair, findings_of
from nasbias.spaces import get_space
from nasbias.tables import write_parquet


def made(folder: Path, monkeypatch, toward_own: float) -> list:
    """Findings of three supernets whose scores hang on their own truth with `toward_own`, else on the benchmark's."""
    rng = np.random.default_rng(0)
    names = get_space("nb101").sample(120, seed=0)
    own, benchmark = rng.normal(60, 5, 120), rng.normal(90, 2, 120)
    truth = pd.DataFrame({"architecture": names, "dataset": "cifar10_jpeg", "epochs": 1, "seed": 0})
    about = {"recipe": {}, "runs": {"a": {"cost": {"cpu_seconds": 36.0}}}}
    write_parquet(truth.assign(valid_accuracy=own, test_accuracy=own), folder / "nb101_truth.parquet", about)
    both = truth.assign(dataset="cifar10", epochs=108)
    write_parquet(both.assign(valid_accuracy=benchmark, test_accuracy=benchmark), folder / "benchmark.parquet", {})
    runs = []
    for seed in range(3):
        goodness = toward_own * own / 5 + (1 - toward_own) * benchmark / 2 + rng.normal(0, 0.5, 120)
        rows = {"run": f"r{seed}", "seed": seed, "epoch": 25, "architecture": names, "loss": 10 - goodness / 10}
        runs.append(pd.DataFrame(rows).assign(accuracy=goodness, bn="recalibrated"))
    write_parquet(pd.concat(runs, ignore_index=True), folder / "nb101_predictions.parquet", {})
    monkeypatch.setattr(findings_truths, "DATA", folder)
    monkeypatch.setattr(findings_truths, "cost_of", lambda name: 0.01)
    return findings_of(Pair("nb101", folder / "benchmark.parquet", "loss"))


@pytest.mark.parametrize(
    ("toward_own", "verdicts", "costs"),
    [(1.0, ("agrees", "more"), "not decided"), (0.0, ("not decided", "less"), "disagrees")],
)
def test_the_truth_that_supernets_rank_like_is_named(tmp_path, monkeypatch, toward_own, verdicts, costs):
    rows = made(tmp_path, monkeypatch, toward_own)
    assert [row.verdict.partition(":")[0] for row in rows] == [*verdicts, "not decided", costs]
    assert "120 alone for 1 epochs, 1 seed(s)" in rows[0].finding
    assert "no agreement is found" in rows[2].verdict  # the two truths were drawn independently
