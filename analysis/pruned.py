"""P2, pruning: is a supernet of a part of the space better inside it, and does it find a better architecture?

    python -m analysis.pruned            # NAS-Bench-201, 16 epochs of 20,000 images; thirds: of 40,000
    python -m analysis.pruned --paper    # 2000 epochs

The best third by truth against a random third and the whole; progressive shrinking by three scores; and dropping the
worse half, again and again, of 2,000 random architectures. All have the same number of training steps.
"""

import dataclasses
import sys
from pathlib import Path

import pandas as pd

from analysis.study import P2_PAPER, P2_REDUCED, Job, Plan, Tables, run_study
from nasbias.pruning import compare_pruned, select_architectures
from nasbias.runs import RunFolder
from nasbias.score import Scoring
from nasbias.spaces import get_space

LISTS = Path("runs/lists")


def plan(paper: bool) -> Plan:
    """Runs by what is left of the space, and seed."""
    base = P2_PAPER if paper else dataclasses.replace(P2_REDUCED, epochs=16)
    seeds, quarter = ((0, 1, 2, 3, 4) if paper else (0, 1)), base.epochs // 4
    lists = {
        "best third": select_architectures(share=1 / 3),
        "random third": select_architectures(share=1 / 3, by="random"),
        "2000 at random": get_space("nb201").sample(2000, seed=0),
    }
    LISTS.mkdir(parents=True, exist_ok=True)
    for name, architectures in lists.items():
        (LISTS / f"{name}.txt").write_text("".join(f"{each}\n" for each in architectures))
    some = str(LISTS / "2000 at random.txt")
    ways = {
        "whole": {},
        "shrink-accuracy": {"prune": "shrink:accuracy", "prune_every": quarter},
        "shrink-residual": {"prune": "shrink:residual", "prune_every": quarter},
        "shrink-pareto": {"prune": "shrink:pareto", "prune_every": quarter},
        "some": {"architectures": some},
        "halve": {"architectures": some, "prune": "halve", "prune_every": quarter},
    }
    longer = {} if paper else {"train_size": 40_000, "batch_size": 128, "learning_rate": 0.1}
    for part in ("best", "random"):
        ways[f"third-{part}"] = {"architectures": str(LISTS / f"{part} third.txt"), **longer}
    ways["third-whole"] = longer
    return {
        f"{way}-{seed}": Job(dataclasses.replace(base, seed=seed, **options), Scoring(sample=800))
        for seed in seeds
        for way, options in ways.items()
        if options or way == "whole"  # at the paper's size the whole space is one run
        if paper or seed == 0 or not way.startswith("third")  # reduced: one seed of these
    }


def evaluate(folders: dict[str, Path], paper: bool) -> Tables:
    """Correlation and best found, and what the rounds of pruning did."""
    thirds = [folder for name, folder in folders.items() if name.startswith("third-")]
    own = [folder for name, folder in folders.items() if not name.startswith("third-")]
    if paper:
        thirds += [folder for name, folder in folders.items() if name.startswith("whole-")]
    rounds = []
    for name, folder in folders.items():
        rounds += [
            {"run": name, **{key: record[key] for key in ("epoch", "remaining", "fixed", "scored", "scoring_seconds")}}
            for record in RunFolder(folder).log
            if "remaining" in record
        ]
    return {
        "thirds, inside the space trained on": compare_pruned(thirds, space="nb201")[0],
        "pruned by the supernet itself": compare_pruned(own, space="nb201")[0],
        "rounds": pd.DataFrame(rounds),
    }


if __name__ == "__main__":
    sys.exit(run_study(sys.argv[1:], "pruned", __doc__, plan, evaluate))
