"""What cells of a language model cost on a text, whichever space they are of."""

import torch
import torch.nn.functional as F
from torch import Tensor

from nasbias.datasets.text import windows
from nasbias.supernets.contract import ReadsForMany, TextNetwork

_LOGITS_AT_ONCE = 2**20  # 4 MB: larger tables of logits are no faster


@torch.inference_mode()
def loss_one_by_one(network: TextNetwork, choices: Tensor, text: Tensor, bptt: int = 35) -> Tensor:
    """Nats per word [cells] of a text in columns [time, batch], one cell after the other: the reference.

    The text is read once from its start, the hidden state carried along; `bptt` only says how much at a time.
    """
    totals = []
    for choice in choices.tolist():
        hidden, total = network.first_hidden(text.shape[1]), torch.zeros((), dtype=torch.float64, device=text.device)
        for inputs, targets in windows(text, bptt):
            states, hidden = network(inputs, choice, hidden)
            loss = F.cross_entropy(network.logits(states).flatten(0, 1), targets.flatten(), reduction="sum")
            total += loss.double()
        totals.append(total / text[1:].numel())
    return torch.stack(totals)


@torch.inference_mode()
def loss_of_cells(network: TextNetwork, choices: Tensor, text: Tensor, bptt: int = 35, at_once: int = 64) -> Tensor:
    """`loss_one_by_one`, `at_once` cells at a time where the network can read the text for many at once."""
    if not isinstance(network, ReadsForMany):
        return loss_one_by_one(network, choices, text, bptt)
    totals = []
    for part in choices.split(at_once):
        hidden = network.first_hidden(len(part), text.shape[1])
        total = torch.zeros(len(part), dtype=torch.float64, device=text.device)
        for inputs, targets in windows(text, bptt):
            states, hidden = network.states_of_cells(inputs, part, hidden)
            total += _sum_losses(network, states.transpose(0, 1).flatten(1, 2), targets.flatten())
        totals.append(total / text[1:].numel())
    return torch.cat(totals)


def _sum_losses(network: TextNetwork, states: Tensor, targets: Tensor) -> Tensor:
    """Nats [cells] of states [cells, words, hidden] against targets [words], a part at a time to stay in the cache."""
    total = torch.zeros(len(states), dtype=torch.float64, device=states.device)
    vocabulary = network.logits(states[:1, :1]).shape[-1]
    words = max(1, _LOGITS_AT_ONCE // (len(states) * vocabulary))
    for part, wanted in zip(states.split(words, dim=1), targets.split(words)):
        logits = network.logits(part).to(part.dtype)  # autocast lowers it
        chosen = logits.gather(-1, wanted.expand(len(states), -1)[..., None])[..., 0]
        total += (torch.logsumexp(logits, dim=-1) - chosen).double().sum(1)
    return total
