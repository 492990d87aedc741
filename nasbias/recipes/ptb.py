"""DARTS-PTB: P2's language model and recipe (arXiv 2010.08219's released code, after arXiv 1806.09055)."""

from dataclasses import dataclass
from typing import Any

from nasbias.options import CHANNELS, COUNT, PART, WEIGHT, check_options, option

TASK = "text"
# Fields of Training where P2's recipe for this space differs: SGD at a constant rate, then averaged SGD.
RECIPE: dict[str, Any] = {
    "dataset": "pydoc",
    "batch_size": 256,
    "learning_rate": 40.0,
    "final_learning_rate": 40.0,
    "momentum": 0.0,
    "nesterov": False,
    "weight_decay": 8e-7,
    "clip": 0.1,
}


@dataclass(frozen=True)
class Options:
    """The language model, its dropouts and what its training does beside SGD; the defaults are P2's."""

    hidden: int = option(850, "hidden units, also the size of the embedding", CHANNELS)
    vocabulary: int = option(10_000, "different words told apart; the rest of the text reads <unk>", COUNT)
    bptt: int = option(35, "words that a gradient reaches back, on average", COUNT)
    dropout: float = option(0.75, "share of the outputs dropped", PART)
    dropout_h: float = option(0.25, "share of the cell's states dropped", PART)
    dropout_x: float = option(0.75, "share of the cell's inputs dropped", PART)
    dropout_inputs: float = option(0.2, "share of the embedding's units dropped", PART)
    dropout_words: float = option(0.1, "share of the vocabulary dropped", PART)
    activation_penalty: float = option(0.0, "weight of the mean squared (dropped) state", WEIGHT)
    slowness_penalty: float = option(1e-3, "weight of the mean squared change of the state from word to word", WEIGHT)
    evaluate_every: int = option(5, "epochs between validations, which decide on averaging and rolling back", COUNT)
    evaluated_cells: int = option(10, "cells whose mean validation perplexity counts there", COUNT)
    patience: int = option(5, "validations without improvement before weights are averaged (ASGD)", COUNT)

    __post_init__ = check_options
