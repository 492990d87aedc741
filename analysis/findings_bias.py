"""P2 (arXiv 2010.08219): which architectures of NAS-Bench-201 supernets misjudge, on the whole space.

Of what `analysis.operators` (three supernets of 64 epochs at 16x16) and `analysis.headline` (one at the benchmark's own
size, so that its intervals are of architectures alone) left in data/studies.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from analysis.findings import AGREES, DISAGREES, Finding, number, show, verdict
from analysis.study import STUDIES as FOLDER

EDGE = "0->3"  # straight from input to output
CONV, SKIP, POOL = "nor_conv_3x3", "skip_connect", "avg_pool_3x3"

Tables = dict[str, list[dict[str, Any]]]


def _tables(study: str) -> Tables:
    return json.loads((FOLDER / f"{study}.json").read_text())["tables"]


def _interval(row: dict[str, Any]) -> tuple[float, float, float]:
    """Points of score at equal truth, positive = overrated."""
    return row["score_effect"], row["score_effect_low"], row["score_effect_high"]


def operators() -> list[Finding]:
    """Size and operations at equal truth, in percentile points of score."""
    tables, rows = _tables("operators"), []

    def add(finding: str, paper: str, ours: str, decision: str) -> None:
        rows.append(Finding("P2 bias", finding, paper, ours, decision, math.nan))

    size = next(row for row in tables["size (parameters)"] if row["space"] == "nb201")
    effect = _interval(size)
    add(
        "Large models are overrated: at equal truth the largest against the smallest, points of score (1,000 "
        "architectures, by accuracy)",
        "overrated",
        show(effect, 0),
        verdict(effect[1], effect[2]),
    )
    for score in ("accuracy", "loss"):
        of_score = {(row["decision"], row["operation"]): row for row in tables[f"operators by {score}"]}
        for operation, paper, sign in ((CONV, "overrated", 1), (SKIP, "underrated at the top", -1)):
            value, low, high = _interval(of_score[EDGE, operation])
            add(
                f"{operation} on {EDGE} is {paper.split()[0]}, at equal truth, points of score by {score}",
                paper,
                show((value, low, high), 1),
                verdict(low, high) if sign > 0 else verdict(-high, -low),
            )
        others = {edge: row for (edge, operation), row in of_score.items() if operation == CONV and edge != EDGE}
        add(
            f"... and on every other edge as much (by {score})",
            "overrated",
            ", ".join(f"{edge} {show(_interval(row), 1)}" for edge, row in others.items()),
            _as_much(list(others.values()), of_score[EDGE, CONV]),
        )
        row, skip = of_score[EDGE, CONV], of_score[EDGE, SKIP]
        shares = [100 * each[f"top_share_{what}"] for each in (row, skip) for what in ("score", "truth")]
        add(
            f"{CONV} fills the predicted top 100 on {EDGE}, {SKIP} the true one (by {score}; these runs' mean)",
            "conv3x3 by mean, skip 93 of the true 100",
            f"{CONV} {shares[0]:.0f} % (truth {shares[1]:.0f} %), {SKIP} {shares[2]:.0f} % (truth {shares[3]:.0f} %)",
            AGREES if shares[0] > shares[2] and shares[1] < shares[3] else DISAGREES,
        )
    return rows + headline()


def _as_much(rows: Sequence[dict[str, Any]], there: dict[str, Any]) -> str:
    """Agrees where no interval lies below that of `there`, disagrees where all do."""
    below = sum(row["score_effect_high"] < there["score_effect_low"] for row in rows)
    return AGREES if not below else DISAGREES if below == len(rows) else f"less on {below} of {len(rows)}"


def headline() -> list[Finding]:
    """The control: the same at the benchmark's own size."""
    tables, rows = _tables("headline"), []
    hours = sum(row["cpu_hours"] for row in tables["cost"])
    for score in ("accuracy", "loss"):
        of_edge = {row["operation"]: row for row in tables[f"operators by {score}"] if row["decision"] == EDGE}
        most = max(of_edge, key=lambda operation: of_edge[operation]["score_effect"])
        low, high = _interval(of_edge[CONV])[1:]
        rows.append(
            Finding(
                "headline",
                f"(Control at the benchmark's own size, one run, by {score}) {CONV} on {EDGE} is overrated",
                "overrated",
                f"{show(_interval(of_edge[CONV]), 1)}; most overrated {most} {show(_interval(of_edge[most]), 1)}, "
                f"{SKIP} {show(_interval(of_edge[SKIP]), 1)} (of architectures alone); predicted top 100: {CONV} "
                f"{number(100 * of_edge[CONV]['top_share_score'], 0)} %",
                f"this run {'agrees' if low > 0 else 'disagrees' if high < 0 else 'shows none'}; one run",
                hours,
            )
        )
    return rows


STUDIES = (operators,)
