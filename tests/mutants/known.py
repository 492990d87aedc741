"""Mutants made by hand that once survived: each would tell a user something wrong, so each is tried by name.

    python -m tests.mutants --known

The first nine are those of the audit; where an idea has come to lie in two places since, both are changed.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """In `module` (below nasbias/) the text `before`, which occurs once, becomes `after`."""

    name: str
    module: str
    before: str
    after: str


KNOWN = [
    Known(
        "a supernet worse than counting parameters is called better",
        "correlation/wording.py",
        'verdict = "worse than counting parameters"',
        'verdict = "better than counting parameters"',
    ),
    Known(
        "p_adjusted of a comparison is not adjusted",
        "correlation/comparison.py",
        'adjust_p_values(table["p_value"].to_numpy())',
        'table["p_value"].to_numpy()',
    ),
    Known(
        "p_adjusted of the operations is not adjusted",
        "bias/__init__.py",
        'p_adjusted = adjust_p_values(in_score.p_value, "bh")',
        "p_adjusted = in_score.p_value",
    ),
    Known(
        "combine_runs takes the architectures' degrees of freedom for the runs'",
        "statistics/intervals.py",
        "least, n_runs - 1.0)",
        "least, n - 1.0)",
    ),
    Known(
        "a panel takes any BN mode before the recalibrated one",
        "matching/panel.py",
        'key=lambda mode: mode != "recalibrated"',
        'key=lambda mode: mode == "recalibrated"',
    ),
    Known("t1r of instances is t3r", "stability/__init__.py", 'METRICS[f"top{k}_rank"]', 'METRICS["top3_rank"]'),
    Known("t1r of steps is t3r", "stability/steps.py", 'METRICS["top1_rank"]', 'METRICS["top3_rank"]'),
    Known(
        "the truth's noise has no share in the decomposition",
        "bias/decomposition.py",
        "wrong_truth = min(truth_noise, consistent)",
        "wrong_truth = 0.0",
    ),
    Known(
        "last_epochs is ignored",
        "stability/__init__.py",
        "summarise_last_epochs(matched, panel, last_epochs)",
        "summarise_last_epochs(matched, panel)",
    ),
    Known("--last-epochs is ignored", "stability/__main__.py", '"last", "last_epochs", "seed"', '"last", "seed"'),
    Known(
        "all regrets are 0",
        "bias/correction.py",
        "regrets.append([_regret(each, panel.truth[rest]) for each in predicted])",
        "regrets.append([0.0 for each in predicted])",
    ),
    Known(
        "a run's pairs with itself stay in the cross-run map",
        "correlation/cross_run.py",
        "table.loc[is_other, ",
        "table.loc[:, ",
    ),
]
