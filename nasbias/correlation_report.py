"""The correlation command's words and tables: first the answer, then the evidence, then what to do next."""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from nasbias.correlation import Correlation
from nasbias.files import to_json, write_table, written_atomically
from nasbias.terminal import print_table

_SHOWN = {
    "gt_tau_low": "low",
    "gt_tau_high": "high",
    "gt_tau_connected": "connected",
    "spearman": "spearman",
    "sparse_tau": "sparse",
    "top1_rank": "top1",
    "top3_rank": "top3",
    "p_at_5": "P@5",
    "best_at_10": "best@10",
    "tau_given_params": "|params",
}


def print_correlation(result: Correlation, per_run: bool = False) -> None:
    """Print the answer, the table per training length (or per run), and the way on."""
    print(answer(result))
    print()
    for line in evidence(result):
        print(line)
    print()
    print_table(table_per_run(result) if per_run else table_per_length(result))
    reasons = [text for text in dict.fromkeys(result.rows["reason"]) if text]
    for text in reasons:
        print(f"'-': {text}.")
    print()
    print(next_step(result, per_run))


def answer(result: Correlation) -> str:
    """One sentence: how well, at the greatest training length, and against counting parameters."""
    lengths: Any = result.lengths.to_dict("records")
    first = [row for row in lengths if row["score"] == lengths[0]["score"]]
    ranked = [row for row in first if not pd.isna(row["gt_tau"])]
    if not ranked:
        return f"{result.space}: no ranking to judge: {first[-1]['reason'] or 'tau is undefined'}."
    last = ranked[-1]
    when = _length_of(last)
    runs = "1 run (its seed's part of the error is unknown)" if last["n_runs"] == 1 else f"{last['n_runs']} runs"
    text = (
        f"{result.space}: {last['score']} ranks {last['n']:,} architectures with Kendall tau {last['gt_tau']:.2f} "
        f"(95 % {last['gt_tau_low']:.2f} to {last['gt_tau_high']:.2f}, {runs}){when}"
    )
    if math.isnan(last["over_params"]):
        return text + "."
    params: float = last["gt_tau"] - last["over_params"]
    verdict = "no different from"
    if float(last["over_params_low"]) > 0:
        verdict = "better than"
    elif float(last["over_params_high"]) < 0:
        verdict = "worse than"
    return text + (
        f": {verdict} counting parameters (tau {params:.2f}; difference {last['over_params']:+.2f}, "
        f"95 % {last['over_params_low']:+.2f} to {last['over_params_high']:+.2f})."
    )


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
    lines = [
        f"truth: {truth['name']} ({what}{seeds}), {truth['n']:,} architectures; {truth['better']} is better",
    ]
    for key in ("describes", "licence"):
        if truth.get(key):
            lines.append(f"  {key}: {truth[key]}")
    if result.ceiling:
        ceiling = result.ceiling
        lines.append(
            f"ceiling: the truth's own seeds agree at tau {ceiling['gt_tau']:.3f} "
            f"({ceiling['gt_tau_low']:.3f} to {ceiling['gt_tau_high']:.3f}, {ceiling['n']:,} architectures)"
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
    if constant:
        lines.append(f"baselines: {' and '.join(constant)} are the same for all of these, so they rank nothing")
    return lines


def table_per_length(result: Correlation) -> pd.DataFrame:
    """The printed table: one line per score and training length, then the baselines and the ceiling."""
    lengths = result.lengths
    table = pd.DataFrame({"score": lengths["score"]})
    if len(set(lengths["bn"].dropna())) > 1:
        table["bn"] = lengths["bn"]
    if len(lengths["epoch"].dropna()):
        table["epoch"] = lengths["epoch"]
    if len(lengths.loc[lengths["epoch"].isna(), "step"].dropna()):
        table["step"] = lengths["step"]
    table["runs"], table["n"] = lengths["n_runs"], lengths["n"]
    table = pd.concat([table, _shown(lengths)], axis=1)
    baselines = pd.concat([result.baselines[["score", "n"]], _shown(result.baselines)], axis=1)
    table = pd.concat([table, baselines], ignore_index=True)
    if result.ceiling:
        frame = {"score": "ceiling", "n": result.ceiling["n"], "tau": result.ceiling["gt_tau"]}
        frame |= {"low": result.ceiling["gt_tau_low"], "high": result.ceiling["gt_tau_high"]}
        table = pd.concat([table, pd.DataFrame([frame])], ignore_index=True)
    return _whole(table, ("runs", "n", "epoch", "step"))


def table_per_run(result: Correlation) -> pd.DataFrame:
    """Every row and the baselines."""
    rows = pd.concat([result.rows, result.baselines], ignore_index=True)
    keys = ["run", "seed", "epoch", "step", "bn", "score"]
    keys = [key for key in keys if key in ("run", "score") or len(rows[key].dropna())]
    return _whole(pd.concat([rows[[*keys, "n"]], _shown(rows)], axis=1), ("n",))


def next_step(result: Correlation, per_run: bool) -> str:
    """What to do next."""
    lines = []
    if not per_run and len(result.rows) > len(result.lengths):
        lines.append("every run: --per-run; runs against each other: --cross-run")
    lines.append(
        f"your own: --predictions mine.csv (architecture and a score) --truth FILE; "
        f"what is misjudged: python -m nasbias.bias --space {result.space}"
    )
    return "\n".join(f"next: {line}" if not i else f"      {line}" for i, line in enumerate(lines))


def write_correlation(result: Correlation, path: str) -> None:
    """Write the whole document (.json) or the rows (.csv, .parquet).

    Raises:
        InputError: another ending.
    """
    if Path(path).suffix == ".json":
        with written_atomically(path) as temporary:
            temporary.write_text(to_json(result.to_plain()))
    else:
        write_table(result.rows, path)


def _length_of(row: dict[Any, Any]) -> str:
    if not pd.isna(row["epoch"]):
        return f" after {row['epoch']} epochs"
    return "" if pd.isna(row["step"]) else f" after {row['step']} steps"


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    names = {"gt_tau": "tau", **_SHOWN}
    return pd.DataFrame({shown: table[name].to_numpy() for name, shown in names.items()})


def _whole(table: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    return table.astype({name: "Int64" for name in columns if name in table})
