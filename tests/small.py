"""The smallest network and run of every space that can be trained, so that a new space is tried without a new test."""

from nasbias.runs import Training
from nasbias.spaces import list_spaces
from nasbias.supernets import build_supernet, has_supernet, options_from, recipe_of, task_of

SPACES = [name for name in list_spaces() if has_supernet(name)]
IMAGES = [name for name in SPACES if task_of(name) == "images"]
# Each space takes what it has an option for.
OPTIONS = {"channels": 4, "cells": 1, "stacks": 2, "layers": 3, "unit": 1, "hidden": 8, "vocabulary": 50}
SIZES = {"images": {"inputs": 3, "classes": 7}, "text": {"inputs": 1, "classes": 30}}


def small_network(space, **more):
    """A fresh network of `space`; its weights depend on torch's generator."""
    return build_supernet(space, options_from(space, OPTIONS), **SIZES[task_of(space)], **more)


def small_run(space, **fields):
    """A configuration of `space` with its own recipe whose epochs have a few steps."""
    sizes = {"batch_size": 16, "train_size": 4000, "valid_size": 1000} if task_of(space) == "text" else {
        "batch_size": 64, "train_size": 128, "valid_size": 64, "crop": 1
    }  # fmt: skip
    return Training(**{**recipe_of(space), "space": space, **sizes, "network": OPTIONS, **fields})
