"""Sections 1 to 3: does the supernet rank, how sure is that, and is it good enough to pick the best."""

from typing import Any

import numpy as np
import pandas as pd

from nasbias.correlation import wording
from nasbias.correlation.free import say_free
from nasbias.figures.sources import say_runs
from nasbias.report.content import Section, Table
from nasbias.report.drawing import draw
from nasbias.report.studies import LEAST_TOP, Studied

SEVERAL_RUNS = "Train the same recipe with other seeds and give all of them: --predictions A.csv B.csv C.csv."
EPOCHS = "Score several checkpoints (python -m nasbias.train --checkpoints 4,16,64) and keep a column epoch."
_LEAST_PICKED = 401  # ten at random of fewer hold the best in 2.5 % of all draws: their range ends at the best
_TAU = {
    "gt_tau": ("tau", ".3f", "Kendall's tau-b of score and truth, mean over runs"),
    "gt_tau_low": ("from", ".3f", "with `to`: its 95 % interval; of random: 95 % of rankings"),
    "gt_tau_high": ("to", ".3f", ""),
}
_RANKING = {
    "score": ("ranked by", "", ""),
    "n_runs": ("runs", "d", ""),
    "n": ("n", ",d", "architectures with a score and a truth"),
    **_TAU,
    "gt_tau_connected": ("valid", ".3f", "tau without the architectures whose input does not reach their output"),
    "spearman": ("rho", ".3f", "Spearman's rank correlation"),
    "tau_given_params": ("given params", ".3f", "partial tau: what the score knows beyond size"),
    "over_params": ("lead", "+.3f", "lead of tau over counting parameters, paired, with its 95 % interval"),
    "over_params_low": ("from", "+.3f", ""),
    "over_params_high": ("to", "+.3f", ""),
}
_LENGTHS = {
    "epoch": ("epoch", "d", ""),
    "step": ("step", ",d", ""),
    "n_runs": ("runs", "d", ""),
    "n": ("n", ",d", "architectures with a score and a truth"),
    **_TAU,
    "error_architectures": ("error, architectures", ".3f", "standard error of tau from which architectures were drawn"),
    "error_runs": ("error, seeds", ".3f", "standard error of tau from the runs' seeds; - for one run"),
}
_RUNS = {
    "run": ("run", "", ""),
    "seed": ("seed", "d", ""),
    "epoch": ("epoch", "d", ""),
    "n": ("n", ",d", "architectures with a score and a truth"),
    "n_not_joined": ("no truth", ",d", "architectures scored that have no truth"),
    "n_nan": ("NaN", ",d", "architectures whose score is NaN, counted out"),
    "gt_tau": ("tau", ".3f", "of this run alone"),
    "gt_tau_low": ("from", ".3f", "with `to`: 95 % interval for other architectures, of this very supernet"),
    "gt_tau_high": ("to", ".3f", ""),
    "spearman": ("rho", ".3f", "Spearman's rank correlation"),
}
_TOP = {
    "score": ("ranked by", "", ""),
    "top1_rank": ("top 1", ",.0f", "true rank of the one ranked first (1 = best); low is good"),
    "top3_rank": ("top 3", ",.0f", "best true rank among the first three; low is good"),
    "best_at_1": ("best@1", ".2f", "truth of the one ranked first, in the truth's unit"),
    "best_at_10": ("best@10", ".2f", "best truth among the first ten, in the truth's unit"),
    "p_at_5": ("P@5", ".2f", "share of the first 5 % that are among the true best 5 %"),
    "p_at_10": ("P@10", ".2f", "the same of 10 %"),
    "p_bottom_5": ("P@bottom 5", ".2f", "share of the last 5 % that are among the true worst 5 %"),
    "p_bottom_10": ("P@bottom 10", ".2f", "the same of 10 %"),
}
_FILTER = {
    "dropped": ("dropped %", "d", "share of the architectures dropped, those with the worst scores"),
    "top": ("true top %", "d", "how many are counted as the true top"),
    "lost": ("lost %", ".1f", "share of the true top that is dropped, mean over runs"),
    "low": ("from", ".1f", "with `to`: 95 % interval over runs"),
    "high": ("to", ".1f", ""),
    "random": ("at random %", ".1f", "what dropping at random loses"),
}


def tell_ranking(studied: Studied) -> Section:
    """Section 1: against counting parameters and against chance."""
    claims = [wording.answer(studied.correlation), _say_chance(studied), _say_ceiling(studied)]
    claims.append(say_free(studied.correlation.free))
    missing, drawings = [], []
    lengths = studied.lengths.dropna(subset=["gt_tau"])
    if studied.correlation.ceiling is None:
        missing.append(
            "How well anybody could rank (the ceiling) is unknown, as this truth has no repeats. Give one with two "
            "seeds or more of the same architectures: --truth FILE with a column seed."
        )
    if len(set(lengths["epoch"].dropna())) > 1:
        ceiling = (studied.correlation.ceiling or {}).get("gt_tau")
        first, last = lengths.iloc[0], lengths.iloc[-1]
        alt = (
            f"Tau with the truth against training length: {first['gt_tau']:.2f} after {first['epoch']} epochs, "
            f"{last['gt_tau']:.2f} after {last['epoch']}; {_say_lines(studied)}."
        )
        caption = "Band: 95 % interval for other architectures and other seeds. Grey: 95 % of random rankings."
        tables = {"lengths": lengths, "baselines": studied.baselines, "ceiling": ceiling}
        drawings.append(draw("training_length", tables, alt, caption))
    elif len(lengths):
        missing.append(f"How tau grows with training can't be told from one training length. {EPOCHS}")
    if isinstance(studied.joined, pd.DataFrame) and len(lengths):
        drawings.append(_draw_scatter(studied, studied.joined))
    return Section(
        key="ranking",
        question="Does it rank better than counting parameters, and than chance?",
        claims=[claim for claim in claims if claim],
        missing=missing,
        drawings=drawings,
        tables=[Table("What ranks how well", _rank_everything(studied), _RANKING)],
        how=[
            "Kendall's tau-b between score and truth over the same architectures, per run, then the mean over runs. "
            "Parameters and FLOPs are ranked as if they were supernets (more is better; FLOPs are left out where they "
            "order like parameters); random rankings frame chance.",
            "The interval covers other architectures and other seeds; the lead over parameters is paired on the "
            f"architectures. The same by command: python -m nasbias.correlation --space {studied.matched.space.name}.",
        ],
        change=[
            "A truth from longer training, or with its seeds averaged; another choice of architectures (in a narrower "
            "range of accuracies every ranking looks worse); a longer training of the supernet."
        ],
    )


def tell_certainty(studied: Studied) -> Section:
    """Section 2: every run's tau, and the two parts of the error."""
    last, lengths = studied.last, studied.lengths.dropna(subset=["gt_tau"])
    taus = [tau for tau in last["taus"] if not np.isnan(tau)]
    claims, missing, drawings = [], [], []
    several = len(taus) > 1
    if not taus:
        missing.append(f"No run ranks anything: {last['reason'] or 'tau is undefined'}.")
    elif several:
        claims.append(
            f"{len(taus)} runs have taus from {min(taus):.2f} to {max(taus):.2f}; "
            + (
                f"their mean of {last['gt_tau']:.2f} could be {last['gt_tau_low']:.2f} to {last['gt_tau_high']:.2f} "
                "with other seeds and other architectures (95 %)."
                if not np.isnan(last["gt_tau_low"])
                else f"how sure their mean is can't be said ({last['reason']})."
            )
        )
        claims.append(wording.say_apart(last))
        parts = (last["error_runs"], last["error_architectures"])
        if not np.isnan(parts).any():
            larger = "the seeds of the runs" if parts[0] > parts[1] else "which architectures were scored"
            claims.append(
                f"The larger part of that doubt comes from {larger}: standard error {parts[0]:.3f} from the seeds, "
                f"{parts[1]:.3f} from the architectures."
            )
        alt = f"Taus of {len(taus)} runs at the longest training: {', '.join(f'{tau:.2f}' for tau in taus)}; "
        alt += f"mean {last['gt_tau']:.2f}."
        drawings.append(draw("run_taus", {"lengths": lengths}, alt, "Bars: 95 % interval of the mean; dots: the runs."))
    else:
        claims.append(
            f"One run, tau {taus[0]:.2f} ({last['gt_tau_low']:.2f} to {last['gt_tau_high']:.2f}, 95 %): that interval "
            "is about other architectures scored by this very supernet."
            if not np.isnan(last["gt_tau_low"])
            else f"One run, tau {taus[0]:.2f}: too few architectures to say how sure that is."
        )
    if len(taus) == 1:
        missing.append(f"What another seed of the same training would get is unknown with one run. {SEVERAL_RUNS}")
    rows = studied.correlation.rows
    rows = rows.loc[rows["score"] == studied.score].reset_index(drop=True)
    tables = [Table("Training lengths with both parts of the error", _without_empty(lengths), _LENGTHS)]
    tables.append(Table("Each run", _without_empty(rows), _RUNS))
    return Section(
        key="certainty",
        question="How sure is that?",
        claims=[claim for claim in claims if claim],
        missing=missing,
        drawings=drawings,
        tables=tables if taus else tables[1:],
        how=[
            "Error over architectures: each one's pull on tau (its influence). Error over seeds: the runs' spread, "
            "pooled over the training lengths, as a few runs know their own spread badly."
        ],
        change=["More runs narrow the seeds' part, more scored architectures the other; only both narrow the whole."],
    )


def tell_picking(studied: Studied) -> Section:
    """Section 3: pick the best, or only drop the worst."""
    last, chance, claims, missing, drawings, tables = studied.last, studied.chance, [], [], [], []
    n, stability = int(last["n"]), studied.stability
    if np.isnan(last["gt_tau"]):
        missing.append(f"Nothing is ranked, so nothing can be picked: {last['reason'] or 'tau is undefined'}.")
    elif n < LEAST_TOP:
        missing.append(
            f"{n} architectures have no top to speak of: the best ten of them are most of them. Score {LEAST_TOP} or "
            "more, better some hundreds: python -m nasbias.score RUN --sample 500."
        )
    else:
        claims.append(_say_picking(studied))
        if n < _LEAST_PICKED:
            missing.append(
                f"Ten of {n} at random hold the best one so often that no ranking could be shown to pick better. Score "
                f"{_LEAST_PICKED} or more."
            )
        lengths = studied.lengths.dropna(subset=["gt_tau"])
        if len(set(lengths["epoch"].dropna())) > 1:
            unit = studied.unit.strip()
            alt = f"Best truth among the ten ranked first, against training length: {_say_best(studied)}."
            options: dict[str, Any] = {"unit": f"truth, {unit}" if unit else "truth"}
            drawn = {"lengths": lengths, "baselines": studied.baselines}
            drawings.append(draw("top_k", drawn, alt, "Mean over runs. Grey: 95 % of random choices.", **options))
        tables.append(Table("At the top and at the bottom", _beside_chance(studied), _TOP))
        if isinstance(stability, str):
            missing.append(stability)
        else:
            row = _dropped_half(stability.filter)
            claims.append(_say_filter(row))
            alt = f"Share of the true top lost against share dropped: {_say_filter(row)}"
            caption = "Dashed: dropped at random. Band: 95 % interval over runs, of the widest top."
            drawings.append(draw("filter_curve", {"loss": stability.filter}, alt, caption))
            tables.append(Table("What dropping the worst loses", stability.filter, _FILTER))
            if len(studied.last["taus"]) == 1:
                missing.append(f"One run: the filter has no interval. {SEVERAL_RUNS}")
    return Section(
        key="picking",
        question="Is it good enough to pick the best, or only to drop the worst?",
        claims=claims,
        missing=missing,
        drawings=drawings,
        tables=tables,
        how=[
            "Picking: the best truth among the ten ranked first, mean over runs, beside the range that 95 % of random "
            f"choices of ten get ({chance['best_at_10_low']:.2f} to {chance['best_at_10_high']:.2f}). Dropping: the "
            "share of the true top among the architectures with the worst scores. Ties count with their mean."
        ],
        change=[
            "The top is few architectures, so more of them (a census, if the space allows it) change this answer more "
            "than any other on this page."
        ],
    )


def _say_chance(studied: Studied) -> str:
    last, chance = studied.last, studied.chance
    if np.isnan(last["gt_tau"]) or np.isnan(chance["gt_tau_low"]):
        return ""
    text = f"Random rankings of these {last['n']:,} get tau {chance['gt_tau_low']:.2f} to {chance['gt_tau_high']:.2f}"
    if np.isnan(last["gt_tau_low"]):
        return f"{text} (95 %); whether this one is better can't be said."
    if last["gt_tau_low"] > chance["gt_tau_high"]:
        return f"{text} (95 %): it ranks better than chance."
    if last["gt_tau_high"] < chance["gt_tau_low"]:
        return f"{text} (95 %): it ranks worse than chance. Is the score's direction right?"
    return f"{text} (95 %): no difference from chance is found."


def _say_ceiling(studied: Studied) -> str:
    ceiling = studied.correlation.ceiling
    if ceiling is None:
        return ""
    return (
        f"The truth's own seeds agree at tau {ceiling['gt_tau']:.2f} ({ceiling['gt_tau_low']:.2f} to "
        f"{ceiling['gt_tau_high']:.2f}): more can't be asked of a supernet."
    )


def _say_lines(studied: Studied) -> str:
    rows = studied.baselines.loc[studied.baselines["gt_tau"].notna()]
    return ", ".join(f"{row['score']} {row['gt_tau']:.2f}" for row in rows.to_dict("records"))


def _draw_scatter(studied: Studied, joined: pd.DataFrame) -> Any:
    unit = "%" if "accuracy" in studied.score else ""
    truth = studied.matched.truth.column
    options: dict[str, Any] = {
        "score": studied.score, "score_unit": unit,
        "truth": truth.replace("_", " "), "truth_unit": "%" if "accuracy" in truth else "",
    }  # fmt: skip
    alt = f"Mean score of {len(joined):,} architectures against their truth; tau {studied.last['gt_tau']:.2f}."
    caption = f"{len(joined):,} architectures, mean score over {say_runs(len(studied.last['taus']))}."
    return draw("score_against_truth", {"joined": joined}, alt, caption, **options)


def _rank_everything(studied: Studied) -> pd.DataFrame:
    """The longest training of every score, then what they are held against."""
    lengths = studied.correlation.lengths
    lengths = lengths.loc[lengths["n"] == studied.last["n"]]
    rows = [part.to_dict("records")[-1] for _, part in lengths.groupby("score", sort=False)]
    beside = studied.baselines.to_dict("records")
    free = studied.correlation.free
    if len(free) and (best := free.to_dict("records")[0])["baseline"] not in {row["score"] for row in beside}:
        beside.insert(
            0, {"score": f"{best['baseline']} (best free)", **{name: best[name] for name in _TAU}, "n": best["n"]}
        )
    if studied.correlation.ceiling:
        ceiling = studied.correlation.ceiling
        names = ("n", "gt_tau", "gt_tau_low", "gt_tau_high")
        beside.append({"score": "ceiling", **{name: ceiling[name] for name in names}})
    table = pd.DataFrame([{name: row.get(name, np.nan) for name in _RANKING} for row in [*rows, *beside]])
    return _without_empty(table.astype({"n_runs": "Int64", "n": "Int64"}))


def _beside_chance(studied: Studied) -> pd.DataFrame:
    """The metrics of the top: supernet, parameters, chance and the ends of its range."""
    chance = studied.chance
    rows = [studied.last, *studied.baselines.loc[studied.baselines["score"] == "params"].to_dict("records"), chance]
    names = [name for name in _TOP if name != "score"]
    table = [{"score": row["score"], **{name: row[name] for name in names}} for row in rows]
    for end, text in (("low", "random, 2.5 %"), ("high", "random, 97.5 %")):
        table.append({"score": text, **{name: chance.get(f"{name}_{end}", np.nan) for name in names}})
    return pd.DataFrame(table)


def _say_picking(studied: Studied) -> str:
    last, chance = studied.last, studied.chance
    sign = 1 if studied.correlation.truth["better"] == "higher" else -1
    best, ends = sign * last["best_at_10"], sorted(sign * chance[f"best_at_10_{end}"] for end in ("low", "high"))
    if last["n"] < _LEAST_PICKED:
        return f"To pick the best: {last['n']} architectures are too few to show that. {_say_best(studied)}."
    verdict = "not shown to be better than ten at random"
    if best > ends[1]:
        verdict = "better than ten at random"
    elif best < ends[0]:
        verdict = "worse than ten at random"
    return f"To pick the best: {verdict}. {_say_best(studied)}."


def _say_best(studied: Studied) -> str:
    last, chance = studied.last, studied.chance
    return (
        f"The best of the ten ranked first has a truth of {last['best_at_10']:.2f}{studied.unit}, of ten at random "
        f"{chance['best_at_10']:.2f} (95 % {chance['best_at_10_low']:.2f} to {chance['best_at_10_high']:.2f})"
    )


def _dropped_half(loss: pd.DataFrame) -> dict[str, Any]:
    """Half dropped, of the true top 5 %."""
    rows = loss.loc[loss["dropped"] == 50]
    row = rows.loc[rows["top"] == 5].to_dict("records")[0]
    return {str(name): value for name, value in row.items()}


def _say_filter(row: dict[str, Any]) -> str:
    text = (
        f"Dropping the worst {row['dropped']:.0f} % loses {row['lost']:.0f} % of the true top {row['top']:.0f} %, at "
        f"random {row['random']:.0f} %"
    )
    if np.isnan(row["high"]):
        return f"To drop the worst: with one run how sure it is can't be said. {text}."
    verdict = "not shown to be better than at random"
    if row["high"] < row["random"]:
        verdict = "better than at random"
    elif row["low"] > row["random"]:
        verdict = "worse than at random"
    return f"To drop the worst: {verdict}. {text} (95 % {row['low']:.0f} to {row['high']:.0f})."


def _without_empty(table: pd.DataFrame) -> pd.DataFrame:
    """Without the columns that say nothing."""
    return table.dropna(axis=1, how="all").reset_index(drop=True)
