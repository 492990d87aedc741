"""The reference predictions in data/: supernets of a space, one run per training length and seed, scored and collected.

    python -m analysis.reference nb201 train --seeds 0,1,2     # resumable; hours
    python -m analysis.reference nb201 score
    python -m analysis.reference nb201 collect                 # writes data/nb201_predictions.parquet

Sizes are what two CPU cores manage, not the papers'; each configuration says what it is. With --paper they are the
papers' own, for a GPU and days: P2's lengths and recipes, P1's for its 64 architectures, on official data sets.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.study import IMAGES, P2_PAPER
from nasbias.campaigns import train_run
from nasbias.runs import Training
from nasbias.score import Scoring, score_run
from nasbias.tables import load_predictions, read_about, scores_of, write_parquet
from nasbias.terminal import Parser, command, note, numbers

TEXT = "../shared/data/text/wikitext2_test.txt.gz"  # WikiText-2's test split: its training split was not to be had

# P2's protocol (single path, uniform, cosine per step) on CIFAR-10 reduced to 16x16, 48,000 training images.
RUNS: dict[str, dict[str, Any]] = {
    "nb201": {
        "lengths": (2, 4, 8, 16, 32, 64),
        "config": Training(
            space="nb201", dataset=IMAGES, resolution=16, valid_size=2000, batch_size=128, crop=2,
            network={"channels": 8, "cells": 1, "affine": True, "bn_momentum": 0.1},
        ),
        "score": Scoring(sample=1000, valid_size=1000),
        "whole": Scoring(subset="all", valid_size=1000),  # the longest runs: every architecture of the space
    },
    # P2's recipe for its sub-space (plain SGD, weight decay 1e-4) on 40,000 images, one cell a stack, not three, and
    # a quarter of the learning rate: with P2's 0.1 the first epoch ends above chance level at this width (loss 2.7).
    "nb101": {
        "lengths": (1, 2, 4, 8),
        "config": Training(
            space="nb101", dataset=IMAGES, resolution=16, train_size=40_000, valid_size=2000, batch_size=128, crop=2,
            learning_rate=0.025, nesterov=False, weight_decay=1e-4,
            network={"channels": 16, "stacks": 3, "cells": 1, "bn_momentum": 0.003},
        ),
        "score": Scoring(architectures="analysis/nb101_cells.txt", valid_size=1000),  # see analysis.nb101_cells
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
        # The 137 cells that have a truth, on 8,000 words of validation text.
        "score": Scoring(architectures="../shared/data/darts_ptb_anon2102.parquet", valid_size=8000),
    },
    # P1's recipe and order (cycle, validation on the test split) with half the width and half the cells, 10,000 images
    # and smaller batches, so that every architecture is trained 39 times in the longest run (P1: 612).
    "darts64": {
        "lengths": (2, 4, 8, 16),
        "config": Training(
            space="darts64", dataset=IMAGES, resolution=16, train_size=10_000, valid_size=2000, valid_from="test",
            batch_size=64, learning_rate=0.025, final_learning_rate=0.001, nesterov=False, weight_decay=1e-3, crop=2,
            order="cycle",
            network={"channels": 8, "cells": 2, "output": "concat", "dilated": "dil_conv_5x5", "bn_momentum": 0.4},
        ),
        "score": Scoring(bn="running"),  # as P1
    },
    # P2's recipe at DARTS' learning rate for one GPU, 5 cells of 8 channels, 8,000 images. No auxiliary head (it would
    # have ten times the network's parameters), no cutout or drop-path: so few epochs need no such regularisation.
    "darts": {
        "lengths": (1, 2, 3, 4),
        "config": Training(
            space="darts", dataset=IMAGES, resolution=16, train_size=8000, valid_size=2000, valid_from="test",
            batch_size=64, learning_rate=0.025, nesterov=False, weight_decay=3e-4, crop=2,
            network={"layers": 5, "channels": 8, "auxiliary": False, "drop_path": 0.0, "bn_momentum": 0.1},
        ),
        # The 148 architectures of P2's uniform sample: python -m analysis.darts_cells.
        "score": Scoring(architectures="runs/darts_uniform.txt", valid_size=1000, recalibration_images=256),
    },
}  # fmt: skip

# Lengths and data sets of P2 (arXiv 2010.08219) and P1; everything else is the space's own recipe.
PAPER: dict[str, tuple[tuple[int, ...], str]] = {
    "nb201": ((64, 256, 1000, 2000, 4000), "cifar100"),
    "nb101": ((64, 256, 1000, 2000), "cifar10"),
    "darts": ((64, 256, 1000, 2000), "cifar10"),
    "ptb": ((64, 256, 1000, 2000), "ptb"),  # the user's own folder of Penn Treebank
    "darts64": ((200,), "cifar10"),
}


# Images that P2 recalibrates on, per architecture, augmented as in training: 25 batches of 400, of 256, 100 of 200.
PAPER_SCORE: dict[str, Scoring] = {
    "nb101": Scoring(recalibration_images=10_000, recalibration_batch=400, recalibration_augmented=True),
    "nb201": Scoring(recalibration_images=6400, recalibration_augmented=True),
    "darts": Scoring(recalibration_images=20_000, recalibration_batch=200, recalibration_augmented=True),
    "darts64": Scoring(bn="running"),
}


def plan_of(space: str, paper: bool) -> dict[str, Any]:
    """`lengths`, `config` and options of `score`, reduced or at the paper's size."""
    if not paper:
        return RUNS[space]
    from nasbias.supernets import recipe_of

    lengths, dataset = PAPER[space]
    recipe = {name: value for name, value in recipe_of(space).items() if name != "epochs"}
    config = Training(**{**recipe, "space": space, "dataset": dataset})
    if space == "nb201":
        config = P2_PAPER
    return {"lengths": lengths, "config": config, "score": PAPER_SCORE.get(space, Scoring())}


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(
        prog="python -m analysis.reference", description=__doc__, example="python -m analysis.reference nb201 train"
    )
    parser.add_argument("space", choices=RUNS)
    parser.add_argument("step", choices=("train", "score", "collect"))
    parser.add_argument("--seeds", type=numbers(int), default=(0, 1, 2))
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of run folders")
    parser.add_argument("--paper", action="store_true", help="at the paper's size: days, on a GPU")
    arguments = parser.parse_args(argv)
    import dataclasses

    from nasbias.threads import use_threads

    use_threads(1)
    plan = plan_of(arguments.space, arguments.paper)
    size = "-paper" if arguments.paper else ""
    folders = []
    for length in plan["lengths"]:
        for seed in arguments.seeds:
            out = arguments.runs / f"{arguments.space}{size}-{length:04d}-{seed}"
            folders.append(out)
            if arguments.step == "train":
                note(f"{out}")
                config = dataclasses.replace(plan["config"], epochs=length, seed=seed)
                train_run(config, out, lambda record: note(f"  {record}"))
            elif arguments.step == "score":
                asked = {"predictions.parquet": plan.get("score", Scoring())}
                if "whole" in plan and length == max(plan["lengths"]):
                    asked["whole.parquet"] = plan["whole"]
                for name, options in asked.items():
                    if not (out / name).exists():
                        score_run(out, dataclasses.replace(options, out=out / name))
    if arguments.step == "collect":
        collect(arguments.space, [folder / "predictions.parquet" for folder in folders], f"predictions{size}")
        whole = [folder / "whole.parquet" for folder in folders if (folder / "whole.parquet").exists()]
        if whole:
            collect(arguments.space, whole, "predictions_whole")
    return 0


def collect(space: str, paths: Sequence[Path], what: str) -> None:
    """Write tables of predictions, in single precision, and what made each, as data/<space>_<what>.parquet."""
    folders = [path.parent for path in paths]
    tables = [load_predictions(path, space) for path in paths]
    table = pd.concat(tables, ignore_index=True)
    scores = scores_of(table)
    table[scores] = table[scores].astype("float32")
    about = {
        folder.name: {
            "config": (folder / "config.toml").read_text(),
            "trained": json.loads((folder / "provenance.json").read_text()),
            "scored": read_about(path),
        }
        for folder, path in zip(folders, paths)
    }
    out = Path(__file__).parents[1] / "data" / f"{space.replace('-', '_')}_{what}.parquet"
    write_parquet(table, out, {"runs": about})
    note(f"{out.name}: {len(table):,} predictions of {len(folders)} runs, {out.stat().st_size / 1024:,.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
