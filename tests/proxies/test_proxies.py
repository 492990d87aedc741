"""Free baselines of many architectures as one predictions table."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import nasbias
from nasbias.errors import InputError
from nasbias.notices import Notice
from nasbias.proxies import NETWORK, UNTRAINED, Measurer, Probing, measure_proxies, summarise
from nasbias.spaces import get_space
from nasbias.tables import read_about, sign_of

SMALL = Probing(batch_size=8, untrained_images=16, network={"channels": 4, "cells": 1})


def test_the_table_has_every_baseline_and_correlates_with_a_truth(tmp_path):
    table = measure_proxies("darts64", "darts64_truth", SMALL, tmp_path / "p.parquet")
    assert {*NETWORK, *UNTRAINED, "depth", "n_sep_conv_3x3"} <= set(table.columns)
    assert np.isfinite(table[list(NETWORK)].to_numpy()).all() and table["untrained_accuracy"].between(0, 100).all()
    with pytest.warns(Notice, match="l2_norm has tau -0"):  # that truth's short trainings favour small networks
        row = nasbias.correlate(tmp_path / "p.parquet", "darts64_truth", space="darts64", scores="l2_norm").iloc[0]
    assert row["n"] == 64 and row["score"] == "l2_norm"
    about = read_about(tmp_path / "p.parquet")
    assert about["probing"]["batch_size"] == 8 and about["probing"]["dataset"] == "digits"
    assert sign_of("untrained_loss") == -1 and all(sign_of(name) == 1 for name in (*NETWORK, "untrained_accuracy"))


def test_isomorphic_architectures_are_one_network_and_dead_edges_do_not_count():
    """The same network written with and without a dead convolution; and mirrored through the other node."""
    live = "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|nor_conv_1x1~2|"
    dead = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|nor_conv_1x1~2|"
    other = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_1x1~1|none~2|"
    table = measure_proxies("nb201", [live, dead, other], SMALL)
    assert (table[list(NETWORK)].nunique() == 1).all()
    assert table["untrained_loss"].nunique() == 2  # inside a supernet the mirrored one has weights of its own


def test_values_do_not_hang_on_the_company_nor_on_the_order():
    architectures = get_space("nb201").sample(6, seed=0).tolist()
    whole = measure_proxies("nb201", architectures, SMALL).set_index("architecture")
    alone = measure_proxies("nb201", architectures[3:4], SMALL).set_index("architecture")
    columns = list(NETWORK)
    pd.testing.assert_frame_equal(alone[columns], whole.loc[architectures[3:4], columns])
    other = measure_proxies("nb201", architectures[3:4], Probing(**{**vars(SMALL), "seed": 1}))
    assert other["synflow"].iloc[0] != alone["synflow"].iloc[0]


def test_only_what_is_asked_for_is_measured():
    table = measure_proxies("nb201", 2, Probing(**{**vars(SMALL), "proxies": ("zen", "nwot")}))
    assert {"zen", "nwot"} <= set(table.columns) and not {"synflow", *UNTRAINED} & set(table.columns)
    assert "untrained_loss" in measure_proxies("nb201", 2, Probing(**{**vars(SMALL), "proxies": ("untrained",)}))


def test_text_has_structure_alone_and_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from nasbias.proxies import measure_proxies\n"
        "table = measure_proxies('ptb', 5)\n"
        "assert {'n_relu', 'depth'} <= set(table.columns) and 'nwot' not in table.columns"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"proxies": ("nwott",)}, "unknown proxy 'nwott'. Did you mean nwot"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_bad_options_are_refused_in_one_line(options, says):
    with pytest.raises(InputError, match=says):
        Probing(**options)


def test_more_images_than_there_are_is_the_user_s_to_mend():
    with pytest.raises(InputError, match="batch_size is 100,000"):
        measure_proxies("nb201", 2, Probing(batch_size=100_000))


def test_a_measurer_travels_to_a_worker():
    import pickle

    measurer = pickle.loads(pickle.dumps(Measurer("nb201", SMALL)))
    assert measurer.options == SMALL and measurer.space.name == "nb201"


def test_the_summary_counts_what_is_finite():
    table = pd.DataFrame({"architecture": ["0", "1", "2"], "synflow": [1.0, -np.inf, 3.0], "params": [1, 2, 3]})
    assert summarise(table).to_dict("records") == [{"proxy": "synflow", "finite": 2, "low": 1, "median": 2, "high": 3}]
