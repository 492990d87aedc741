"""The reference predictions in data/: supernets of a space, one run per training length and seed, scored and collected.

    python -m analysis.reference nb201 train --seeds 0,1,2     # resumable; hours
    python -m analysis.reference nb201 score
    python -m analysis.reference nb201 collect                 # writes data/nb201_predictions.parquet

Sizes are what two CPU cores manage, not the papers'; each configuration says what it is.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nasbias.command import Parser, command, note, numbers
from nasbias.training import Training, train

IMAGES = "../shared/data/cifar10_jpeg.parquet"  # CIFAR-10 re-encoded as JPEG, 60,000 images
TEXT = "../shared/data/text/wikitext2_test.txt.gz"  # WikiText-2's test split: its training split was not to be had

# P2's protocol (single path, uniform, cosine per step) on CIFAR-10 reduced to 16x16, 48,000 training images.
RUNS: dict[str, dict[str, Any]] = {
    "nb201": {
        "lengths": (2, 4, 8, 16, 32, 64),
        "config": Training(
            space="nb201", dataset=IMAGES, resolution=16, valid_size=2000, batch_size=128, crop=2,
            network={"channels": 8, "cells": 1, "affine": True, "bn_momentum": 0.1},
        ),
    },
    # P2's recipe for its sub-space (plain SGD, weight decay 1e-4) on 40,000 images, one cell a stack instead of three.
    "nb101": {
        "lengths": (2, 4, 8, 16),
        "config": Training(
            space="nb101", dataset=IMAGES, resolution=16, train_size=40_000, valid_size=2000, batch_size=128, crop=2,
            nesterov=False, weight_decay=1e-4, network={"channels": 16, "stacks": 3, "cells": 1, "bn_momentum": 0.003},
        ),
    },
    # P2's protocol on 150,000 words of real English. A constant rate has no schedule that depends on the length, so the
    # lengths are checkpoints of one run. Rate and clip are DARTS' (P2: 40 and 0.1, at eight times the batch size); the
    # dropouts are lighter, as 64 hidden units have little to spare.
    "ptb": {
        "lengths": (16,),
        "config": Training(
            space="ptb", dataset=TEXT, train_size=150_000, checkpoints=(2, 4, 8, 16), batch_size=32, learning_rate=20.0,
            final_learning_rate=20.0, momentum=0.0, nesterov=False, weight_decay=8e-7, clip=0.25,
            network={
                "hidden": 64, "vocabulary": 4000, "bptt": 35, "dropout": 0.3, "dropout_h": 0.1, "dropout_x": 0.3,
                "dropout_inputs": 0.1, "dropout_words": 0.05, "activation_penalty": 0.0, "slowness_penalty": 1e-3,
                "evaluate_every": 1, "evaluated_cells": 10, "patience": 5,
            },
        ),
    },
}  # fmt: skip


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(prog="python -m analysis.reference", description=__doc__, example="python -m analysis.reference nb201 train")
    parser.add_argument("space", choices=RUNS)
    parser.add_argument("step", choices=("train",))
    parser.add_argument("--seeds", type=numbers(int), default=(0, 1, 2))
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of run folders")
    arguments = parser.parse_args(argv)
    import dataclasses

    import torch

    torch.set_num_threads(1)
    plan = RUNS[arguments.space]
    for length in plan["lengths"]:
        for seed in arguments.seeds:
            out = arguments.runs / f"{arguments.space}-{length:04d}-{seed}"
            note(f"{out}")
            config = dataclasses.replace(plan["config"], epochs=length, seed=seed)
            train(config, out, lambda record: note(f"  {record}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
