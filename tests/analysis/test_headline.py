"""The headline's block, on tables made here of what is known."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
from analysis import headline
from nasbias.tables import load_predictions, write_parquet

if importlib.util.find_spec("analognasbench") is None:
    pytest.skip("the truth is the analog-nasbench wheel's", allow_module_level=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tenth of one run as the full-size one, a sample of it with other noise as the checks."""
    folder = tmp_path_factory.mktemp("data")
    table = load_predictions(headline.DATA / f"{headline.SMALL}.parquet", "nb201")
    table = table.loc[table["architecture"].isin(table["architecture"].drop_duplicates().sample(1500, random_state=1))]
    one = table.loc[table["run"] == table["run"].iloc[0]].reset_index(drop=True)
    about = {"all_runs": {}, "runs": {"full": {"cost": {"cpu_seconds": 7200.0, "wall_seconds": 3600.0}}}}
    write_parquet(one, folder / f"{headline.FULL}.parquet", about)
    write_parquet(table, folder / f"{headline.SMALL}.parquet", {})
    sample = one.sample(300, random_state=0)
    noise = np.random.default_rng(0).normal(0, 0.003, 300)
    early = sample.assign(epoch=16, loss=10 - sample["loss"], accuracy=100 - sample["accuracy"])
    checks = pd.concat([sample.assign(loss=sample["loss"] + noise), early], ignore_index=True)
    write_parquet(checks, folder / f"{headline.CHECKS}.parquet", about)
    return folder


@pytest.fixture
def data(folder, monkeypatch):
    monkeypatch.setattr(headline, "DATA", folder)
    monkeypatch.setattr(headline, "is_harvested", lambda name: (folder / f"{name}.parquet").exists())
    return folder


def test_the_ranking_stands_beside_smaller_supernets_and_what_was_published(data):
    table = headline.rank_table(data / f"{headline.FULL}.parquet", data / f"{headline.SMALL}.parquet")
    rows = table.set_index("what")
    full = rows.loc["C=16 N=5, 32x32, 64 epochs, by loss"]
    assert full["runs"] == 1 and rows.loc["C=8 N=1, 16x16, 64 epochs, by loss", "runs"] == 3
    assert 0.48 < full["gt_tau"] < 0.6 and full["spearman"] > full["gt_tau"]
    assert rows.loc["random", "gt_tau"] == 0 and rows.loc["P2, 2,000 epochs, CIFAR-100", "spearman"] == 0.7


def test_scores_of_two_files_are_held_against_each_other_on_what_both_have(data):
    full, checks = (data / f"{name}.parquet" for name in (headline.FULL, headline.CHECKS))
    tau, low, high = headline.agree(full, checks, (64, 64), "loss")
    assert 0.9 < low < tau < high < 1
    assert headline.agree(full, checks, (64, 16), "loss")[0] == pytest.approx(-1)
    assert headline.agree(full, checks, (64, 64), "accuracy")[0] == pytest.approx(1)


def test_the_block_says_it_all(data, monkeypatch, tmp_path, capsys):
    written = {}
    monkeypatch.setattr(headline, "write_tables", lambda name, tables, **more: written.update(tables, **more))
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{headline.BEGIN}{headline.END}after\n")
    assert headline.main(["--write", str(readme)]) == 0
    text = capsys.readouterr().out
    assert text.strip() in readme.read_text()
    for said in (
        "| C=16 N=5, 32x32, 64 epochs, by accuracy | 1 |",
        "`nor_conv_3x3` ",
        "2.0 CPU-hours, 1.0 by the clock",
    ):
        assert said in text, text
    assert "64: " in text and "16: -" in text
    assert {"ranking", "cost", "operators by loss", "deciles of parameters by accuracy", "checks"} <= set(written)


def test_it_says_how_to_make_what_is_missing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(headline, "is_harvested", lambda name: False)
    assert headline.main([]) == 2
    assert "analysis.queue run --only nb201-full" in capsys.readouterr().err
