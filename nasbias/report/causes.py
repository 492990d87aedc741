"""Sections 4 to 7: how stable it is, what it overrates, what would help, and which of two is better."""

from typing import Any

import numpy as np
import pandas as pd

from nasbias.bias.correction import say_correction
from nasbias.bias.gaussian_process import REMEDY, has_gaussian_process
from nasbias.bias.wording import say_bias
from nasbias.correlation import wording
from nasbias.figures.sources import Part
from nasbias.files import records
from nasbias.report.content import Section, Table
from nasbias.report.drawing import draw
from nasbias.report.ranking import EPOCHS, SEVERAL_RUNS
from nasbias.report.studies import Studied, own_lengths_of
from nasbias.stability.wording import answer

_AGREEMENT = {
    "name": ("", "", ""),
    "epoch": ("epoch", "d", ""),
    "n_runs": ("runs", "d", ""),
    "s_tau": ("S-Tau", ".3f", "Kendall's tau between two runs, mean over pairs"),
    "s_tau_low": ("from", ".3f", "with `to`: its 95 % interval (jackknife over runs; needs three)"),
    "s_tau_high": ("to", ".3f", ""),
    "s_tau_min": ("least", ".3f", "of a pair of runs"),
    "s_tau_max": ("most", ".3f", "of a pair of runs"),
    "gt_tau": ("GT-Tau", ".3f", "tau with the truth, mean over runs"),
    "gt_tau_std": ("sd", ".3f", "standard deviation of the runs' taus"),
    "t1r": ("top 1", ",.1f", "true rank of the one ranked first, mean over runs; low is good"),
    "t3r": ("top 3", ",.1f", "best true rank among the first three, mean over runs; low is good"),
}
_STEPS = {
    "run": ("run", "", ""),
    "k": ("k", "d", "mini-batches at the end of training that are looked at"),
    "gt_tau_mean": ("GT-Tau", ".3f", "tau with the truth after each of them, mean"),
    "gt_tau_std": ("sd", ".3f", "its standard deviation"),
    "t1r": ("top 1", ",.1f", "true rank of the one ranked first; low is good"),
    "at 1": ("@1", ".3f", "tau between rankings one mini-batch apart"),
    "at 64": ("@64", ".3f", "the same, 64 apart"),
}
_OPERATORS = {
    "decision": ("decision", "", ""),
    "operation": ("operation", "", ""),
    "n": ("n", ",d", "architectures with it"),
    "score_effect": ("effect", "+.1f", "points of score at equal truth, + = overrated"),
    "score_effect_low": ("from", "+.1f", "with `to`: 95 % interval over architectures and runs"),
    "score_effect_high": ("to", "+.1f", ""),
    "p_adjusted": ("p adjusted", ".2g", "for all rows (Benjamini-Hochberg)"),
    "found": ("misjudged", "", "whether that is certain (5 % false findings over all rows)"),
    "rank_difference": ("raw", "+.1f", "rank difference without holding the truth equal, in points"),
    "mean_truth": ("mean truth", ".2f", "in its own unit"),
    "mean_score": ("mean score", ".2f", "in its own unit"),
    "top_share_truth": ("at the top", ".2f", "share among the best by truth"),
    "top_share_score": ("picked", ".2f", "share among the best by score"),
}
_DECILES = {
    "decile": ("tenth", "d", "of the architectures by parameters, 1 = smallest"),
    "n": ("n", ",d", ""),
    "smallest": ("smallest", ",.0f", "parameters"),
    "largest": ("largest", ",.0f", "parameters"),
    "rank_difference": ("rank difference", "+.1f", "mean, in percentile points, + = overrated"),
    "low": ("from", "+.1f", "with `to`: 95 % interval"),
    "high": ("to", "+.1f", ""),
}
_PARTS = {
    "part": ("part", "", ""),
    "share": ("share %", ".1f", "of the squared rank difference"),
    "points": ("points", ".1f", "root mean square, in percentile points"),
    "gt_tau_without": ("tau without", ".3f", "tau with this part alone taken off the scores"),
    "note": ("note", "", ""),
}
_CORRECTION = {
    "n": ("n", "d", "stand-alone trainings, random (0: the score as it is)"),
    "gt_tau": ("ridge", ".3f", "tau of a ridge on score, size and decisions, on the architectures not trained"),
    "low": ("from", ".3f", "with `to`: 95 % of the draws"),
    "high": ("to", ".3f", ""),
    "gt_tau_without_supernet": ("ridge without", ".3f", "the same without the supernet's score"),
    "gp_tau": ("GP", ".3f", "tau of a Gaussian process on paths and score"),
    "gp_tau_without_supernet": ("GP without", ".3f", "the same on paths alone"),
    "regret": ("regret", ".2f", "best truth of the rest minus the truth of the one the ridge ranks first"),
}
_COMPARISON = {
    "score": ("score", "", ""),
    "n": ("n", ",d", "architectures that every run of both scored"),
    "runs_a": ("runs A", "d", "A = --predictions, B = --against"),
    "runs_b": ("runs B", "d", ""),
    "epoch_a": ("epoch A", "d", ""),
    "epoch_b": ("epoch B", "d", ""),
    "gt_tau_a": ("tau A", ".3f", ""),
    "gt_tau_b": ("tau B", ".3f", ""),
    "difference": ("A - B", "+.3f", "with its 95 % interval"),
    "low": ("from", "+.3f", ""),
    "high": ("to", "+.3f", ""),
    "p_value": ("p", ".2g", "two-sided"),
    "p_adjusted": ("p adjusted", ".2g", "for all scores (Holm)"),
}


def tell_stability(studied: Studied) -> Section:
    """Section 4: runs against each other."""
    how = [
        "S-Tau: Kendall's tau between the rankings of two runs, mean over the pairs. It needs no truth: runs may agree "
        "with each other and be wrong together."
    ]
    change = ["More runs; a longer training; scoring after each of the last mini-batches, which moves rankings too."]
    question = "How stable is it?"
    study = studied.stability
    if isinstance(study, str):
        return Section("stability", question, [], [study], how=how, change=change)
    claims, missing, drawings, tables = [answer(study)], [], [], []
    runs = int(study.instances["n_runs"])
    epochs = study.epochs.dropna(subset=["epoch"]) if "epoch" in study.epochs else study.epochs.iloc[:0]
    if runs < 2:
        missing.append(f"One run has no other to agree with. {SEVERAL_RUNS}")
    else:
        bad, good = (
            int(study.ranks[name].to_numpy(dtype=bool).sum()) for name in ("is_reliably_bad", "is_reliably_good")
        )
        n = len(study.ranks)
        claims.append(
            f"{bad:,} of {n:,} architectures are in the worst quarter of every run, {good:,} in the best quarter of "
            "every run."
        )
        caption = "Bars: the middle half of the runs; lines: all of them."
        drawings.append(draw("rank_boxes", {"ranks": study.ranks}, f"Ranks over {runs} runs: {claims[-1]}", caption))
        if len(epochs) and len(set(epochs["epoch"])) > 1:
            last = epochs.sort_values("epoch").to_dict("records")[-1]
            alt = f"Agreement against training length: S-Tau {last['s_tau']:.2f}, GT-Tau {last['gt_tau']:.2f} at the "
            drawn = {"epochs": epochs, "frames": pd.DataFrame(study.frames)}
            caption = "Band: S-Tau's 95 % interval (jackknife over runs)."
            if runs < 3:
                caption = "No band: S-Tau has an interval from three runs on."
            drawings.append(draw("s_tau_over_epochs", drawn, f"{alt}longest.", caption))
        else:
            missing.append(f"How agreement grows with training can't be told from one training length. {EPOCHS}")
        rows = [{"name": "these runs", **study.instances}, *study.frames]
        tables.append(Table("Agreement of the runs", pd.DataFrame(rows), _AGREEMENT))
    if len(epochs) > 1:
        tables.append(Table("Agreement by training length", epochs, _AGREEMENT))
    if study.steps:
        rows = [
            {**row, **{f"at {lag}": row["tau_at_lag"].get(lag, np.nan) for lag in ("1", "64")}} for row in study.steps
        ]
        tables.append(Table("The last mini-batches of one run", pd.DataFrame(rows), _STEPS))
    else:
        missing.append(
            "How much single mini-batches move the ranking is unknown: no run was scored after each of its last ones. "
            "Train with --dense-steps 128."
        )
    return Section("stability", question, claims, missing, drawings, tables, how, change)


def tell_bias(studied: Studied) -> Section:
    """Section 5: operations and sizes at equal truth."""
    how = [
        "Scores and truth as percentiles. For each operation: by how many points of score it is put higher than "
        "architectures of the same truth without it, against the median of the other operations there; runs and "
        "architectures both count in the interval, and p-values are adjusted for all rows.",
        f"The same by command: python -m nasbias.bias --space {studied.matched.space.name}.",
    ]
    change = [
        "Runs with other seeds (what only one of them overrates is no bias of the recipe), and the truth's noise if "
        "you know it (--truth-noise): an unknown noise looks like overrating what is good."
    ]
    question = "What does it overrate?"
    bias = studied.bias
    if isinstance(bias, str):
        return Section("bias", question, [], [bias], how=how, change=change)
    said = [sentence if sentence.endswith(".") else f"{sentence}." for sentence in say_bias(bias)]
    told = {sentence.removeprefix("params: ") for sentence in said}
    said = [sentence for sentence in said if sentence.removeprefix("flops: ") not in told - {sentence}]
    missing, drawings = [], []
    operators = bias.operators
    tables = [Table("Operations", operators, _OPERATORS)]
    if bool(operators["score_effect"].notna().any()):
        alt = "Effect at equal truth of each operation on each decision, as in the table of operations. " + said[0]
        caption = "Points of score at equal truth. Hatched: not certain (5 % false findings over all cells)."
        wide = len(set(operators["decision"])) > 8
        drawings.append(draw("effects_map", {"operators": operators}, alt, caption, width=180.0 if wide else None))
    else:
        missing.append("No operation's effect could be fitted: too few architectures. Score more of them.")
    deciles = pd.DataFrame(bias.size["params"].get("deciles", []))
    if len(deciles):
        ends = deciles["rank_difference"].iloc[[0, -1]].tolist()
        alt = f"Rank difference by size: {ends[0]:+.1f} points for the smallest tenth, {ends[1]:+.1f} for the largest."
        drawings.append(draw("size_deciles", {"deciles": deciles}, alt, "Lines: 95 % intervals."))
        tables.append(Table("Tenths by size", deciles, _DECILES))
    else:
        missing.append(f"Size says nothing here: {bias.size['params'].get('reason', 'parameters do not vary')}.")
    return Section("bias", question, said, missing, drawings, tables, how, change)


def tell_help(studied: Studied) -> Section:
    """Section 6: stand-alone trainings, more seeds, corrected operations."""
    how = [
        "Of the architectures n random ones count as trained alone; a predictor fitted on them, with and without the "
        "supernet's score, ranks the rest. The decomposition splits the squared rank difference, part after part."
    ]
    change = [
        "More draws make the curve smoother (--draws 40, as in the bias command). Trainings chosen with care, not "
        "at random, would buy more than the curve says."
    ]
    question = "What would help?"
    bias = studied.bias
    if isinstance(bias, str):
        return Section("help", question, [], [bias], how=how, change=change)
    claims, missing, drawings, tables = [], [], [], []
    said = say_correction(bias.correction)
    correction = bias.correction.dropna(axis=1, how="all")
    if said:
        claims.append(said)
        draws = "Band: 95 % of the draws of the ridge with the supernet."
        drawings.append(draw("correction_curve", {"correction": bias.correction}, said, draws, width=140.0))
        tables.append(Table("What stand-alone trainings buy", correction, _CORRECTION))
    else:
        missing.append("Too few architectures have a truth to train some and rank the rest: score 40 or more.")
    if not has_gaussian_process():
        missing.append(REMEDY)
    parts = bias.decomposition
    if bool(parts["share"].notna().any()):
        claims += _say_parts(parts, bias.about["n_runs"])
        caption = "Share of the squared rank difference (%)."
        drawings.append(draw("decomposition", {"parts": parts}, _list_parts(parts), caption))
        tables.append(Table("Where the rank difference comes from", parts, _PARTS))
    if bias.about["n_runs"] == 1:
        missing.append(f"How much of it is noise of the seed, which averaging takes away, needs runs. {SEVERAL_RUNS}")
    return Section("help", question, claims, missing, drawings, tables, how, change)


def tell_comparison(studied: Studied) -> Section | None:
    """Section 7, where there is something to compare with: A is --predictions, B is --against."""
    table, other = studied.comparison, studied.other
    if table is None or other is None:
        return None
    row = records(table)[0]
    verdict = wording.verdict(row, studied.matched.space.name)
    score = str(row["score"])
    missing, drawings = [], []
    if row["low"] is None:
        missing.append(f"{row['reason']}. {SEVERAL_RUNS}")
    mine = studied.correlation.lengths
    lengths = [mine[mine["score"] == score], own_lengths_of(other)]
    lengths = [each[each["n"] == each["n"].max()].dropna(subset=["gt_tau"]) for each in lengths]
    if all(len(each) for each in lengths):
        parts = [Part({"lengths": each}, title) for each, title in zip(lengths, ("A: yours", "B: compared with"))]
        drawings.append(draw("run_taus", parts, verdict, f"Each run's tau, by {score}. Bars: 95 % intervals."))
    return Section(
        key="comparison",
        question="Which of the two ranks better?",
        claims=[verdict],
        missing=missing,
        drawings=drawings,
        tables=[Table("A against B", table, _COMPARISON)],
        how=["Mean taus of A and B on the same architectures; the difference is paired on them, the seeds are not."],
        change=["More runs on either side; the same training length on both."],
    )


def _say_parts(parts: pd.DataFrame, runs: int) -> list[str]:
    rows: list[dict[Any, Any]] = parts.dropna(subset=["share"]).sort_values("share", ascending=False).to_dict("records")
    said = [f"The largest part of the rank difference is {rows[0]['part']}: {rows[0]['share']:.0f} % of its square."]
    helped = parts.dropna(subset=["gt_tau_without"]).sort_values("gt_tau_without", ascending=False).to_dict("records")
    if helped:
        what = f"the mean of {runs} runs as the score" if helped[0]["part"] == "seed noise" else "with it taken off"
        said.append(
            f"The part whose removal would help most is {helped[0]['part']}: tau {helped[0]['gt_tau_without']:.2f} "
            f"({what})."
        )
    return said


def _list_parts(parts: pd.DataFrame) -> str:
    rows = parts.dropna(subset=["share"]).to_dict("records")
    return "Shares of the squared rank difference: " + ", ".join(f"{r['part']} {r['share']:.0f} %" for r in rows) + "."
