"""DARTS-PTB's language model, supernet and stand-alone: embedding, one recurrent cell, output tied to the embedding.

The cell is written out in `nasbias.spaces.ptb`. W_i belongs to step i whatever the step chooses, so supernet and
stand-alone network have the same weights: a cell only decides how they are wired. Published details (arXiv 2010.08219's
released code, after arXiv 1806.09055): weights uniform in +-0.04, output bias 0; in training whole words are dropped
from the embedding, one mask per sequence and column is held over time on the embedded words, on the cell's inputs x, on
h and every chosen state p, and on the outputs.

`forward` runs one cell. `states_of_cells` runs many on the same text, their states one tensor: step i is one matrix
product for all of them, so the number of kernels does not grow with the number of cells. Both are the same function.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from nasbias.datasets.sending import send
from nasbias.recipes.ptb import Options
from nasbias.spaces.ptb import STEPS

_ACTIVATIONS = (torch.tanh, torch.relu, torch.sigmoid, lambda x: x)  # in the order of spaces.ptb.ACTIVATIONS
_LOGITS_AT_ONCE = 2**20  # 4 MB: larger tables of logits are no faster
_LOGITS_AT_ONCE_ON_GPU = 2**26


class Masks(NamedTuple):
    """Dropout masks of one training sequence: 0 or 1 / (1 - share)."""

    words: Tensor  # [vocabulary, 1]
    inputs: Tensor  # [batch, hidden]
    x: Tensor  # [batch, hidden]
    h: Tensor  # [batch, hidden]
    output: Tensor  # [batch, hidden]


class Network(nn.Module):
    """The supernet, and the stand-alone network of any cell: they have the same weights."""

    def __init__(
        self,
        options: Options,
        *,
        inputs: int = 1,
        classes: int = 10_000,
        allowed: Sequence[Sequence[int]] | None = None,
    ) -> None:
        """`classes` is the size of the vocabulary; `inputs` and `allowed` change nothing here."""
        super().__init__()
        self.options = options
        h = options.hidden
        self.embedding = nn.Parameter(torch.empty(classes, h).uniform_(-0.04, 0.04))
        self.bias = nn.Parameter(torch.zeros(classes))
        self.w0 = nn.Parameter(torch.empty(2 * h, 2 * h).uniform_(-0.04, 0.04))
        self.steps = nn.ParameterList(nn.Parameter(torch.empty(h, 2 * h).uniform_(-0.04, 0.04)) for _ in range(STEPS))

    def first_hidden(self, *shape: int) -> Tensor:
        """Zeros [*shape, hidden]: the state before the first word."""
        return self.bias.new_zeros(*shape, self.options.hidden)

    def forward(
        self, words: Tensor, choice: Sequence[int], hidden: Tensor, masks: Masks | None = None
    ) -> tuple[Tensor, Tensor]:
        """States h after each word [time, batch, hidden] of one cell, and the last of them [batch, hidden].

        Args:
            words: [time, batch] numbers.
            choice: activations of the eight steps, then their predecessors, as `space.encode` gives them.
            hidden: [batch, hidden], where the text before left off.
            masks: dropout; None in evaluation.
        """
        w_h = self.w0[self.options.hidden :]  # cut out once: every cut has a gradient of the whole matrix's size
        states = []
        for projected in self._read(words, masks).unbind():
            hidden = self._step(projected, choice, hidden, masks, w_h)
            states.append(hidden)
        return torch.stack(states), hidden

    def states_of_cells(self, words: Tensor, choices: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """`forward` without dropout or gradient for cells `choices` [cells, 16] at once.

        Returns states [time, cells, batch, hidden] and the last of them [cells, batch, hidden], as `hidden` is given.
        """
        cells, batch, h = hidden.shape
        rows = torch.arange(cells, device=hidden.device)
        groups = [[(choices[:, i] == code).nonzero()[:, 0] for code in range(len(_ACTIVATIONS))] for i in range(STEPS)]
        result = hidden.new_empty(len(words), cells, batch, h)
        states = hidden.new_empty(STEPS + 1, cells, batch, h)
        for t, projected in enumerate(self._read(words, None)):
            gate, value = (projected + hidden @ self.w0[h:]).chunk(2, dim=-1)
            torch.lerp(hidden, value.tanh(), gate.sigmoid(), out=states[0])
            for i, weight in enumerate(self.steps):
                source = states[choices[:, STEPS + i], rows]
                gate, value = (source @ weight).chunk(2, dim=-1)
                for activate, group in zip(_ACTIVATIONS[:-1], groups[i]):  # the last one is the identity
                    value[group] = activate(value[group])
                torch.lerp(source, value, gate.sigmoid(), out=states[i + 1])
            hidden = states[1:].mean(0)
            result[t] = hidden
        return result, hidden

    def logits(self, states: Tensor, masks: Masks | None = None) -> Tensor:
        """[..., vocabulary] of states [..., hidden]."""
        return F.linear(states if masks is None else states * masks.output, self.embedding, self.bias)

    def mean_loss(self, states: Tensor, targets: Tensor, masks: Masks | None = None) -> Tensor:
        """Mean nats per word of states [..., hidden] against targets [...]: the cross entropy of `logits`, without
        their table."""
        states = states if masks is None else states * masks.output
        loss = _TiedLoss.apply(states.flatten(0, -2), self.embedding, self.bias, targets.flatten())
        assert isinstance(loss, Tensor)
        return loss

    def draw_masks(self, batch: int, generator: torch.Generator) -> Masks:
        """Fresh dropout masks for one sequence, from an explicit generator."""
        o = self.options

        def draw(share: float, *shape: int) -> Tensor:
            kept = torch.rand(shape, generator=generator, device=generator.device) >= share
            return send((kept / (1 - share)).to(self.bias.dtype), self.bias.device)

        return Masks(
            draw(o.dropout_words, len(self.bias), 1),
            draw(o.dropout_inputs, batch, o.hidden),
            draw(o.dropout_x, batch, o.hidden),
            draw(o.dropout_h, batch, o.hidden),
            draw(o.dropout, batch, o.hidden),
        )

    def parameters_of(self, choice: Sequence[int]) -> list[nn.Parameter]:
        """All weights: every cell uses every one of them."""
        return list(self.parameters())

    def _read(self, words: Tensor, masks: Masks | None) -> Tensor:
        """What the words add to [c, g] of state 0, x W0: [time, batch, 2 hidden], one product for the whole text."""
        x = F.embedding(words, self.embedding)
        if masks is not None:
            x = x * masks.words[words] * (masks.inputs * masks.x)
        return x @ self.w0[: self.options.hidden]

    def _step(
        self, projected: Tensor, choice: Sequence[int], hidden: Tensor, masks: Masks | None, w_h: Tensor
    ) -> Tensor:
        """The cell: hidden [batch, hidden] after one more word."""

        def mask(state: Tensor) -> Tensor:
            return state if masks is None else state * masks.h

        gate, value = (projected + mask(hidden) @ w_h).chunk(2, dim=-1)
        states = [_move(hidden, torch.tanh(value), torch.sigmoid(gate))]
        for weight, activation, source in zip(self.steps, choice[:STEPS], choice[STEPS:]):
            state = states[source]
            gate, value = (mask(state) @ weight).chunk(2, dim=-1)
            states.append(_move(state, _ACTIVATIONS[activation](value), torch.sigmoid(gate)))
        return torch.stack(states[1:]).mean(0)


class _TiedLoss(torch.autograd.Function):
    """Mean cross entropy of states [words, hidden] @ embedding^T + bias, and its gradient, a few words at a time.

    The table of logits, with an entry for every word read and every word known, is only needed for its gradient: so
    that is worked out at once, and the table (18 MB at 1,120 x 4,000, three times) is never there as a whole.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, embedding: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
        wanted = any(ctx.needs_input_grad)
        at_once = max(1, (_LOGITS_AT_ONCE if states.device.type == "cpu" else _LOGITS_AT_ONCE_ON_GPU) // len(bias))
        total = torch.zeros((), dtype=torch.float32 if bias.dtype != torch.float64 else bias.dtype, device=bias.device)
        of_embedding, of_bias, of_states = torch.zeros_like(embedding), torch.zeros_like(bias), []
        for part, words in zip(states.split(at_once), targets.split(at_once)):
            logits = F.linear(part, embedding, bias).to(total.dtype)
            shares = logits.softmax(1)
            # log(sum(exp)) from the largest share, which can't underflow as that of the right word may.
            normaliser = logits.amax(1) - shares.amax(1).log()
            total += (normaliser - logits.gather(1, words[:, None])[:, 0]).sum()
            if wanted:
                shares.scatter_add_(1, words[:, None], shares.new_full((len(words), 1), -1.0))
                of_states.append((shares @ embedding).to(states.dtype))
                of_embedding += shares.t() @ part
                of_bias += shares.sum(0)
        if wanted:
            ctx.save_for_backward(torch.cat(of_states), of_embedding, of_bias)
        return total / len(states)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor | None, ...]:
        scale = outputs[0] / len(ctx.saved_tensors[0])
        return (*(gradient * scale for gradient in ctx.saved_tensors), None)


def _move(state: Tensor, value: Tensor, gate: Tensor) -> Tensor:
    """state + gate (value - state); states keep their precision where autocast lowers that of the products."""
    return torch.lerp(state, value.to(state.dtype), gate.to(state.dtype))
