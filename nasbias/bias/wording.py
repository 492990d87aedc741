"""What the bias study found, in sentences."""

from nasbias.bias import Bias


def say_bias(bias: Bias) -> list[str]:
    """What was found, and what it rests on, in sentences."""
    about, operators = bias.about, bias.operators
    found = operators.loc[operators["found"]]
    when = "" if about["epoch"] is None else f" after {about['epoch']} epochs"
    where = f"{about['space']}: {about['score']}{when}, {about['n_runs']} run(s), {about['n']:,} architectures"
    if len(found):
        worst = found.loc[found["score_effect"].abs().idxmax()]
        sentences = [
            f"{where}: {len(found)} of {len(operators)} operations are misjudged at equal truth (5 % false findings, "
            f"effects of {about['least_effect']:g} point(s) or more); the worst is {worst['operation']} on "
            f"{worst['decision']}: {worst['score_effect']:+.1f} [{worst['score_effect_low']:+.1f} to "
            f"{worst['score_effect_high']:+.1f}] percentile points of score, + = overestimated."
        ]
    else:
        sentences = [f"{where}: no operation is found to be misjudged at equal truth."]
    for name, size in bias.size.items():
        if "score_effect" in size:
            sentences.append(
                f"{name}: tau with score {size['score_tau']:.2f}, with truth {size['truth_tau']:.2f}; at equal truth "
                f"the largest against the smallest: {size['score_effect']:+.1f} [{size['score_effect_low']:+.1f} to "
                f"{size['score_effect_high']:+.1f}] points of score"
            )
    if about["truth_noise_from"] == "unknown":
        sentences.append(
            "this truth has no repeats and its noise is unknown: where it is wrong by chance, the supernet seems to "
            f"overrate what is good. So effects under {about['least_effect']:g} points are not called bias; a noise of "
            "more than half a point makes larger ones. If you know it: --truth-noise 0.3."
        )
    else:
        text = {"stated": "as stated", "repeats": "from its repeats"}.get(about["truth_noise_from"], "as known of it")
        sentences.append(f"noise of the truth: sd {about['truth_noise']:.2g} ({text}), allowed for")
    if about["n_runs"] == 1:
        sentences.append("one run: intervals are about this supernet; its seed's part is unknown. Give several runs.")
    return sentences
