"""Every recipe, by the list of spaces: what --help tells, and what a run's configuration makes of it."""

import dataclasses

import pytest

from nasbias.errors import InputError
from nasbias.recipes import has_supernet, options_from, recipe_of, supernet_options, task_of
from nasbias.runs import Training
from nasbias.spaces import list_spaces

SPACES = [name for name in list_spaces() if has_supernet(name)]
# What the publications say, where it is not the default of `Training` (P2's for NAS-Bench-201) or of another space.
PUBLISHED = {
    "nb201": ({}, {"channels": 16, "cells": 5}),
    "nb101": ({"weight_decay": 1e-4, "nesterov": False}, {"channels": 128, "stacks": 3, "cells": 3}),
    "nats-sss": ({}, {"unit": 8}),
    "darts": (
        {
            "batch_size": 112,
            "per_step": 4,
            "step_images": "own",
            "learning_rate": 4 * 0.025,
            "weight_decay": 3e-4,
            "nesterov": False,
            "cutout": -1,
        },
        {"layers": 20, "channels": 36, "auxiliary": True, "drop_path": 0.2},
    ),
    "darts64": (
        {"epochs": 200, "learning_rate": 0.025, "final_learning_rate": 0.001, "weight_decay": 1e-3, "order": "cycle"},
        {"channels": 16, "cells": 4, "output": "concat", "dilated": "dil_conv_5x5", "bn_momentum": 0.4},
    ),
    "ptb": (
        {"learning_rate": 40.0, "final_learning_rate": 40.0, "batch_size": 256, "weight_decay": 8e-7, "clip": 0.1},
        {"hidden": 850, "bptt": 35, "slowness_penalty": 1e-3, "patience": 5, "dropout": 0.75},
    ),
}


@pytest.mark.parametrize("space", SPACES)
def test_options_explain_themselves_and_a_recipe_names_fields_of_a_run(space):
    kind = supernet_options(space)
    assert kind.__dataclass_params__.frozen
    assert all(len(field.metadata["help"]) > 3 for field in dataclasses.fields(kind))
    assert task_of(space) in ("images", "text")
    assert Training(**{"space": space, **recipe_of(space)}).space == space


@pytest.mark.parametrize("space", PUBLISHED)
def test_a_recipe_is_the_published_one(space):
    fields, options = PUBLISHED[space]
    run = dataclasses.asdict(Training(**recipe_of(space)))
    assert {name: run[name] for name in fields} == fields
    own = dataclasses.asdict(supernet_options(space)())
    assert {name: own[name] for name in options} == options


def test_one_space_reads_text_and_the_others_images():
    assert [space for space in SPACES if task_of(space) == "text"] == ["ptb"]


@pytest.mark.parametrize("space", SPACES)
def test_options_come_from_a_configuration_that_may_hold_those_of_other_spaces(space):
    field = dataclasses.fields(supernet_options(space))[0]
    made = options_from(space, {field.name: 3, "of_another_space": 1})
    assert getattr(made, field.name) == 3
    assert dataclasses.replace(made, **{field.name: field.default}) == supernet_options(space)()


def test_a_recipe_that_is_taken_is_ones_own():
    recipe_of("ptb").clear()
    assert recipe_of("ptb")


def test_spaces_without_a_network_and_unknown_ones_are_refused():
    assert not has_supernet("nb-macro")
    with pytest.raises(InputError, match="nb-macro has no supernet here: it has a truth table and costs only"):
        supernet_options("nb-macro")
    with pytest.raises(InputError, match="Did you mean nb201"):
        recipe_of("nb20")
