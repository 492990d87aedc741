"""P1, group and prefix sharing: is less sharing a better ranking?

    python -m analysis.sharing            # 4 epochs a group, one seed, scored after each of the last 16 mini-batches
    python -m analysis.sharing --paper    # 200 epochs a group, ten seeds, the last 64 mini-batches

m groups are m supernets, parted at random or by the code order; every group gets the same budget. Prefix k shares the
stem and the first k cells. A group's epoch is a pass over the data, so m groups of E epochs are a run of m * E.
"""

import dataclasses
import sys
from pathlib import Path

from analysis.study import P1_PAPER, P1_REDUCED, Job, Plan, Tables, run_study
from nasbias.density import compare_density


def plan(paper: bool) -> Plan:
    """A run per plan and seed."""
    base, each, prefix_epochs, seeds, steps = (P1_PAPER, 200, 2000, 10, 64) if paper else (P1_REDUCED, 4, 32, 1, 16)
    if not paper:
        base = dataclasses.replace(base, valid_size=250)
    cells = 4 if paper else 2
    groups = (2, 4, 8, 16, 32) if paper else (2, 4, 8)
    plans = {"all": each}
    if paper:  # at the reduced size it would cost more than all the rest
        plans["none"] = 64 * each
    plans |= {f"{kind}:{m}": m * each for m in groups for kind in ("groups", "similar")}
    plans |= {f"prefix:{k}": prefix_epochs for k in range(cells + 1)}
    return {
        f"{sharing.replace(':', '')}-{seed}": Job(
            dataclasses.replace(base, sharing=sharing, epochs=epochs, seed=seed, dense_steps=steps), None
        )
        for seed in range(seeds)
        for sharing, epochs in sorted(plans.items(), key=lambda item: item[1])
    }


def evaluate(folders: dict[str, Path], paper: bool) -> Tables:
    """Mean-k and Std-k by plan, against P1's truth and ours; tau inside the groups."""
    tables: Tables = {}
    for truth in ("deeper-insights-64", "darts64_truth"):
        density = compare_density(folders.values(), truth, space="darts64", last=(1, 64 if paper else 16))
        tables |= {f"plans against {truth}": density.plans, f"inside the groups, {truth}": density.folds}
    return tables


if __name__ == "__main__":
    sys.exit(run_study(sys.argv[1:], "sharing", __doc__, plan, evaluate))
