"""Scoring of a language model's cells: perplexity and loss on validation text, under shared weights.

`plain` reads the text once per cell. `fast` reads it for many cells at once: their states are one tensor, so step i is
one matrix product for all of them. Both give the same numbers (1e-5); the second launches as many kernels for 64 cells
as for one, which is what a GPU needs, so it is the `batched` engine as well. The cell has no BN to recalibrate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from nasbias.datasets.text import columns, load_text
from nasbias.errors import InputError
from nasbias.runs import Training
from nasbias.runs.data import EVALUATION_COLUMNS, sized
from nasbias.supernets import Choice, options_from
from nasbias.supernets.language import loss_of_cells, loss_one_by_one


@dataclass(frozen=True)
class TextData:
    """Validation text in columns [time, 10] on the device; every cell reads it from its start, in steps of `bptt`."""

    valid: Tensor
    bptt: int = 35
    sizes: dict[str, int] = field(default_factory=dict)  # of a network for this text, where it is to be built

    @property
    def n_valid(self) -> int:
        """Number of scored words."""
        return self.valid[1:].numel()


def load_data(config: Training, valid_words: int | None = None, device: torch.device | str = "cpu") -> TextData:
    """The validation text of a run, or its first `valid_words`.

    Raises:
        InputError: more words than there are, or too few to score.
    """
    options = options_from(config.space, config.network)
    text = load_text(config.dataset, vocabulary=options.vocabulary, device=device)
    _, words = sized(text, config)
    if valid_words is not None and not 2 * EVALUATION_COLUMNS <= valid_words <= len(words):
        raise InputError(
            f"{valid_words} validation words asked for. Ask for {2 * EVALUATION_COLUMNS} to {len(words):,} of them."
        )
    sizes = {"inputs": 1, "classes": len(text.vocabulary)}
    return TextData(columns(words[:valid_words], EVALUATION_COLUMNS), options.bptt, sizes)


def score_plain(
    network: nn.Module, choices: Sequence[Choice], data: TextData, bn: object = None
) -> dict[str, np.ndarray]:
    """`perplexity` [n] and `loss` [n], nats per word, of n cells, one cell after the other. `bn` changes nothing."""
    return _scores(loss_one_by_one, network, choices, data)


def score_many(
    network: nn.Module, choices: Sequence[Choice], data: TextData, bn: object = None
) -> dict[str, np.ndarray]:
    """As `score_plain`, 64 cells at a time."""
    return _scores(loss_of_cells, network, choices, data)


ENGINES = {"plain": score_plain, "fast": score_many, "batched": score_many}


def _scores(measure: Callable[..., Tensor], network: nn.Module, choices: Sequence[Choice], data: TextData):
    table = torch.tensor(choices, dtype=torch.int64, device=data.valid.device)
    loss = measure(network, table, data.valid, data.bptt).cpu().numpy() if len(table) else np.zeros(0)
    return {"perplexity": np.exp(loss), "loss": loss}
