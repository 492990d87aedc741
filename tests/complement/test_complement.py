"""What a supernet adds to a free score, on simulated scores whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from nasbias.complement import analyse_complement, follow_trainings, pair_with_free, say_complement
from nasbias.errors import InputError
from nasbias.matching import match, select_panel
from nasbias.spaces import get_space
from nasbias.tables import shipped

SPACE = get_space("nb201")
N = 150


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def panel_of(rng, noise=1.0, runs=2):
    """Supernets that see the first half of what makes the truth."""
    names = SPACE.sample(N, seed=0).tolist()
    first, second = rng.normal(size=(2, N))
    truth = pd.DataFrame({"architecture": names, "test_accuracy": 80 + first + second})
    frames = [
        pd.DataFrame(
            {"architecture": names, "run": f"r{i}", "seed": i, "epoch": 1, "score": first + noise * rng.normal(size=N)}
        )
        for i in range(runs)
    ]
    return select_panel(match(pd.concat(frames), truth, space="nb201")), first, second


def test_scores_that_see_different_things_gain_and_the_same_thing_does_not(rng):
    panel, first, second = panel_of(rng, noise=0.3)
    table = pair_with_free(panel, {"other": second, "same": first}).set_index("free")
    assert table.index[0] == "other" and table.loc["other", "gain_low"] > 0.1
    assert (
        table.loc["same", "gain"] < 0.05
        and table.loc["same", "with_supernet"] > 0.6 > table.loc["other", "with_supernet"]
    )
    assert (table["low"] < table["tau"]).all() and (table["tau"] < table["high"]).all()
    assert table.loc["other", "tau"] > max(table.loc["other", "free_tau"], table["supernet_tau"].iloc[0])


def test_a_pair_is_held_against_the_best_free_score_and_not_only_against_its_own(rng):
    panel, first, second = panel_of(rng, noise=0.3)
    table = pair_with_free(panel, {"other": second, "better": first + second / 2}).set_index("free")
    assert table.loc["better", "free_tau"] > table.loc["other", "free_tau"]
    assert table.loc["better", "lead"] == pytest.approx(table.loc["better", "gain"])
    lost = table.loc["better", "free_tau"] - table.loc["other", "free_tau"]
    assert table.loc["other", "lead"] == pytest.approx(table.loc["other", "gain"] - lost)


def test_noise_takes_from_a_good_free_score(rng):
    panel, first, second = panel_of(rng, noise=50)
    row = pair_with_free(panel, {"perfect": first + second}).iloc[0]
    assert row["free_tau"] == pytest.approx(1) and row["gain_high"] < 0 and row["free_regret"] == 0


def test_a_process_ranks_better_beside_what_knows_more(rng):
    panel, _, second = panel_of(rng, noise=0.3)
    table = follow_trainings(panel, second, rng, sizes=(50,), draws=3).set_index("beside")
    assert table.loc["both", "tau"] > table.loc["nothing", "tau"] + 0.2
    assert (table["low"] <= table["tau"]).all() and (table["regret"] >= 0).all() and set(table["n"]) == {50}


def test_the_analysis_takes_the_shipped_proxies_and_says_its_answer(rng, tmp_path, monkeypatch):
    panel, _, second = panel_of(rng, noise=0.3)
    names = panel.architectures["architecture"]
    proxies = pd.DataFrame(
        {"architecture": names, "nwot": second, "gaps": np.where(np.arange(N) < 9, np.nan, 1.0 * np.arange(N))}
    )
    proxies.to_parquet(tmp_path / "nb201_proxies.parquet")
    monkeypatch.setattr(shipped, "shipped_folders", lambda: [tmp_path])
    result = analyse_complement(panel, rng, sizes=(20,), draws=2)
    assert set(result.pairs["free"]) == {"nwot", "params"} and result.about["best_free"] == "nwot"
    assert say_complement(result).startswith("nb201: the best pair is score with nwot, mean rank tau 0.")
    assert "Than the best free score, nwot with 0." in say_complement(result)
    assert "it ranks better (+0." in say_complement(result)
    assert set(result.to_plain()) == {"space", "about", "pairs", "trainings"}


def test_where_nothing_is_free_there_is_nothing_to_add_to(rng, monkeypatch):
    monkeypatch.setattr(shipped, "shipped_folders", list)
    panel, *_ = panel_of(rng)
    panel.architectures["params"] = 1
    with pytest.raises(InputError, match="no free score for nb201"):
        analyse_complement(panel, rng)
