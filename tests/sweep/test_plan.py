"""Plans: grids of runs from a file, and what is refused in one."""

import pytest

pytest.importorskip("distributed")

from nasbias.errors import InputError
from nasbias.score import Scoring
from nasbias.sweep import make_plan, read_plan

TRAINING = {"space": "nb201", "network": {"channels": 4, "cells": 1}}


def test_a_grid_is_every_combination_the_last_field_changing_fastest():
    plan = make_plan({"training": TRAINING, "grid": {"seed": [0, 1], "epochs": [4, 8]}})
    assert [(item.config.seed, item.config.epochs) for item in plan.items] == [(0, 4), (0, 8), (1, 4), (1, 8)]
    assert [item.label for item in plan.items] == ["seed0-epochs4", "seed0-epochs8", "seed1-epochs4", "seed1-epochs8"]
    assert {item.config.network["channels"] for item in plan.items} == {4}
    assert all(item.score is None for item in plan.items)


def test_a_run_has_its_spaces_recipe_but_for_what_the_plan_says():
    from nasbias.recipes import recipe_of

    (item,) = make_plan({"training": {"space": "darts64", "epochs": 3}}).items
    recipe = recipe_of("darts64")
    assert item.config.epochs == 3 != recipe.get("epochs")
    assert all(getattr(item.config, name) == value for name, value in recipe.items() if name != "epochs")


def test_several_grids_come_one_after_the_other():
    plan = make_plan({"training": TRAINING, "grid": [{"seed": [0, 1]}, {"seed": 2, "sharing": ["groups:2", "none"]}]})
    assert [item.label for item in plan.items] == ["seed0", "seed1", "seed2-sharinggroups_2", "seed2-sharingnone"]


def test_a_plan_file_is_read_with_its_scoring_and_studies(tmp_path):
    (tmp_path / "p.toml").write_text(
        '[training]\nspace = "nb201"\ncheckpoints = [1]\n[grid]\nepochs = [2]\n[score]\nsample = 5\ncheckpoints = [1]\n'
        '[study]\ncorrelation = {truth = "t.csv"}\n'
    )
    plan = read_plan(tmp_path / "p.toml")
    assert plan.items[0].config.checkpoints == (1,)
    assert plan.items[0].score == Scoring(sample=5, checkpoints=(1,))
    assert plan.studies == {"correlation": {"truth": "t.csv"}}


def test_a_folder_is_found_by_its_digest_whatever_its_label(tmp_path):
    (item,) = make_plan({"training": TRAINING, "grid": {"seed": [3]}}).items
    assert item.folder(tmp_path) == tmp_path / f"seed3-{item.config.identity}"
    (tmp_path / f"older-{item.identity}").mkdir()
    assert item.folder(tmp_path) == tmp_path / f"older-{item.identity}"


def test_a_plan_knows_how_many_devices_its_runs_take():
    assert make_plan({"training": TRAINING, "grid": {"seed": [0, 1]}}).devices == 1
    assert make_plan({"training": TRAINING, "grid": {"devices": [1, 4, 2]}}).devices == 4


def test_equal_plans_are_those_of_equal_runs():
    first = make_plan({"training": TRAINING, "grid": {"seed": [0, 1]}})
    assert (
        first.identity == make_plan({"training": {**TRAINING, "order": "uniform"}, "grid": {"seed": [0, 1]}}).identity
    )
    assert first.identity != make_plan({"training": TRAINING, "grid": {"seed": [0, 2]}}).identity


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"trainig": {}}, "Did you mean training"),
        ({"training": {"epoch": 3}}, "unknown field of a training 'epoch'. Did you mean epochs"),
        ({"training": {"network": {"chanels": 3}}}, "Did you mean channels"),
        ({"training": {"epochs": 0}}, "epochs"),
        ({"training": {"epochs": "4"}}, "epochs"),
        ({"training": 3}, r"\[training\] must be a table"),
        ({"grid": {"epochs": []}}, "epochs has no values"),
        ({"grid": {"epochs": ["x"]}}, "epochs"),
        ({"grid": 3}, r"\[grid\] must be a table of lists"),
        ({"grid": {"seed": [1, 1]}}, "the run seed1 is there twice"),
        ({"training": {"seed": 1}, "grid": {"seed": [1]}}, "seed is both in"),
        ({"grid": {"seed": list(range(1000)), "epochs": list(range(1, 1001))}}, "1,000,000 combinations"),
        ({"score": {"smaple": 3}}, "Did you mean sample"),
        ({"score": {"sample": 0}}, "sample"),
        ({"score": {"out": "x"}}, "unknown field of .score. 'out'"),
        ({"study": {"correlation": {}}}, "needs predictions"),
        ({"score": {}, "study": {"corelation": {}}}, "Did you mean correlation"),
        ({"score": {}, "study": {"correlation": 3}}, "table of its options"),
        ({"score": {}, "study": {"correlation": {"truht": "x"}}}, "Did you mean truth"),
    ],
)
def test_what_is_wrong_with_a_plan_is_one_line(content, says):
    with pytest.raises(InputError, match=says) as caught:
        make_plan(content)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_plan_is_named(tmp_path):
    for content, says in ((b"a = ", "not TOML"), (b"\xff", "not TOML"), (b"[grid]\nepochs=[0]", "epochs")):
        (tmp_path / "p.toml").write_bytes(content)
        with pytest.raises(InputError, match=says) as caught:
            read_plan(tmp_path / "p.toml")
        assert str(caught.value).startswith(str(tmp_path / "p.toml"))
    with pytest.raises(InputError):
        read_plan(tmp_path / "none.toml")
