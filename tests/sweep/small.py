"""The smallest plans, and a check that a sweep is what an undisturbed one is."""

from pathlib import Path

from nasbias.sweep import make_plan
from tests.faults import kills

TRAINING = {
    "space": "nb201", "batch_size": 64, "train_size": 128, "valid_size": 64, "crop": 1, "epochs": 2,
    "network": {"channels": 4, "cells": 1},
}  # fmt: skip
SCORE = {"sample": 5, "recalibration_images": 64, "valid_size": 50}


def small_plan(seeds, score=True, **more):
    """A plan of a run per seed."""
    return make_plan(
        {"training": {**TRAINING, **more}, "grid": {"seed": list(seeds)}, **({"score": SCORE} if score else {})}
    )


def contents(out: Path) -> dict:
    """What the runs of a sweep left, but for the clock's."""
    return kills.snapshot(out / "runs")
