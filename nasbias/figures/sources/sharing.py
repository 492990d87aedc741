"""Tables of runs that share weights in different ways: ours only, as predictions do not say how they shared."""

from collections.abc import Callable

from nasbias.errors import InputError
from nasbias.figures import published
from nasbias.figures.sources import INTERVAL, Given, Made, Part, say_runs, say_truth, source
from nasbias.figures.studies import read_study
from nasbias.finetune import follow_finetuning
from nasbias.matching import describe_truth
from nasbias.spaces import get_space


@source("groups", "prefixes", "finetuning", "folds", "pruning", "replicated")
def _shared(given: Given, name: str) -> Made:
    if name == "finetuning" and not given.is_ours:
        matched = given.matched()
        truth = describe_truth(matched.truth)
        return Made([Part({"curve": follow_finetuning(matched)})], f"{given.home}; {say_truth(truth)}.")
    if not given.is_ours:
        raise InputError(
            f"{name} compares runs that share weights in different ways: predictions do not say how. Give the study's "
            f"own table with --table FILE."
        )
    return _SHARED[name]()


def _of_plans(name: str) -> Made:
    plans = read_study("sharing")["plans against darts64_truth"].query("k > 1")
    known = published.published_groups() if name == "groups" else published.published_prefixes()
    steps, runs = int(plans["k"].max()), int(plans["n_runs"].max())
    parts = [
        Part({"plans": plans, "published": known}, title, {"value": value})
        for value, title in (("gt_tau_mean", "mean"), ("gt_tau_std", "standard deviation"))
    ]
    caption = f"darts64: 64 architectures, {say_runs(runs)} a plan, last {steps} mini-batches (P1: 64); truth: "
    return Made(parts, caption + "trained alone by this project, as small; hollow: P1 (arXiv 2001.01431).")


def _of_finetuning() -> Made:
    curve = read_study("finetuning")["curve"]
    parts = [
        Part({"curve": curve[curve["truth"] == truth], "published": known}, title)
        for truth, title, known in (
            ("darts64_truth", "truth of this size", None),
            ("deeper-insights-64", "P1's truth", published.published_finetuning()),
        )
    ]
    caption = (
        f"darts64: 64 architectures, {say_runs(int(curve['n_runs'].max()))}. Bars: {INTERVAL}; with two runs they "
    )
    return Made(parts, caption + "mostly bound nothing. Hollow: P1 (arXiv 2001.01431).")


def _of_folds() -> Made:
    study = read_study("folds")
    names = {"each": "folds", "gains": "gain in tau inside folds"}
    parts = []
    for space in ("nb201", "nb101"):
        tables = {name: study[table][study[table]["space"] == space] for name, table in names.items()}
        parts.append(Part(tables, get_space(space).title))
    return Made(parts, "Supernets of a fold against the whole space's, inside the fold; one seed; 95 % over folds.")


def _of_pruning() -> Made:
    study = read_study("pruned")
    parts = [
        Part({"spaces": study["thirds, inside the space trained on"]}, "thirds of NAS-Bench-201"),
        Part({"spaces": study["pruned by the supernet itself"]}, "pruned by the supernet itself"),
    ]
    return Made(parts, "nb201. Lines: 95 % over two runs, which leave the frame; thirds: one run each.")


def _of_copies() -> Made:
    table = read_study("replicated")["spread of scores"]
    n, runs = int(table["n"].max()), int(table["n_runs"].max())
    return Made([Part({"spread": table})], f"nb201: {n} networks, {say_runs(runs)}. Lines: 95 % over runs.")


_SHARED: dict[str, Callable[[], Made]] = {
    "groups": lambda: _of_plans("groups"),
    "prefixes": lambda: _of_plans("prefixes"),
    "finetuning": _of_finetuning,
    "folds": _of_folds,
    "pruning": _of_pruning,
    "replicated": _of_copies,
}
