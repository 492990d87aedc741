"""The correlation command's words and tables: first the answer, then the evidence, then what to do next."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from nasbias.correlation import BASELINES, Correlation
from nasbias.correlation.free import say_free
from nasbias.numerals import interval, short
from nasbias.statistics.metrics import METRICS

_NAMED = 3  # runs up to which each one's tau is shown, not the range
LEGEND = {
    "tau": "Kendall's tau-b of score and truth, mean over runs",
    "95 %": "its interval, for other architectures and other seeds; of random: 95 % of rankings",
    "each run": "every run's tau, or their range: what the mean stands on",
    "valid": "tau without the architectures whose input does not reach their output",
    "rho": "Spearman's rank correlation, ties at their mean rank",
    "sparse": "tau where truths within .1 per cent are not ranked",
    "top1": "true rank of the architecture scored highest (ties: their mean)",
    "top3": "best true rank among the three scored highest",
    "P@5": "share of the highest scored 5 % that are among the true best 5 %",
    "best@10": "best truth among the ten scored highest, in the truth's own unit",
    "|params": "partial tau given the parameter count: what the score knows beyond size",
}
_METRICS = {
    "gt_tau_connected": "valid",
    "spearman": "rho",
    "sparse_tau": "sparse",
    "top1_rank": "top1",
    "top3_rank": "top3",
    "p_at_5": "P@5",
    "best_at_10": "best@10",
    "tau_given_params": "|params",
}
_WIDE = ("sparse", "top3", "P@5")  # shown with --wide only
Block = tuple[str, pd.DataFrame]


def legend() -> dict[str, str]:
    """Printed column -> a line about it, with the direction where low is good."""
    lines = dict(LEGEND)
    for name, shown in _METRICS.items():
        if name in METRICS and METRICS[name].better == "lower":
            lines[shown] += "; low is good"
    return lines


def answer(result: Correlation) -> str:
    """One sentence: how well, at the greatest training length, and against counting parameters."""
    lengths: Any = result.lengths.to_dict("records")
    first = [row for row in lengths if row["score"] == lengths[0]["score"]]
    ranked = [row for row in first if not pd.isna(row["gt_tau"])]
    if not ranked:
        return f"{result.space}: no ranking to judge: {first[-1]['reason'] or 'tau is undefined'}."
    last = ranked[-1]
    text = f"{result.space}: {last['score']} ranks {last['n']:,} architectures with Kendall tau {last['gt_tau']:.2f}"
    if pd.isna(last["gt_tau_low"]):
        return f"{text}{_length_of(last)}: too few to say how sure that is ({last['reason']})."
    runs = f"{last['n_runs']} runs" if last["n_runs"] > 1 else "1 run"
    if math.isnan(last["error_runs"]):
        runs += ", its seed's part of the error is unknown"
    text += f" (95 % {last['gt_tau_low']:.2f} to {last['gt_tau_high']:.2f}, {runs}){_length_of(last)}"
    if math.isnan(last["over_params"]):
        return text + "."
    params: float = last["gt_tau"] - last["over_params"]
    difference = f"difference {last['over_params']:+.2f}"
    if math.isnan(last["over_params_low"]):
        return f"{text}: too few to compare with counting parameters (tau {params:.2f}; {difference})."
    verdict = "no difference found from counting parameters"
    if float(last["over_params_low"]) > 0:
        verdict = "better than counting parameters"
    elif float(last["over_params_high"]) < 0:
        verdict = "worse than counting parameters"
    interval = f"95 % {last['over_params_low']:+.2f} to {last['over_params_high']:+.2f}"
    return f"{text}: {verdict} (tau {params:.2f}; {difference}, {interval})."


def evidence(result: Correlation) -> list[str]:
    """Which truth, which direction, how many; the ceiling."""
    truth = result.truth
    seeds = "" if pd.isna(truth["n_seeds"]) else f", mean of {truth['n_seeds']:.3g} seed(s)"
    what = ", ".join(
        part
        for part in (
            truth["dataset"] if truth["dataset"] and truth["dataset"] != "nan" else "",
            truth["split"],
            f"{truth['epochs']} epochs" if truth["epochs"] is not None else "",
        )
        if part
    )
    lines = [f"truth: {truth['name']} ({what}{seeds}), {truth['n']:,} architectures; {truth['better']} is better"]
    for key in ("describes", "licence"):
        if truth.get(key):
            lines.append(f"  {key}: {truth[key]}")
    if result.ceiling:
        ceiling = result.ceiling
        rows = f" of the rows marked {ceiling['sample']}" if ceiling["sample"] not in (None, "all") else ""
        lines.append(
            f"ceiling: the truth's own seeds agree at tau {ceiling['gt_tau']:.3f} "
            f"({ceiling['gt_tau_low']:.3f} to {ceiling['gt_tau_high']:.3f}), on the {ceiling['n']:,} scored "
            f"architectures{rows} that have two seeds"
        )
    else:
        lines.append("ceiling: unknown (this truth has no repeats)")
    modes = list(result.rows["bn"].dropna().unique())
    lines.append(
        f"rows: {len(result.rows):,} of {result.rows['run'].nunique()} run(s)"
        + (f"; BN: {', '.join(modes)}" if modes else "")
        + (f"; {truth['n_not_joined']:,} predicted architecture(s) without truth" if truth["n_not_joined"] else "")
    )
    constant = result.baselines.loc[result.baselines["gt_tau"].isna(), "score"].tolist()
    constant = [name for name in constant if name != "random"]
    if constant:
        lines.append(f"baselines: {' and '.join(constant)} are the same for all of these, so they rank nothing")
    return lines


def remarks(result: Correlation) -> list[str]:
    """What the table leaves out, with the reason, and the range of chance at the top."""
    lines = []
    same = result.baselines[result.baselines["same_order_as"].notna()]
    if len(same):
        lines.append("flops orders these architectures exactly like params and is left out.")
    if len(result.free) > len(BASELINES) and (best := say_free(result.free)):  # proxies are shipped for this space
        lines.append(best)
    lines += [text for row in result.lengths.to_dict("records") if (text := say_apart(row))]
    random = result.baselines.loc[result.baselines["score"] == "random"].to_dict("records")[0]
    if not pd.isna(random["gt_tau"]):
        lines.append(
            f"random: the median of random rankings of these architectures; 95 % of them get top1 "
            f"{random['top1_rank_low']:,.0f} to {random['top1_rank_high']:,.0f}, best@10 "
            f"{random['best_at_10_low']:.2f} to {random['best_at_10_high']:.2f}."
        )
    return lines


def say_apart(row: Mapping[str, Any]) -> str:
    """A sentence where a run of this length lies apart from the others; empty where none does."""
    if not row["apart"]:
        return ""
    runs = f"runs {', '.join(row['apart'])} lie" if len(row["apart"]) > 1 else f"run {row['apart'][0]} lies"
    return (
        f"{row['score']}{_length_of(row)}: {runs} apart from the others. If runs of this recipe fail now and then, the "
        f"interval is too narrow: simulated with one in five that fails it covers 74 to 97 %, not 95."
    )


def blocks_of(result: Correlation, per_run: bool = False, wide: bool = False) -> list[Block]:
    """(title, table): one for each score by training length (or by run), then the baselines and the ceiling."""
    rows = result.rows if per_run else result.lengths
    some_disconnected = bool((result.rows["n_connected"] < result.rows["n"]).any())
    hidden = {name for name in _WIDE if not wide} | (set() if some_disconnected else {"valid"})
    several = [name for name in ("n", "n_runs") if name in rows and len(set(rows[name])) > 1]
    blocks = []
    for score, grouped in rows.groupby("score", sort=False):
        part: pd.DataFrame = grouped
        keys = ["run", "seed", "epoch", "step", "bn"]
        keys = [key for key in keys if key in part and (key == "run" or bool(rows[key].notna().to_numpy().any()))]
        if not per_run and len(set(part["bn"].tolist())) < 2:
            keys = [key for key in keys if key != "bn"]
        table = part.loc[:, keys + several].rename(columns={"n_runs": "runs"}).reset_index(drop=True)
        blocks.append((_title(str(score), part, several), _with_metrics(table, part, hidden)))
    return [*blocks, ("to hold them against, on the same architectures", _beside(result, hidden))]


def next_step(result: Correlation, per_run: bool) -> str:
    """What to do next."""
    lines = ["every column: --wide; everything: --format json"]
    if not per_run and len(result.rows) > len(result.lengths):
        lines.append("every run: --per-run; runs against each other: --cross-run")
    lines.append("your own: --predictions mine.csv (architecture and a score) --truth FILE")
    lines.append(f"what is misjudged: python -m nasbias.bias --space {result.space}")
    return "\n".join(f"next: {line}" if not i else f"      {line}" for i, line in enumerate(lines))


def verdict(row: dict[str, Any], space: str) -> str:
    """One sentence on the first score: which recipe ranks better, none found, or why that can't be said."""
    taus = f"tau {row['gt_tau_a']:.3f} against {row['gt_tau_b']:.3f}; difference {row['difference']:+.3f}"
    if row["low"] is None:
        return f"{space}: no verdict by {row['score']} ({taus}): {row['reason']}. Give two runs or more on each side."
    words = "no difference found between A and B"
    if row["low"] > 0 or row["high"] < 0:
        words = f"{'A' if row['difference'] > 0 else 'B'} ranks better"
    return (
        f"{space}: {words} by {row['score']} ({taus}, 95 % {row['low']:+.3f} to {row['high']:+.3f}, "
        f"p {row['p_value']:.2g})."
    )


def _title(score: str, part: pd.DataFrame, several: list[str]) -> str:
    facts = []
    if "n" not in several:
        facts.append(f"{part['n'].iloc[0]:,} architectures")
    if "n_runs" in part and "n_runs" not in several:
        runs = part["n_runs"].iloc[0]
        facts.append(f"{runs} run{'s' if runs > 1 else ''}" + (" a length" if len(part) > 1 else ""))
    return f"{score}: {', '.join(facts)}" if facts else score


def _beside(result: Correlation, hidden: set[str]) -> pd.DataFrame:
    """Parameters, FLOPs where they order differently, chance, and the ceiling."""
    kept = result.baselines.loc[result.baselines["same_order_as"].isna()].reset_index(drop=True)
    table = kept[["score"]].rename(columns={"score": ""})
    if len(set(kept["n"])) > 1:
        table["n"] = kept["n"]
    table = _with_metrics(table, kept, hidden)
    if result.ceiling:
        ceiling = result.ceiling
        frame: dict[str, list] = {name: [np.nan] for name in table}
        frame |= {
            "": ["ceiling"],
            "tau": [ceiling["gt_tau"]],
            "95 %": [interval(ceiling["gt_tau_low"], ceiling["gt_tau_high"])],
        }
        if "n" in table:
            frame["n"] = [ceiling["n"]]
        table = pd.concat([table, pd.DataFrame(frame)], ignore_index=True)
    return table


def _with_metrics(table: pd.DataFrame, rows: pd.DataFrame, hidden: set[str]) -> pd.DataFrame:
    """`table` with the metrics of `rows` (of equal order) as printed columns."""
    table = table.assign(tau=rows["gt_tau"].to_numpy())
    table["95 %"] = [interval(low, high) for low, high in zip(rows["gt_tau_low"], rows["gt_tau_high"])]
    if "taus" in rows:
        table["each run"] = [_each(taus) for taus in rows["taus"]]
    for name, shown in _METRICS.items():
        if shown not in hidden:
            table[shown] = rows[name].to_numpy(dtype=float)
    return table


def _each(taus: list[float]) -> str:
    known = sorted(tau for tau in taus if not math.isnan(tau))
    if len(taus) <= _NAMED:
        return " ".join(short(tau) for tau in taus)
    return f"{short(known[0])} to {short(known[-1])}" if known else "-"


def _length_of(row: Mapping[Any, Any]) -> str:
    if not pd.isna(row["epoch"]):
        return f" after {row['epoch']} epochs"
    return "" if pd.isna(row["step"]) else f" after {row['step']} steps"
