"""One page about a supernet: does it rank, how sure is that, what is it good for, what is wrong with it, what helps.

    python -m nasbias.report --space nb201 --predictions mine.csv --out report.html

`make_report` runs the studies of `nasbias.correlation`, `nasbias.stability` and `nasbias.bias` once and puts what they
found into sections; `write_report` writes them as a page that stands alone: no request leaves it. Every sentence about
a result is made from the tables below it. What these predictions can't tell is a sentence that says what is missing and
how to get it.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import pandas as pd

from nasbias.errors import InputError
from nasbias.files import sha256, writable_target, written_atomically
from nasbias.matching import MatchOptions, Predictions, TruthSource
from nasbias.provenance import describe_provenance
from nasbias.report.content import Drawing, Report, Section, Table
from nasbias.report.page import render
from nasbias.report.studies import DRAWS, Studied, study
from nasbias.threads import on_one_thread

__all__ = ["Drawing", "Report", "Section", "Table", "check_place", "make_report", "render", "write_report"]


@on_one_thread
def make_report(
    predictions: Predictions = None,
    truth: TruthSource = None,
    *,
    against: Predictions = None,
    score: str | None = None,
    epoch: int | None = None,
    bn: str | None = None,
    truth_noise: float | None = None,
    draws: int = DRAWS,
    **options: Unpack[MatchOptions],
) -> Report:
    """The report of one score of these predictions.

    Args:
        predictions, truth, options: as in `nasbias.correlate`.
        against: a second supernet's predictions; adds the section that compares them.
        score: the score the page is about (default: the first; the others have a row in the first table).
        epoch: training length (default: the longest; shorter ones stay in the curves).
        bn: BN mode (default: recalibrated where there is such).
        truth_noise: standard deviation of the truth by chance, in its unit, as in `nasbias.bias.analyse_bias`.
        draws: of stand-alone trainings in the correction curve.

    Raises:
        InputError: what `correlate` raises, no such score, epoch or BN mode, a negative noise, no draws, or two
            supernets that can't be compared.
    """
    if truth_noise is not None and not truth_noise >= 0:
        raise InputError(f"a noise of {truth_noise} is no standard deviation. Give 0 or more, in the truth's unit.")
    keys = {"score": score, "epoch": epoch, "bn": bn, "truth_noise": truth_noise, "draws": draws}
    studied = study(predictions, truth, against=against, **keys, **options)
    # matplotlib is slow to import, and `--help` draws nothing.
    from nasbias.report.causes import tell_bias, tell_comparison, tell_help, tell_stability
    from nasbias.report.explorer import explore
    from nasbias.report.ranking import tell_certainty, tell_picking, tell_ranking

    tellers = (
        tell_ranking, tell_certainty, tell_picking, tell_stability, tell_bias, tell_help, tell_comparison,
    )  # fmt: skip
    sections = [section for tell in tellers if (section := tell(studied)) is not None]
    title = f"How well does this supernet rank {studied.matched.space.title}?"
    asked = {name: value for name, value in {**keys, **options}.items() if value not in (None, False, [], ())}
    asked.pop("reading", None)
    sources = _sources(studied, is_shipped=predictions is None)
    facts, provenance = _facts(studied, list(sources)), _provenance(studied, sources, asked)
    return Report(title, facts, sections, provenance, explore(studied))


def check_place(path: str | os.PathLike) -> Path:
    """The path, if a page can be written there: asked before the studies run.

    Raises:
        InputError: it is a folder or a device, or lies in what is no folder or can't be written to.
    """
    path = Path(path)
    writable_target(path)
    above = next(parent for parent in path.absolute().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise InputError(f"can't write {path}: {above} is no folder that you may write to. Choose another place.")
    return path


def write_report(report: Report, path: str | os.PathLike) -> Path:
    """Write the page, whole or not at all.

    Raises:
        InputError: a place that can't be written.
    """
    path = check_place(path)
    text = render(report)
    try:
        with written_atomically(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror or error}. Choose another place.") from None
    return path


def _facts(studied: Studied, sources: Sequence[str]) -> dict[str, Any]:
    truth, last = studied.correlation.truth, studied.last
    what = ", ".join(str(part) for part in (truth["dataset"], truth["split"]) if part and str(part) != "nan")
    length = "" if pd.isna(last["epoch"]) else f" of {last['epoch']} epochs"
    facts = {
        "space": studied.matched.space.name,
        "score": studied.score,
        "runs": f"{last['n_runs']}{length}",
        "architectures": f"{last['n']:,} with a score and a truth",
        "truth": f"{truth['name']} ({what})" if what else truth["name"],
        "predictions": ", ".join(sources),
    }
    if truth["n_not_joined"]:
        facts["without a truth"] = f"{truth['n_not_joined']:,} of the predicted architectures, not counted"
    return facts


def _sources(studied: Studied, is_shipped: bool) -> dict[str, str]:
    """Name -> path of the predictions; those shipped go by their name, wherever this is installed."""
    return {f"shipped {Path(path).name}" if is_shipped else path: path for path in studied.matched.sources}


def _provenance(studied: Studied, sources: Mapping[str, str], asked: Mapping[str, Any]) -> dict[str, Any]:
    files = {name: sha256(path) for name, path in sources.items() if Path(path).is_file()}
    truth = {name: value for name, value in studied.correlation.truth.items() if not pd.isna(value)}
    more: dict[str, Any] = {"asked": {name: str(value) for name, value in asked.items()}, "truth": truth}
    if studied.other is not None:
        more["against"] = [str(run) for run in dict.fromkeys(studied.other.rows["run"])]
    return describe_provenance(sha256=files, **more)
