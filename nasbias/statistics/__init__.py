"""How sure a rank correlation is: intervals, runs, ceilings, tests.

`influence`: what each architecture contributes to an error. `spread`: what a new seed changes, pooled. `intervals`: the
one interval over runs and architectures. `apart`: a run that the others do not explain. `paired`: A against B.
`ceiling`: the truth against itself. `chance`: what random rankings get.
"""

from nasbias.statistics.apart import stand_apart
from nasbias.statistics.ceiling import ceiling_of, correct_for_noise, count_repeated
from nasbias.statistics.chance import random_rankings
from nasbias.statistics.influence import Influence, influence, spearman_influence
from nasbias.statistics.intervals import (
    LEVEL,
    Combined,
    Estimate,
    combine_runs,
    mean_interval,
    mean_over_runs,
    spearman_over_runs,
    spread_of,
    tau_interval,
)
from nasbias.statistics.paired import Comparison, adjust_p_values, compare_runs, compare_same_runs, compare_with_fixed
from nasbias.statistics.spread import Group, Spread, pool_spread

__all__ = [
    "LEVEL",
    "Combined",
    "Comparison",
    "Estimate",
    "Group",
    "Influence",
    "Spread",
    "adjust_p_values",
    "ceiling_of",
    "combine_runs",
    "compare_runs",
    "compare_same_runs",
    "compare_with_fixed",
    "correct_for_noise",
    "count_repeated",
    "influence",
    "mean_interval",
    "mean_over_runs",
    "pool_spread",
    "random_rankings",
    "spearman_influence",
    "spearman_over_runs",
    "spread_of",
    "stand_apart",
    "tau_interval",
]
