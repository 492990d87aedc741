"""A language model's losses, on a network that is none of ours: another text space would fit."""

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

from nasbias.datasets.text import columns  # noqa: E402
from nasbias.supernets.contract import ReadsForMany, TextNetwork  # noqa: E402
from nasbias.supernets.language import loss_of_cells, loss_one_by_one  # noqa: E402

VOCABULARY, HIDDEN = 11, 5


class Elman(nn.Module):
    """One of three activations, the only decision."""

    def __init__(self):
        super().__init__()
        self.embedding, self.recurrent = nn.Embedding(VOCABULARY, HIDDEN), nn.Linear(HIDDEN, HIDDEN)

    def first_hidden(self, *shape):
        return torch.zeros(*shape, HIDDEN)

    def forward(self, words, choice, hidden, masks=None):
        states = []
        for word in self.embedding(words):
            hidden = (torch.tanh, torch.sigmoid, torch.sin)[choice[0]](word + self.recurrent(hidden))
            states.append(hidden)
        return torch.stack(states), hidden

    def logits(self, states, masks=None):
        return F.linear(states, self.embedding.weight)

    def mean_loss(self, states, targets, masks=None):
        return F.cross_entropy(self.logits(states).flatten(0, -2), targets.flatten())

    def draw_masks(self, batch, generator):
        return None

    def parameters_of(self, choice):
        return list(self.parameters())


class ForMany(Elman):
    """The same, which can read for many at once."""

    def states_of_cells(self, words, choices, hidden):
        parts = [self(words, choice, first) for choice, first in zip(choices.tolist(), hidden)]
        return torch.stack([states for states, _ in parts], dim=1), torch.stack([last for _, last in parts])


@pytest.fixture
def text():
    return columns(torch.randint(VOCABULARY, (200,), generator=torch.Generator().manual_seed(0)), 4)


@pytest.mark.parametrize("kind", [Elman, ForMany])
def test_losses_are_the_cross_entropy_over_all_words_however_many_are_read_at_a_time(kind, text):
    torch.manual_seed(1)
    network, choices = kind(), torch.tensor([[0], [1], [2], [0]])
    assert isinstance(network, TextNetwork)
    assert isinstance(network, ReadsForMany) == (kind is ForMany)
    expected = []
    for choice in choices.tolist():
        states, _ = network(text[:-1], choice, network.first_hidden(4))
        expected.append(network.mean_loss(states, text[1:]).double())
    expected = torch.stack(expected).detach()
    assert len(set(expected.tolist())) == 3
    for bptt in (1000, 7):
        torch.testing.assert_close(loss_one_by_one(network, choices, text, bptt), expected, rtol=1e-5, atol=0)
        for at_once in (1, 3, 64):
            found = loss_of_cells(network, choices, text, bptt, at_once)
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=0)
