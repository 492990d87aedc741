"""Predictions and truth of the same architectures, side by side: what every study starts from.

Each run (and epoch, step, BN mode) becomes one `Scored` per score column: two arrays, higher = better in both, over the
architectures that have a truth, with the number of those that have none.
"""

from nasbias.matching.inputs import Predictions, read_predictions, runs_of
from nasbias.matching.joined import join
from nasbias.matching.joining import (
    Matched,
    MatchOptions,
    Scored,
    align_scores,
    choose_scores,
    hint_direction,
    last_steps,
    match,
)
from nasbias.matching.options import (
    add_match_options,
    add_panel_options,
    add_truth_options,
    add_truth_sample,
    match_options,
)
from nasbias.matching.panel import Panel, select_panel
from nasbias.matching.truth_column import Truth, TruthSource, describe_truth, read_truth_column

__all__ = [
    "MatchOptions",
    "Matched",
    "Panel",
    "Predictions",
    "Scored",
    "Truth",
    "TruthSource",
    "add_match_options",
    "add_panel_options",
    "add_truth_options",
    "add_truth_sample",
    "align_scores",
    "choose_scores",
    "describe_truth",
    "hint_direction",
    "join",
    "last_steps",
    "match",
    "match_options",
    "read_predictions",
    "read_truth_column",
    "runs_of",
    "select_panel",
]
