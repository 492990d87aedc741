"""The recurrent supernet: its cell against one written out here, parameters, masks, and many cells at once."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from nasbias.datasets.text import columns, windows  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.spaces.ptb import count_params  # noqa: E402
from nasbias.supernets import (  # noqa: E402
    build_supernet,
    count_parameters,
    ptb,
    standalone_network,
)
from nasbias.supernets.language import loss_of_cells, loss_one_by_one  # noqa: E402
from nasbias.supernets.ptb import Options  # noqa: E402

PTB = get_space("ptb")
VOCABULARY, HIDDEN = 11, 6
V2 = "sigmoid~0+relu~1+relu~1+identity~1+tanh~2+sigmoid~5+tanh~3+relu~5"


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = build_supernet("ptb", Options(hidden=HIDDEN), classes=VOCABULARY).double()
    for parameter in network.parameters():  # larger than at initialisation, so that the activations differ
        torch.nn.init.uniform_(parameter, -1, 1)
    return network


@pytest.fixture
def text():
    return torch.randint(VOCABULARY, (301,), generator=torch.Generator().manual_seed(0))


def choice_of(cell):
    return tuple(PTB.encode([cell])[0].tolist())


def written_out(network, words, choice, hidden, masks=None):
    """The cell of DARTS, literally, one word and one concatenation at a time."""
    acts = {0: torch.tanh, 1: torch.relu, 2: torch.sigmoid, 3: lambda x: x}
    x_mask, h_mask = (1, 1) if masks is None else (masks.x, masks.h)
    outputs = []
    for numbers in words:
        x = network.embedding[numbers]
        if masks is not None:
            x = x * masks.words[numbers] * masks.inputs
        c, g = (torch.cat([x * x_mask, hidden * h_mask], dim=1) @ network.w0).split(HIDDEN, dim=1)
        states = [hidden + torch.sigmoid(c) * (torch.tanh(g) - hidden)]
        for i in range(8):
            p = states[choice[8 + i]]
            c, g = ((p * h_mask) @ network.steps[i]).split(HIDDEN, dim=1)
            states.append(p + torch.sigmoid(c) * (acts[choice[i]](g) - p))
        hidden = sum(states[1:]) / 8
        outputs.append(hidden)
    return torch.stack(outputs), hidden


@pytest.mark.parametrize("trained", [False, True])
def test_the_cell_is_the_published_one(network, text, trained):
    words = columns(text, 5)[:7]
    masks = network.draw_masks(5, torch.Generator().manual_seed(1)) if trained else None
    hidden = torch.rand(5, HIDDEN, dtype=torch.float64)
    for cell in [V2, *PTB.sample(10, seed=0)]:
        choice = choice_of(cell)
        states, last = network(words, choice, hidden, masks)
        expected, expected_last = written_out(network, words, choice, hidden, masks)
        torch.testing.assert_close(states, expected)
        torch.testing.assert_close(last, expected_last)


def test_supernet_and_standalone_network_have_the_benchmarks_parameters():
    for cell in PTB.sample(3, seed=0):
        network = standalone_network("ptb", cell, Options(hidden=HIDDEN), classes=VOCABULARY)
        described = PTB.describe([cell], hidden=HIDDEN, vocabulary=VOCABULARY)
        assert count_parameters(network) == described["params"].item() == count_params(HIDDEN, VOCABULARY)
    with torch.device("meta"):
        assert count_parameters(build_supernet("ptb", classes=10_000)) == 22_960_000


def test_a_standalone_network_with_inherited_weights_is_the_supernet(network, text):
    alone = standalone_network("ptb", V2, Options(hidden=HIDDEN), classes=VOCABULARY).double()
    alone.load_state_dict(network.state_dict())
    words, hidden = columns(text, 5), network.first_hidden(5)
    torch.testing.assert_close(alone(words, choice_of(V2), hidden)[0], network(words, choice_of(V2), hidden)[0])


def test_every_weight_of_every_cell_gets_a_gradient(network, text):
    words = columns(text, 5)
    for cell in PTB.sample(5, seed=1):
        network.zero_grad(set_to_none=True)
        states, _ = network(words, choice_of(cell), network.first_hidden(5))
        network.logits(states).logsumexp(-1).sum().backward()
        touched = {id(p) for p in network.parameters() if p.grad is not None and p.grad.abs().sum() > 0}
        assert touched == {id(p) for p in network.parameters_of(choice_of(cell))}


def test_different_cells_are_different_functions_also_where_they_are_isomorphic(network, text):
    chain = "+".join(f"tanh~{i}" for i in range(8))
    other = "tanh~0+tanh~1+tanh~1" + "+tanh~0" * 5
    renamed = "tanh~0+tanh~0+tanh~2+tanh~2" + "+tanh~0" * 4
    assert PTB.describe([other, renamed])["isomorphism_class"].nunique() == 1
    losses = loss_one_by_one(network, torch.tensor(PTB.encode([chain, other, renamed])), columns(text, 3))
    assert len(set(losses.tolist())) == 3


def test_many_cells_at_once_are_the_cells_one_by_one(network, text):
    choices = torch.tensor(PTB.encode(PTB.sample(23, seed=2)))
    valid = columns(text, 10)
    one_by_one = loss_one_by_one(network, choices, valid, bptt=7)
    for at_once in (1, 10, 64):
        torch.testing.assert_close(loss_of_cells(network, choices, valid, bptt=7, at_once=at_once), one_by_one)
    assert one_by_one.std() > 0.01


def test_the_loss_does_not_depend_on_how_much_text_is_read_at_a_time(network, text):
    choices = torch.tensor(PTB.encode(PTB.sample(3, seed=3)))
    whole, short = (loss_of_cells(network, choices, columns(text, 10), bptt=bptt) for bptt in (1000, 4))
    torch.testing.assert_close(whole, short)


def test_the_loss_is_the_mean_cross_entropy_over_words(network, text):
    valid = columns(text, 10)
    states, _ = network(valid[:-1], choice_of(V2), network.first_hidden(10))
    expected = torch.nn.functional.cross_entropy(network.logits(states).flatten(0, 1), valid[1:].flatten())
    torch.testing.assert_close(loss_of_cells(network, torch.tensor([choice_of(V2)]), valid)[0], expected)


@pytest.mark.parametrize("at_once", [VOCABULARY, 7 * VOCABULARY, 2**20])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 6e-8)])
def test_the_training_loss_and_its_gradient_are_those_of_the_cross_entropy(
    network, text, monkeypatch, dtype, tolerance, at_once
):
    monkeypatch.setattr(ptb, "_LOGITS_AT_ONCE", at_once)
    network = network.to(dtype)
    words = columns(text, 5)
    masks = network.draw_masks(5, torch.Generator().manual_seed(1))
    gradients = []
    for loss_of in (
        lambda states: F.cross_entropy(network.logits(states, masks).flatten(0, 1), words[1:].flatten()),
        lambda states: network.mean_loss(states, words[1:], masks),
    ):
        network.zero_grad(set_to_none=True)
        states = torch.linspace(-3, 3, words[1:].numel() * HIDDEN, dtype=dtype).sin().view(-1, 5, HIDDEN)
        states.requires_grad_()
        loss = loss_of(states)
        (3 * loss).backward()
        gradients.append([loss.detach(), states.grad, network.embedding.grad, network.bias.grad])
    for expected, found in zip(*gradients):
        torch.testing.assert_close(found, expected, atol=6 * tolerance, rtol=10 * tolerance)


def test_the_training_loss_of_a_word_that_is_all_but_ruled_out_is_finite(network):
    states = torch.zeros(1, 1, HIDDEN, dtype=torch.float64)
    with torch.no_grad():
        network.bias.zero_()[0] = 2000
    assert network.mean_loss(states, torch.tensor([[1]])).item() == pytest.approx(2000)


def test_the_number_of_kernels_does_not_grow_with_the_number_of_cells(network, text):
    words = columns(text, 5)[:4]

    def kernels(cells):
        choices = torch.tensor(PTB.encode(PTB.sample(cells, seed=4)))
        with torch.inference_mode(), torch.profiler.profile(acc_events=True) as profile:
            network.states_of_cells(words, choices, network.first_hidden(cells, 5))
        return sum(event.count for event in profile.key_averages() if event.key.startswith("aten::"))

    assert kernels(256) <= 1.05 * kernels(32)


def test_masks_are_drawn_once_per_sequence_from_the_generator(network):
    first, again, other = (network.draw_masks(50, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert all((a == b).all() for a, b in zip(first, again))
    assert any((a != b).any() for a, b in zip(first, other))
    shares = dict(zip(first._fields, (0.1, 0.2, 0.75, 0.25, 0.75)))
    for name, share in shares.items():
        mask = getattr(first, name)
        assert mask[mask != 0].numpy() == pytest.approx(1 / (1 - share))
        if name != "words":
            assert mask.shape == (50, HIDDEN)
            assert abs((mask == 0).double().mean().item() - share) < 0.12


def test_dropout_of_nothing_is_no_dropout(text):
    nothing = {name: 0.0 for name in Options.__dataclass_fields__ if name.startswith("dropout")}
    torch.manual_seed(0)
    network = build_supernet("ptb", Options(hidden=HIDDEN, **nothing), classes=VOCABULARY)
    words, hidden = columns(text, 5), network.first_hidden(5)
    masks = network.draw_masks(5, torch.Generator())
    with_masks, without = (network(words, choice_of(V2), hidden, m)[0] for m in (masks, None))
    torch.testing.assert_close(with_masks, without)
    torch.testing.assert_close(network.logits(without, masks), network.logits(without))


def test_the_output_is_tied_to_the_embedding_and_starts_as_published():
    network = build_supernet("ptb", Options(hidden=64), classes=500)
    assert {name for name, _ in network.named_parameters()} == {
        "embedding", "bias", "w0", *(f"steps.{i}" for i in range(8))
    }  # fmt: skip
    assert not network.bias.any()
    for parameter in (network.embedding, network.w0, *network.steps):
        assert 0.0399 < parameter.abs().max() <= 0.04
        assert parameter.std().item() == pytest.approx(0.04 / np.sqrt(3), rel=0.05)


def test_states_keep_their_precision_under_autocast(network, text):
    network = network.float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        states, last = network(columns(text, 5), choice_of(V2), network.first_hidden(5))
    assert states.dtype == last.dtype == torch.float32


def test_text_is_read_from_where_it_left_off(network, text):
    valid = columns(text, 5)
    whole, _ = network(valid[:-1], choice_of(V2), network.first_hidden(5))
    hidden, parts = network.first_hidden(5), []
    for inputs, _ in windows(valid, 13):
        states, hidden = network(inputs, choice_of(V2), hidden)
        parts.append(states)
    torch.testing.assert_close(torch.cat(parts), whole)
