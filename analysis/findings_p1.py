"""P1 (arXiv 2001.01431) on its 64 architectures at its own number of steps: 200 epochs of 196 mini-batches."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.stats

from analysis.findings import AGREES, DISAGREES, Finding, number, show, study, verdict, within
from analysis.harvest import DATA, cost_of
from nasbias.matching import Matched, match
from nasbias.stability import Stability, analyse_stability
from nasbias.stability.steps import collect_steps, summarise_steps
from nasbias.statistics import (
    Comparison,
    Group,
    Influence,
    compare_runs,
    compare_same_runs,
    influence,
    mean_interval,
    mean_over_runs,
    pool_spread,
    spread_of,
)
from nasbias.tables import load_predictions

TRUTH: str | Path = Path("../shared/data/deeper_insights_64_gt.parquet")  # P1's own: mean of 10 seeds of 200 epochs
ORDERS = {"cycle": "fixed", "shuffled": "one shuffle a run", "reshuffled": "reshuffled each cycle"}
SELF = 0.712  # S-Tau of P1's truth with itself
N = 64
RANDOM_TOP = {1: (N + 1) / 2, 3: (N + 1) / 4}  # expected best of n random ranks among 64


def _runs(name: str, prefix: str) -> pd.DataFrame:
    table = load_predictions(DATA / f"{name}.parquet", "darts64")
    return table.loc[table["run"].str.startswith(prefix)].reset_index(drop=True)


def _match(table: pd.DataFrame) -> Matched:
    return match(table, TRUTH, space="darts64", scores=["accuracy"])


def _stability(order: str) -> Stability:
    return analyse_stability(_match(_runs("darts64_orders", f"p1s-{order}-")), score="accuracy", bn="running")


def _pulls(matched: Matched, epoch: int, step: int | None = None) -> list[Influence]:
    """tau with the truth of every run at an epoch (and mini-batch)."""
    rows = [row for row in matched.rows if row.keys["epoch"] == epoch and row.keys["step"] == step]
    return [influence(row.score, row.truth, row.items) for row in rows]


@study("darts64_orders")
def orders() -> list[Finding]:
    """Tables 1 and 2, the ranks, the filter."""
    hours, rows = cost_of("darts64_orders"), []
    studies = {order: _stability(order) for order in ORDERS if len(_runs("darts64_orders", f"p1s-{order}-"))}
    several = {order: of_order for order, of_order in studies.items() if of_order.instances["n_runs"] > 1}
    last = max(of_order.about["epoch"] for of_order in studies.values())
    pulls = {order: _pulls(_match(_runs("darts64_orders", f"p1s-{order}-")), last) for order in studies}

    def add(finding: str, paper: str, ours: str, decision: str) -> None:
        rows.append(Finding("P1 orders", finding, paper, ours, decision, hours))

    papers = {"cycle": ".54", "shuffled": ".39", "reshuffled": ".44"}
    for order, of_order in several.items():
        row = of_order.instances
        interval = (row["s_tau"], row["s_tau_low"], row["s_tau_high"])
        differ = "seed" if order == "cycle" else "order"
        add(
            f"Supernets that differ by their {differ} alone rank differently ({ORDERS[order]}): S-Tau above 0, below "
            f"the truth's own {number(SELF)}",
            papers[order],
            f"{show(interval)}, pairs {number(row['s_tau_min'])} to {number(row['s_tau_max'])}, {row['n_runs']} runs",
            within(row["s_tau_low"], row["s_tau_high"], 0.0, SELF),
        )
    for order, paper in (("cycle", ".46"), ("shuffled", ".46"), ("reshuffled", ".51")):
        if order in several:
            estimate = mean_over_runs(pulls[order])
            decision = verdict(estimate.low, estimate.high, estimate.n_runs)
            add(f"GT-Tau is moderate, above 0 ({ORDERS[order]})", paper, f"{show(estimate)}", decision)
    if len(several) == len(ORDERS):
        pairs = [compare_runs(pulls["cycle"], pulls[other]) for other in ("shuffled", "reshuffled")]
        add(
            "GT-Tau does not depend on the order: fixed against shuffled and reshuffled less than .1 apart",
            ".00, -.05",
            ", ".join(show(pair) for pair in pairs),
            _equal(pairs, 0.1),
        )
    tops = ((1, "18.5, 16.9, 15.6"), (3, "17.6, 11.5, 11.2"))
    for k, paper in tops if several else ():
        means = [_top_rank(order, k) for order in several]
        gains = [(RANDOM_TOP[k] - high, RANDOM_TOP[k] - low) for _, low, high in means]
        add(
            f"T{k}R by order; better than chance ({number(RANDOM_TOP[k], 1)})?",
            paper,
            ", ".join(show(mean, 1) for mean in means),
            "; ".join(_better(low, high) for low, high in gains),
        )
    for order, of_order in studies.items():
        within_runs = of_order.last_epochs["s_tau"].to_numpy()
        mean = mean_interval(within_runs, -1.0, 1.0)
        lowest = number(float(of_order.last_epochs.loc[:, "s_tau_min"].min()))
        add(
            f"The ranking swings between the last ten epochs of one run ({ORDERS[order]}): S-Tau below {number(SELF)}",
            ".53 (.09 to .88)" if order == "cycle" else "-",
            f"{show(mean)}, lowest pair {lowest}",
            within(mean[1], mean[2], -1.0, SELF),
        )
    for order, of_order in several.items():
        ranks = of_order.ranks
        worst, best = ranks["true_rank"] > 0.75 * N, ranks["true_rank"] <= 0.25 * N
        bad, good = (int(ranks.loc[:, name].sum()) for name in ("is_reliably_bad", "is_reliably_good"))
        test = scipy.stats.ttest_ind(ranks.loc[best, "std_rank"], ranks.loc[worst, "std_rank"], equal_var=False)
        low, high = test.confidence_interval()
        gap = float(ranks.loc[best, "std_rank"].mean() - ranks.loc[worst, "std_rank"].mean())
        add(
            f"Bad ones are reliably bad, good ones can't be told apart ({ORDERS[order]}): the ranks of the true best "
            f"quarter spread more over runs than those of the worst",
            "figure",
            f"by {show((gap, float(low), float(high)), 1)} places; in the worst quarter of all runs "
            f"{bad}, in the best of all {good}",
            verdict(float(low), float(high)),
        )
        lost = of_order.filter.set_index(["dropped", "top"]).loc[(50, 10)]
        add(
            f"So drop the worst: the worse half by supernet holds less of the true top tenth than chance "
            f"({ORDERS[order]})",
            "figure",
            f"{show((lost['lost'], lost['low'], lost['high']), 0)} % (random 50)",
            verdict(50 - lost["high"], 50 - lost["low"], len(pulls[order])),
        )
    return rows


def _top_rank(order: str, k: int) -> tuple[float, float, float]:
    """Mean and interval over runs of P1's TnR."""
    table = _runs("darts64_orders", f"p1s-{order}-")
    matched = _match(table.loc[table["epoch"] == table["epoch"].max()])
    truth_rank = [scipy.stats.rankdata(-row.truth) for row in matched.rows]
    best = [ranks[np.argsort(-row.score, kind="stable")[:k]].min() for row, ranks in zip(matched.rows, truth_rank)]
    return mean_interval(best, 1.0, N)


def _better(low: float, high: float) -> str:
    return "better" if low > 0 else "worse" if high < 0 else "not decided"


def _equal(pairs: Sequence[Comparison], margin: float) -> str:
    if all(-margin < pair.low and pair.high < margin for pair in pairs):
        return AGREES
    if any(pair.low > 0 or pair.high < 0 for pair in pairs):
        return DISAGREES
    return "not decided: no difference is found, and one of that size is not ruled out"


@study("darts64_orders", "darts64_orders_16")
def control() -> list[Finding]:
    """The same recipe on images of 16x16, a run an order: does 8x8 rank worse? Both sizes have one spread of runs."""
    last = {}
    for size, name, prefix in (("8x8", "darts64_orders", "p1s-"), ("16x16", "darts64_orders_16", "p1-")):
        table = _runs(name, prefix)
        last[size] = _pulls(_match(table), int(table["epoch"].to_numpy().max()))
    spread = spread_of(list(last.values()))
    difference = compare_runs(last["8x8"], last["16x16"], spread, spread)
    shown = ", ".join(f"{size} {show(mean_over_runs(of, spread))} ({len(of)} runs)" for size, of in last.items())
    return [
        Finding(
            "P1 orders at 16x16",
            "(Control: images of 8x8 rank no worse than 16x16) GT-Tau of all orders' runs, 8x8 minus 16x16 above -.1",
            "-",
            f"{show(difference)}: {shown}",
            within(difference.low, difference.high, -0.1, 2.0),
            cost_of("darts64_orders_16"),
        )
    ]


@study("darts64_steps")
def steps() -> list[Finding]:
    """The last 128 mini-batches: interference."""
    hours, rows = cost_of("darts64_orders"), []
    summaries: dict[str, list[dict]] = {}
    for order in ("cycle", "reshuffled"):
        table = _runs("darts64_steps", f"p1s-{order}-")
        if len(table):
            summaries[order] = _summaries(table)

    def add(finding: str, paper: str, ours: str, decision: str) -> None:
        rows.append(Finding("P1 orders", finding, paper, ours, decision, hours))

    for order, of_runs in summaries.items():
        taus = [row["tau_at_lag"] for row in of_runs]
        period = mean_interval([tau["64"] - tau["32"] for tau in taus], -2.0, 2.0)
        mean = ", ".join(number(float(np.mean([tau[lag] for tau in taus]))) for lag in ("1", "32", "64"))
        fixed = order == "cycle"
        add(
            "Fixed order: the dense scores have period 64 (tau 64 steps apart above tau 32 apart)"
            if fixed
            else "No period when reshuffled",
            "figure",
            f"{show(period)} (tau 1, 32, 64 steps apart {mean}; {len(taus)} runs)",
            verdict(period[1], period[2], len(taus)) if fixed else within(period[1], period[2], -0.15, 0.15),
        )
        gains = [row["gain"] for row in of_runs]
        gain = float(np.mean([each["gain"] for each in gains]))
        half = 1.96 * float(np.sqrt(np.sum([each["error"] ** 2 for each in gains]))) / len(gains)
        places = number(float(np.mean([each["rank_gain"] for each in gains])), 1)
        add(
            f"The architecture just trained does best ({ORDERS[order]}): its gain over the steps around, of these runs",
            "figure",
            f"{show((gain, gain - half, gain + half))} points, {places} places",
            verdict(gain - half, gain + half),
        )
        mean_k = mean_interval([row["gt_tau_mean"] for row in of_runs], -1.0, 1.0)
        std_k = mean_interval([row["gt_tau_std"] for row in of_runs], 0.0, 1.0)
        add(
            f"GT-Tau-Mean-64 and Std-64 ({ORDERS[order]})",
            ".50, .15" if fixed else "-",
            f"{show(mean_k)}, {show(std_k)}",
            verdict(mean_k[1], mean_k[2], len(of_runs)).replace(AGREES, "above 0"),
        )
    return rows


@study("darts64_tuned")
def tuning() -> list[Finding]:
    """Fine-tuning alone from half and from all of the steps."""
    hours, rows = cost_of("darts64_tuned"), []
    table = load_predictions(DATA / "darts64_tuned.parquet", "darts64")
    matched = _match(table)
    for epoch, paper in ((100, "to .6 within 10, .8 later"), (200, "to .6 within 5, .8 later")):
        before, ten, end = (_pulls(matched, epoch, step) for step in (0, 10, 64))
        if not before:
            continue
        change = compare_same_runs(ten, before)
        rows.append(
            Finding(
                "P1 tuning",
                f"Tuning alone from epoch {epoch} mends the ranking: GT-Tau after 10 mini-batches above that before",
                paper,
                f"{show(change)}: {', '.join(show(mean_over_runs(each)) for each in (before, ten, end))} after 0, 10, "
                f"64 mini-batches ({len(before)} supernet(s))",
                verdict(change.low, change.high, len(before)),
                hours,
            )
        )
    return rows


SHARING = {  # plan -> P1's GT-Tau-Mean-64 and Std-64
    "all": (".50", ".15"), "groups2": (".46", ".14"), "groups4": (".27", ".13"), "groups8": (".25", ".15"),
    "similar2": (".34", ".14"), "similar4": (".71", ".07"), "similar8": (".69", ".05"), "prefix0": (".70", ".01"),
    "prefix1": (".48", ".09"), "prefix2": (".42", ".19"),
}  # fmt: skip


@study("darts64_sharing", "darts64_steps")
def sharing() -> list[Finding]:
    """Groups and prefixes: GT-Tau-Mean-64 and Std-64 of a plan, minus those of one supernet for all.

    A plan has a seed or two, so the seed's spread is pooled over all plans, and over the supernets of the fixed order,
    which are measured alike.
    """
    hours, rows = cost_of("darts64_sharing"), []
    cycle = _summaries(_runs("darts64_steps", "p1s-cycle-"))
    plans = {plan: _summaries(_runs("darts64_sharing", f"p1s-{plan}-")) for plan in SHARING}
    if not plans["all"]:
        return []
    for key, what, place in (("gt_tau_mean", "GT-Tau-Mean-64", 0), ("gt_tau_std", "Std-64", 1)):
        values = {plan: [row[key] for row in of_plan] for plan, of_plan in plans.items() if of_plan}
        spread = pool_spread([Group(np.array(of_plan)) for of_plan in (*values.values(), [row[key] for row in cycle])])
        whole = values.pop("all")
        for plan, of_plan in values.items():
            difference = float(np.mean(of_plan) - np.mean(whole))
            half = np.nan
            if spread is not None:
                variance, freedom = spread.at(0.0)
                error = np.sqrt(variance * (1 / len(of_plan) + 1 / len(whole)))
                half = float(scipy.stats.t.ppf(0.975, freedom) * error)
            low, high = difference - half, difference + half
            rows.append(
                Finding(
                    "P1 sharing",
                    f"{what} under {plan} against one supernet for all ({SHARING['all'][place]})",
                    SHARING[plan][place],
                    f"{number(float(np.mean(of_plan)))}; minus that of all ({number(float(np.mean(whole)))}) "
                    f"{show((difference, low, high))}, {len(of_plan)} seed(s)",
                    _like_the_paper(plan, place, low, high),
                    hours,
                )
            )
    return rows


def _summaries(table: pd.DataFrame) -> list[dict]:
    if not len(table):
        return []
    return [summarise_steps(each, 64) for each in collect_steps(_match(table), "accuracy", "running")]


def _like_the_paper(plan: str, place: int, low: float, high: float) -> str:
    """Does the difference to one supernet for all have P1's sign? Where P1 saw less than .05, is it less than .15?"""
    theirs = float(SHARING[plan][place]) - float(SHARING["all"][place])
    if abs(theirs) < 0.05:
        return within(low, high, -0.15, 0.15)
    return verdict(low, high) if theirs > 0 else verdict(-high, -low)


STUDIES = (orders, control, steps, tuning, sharing)
