import base64
import gzip
import json

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import nasbias
from nasbias.report import explorer as room
from nasbias.report import make_report
from nasbias.report.explorer import describe_wiring
from tests.report.conftest import EVIL

KINDS = {"f4": "<f4", "f8": "<f8", "u1": "u1", "u2": "<u2", "u4": "<u4"}


def unpack(text):
    """The head, and how to read the arrays that it names."""
    whole = gzip.decompress(base64.b64decode(text))
    length = int.from_bytes(whole[:4], "little")

    def array(place):
        offset, count, kind = place
        return np.frombuffer(whole, KINDS[kind], count, 4 + length + offset)

    return json.loads(whole[4 : 4 + length]), array


def explorer_of(report):
    assert report.explorer is not None
    return report.explorer


def values_of(column, array):
    levels, index = array(column["levels"]), array(column["index"])
    missing = index == np.iinfo(index.dtype).max
    return np.where(missing, np.nan, levels[np.where(missing, 0, index)])


def test_what_is_packed_is_the_joined_table(report, runs, truth):
    head, array = unpack(explorer_of(report).pack())
    joined = nasbias.join(runs, truth)
    names = bytes(array(head["names"])).decode().split("\n")
    table = joined.set_index("architecture").loc[names]
    assert head["n"] == len(names) == 300
    np.testing.assert_allclose(values_of(head["columns"]["truth"], array), table["truth"], rtol=1e-6)
    assert values_of(head["columns"]["params"], array).tolist() == table["params"].tolist()
    assert array(head["valid"]).tolist() == table["is_valid"].astype(int).tolist()
    for decision in head["decisions"]:
        assert [decision["values"][code] for code in array(decision["codes"])] == table[decision["name"]].tolist()
    last = {each["run"]: values_of(each, array) for each in head["series"] if each["epoch"] == 8}
    np.testing.assert_allclose(last[None], table["score"], rtol=1e-6)
    np.testing.assert_allclose(last["s1"], table["score_s1"], rtol=1e-6)
    assert [each["epoch"] for each in head["series"]] == [4] * 4 + [8] * 4


@pytest.mark.parametrize("score", ["accuracy", "loss"])
def test_ranks_are_exact_whatever_the_direction_and_the_rounding(runs, truth, score):
    runs = runs.assign(accuracy=runs["accuracy"] + 1e-9 * np.arange(len(runs)))
    head, array = unpack(explorer_of(make_report(runs, truth, score=score, draws=1)).pack())
    own = runs[(runs["run"] == "s0") & (runs["epoch"] == 8)].set_index("architecture")[score]
    names = bytes(array(head["names"])).decode().split("\n")
    (column,) = [each for each in head["series"] if (each["epoch"], each["run"]) == (8, "s0")]
    sign = 1 if score == "accuracy" else -1
    assert (scipy.stats.rankdata(array(column["index"])) == scipy.stats.rankdata(sign * own.loc[names])).all()


def test_a_run_that_scored_fewer_has_gaps_and_the_mean_too(runs, truth):
    lost = (runs["run"] == "s2") & (runs["architecture"].isin(sorted(set(runs["architecture"]))[:40]))
    head, array = unpack(explorer_of(make_report(runs[~lost], truth, draws=1)).pack())
    gaps = {each["run"]: int(np.isnan(values_of(each, array)).sum()) for each in head["series"] if each["epoch"] == 8}
    assert gaps == {None: 40, "s0": 0, "s1": 0, "s2": 40}


def test_with_no_room_the_shortest_trainings_are_left_out_and_said(runs, truth, monkeypatch):
    monkeypatch.setattr(room, "MOST_SCORES", 1300)
    report = make_report(runs, truth, draws=1)
    assert explorer_of(report).left_out == [4]
    assert {each.epoch for each in explorer_of(report).series} == {8}
    from nasbias.report import render

    assert "no room for the shorter trainings (4 epochs)" in render(report)


def test_names_are_packed_printable(alone):
    head, _ = unpack(explorer_of(alone).pack())
    assert [each["run"] for each in head["series"]] == [EVIL.replace("\u202e", "\\u202e")]


def test_two_runs_of_one_name_are_told_apart(runs, truth):
    report = make_report(runs.assign(run="same"), truth, draws=1)
    assert {each.run for each in explorer_of(report).series} == {
        None,
        "same (seed 0)",
        "same (seed 1)",
        "same (seed 2)",
    }


def test_cells_outside_of_the_decisions_are_told_apart_by_counts():
    space = nasbias.get_space("nb101")
    names = space.sample(60, seed=0, subset="all")
    rng = np.random.default_rng(0)
    mine = pd.DataFrame({"architecture": names, "accuracy": rng.normal(60, 5, 60)})
    truth = pd.DataFrame(
        {"architecture": names, "dataset": "cifar10", "epochs": 108, "valid_accuracy": rng.normal(90, 1, 60)}
    )
    report = make_report(mine, truth, space="nb101", draws=1)
    head, _ = unpack(explorer_of(report).pack())
    assert {each["name"] for each in head["decisions"]} >= {"conv3x3-bn-relu", "vertices", "edges"}
    assert head["is_matrix"] and head["wiring"]["cells"] == []


@pytest.mark.parametrize("name", nasbias.list_spaces())
def test_the_wiring_names_decisions_by_place_and_short_names_of_all_values(name):
    space = nasbias.get_space(name)
    decisions = [decision.name for decision in space.decisions]
    wiring = describe_wiring(space, decisions)
    for plain, cell in zip(wiring["cells"], space.wired_cells):
        for edge, own in zip(plain["edges"], cell.edges, strict=True):
            assert edge["decision"] == (decisions.index(own.decision) if own.decision else None)
            if isinstance(own.source, str):
                assert edge["source"] == {"decision": decisions.index(own.source)}
    assert json.dumps(wiring)


def test_the_document_has_every_number_of_the_explorer(report):
    plain = report.to_plain()["explorer"]
    assert len(plain["architecture"]) == len(plain["truth"]) == 300
    assert [(each["epoch"], each["run"]) for each in plain["scores"]] == [
        (e, f"s{s}") for e in (4, 8) for s in (0, 1, 2)
    ]
