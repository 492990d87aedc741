"""Tidy tables as the studies make them, for tests that draw."""

import numpy as np
import pandas as pd

EDGES = ("0->1", "0->2")
OPERATIONS = ("none", "skip_connect", "nor_conv_3x3")


def lengths() -> pd.DataFrame:
    """Three training lengths of three runs."""
    table = pd.DataFrame({"epoch": [2, 4, 8], "gt_tau": [0.1, 0.25, 0.4], "spearman": [0.15, 0.35, 0.55]})
    table["gt_tau_low"], table["gt_tau_high"] = [-0.1, 0.0, 0.2], [0.3, 0.48, 0.55]
    table["best_at_10"] = [92.0, 93.0, 94.0]
    table["taus"] = [[0.0, 0.2], [0.2, 0.3], [0.38, 0.42]]
    return table.assign(n_runs=2, n=100)


def baselines() -> pd.DataFrame:
    """Parameters, FLOPs and chance."""
    rows = [
        {"score": "params", "gt_tau": 0.5, "spearman": 0.7, "best_at_10": 94.2},
        {"score": "flops", "gt_tau": 0.45, "spearman": 0.6, "best_at_10": 94.1},
        {"score": "random", "gt_tau": 0.0, "gt_tau_low": -0.07, "gt_tau_high": 0.07, "spearman": 0.0},
    ]
    return pd.DataFrame(rows)


def operators(edges=EDGES, operations=OPERATIONS) -> pd.DataFrame:
    """A row per operation on an edge; only the first of the first edge is found."""
    rng = np.random.default_rng(0)
    rows = []
    for edge in edges:
        for i, operation in enumerate(operations):
            effect = float(rng.normal() * 5)
            found = not rows
            rows.append(
                {
                    "decision": edge, "operation": operation, "n": 25, "mean_truth": 90 + i, "mean_score": 60 + i,
                    "score_effect": effect, "score_effect_low": effect - 3, "score_effect_high": effect + 4,
                    "rank_difference": effect / 2, "low": effect / 2 - 1, "high": effect / 2 + 2, "found": found,
                    "top_share_truth": 1 / len(operations), "top_share_score": float(i == 0),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def correction() -> pd.DataFrame:
    """The score as it is, and corrected by 10 and 100 trainings."""
    table = pd.DataFrame(
        {"n": [0, 10, 100], "gt_tau": [0.4, 0.45, 0.6], "low": [0.3, 0.3, 0.5], "high": [0.5, 0.6, 0.7]}
    )
    return table.assign(
        gt_tau_without_supernet=[np.nan, 0.2, 0.5], gp_tau=[np.nan, 0.5, 0.7], gp_tau_without_supernet=np.nan
    )


def ranks(n: int = 12) -> pd.DataFrame:
    """Ranks over runs of n architectures, the last reliably bad."""
    true = np.arange(1, n + 1)
    table = pd.DataFrame({"architecture": [f"a{i}" for i in true], "true_rank": true, "median_rank": true})
    table["min_rank"], table["max_rank"] = np.maximum(true - 3, 1), np.minimum(true + 3, n)
    table["q1_rank"], table["q3_rank"] = np.maximum(true - 1, 1), np.minimum(true + 1, n)
    return table.assign(is_reliably_bad=true == n, is_reliably_good=False)


def joined(n: int = 50) -> pd.DataFrame:
    """Scores that follow the truth, with sizes and one decision."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=n)
    table = pd.DataFrame({"architecture": [f"a{i}" for i in range(n)], "truth": 90 + truth, "score": 60 + truth})
    table["score"] += rng.normal(size=n)
    table["params"] = np.exp(truth) * 1e6
    table["0->3"] = pd.Categorical.from_codes(rng.integers(0, 3, n), categories=list(OPERATIONS))
    return table


def vertical_lines(ax) -> list[tuple[float, float, float]]:
    """(x, low, high) of every vertical line that `vlines` drew."""
    segments = [
        segment for bundle in ax.collections if hasattr(bundle, "get_segments") for segment in bundle.get_segments()
    ]
    return [(float(s[0, 0]), float(s[0, 1]), float(s[1, 1])) for s in segments if len(s) == 2 and s[0, 0] == s[1, 0]]


def band_of(ax) -> np.ndarray:
    """The corners [k, 2] of the one band that `fill_between` drew."""
    from matplotlib.collections import PolyCollection

    (band,) = [each for each in ax.collections if isinstance(each, PolyCollection) and len(each.get_paths()) == 1]
    return band.get_paths()[0].vertices


def texts_of(ax) -> list[str]:
    """Every text in the axes."""
    return [text.get_text() for text in ax.texts]
