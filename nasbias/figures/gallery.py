"""The gallery of our own studies: every figure as PDF for a paper and PNG for the page that shows them.

`make figures` fills `figures/` at the top level. What to look at in each figure is said here; numbers stand in the
caption, which is made of the tables.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from nasbias.errors import InputError
from nasbias.figures.composing import compose
from nasbias.figures.registry import list_figures
from nasbias.figures.sources import Given, make
from nasbias.figures.style import save
from nasbias.files import written_atomically

_DPI = {"pdf": 200, "png": 140}  # a page of pictures loads quickly
# Name -> (section, what to see), in the order of the page.
SEE = {
    "training_length": (
        "How well",
        "does the blue band rise above the grey one, and does it reach counting parameters?",
    ),
    "corr_gt": ("How well", "the same by P2's measure: where our short trainings end and the paper's long ones stand."),
    "run_taus": ("How well", "one run says little: how far the dots of one length lie apart."),
    "top_k": ("How well", "a better correlation need not find a better architecture: compare with the grey band."),
    "score_against_truth": ("How well", "islands of equal score, and one edge whose operation orders the upper end."),
    "cross_run_map": ("How well", "long trainings agree with each other more than with the truth: the bias is shared."),
    "order_agreement": ("How stable", "three orders of training: intervals that overlap tell no order from another."),
    "s_tau_over_epochs": ("How stable", "do runs come to agree as they train, or does agreement keep swinging?"),
    "rank_boxes": ("How stable", "the length of the bars: an architecture's rank is hardly the same in two runs."),
    "filter_curve": ("How stable", "below the dashed line dropping by supernet is better than dropping at random."),
    "last_minibatches": (
        "How stable",
        "in fixed order the same swings come back after 64 mini-batches; reshuffled they do not.",
    ),
    "autocorrelation": ("How stable", "fixed order comes back after each cycle of 64 mini-batches."),
    "gt_tau_over_steps": ("How stable", "how far the ranking swings within one cycle."),
    "effects_map": ("What is misjudged", "cells without hatching are certain: nearly all on the edge 0->3."),
    "effect_intervals": (
        "What is misjudged",
        "the raw rank difference (hollow) can differ from the bias at equal truth.",
    ),
    "top_shares": ("What is misjudged", "the best by truth skip on 0->3; those the supernet picks do not."),
    "operation_means": ("What is misjudged", "by means supernet and truth agree: the means hide the top."),
    "size_against": ("What is misjudged", "does the supernet climb with size as steeply as the truth does?"),
    "size_deciles": ("What is misjudged", "raw, small ones are overrated and large ones underrated."),
    "decomposition": ("What is misjudged", "coloured is bias, hatched is noise: more runs mend only the latter."),
    "correction_curve": ("What would help", "from how many trainings on the supernet adds nothing to a predictor."),
    "groups": ("What would help", "sharing among fewer, against the paper's hollow marks."),
    "prefixes": ("What would help", "sharing the first cells only, against the paper's hollow marks."),
    "finetuning": ("What would help", "a few mini-batches of its own; two runs bound little."),
    "folds": ("What would help", "a supernet of a part of the space: left of 0 it ranks worse there."),
    "pruning": ("What would help", "what is found in a part of the space, and what was there to be found."),
    "replicated": ("What would help", "copies of one operation score alike: the spread comes from different ones."),
}


def fill_gallery(folder: str | os.PathLike) -> Iterator[tuple[str, int]]:
    """Draw every figure of our own studies into a folder; yields each figure's name and its bytes.

    Raises:
        InputError: a study is missing, or the folder can't be written.
    """
    folder = Path(folder)
    captions: dict[str, str] = {}
    entries = list_figures()
    for name in SEE:
        made = make(name, Given())
        figure = compose(entries[name], made)
        for ending in ("pdf", "png"):
            save(figure, folder / f"{name}.{ending}", dpi=_DPI[ending], colours=256)
        captions[name] = made.caption
        yield name, sum((folder / f"{name}.{ending}").stat().st_size for ending in ("pdf", "png"))
    try:
        with written_atomically(folder / "README.md") as temporary:
            temporary.write_text(write_page(captions))
    except OSError as error:
        raise InputError(f"can't write {folder}: {error.strerror or error}. Choose another place.") from None


def write_page(captions: dict[str, str]) -> str:
    """The gallery's page in Markdown, from each figure's caption."""
    entries = list_figures()
    lines = [
        "# Figures of our own studies",
        "",
        "Made by `make figures` from the tables in `data/`; one alone: `python -m nasbias.figures NAME --out x.pdf`,",
        "of your own predictions `... --space nb201 --predictions mine.csv`. Our supernets are small: 2 to 100 epochs, "
        "P1's orders 200.",
    ]
    section = ""
    for name, caption in captions.items():
        if SEE[name][0] != section:
            section = SEE[name][0]
            lines += ["", f"## {section}"]
        lines += [
            "",
            f"### {name}",
            "",
            f"See: {SEE[name][1]}",
            "",
            f"![{entries[name].title}]({name}.png)",
            "",
            f"{entries[name].sentence} {caption} [PDF]({name}.pdf)",
        ]
    return "\n".join(lines) + "\n"
