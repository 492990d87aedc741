"""P2, sharing density: a space in folds, a supernet for each. Does a smaller space rank better inside?

    python -m analysis.folds            # NAS-Bench-201 in 5 folds, NAS-Bench-101's sub-space in 3; few epochs
    python -m analysis.folds --paper    # 2000 and 1000 epochs a fold

Folds are random, by the operation of one edge or vertex, or by sorted truth; each has the budget of the whole. The
whole space's supernet is looked at inside the same folds: that is what a fold's own supernet has to beat. Both score
the same architectures.
"""

import dataclasses
import sys
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from analysis.reference import RUNS, plan_of
from analysis.study import P2_REDUCED, Job, Plan, Tables, run_study
from nasbias.matching import match
from nasbias.score import Scoring
from nasbias.spaces import get_space
from nasbias.statistics import mean_interval
from nasbias.statistics.metrics import kendall_tau, spearman

SEEDS = (0,)
NB101 = dataclasses.replace(RUNS["nb101"]["config"], train_size=20_000, epochs=3)
SPACES = {  # folds, the decision, the reduced run, the paper's epochs, what is scored
    "nb201": (5, "0->3", dataclasses.replace(P2_REDUCED, epochs=4), 2000, Scoring(sample=800)),
    "nb101": (3, "op1", NB101, 1000, Scoring(architectures="analysis/nb101_cells.txt")),
}


def plan(paper: bool) -> Plan:
    """Per space and seed: the whole, and its parts."""
    jobs: Plan = {}
    for space, (parts, decision, reduced, epochs, scored) in SPACES.items():
        base = dataclasses.replace(plan_of(space, paper)["config"], epochs=epochs) if paper else reduced
        ways = {"whole": "all", "random": f"groups:{parts}", "decision": f"decision:{decision}"}
        if space == "nb201":  # the truth of all of NAS-Bench-101's sub-space is in its TFRecord, which is not here
            ways["truth"] = f"truth:{parts}"
        for seed in SEEDS:
            for way, sharing in ways.items():
                budget = base.epochs * (1 if way == "whole" else parts)
                config = dataclasses.replace(base, seed=seed, sharing=sharing, epochs=budget)
                jobs[f"{space}-{way}-{seed}"] = Job(config, dataclasses.replace(scored, valid_size=1000))
    return jobs


def evaluate(folders: dict[str, Path], paper: bool) -> Tables:
    """Correlation inside each fold, by its own supernet and by the whole space's; and the difference over folds."""
    rows = []
    for space in SPACES:
        ways = [name.split("-")[1] for name in folders if name.startswith(f"{space}-") and name.endswith("-0")]
        for way in (each for each in ways if each != "whole"):
            for seed in SEEDS:
                own = _scores(folders[f"{space}-{way}-{seed}"], space)
                whole = _scores(folders[f"{space}-whole-{seed}"], space)
                groups = _groups(folders[f"{space}-{way}-{seed}"], space, own.index)
                both = own.join(whole.loc[:, "score"].rename("whole"), how="inner").assign(group=groups)
                for group, part in both.groupby("group"):
                    if len(part) < 20:
                        continue
                    truth = part["truth"].to_numpy()
                    row = {"space": space, "way": way, "seed": seed, "group": int(group), "n": len(part)}  # type: ignore[call-overload]
                    for name, score in (("fold", part["score"].to_numpy()), ("whole", part["whole"].to_numpy())):
                        row |= {f"{name}_tau": kendall_tau(score, truth), f"{name}_spearman": spearman(score, truth)}
                    rows.append(row)
    folds = pd.DataFrame(rows)
    summary = []
    for keys, part in folds.groupby(["space", "way"]):
        space, way = cast("tuple[str, str]", keys)
        gains = (part["fold_tau"] - part["whole_tau"]).to_numpy()
        mean, low, high = mean_interval(gains, -2.0, 2.0)
        row = {"space": space, "way": way, "folds": len(part)}
        for name in ("fold_tau", "whole_tau", "fold_spearman", "whole_spearman"):
            row[name] = float(part.loc[:, name].mean())
        summary.append({**row, "gain": mean, "low": low, "high": high})
    return {"gain in tau inside folds": pd.DataFrame(summary), "folds": folds}


def _scores(folder: Path, space: str) -> pd.DataFrame:
    """Last epoch's accuracy and the truth, by architecture."""
    matched = match(folder, None, space=space, scores=["accuracy"])
    (row,) = matched.rows
    names = matched.architectures["architecture"].to_numpy()[row.items]
    return pd.DataFrame({"score": row.score, "truth": row.truth}, index=pd.Index(names, name="architecture"))


def _groups(folder: Path, space: str, names: pd.Index) -> np.ndarray:
    table = pd.read_csv(folder / "groups.csv")
    groups = pd.Series(table["group"].to_numpy(), get_space(space).parse_all(table["architecture"]))
    return groups.reindex(names).to_numpy()


if __name__ == "__main__":
    sys.exit(run_study(sys.argv[1:], "folds", __doc__, plan, evaluate))
