"""What does a supernet add to a score that costs nothing? Pairs of them: mean rank, and a Gaussian process.

    python -m nasbias.complement --space nb201

A pair is complementary where the mean of the two ranks beats the free score alone (`gain`); it is of use where it beats
the best free score of all (`lead`). The free scores are those that `nasbias.proxies` measured and that are shipped for
the space, and the parameter count. The best free score and the best pair are both chosen on the truth that judges them:
the lead of the best of many pairs is a little too large, that of a pair named beforehand too small.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from nasbias.bias.gaussian_process import GaussianProcess, has_gaussian_process, path_features
from nasbias.correlation.free import free_values
from nasbias.errors import InputError
from nasbias.files import records
from nasbias.matching import Panel
from nasbias.statistics import compare_with_fixed, influence, mean_over_runs
from nasbias.statistics.metrics import best_places, kendall_tau, why_undefined

Array = np.ndarray
SIZES = (20, 50, 100)


@dataclass(frozen=True)
class Complement:
    """`pairs` and `trainings`: tables of `pair_with_free` and `follow_trainings`; `about` the supernets."""

    space: str
    about: dict[str, Any]
    pairs: pd.DataFrame
    trainings: pd.DataFrame

    def to_plain(self) -> dict[str, Any]:
        """The command's JSON document."""
        tables = {"pairs": records(self.pairs), "trainings": records(self.trainings)}
        return {"space": self.space, "about": self.about, **tables}


def analyse_complement(
    panel: Panel, generator: np.random.Generator, sizes: tuple[int, ...] = SIZES, draws: int = 20
) -> Complement:
    """Both tables of one panel.

    Raises:
        InputError: no free score can be judged on these architectures.
    """
    free = _usable(panel)
    if not free:
        raise InputError(f"no free score for {panel.space.name} has values on these {panel.n:,} architectures.")
    pairs = pair_with_free(panel, free)
    paired = str(pairs["free"].iloc[0])
    about = {"score": panel.score, "epoch": panel.epoch, "bn": panel.bn, "runs": len(panel.runs), "n": panel.n}
    trainings = follow_trainings(panel, free[paired], generator, sizes, draws).assign(free=paired)
    best = str(pairs.loc[pairs["free_tau"].idxmax(), "free"])
    return Complement(panel.space.name, about | {"best_free": best}, pairs, trainings)


def pair_with_free(panel: Panel, free: dict[str, Array]) -> pd.DataFrame:
    """Every free score beside the supernet's, best mean of ranks first.

    Args:
        free: name -> values [n], higher = better, without NaN.

    Returns:
        `free`, `free_tau`, `supernet_tau` (mean over runs), `tau` of the mean rank with its 95 % interval `low`, `high`
        over architectures and runs, `gain` (tau less free_tau, paired) with `gain_low`, `gain_high`, `lead` (tau less
        the greatest free_tau, paired) with `lead_low`, `lead_high`, `with_supernet` (tau between the two scores, mean
        over runs), and regrets (best truth less the truth of the one ranked first, in the truth's unit; mean over
        runs): `regret`, `free_regret`, `supernet_regret`.
    """
    items = np.arange(panel.n)
    ranks = scipy.stats.rankdata(panel.scores, axis=1)
    alone = [kendall_tau(score, panel.truth) for score in panel.scores]
    costless = {name: influence(value, panel.truth, items) for name, value in free.items()}
    best = max(costless.values(), key=lambda each: each.tau)
    rows = []
    for name, value in free.items():
        mixed = ranks + scipy.stats.rankdata(value)
        fixed = costless[name]
        runs = [influence(score, panel.truth, items) for score in mixed]
        estimate, gain, lead = mean_over_runs(runs), compare_with_fixed(runs, fixed), compare_with_fixed(runs, best)
        rows.append(
            {"free": name, "free_tau": fixed.tau, "supernet_tau": float(np.mean(alone))}
            | {"tau": estimate.value, "low": estimate.low, "high": estimate.high}
            | {"gain": gain.difference, "gain_low": gain.low, "gain_high": gain.high}
            | {"lead": lead.difference, "lead_low": lead.low, "lead_high": lead.high}
            | {"with_supernet": float(np.mean([kendall_tau(score, value) for score in panel.scores]))}
            | {"regret": float(np.mean([_regret(score, panel.truth) for score in mixed]))}
            | {"free_regret": _regret(value, panel.truth)}
            | {"supernet_regret": float(np.mean([_regret(score, panel.truth) for score in panel.scores]))}
        )
    return pd.DataFrame(rows).sort_values("tau", ascending=False, kind="stable", ignore_index=True)


def follow_trainings(
    panel: Panel, free: Array, generator: np.random.Generator, sizes: tuple[int, ...] = SIZES, draws: int = 20
) -> pd.DataFrame:
    """A Gaussian process on n stand-alone trainings ranks the rest: on paths alone, and beside them the free score, the
    supernet's, or the mean of both ranks.

    Returns:
        `n`, `beside` (nothing, free, supernet, both), `tau` on the rest, mean over draws, `low` and `high` that hold
        95 % of them, `regret`. Empty where scikit-learn is not installed.
    """
    columns = ["n", "beside", "tau", "low", "high", "regret"]
    if not has_gaussian_process():
        return pd.DataFrame(columns=columns)
    paths, truth = path_features(panel), scipy.stats.rankdata(panel.truth)
    free_rank, ranks = scipy.stats.rankdata(free), scipy.stats.rankdata(panel.scores, axis=1)
    rows: list[list[Any]] = []
    for n in (size for size in sizes if 2 * size <= panel.n):
        processes = {name: GaussianProcess() for name in ("nothing", "free", "supernet", "both")}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in processes}
        for draw in range(draws):
            order, run = generator.permutation(panel.n), ranks[draw % len(ranks)]
            fit, rest = order[:n], order[n:]
            beside = {"nothing": None, "free": free_rank, "supernet": run, "both": run + free_rank}
            for name, process in processes.items():
                predicted = process.predict(beside[name], paths, truth, fit, rest)
                found[name].append((kendall_tau(predicted, panel.truth[rest]), _regret(predicted, panel.truth[rest])))
        for name, values in found.items():
            taus, regrets = np.array(values).T
            rows.append([n, name, taus.mean(), *np.quantile(taus, [0.025, 0.975]), regrets.mean()])
    return pd.DataFrame(rows, columns=columns)


def say_complement(result: Complement) -> str:
    """The answer in one sentence or two."""
    row: Any = result.pairs.to_dict("records")[0]
    words = "ranks better" if row["lead_low"] > 0 else "does not rank better as far as can be told"
    if row["lead_high"] < 0:
        words = "ranks worse"
    return (
        f"{result.space}: the best pair is {result.about['score']} with {row['free']}, mean rank tau {row['tau']:.2f} "
        f"({row['low']:.2f} to {row['high']:.2f}); {row['free']} alone {row['free_tau']:.2f}, the supernet alone "
        f"{row['supernet_tau']:.2f}. Than the best free score, {result.about['best_free']} with "
        f"{result.pairs['free_tau'].max():.2f}, it {words} ({row['lead']:+.2f}, 95 % {row['lead_low']:+.2f} to "
        f"{row['lead_high']:+.2f}). Both are chosen on this truth."
    )


def _usable(panel: Panel) -> dict[str, Array]:
    """The free scores with a value for every architecture of the panel, not constant; params among them."""
    names = panel.architectures["architecture"].tolist()
    values = {"params": panel.architectures["params"].to_numpy(dtype=float), **free_values(panel.space.name, names)}
    return {
        name: value
        for name, value in values.items()
        if not np.isnan(value).any() and not why_undefined(value, panel.truth)
    }


def _regret(score: Array, truth: Array) -> float:
    return float(truth.max() - truth[best_places(score, 1)[0]])
