"""What the stability study found, in a sentence."""

from nasbias.stability import Stability


def answer(stability: Stability) -> str:
    """One sentence: how well runs agree with each other and with the truth."""
    about, instances = stability.about, stability.instances
    when = "" if about["epoch"] is None else f" after {about['epoch']} epochs"
    agree = "one run has nothing to agree with"
    if instances["n_runs"] > 1:
        agree = (
            f"runs agree with each other at S-Tau {instances['s_tau']:.2f} "
            f"(pairs {instances['s_tau_min']:.2f} to {instances['s_tau_max']:.2f})"
        )
    return (
        f"{about['space']}: {about['score']}{when}, {instances['n_runs']} run(s), {about['n_architectures']:,} "
        f"architectures: {agree}, with the truth at GT-Tau {instances['gt_tau']:.2f}."
    )
