"""P2 (arXiv 2010.08219) on parts of NAS-Bench-101's sub-space, 8x8: folds, copies of one operation, pruning."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy.stats

from analysis.findings import AGREES, Finding, number, show, study, verdict
from analysis.findings_p2 import NB101_TRUTH
from analysis.harvest import DATA, cost_of
from nasbias.matching import match
from nasbias.statistics import Influence, influence, mean_interval, mean_over_runs
from nasbias.statistics.metrics import kendall_tau
from nasbias.tables import load_predictions

WHOLE = 25  # epochs of the supernets that a part's are held against


def _table(name: str) -> pd.DataFrame:
    return load_predictions(DATA / f"{name}.parquet", "nb101")


def _whole() -> pd.DataFrame:
    """The ordinary supernets of the same number of steps."""
    table = _table("nb101_predictions")
    return table.loc[table["epoch"] == WHOLE]


def _series(table: pd.DataFrame, score: str) -> dict[tuple[str, int], tuple[pd.Series, pd.Series]]:
    """(run, seed) -> score and truth by architecture, higher = better."""
    matched = match(table, NB101_TRUTH, space="nb101", scores=[score])
    names = matched.architectures["architecture"].to_numpy()
    result = {}
    for row in matched.rows:
        index = pd.Index(names[row.items])
        key = (str(row.keys["run"]), int(row.keys["seed"]))
        result[key] = (pd.Series(row.score, index), pd.Series(row.truth, index))
    return result


@study("nb101_folds", "nb101_predictions")
def folds() -> list[Finding]:
    """A supernet for each of three folds, each with the steps of the whole's."""
    hours, rows = cost_of("nb101_folds"), []
    last = _table("nb101_folds")
    last = last.loc[last["epoch"] == last["epoch"].max()]
    for score in ("accuracy", "loss"):
        whole = {seed: scored for (_, seed), (scored, _) in _series(_whole(), score).items()}
        for way, how in (("random", "at random"), ("decision", "by the operation of one vertex")):
            gains: dict[int, list[float]] = {}
            inside: list[float] = []
            for (_, seed), (scored, truth) in _series(last.loc[last["run"].str.contains(way)], score).items():
                if seed not in whole:
                    continue
                other = whole[seed].reindex(scored.index).to_numpy()
                own = kendall_tau(scored.to_numpy(), truth.to_numpy())
                inside.append(own)
                gains.setdefault(seed, []).append(own - kendall_tau(other, truth.to_numpy()))
            if not gains:
                continue
            gain = mean_interval([float(np.mean(each)) for each in gains.values()], -2.0, 2.0)
            rows.append(
                Finding(
                    "P2 parts",
                    f"Density: folds {how} do not help on NB101 (tau by {score} inside the folds, own minus the whole "
                    f"space's supernet)",
                    "no help",
                    f"{show(gain)}, {len(gains)} seeds; inside tau {number(float(np.mean(inside)))}",
                    _no_help(gain, len(gains)),
                    hours,
                )
            )
    return rows


def _no_help(gain: tuple[float, float, float], runs: int) -> str:
    """No help: the interval's top is below .05, a gain that a user would not pay three supernets for."""
    if gain[2] < 0.05:
        return AGREES
    return verdict(-gain[2], -gain[1], runs)


@study("nb101_copies", "nb101_predictions")
def copies() -> list[Finding]:
    """Supernets of copies of one operation: what the size of the space does with nothing to choose between."""
    hours, rows = cost_of("nb101_copies"), []
    copied, ordinary = _table("nb101_copies"), _whole()
    spread = ordinary.groupby("run")["accuracy"].std().to_numpy()
    for name in ("conv3x3", "conv1x1"):
        part = copied.loc[copied["run"].str.contains(name)]
        if len(set(part["run"])) < 2:
            continue
        own = mean_interval(part.groupby("run")["accuracy"].std().to_numpy(), 0.0, np.inf)
        test = scipy.stats.ttest_ind(spread, part.groupby("run")["accuracy"].std(), equal_var=False)
        low, high = test.confidence_interval()
        between = mean_over_runs(_pairs(part))
        rows.append(
            Finding(
                "P2 parts",
                f"Replicated {name}: scores of copies spread less than those of real architectures (sd in points)",
                "-",
                f"{show(own)} against {number(float(spread.mean()))}; difference "
                f"{show((float(spread.mean() - own[0]), float(low), float(high)))}; tau between seeds {show(between)}",
                verdict(float(low), float(high)),
                hours,
            )
        )
    return rows


def _pairs(table: pd.DataFrame) -> list[Influence]:
    """tau between each run and the next."""
    runs = [part.set_index("architecture")["accuracy"].sort_index() for _, part in table.groupby("run")]
    pairs = list(zip(runs, [*runs[1:], runs[0]])) if len(runs) > 2 else [(runs[0], runs[1])]
    return [influence(one.to_numpy(), other.to_numpy()) for one, other in pairs]


@study("nb101_pruned", "nb101_predictions")
def pruned() -> list[Finding]:
    """Thirds by truth and at random; shrinking by the supernet's own scores."""
    hours, rows = cost_of("nb101_pruned"), []
    found = _series(_table("nb101_pruned"), "accuracy")
    found |= _series(_whole(), "accuracy")
    taus: dict[str, list[float]] = {}
    best: dict[str, list[float]] = {}
    left: dict[str, list[float]] = {}
    for (run, _), (scored, truth) in found.items():
        way = "whole" if run.startswith(f"nb101-{WHOLE:04d}") else run.removeprefix("nb101-").rpartition("-")[0]
        taus.setdefault(way, []).append(kendall_tau(scored.to_numpy(), truth.to_numpy()))
        best.setdefault(way, []).append(float(truth.loc[scored.idxmax()]))
        left.setdefault(way, []).append(float(truth.mean()))
    if {"third-best", "third-random"} <= set(best):
        gain = _difference(best["third-best"], best["third-random"])
        rows.append(
            Finding(
                "P2 parts",
                "Pruning to the best third by truth: the best architecture found is better than in a random third",
                "rises",
                f"{show(gain)} points; {_means(best)}",
                verdict(gain[1], gain[2], len(best["third-best"])),
                hours,
            )
        )
        change = _difference(taus["third-best"], taus["third-random"])
        rows.append(
            Finding(
                "P2 parts",
                "... and its ranking inside has no clear trend: tau in the best third minus in a random third",
                "no trend",
                f"{show(change)}; {_means(taus)}",
                "not decided" if change[1] < 0 < change[2] else "falls" if change[2] < 0 else "rises",
                hours,
            )
        )
    if {"some", "halve"} <= set(best):
        gain = _difference(best["halve"], best["some"])
        rows.append(
            Finding(
                "P2 parts",
                "(The worse half dropped three times) The best found in what is left beats that without (points)",
                "-",
                f"{show(gain)}, {len(best['halve'])} seeds; mean truth of what is left "
                f"{_means({way: left[way] for way in ('halve', 'some')})}",
                verdict(gain[1], gain[2], len(best["halve"])),
                hours,
            )
        )
    for by in ("accuracy", "residual", "pareto"):
        way = f"shrink-{by}"
        if way in left and "whole" in left:
            gain = mean_interval(np.array(left[way]) - float(np.mean(left["whole"])), -100.0, 100.0)
            rows.append(
                Finding(
                    "P2 parts",
                    f"Progressive shrinking by {by} keeps better architectures than the space has (mean truth, points)",
                    "-",
                    f"{show(gain)}, {len(left[way])} seeds",
                    verdict(gain[1], gain[2], len(left[way])),
                    hours,
                )
            )
    return rows


def _difference(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """Difference of means over runs, Welch's interval."""
    low, high = scipy.stats.ttest_ind(one, other, equal_var=False).confidence_interval()
    return float(np.mean(one) - np.mean(other)), float(low), float(high)


def _means(values: dict[str, list[float]]) -> str:
    return ", ".join(f"{way} {number(float(np.mean(each)))}" for way, each in values.items())


STUDIES = (folds, copies, pruned)
