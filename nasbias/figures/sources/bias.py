"""Tables of what is misjudged: operations, size, decomposition, correction."""

import pandas as pd

from nasbias.bias import analyse_bias
from nasbias.bias.correction import SIZES
from nasbias.figures import published
from nasbias.figures.sources import Given, Made, Part, say_runs, say_truth, source
from nasbias.figures.studies import read_study


@source("effects_map", "effect_intervals", "top_shares", "decomposition", "correction_curve", "operation_means",
        "size_deciles")  # fmt: skip
def _bias(given: Given, name: str) -> Made:
    caption, studies, top = _bias_tables(given, name == "correction_curve")
    last = list(studies)[-1]
    operators = studies[last][0]
    made: list[Part] = []
    if name == "effects_map":
        made = [Part({"operators": each[0]}, f"by {score}" if score else "") for score, each in studies.items()]
        caption += " Hatched: not certain (5 % false findings over all cells)."
    elif name == "effect_intervals":
        made = [Part({"operators": operators}, f"by {last}" if last else "")]
        caption += " Lines: 95 % intervals."
    elif name == "operation_means":
        label = "mean score (%)" if "accuracy" in studies else f"mean score ({last})"
        truth = "truth (%)" if "accuracy" in caption else "truth"
        first = next(iter(studies.values()))[0]
        made = [
            Part({"operators": first}, "truth", {"value": "mean_truth", "label": f"mean {truth}"}),
            Part({"operators": first}, "supernet", {"value": "mean_score", "label": label}),
        ]
    elif name == "top_shares":
        known = published.published_top() if given.is_ours else None
        made = [Part({"operators": operators, "published": known}, f"by {last}" if last else "", {"top": top})]
        caption += " Hollow: counted on the benchmark's own table (P2)." if given.is_ours else ""
    elif name == "decomposition":
        made = [Part({"parts": each[1]}, f"by {score}" if score else "") for score, each in studies.items()]
        return Made(made, caption, columns=1)
    elif name == "correction_curve":
        made = [Part({"correction": each[2]}, f"by {score}" if score else "") for score, each in studies.items()]
        caption += " Band: 95 % of the draws of the ridge with the supernet."
    else:
        made = [Part({"deciles": each[3]}, f"by {score}" if score else "") for score, each in studies.items()]
        caption += " Lines: 95 % intervals."
    return Made(made, caption)


def _bias_tables(given: Given, is_corrected: bool) -> tuple[str, dict[str, tuple[pd.DataFrame, ...]], int]:
    """Caption, and per score: operators, decomposition, correction, deciles of the parameters."""
    if given.is_ours:
        study = read_study("operators")
        tables = {
            score: tuple(
                study[f"{what} by {score}"]
                for what in ("operators", "decomposition", "correction", "deciles of parameters")
            )
            for score in ("accuracy", "loss")
        }
        n = int(pd.Series(tables["loss"][0].groupby("decision")["n"].sum()).iloc[0])
        return f"nb201: {n:,} architectures, 3 runs of 64 epochs; truth: analog-nasbench (test accuracy).", tables, 100
    keys = {"score": given.score, "epoch": given.epoch, "bn": given.bn}
    sizes = SIZES if is_corrected else ()  # most of the time goes into corrections
    bias = analyse_bias(given.matched(), sizes=sizes, **keys)
    about = bias.about
    deciles = pd.DataFrame(bias.size["params"].get("deciles", []))
    caption = f"{about['space']}: {about['n']:,} architectures, {say_runs(about['n_runs'])}"
    caption += "" if about["epoch"] is None else f" of {about['epoch']} epochs"
    tables = {about["score"]: (bias.operators, bias.decomposition, bias.correction, deciles)}
    return f"{caption}; {say_truth(about['truth'])}.", tables, about["top"]
