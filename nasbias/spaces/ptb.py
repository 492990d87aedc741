"""DARTS-PTB: a recurrent cell of eight steps, each with one of four activations and one earlier state as its input.

Sources: Liu, Simonyan and Yang, arXiv 1806.09055 (the space); arXiv 2010.08219 (its use here, with own truth).
`tanh~0+relu~1+...+sigmoid~4` is the canonical string: step i (1 to 8) reads activation~predecessor, where predecessor 0
is the state made from word and previous hidden state and j the output of step j. The cell, of input x and hidden h:

    [c, g] = [x, h] W0      s_0 = h + sigmoid(c) (tanh(g) - h)
    [c, g] = s_p W_i        s_i = s_p + sigmoid(c) (act_i(g) - s_p)      new h = mean of s_1 ... s_8

Every step has a W of its own whatever it chooses and every step reaches the output, so all 4^8 * 8! = 2,642,411,520
cells are valid and have the same parameters and FLOPs: in this space size can't explain anything.
"""

import ast
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from nasbias.errors import InputError, quoted
from nasbias.spaces._space import Decision, Space, as_strings, listed
from nasbias.spaces._wiring import Cell, Edge, Node

ACTIVATIONS = ("tanh", "relu", "sigmoid", "identity")  # in the order of P2's numbers
STEPS = 8
_TOKENS = {f"{name}~{source}": (code, source) for code, name in enumerate(ACTIVATIONS) for source in range(STEPS)}
_EXAMPLE = "sigmoid~0+relu~1+relu~1+identity~1+tanh~2+sigmoid~5+tanh~3+relu~5"  # DARTS (second order)


class PTB(Space):
    name = "ptb"
    title = "DARTS-PTB"
    size = len(ACTIVATIONS) ** STEPS * math.factorial(STEPS)
    decisions = (
        *(Decision(f"act/{step}", ACTIVATIONS) for step in range(STEPS)),
        *(Decision(f"switch/{step}", tuple(map(str, range(step + 1)))) for step in range(STEPS)),
    )
    subsets = {"all": "all 2,642,411,520 cells"}
    formats = {"genotype": lambda text: to_genotype(text), "p2": lambda text: to_json(text)}
    cells = (
        Cell(
            "recurrent cell",
            tuple(Node(str(i)) for i in range(STEPS + 1)),
            tuple(Edge(f"switch/{i}", i + 1, f"act/{i}") for i in range(STEPS)),
            outputs=tuple(range(1, STEPS + 1)),
            note="0: word and hidden state; output: the mean of 1 to 8",
        ),
    )
    score_columns = ("perplexity",)  # the loss is its logarithm: it ranks no differently

    def parse(self, text: str) -> str:
        """Accepts the canonical string, P2's JSON (`{"act/0": 2, ..., "switch/7": 2}`, keys in any order, also as a
        dict), DARTS' `Genotype(recurrent=[('sigmoid', 0), ...], concat=range(1, 9))` as text or object, and the bare
        list of its pairs."""
        if isinstance(text, str):
            stripped = text.strip()
            if stripped.startswith("{"):
                return self._from_json(stripped)
            if stripped.startswith(("Genotype", "[", "(")):
                return self._from_genotype_text(stripped)
            return _join(_split(stripped))
        if isinstance(text, Mapping):
            return self._from_mapping(text, json.dumps(dict(text), default=str))
        if hasattr(text, "recurrent"):
            return _from_genotype(text.recurrent, getattr(text, "concat", range(1, STEPS + 1)), repr(text))
        if isinstance(text, (list, tuple)):
            return _from_genotype(text, range(1, STEPS + 1), repr(text))
        raise InputError(f"not a ptb cell: {quoted(text)}. Give a string such as {_EXAMPLE!r}.")

    def encode(self, architectures: Sequence[str] | np.ndarray) -> np.ndarray:
        """Choices [n, 16]: the activations of the eight steps, then their predecessors."""
        steps = np.array([_split(text) for text in listed(architectures)], dtype=np.int64).reshape(-1, STEPS, 2)
        return np.concatenate([steps[:, :, 0], steps[:, :, 1]], axis=1)

    def decode(self, choices: np.ndarray) -> np.ndarray:
        choices = np.asarray(choices).reshape(-1, 2 * STEPS)
        return as_strings(_join(zip(row[:STEPS], row[STEPS:])) for row in choices.tolist())

    def describe(
        self, architectures: Sequence[str] | np.ndarray, hidden: int = 850, vocabulary: int = 10_000, **options
    ) -> pd.DataFrame:
        """Costs of the stand-alone language model with `hidden` units and `vocabulary` words: FLOPs per word of text.

        Two cells are isomorphic when renaming steps turns one into the other: each is a tree that grows from state 0,
        its steps labelled by their activation, and trained alone equal trees are the same network. The class is named
        by one member, the tree walked depth first. Inside a supernet they are different functions, because W_i
        belongs to step i.
        """
        canonical = self.parse_all(architectures)
        choices = self.encode(canonical.tolist())
        counts = {name: (choices[:, :STEPS] == code).sum(axis=1) for code, name in enumerate(ACTIVATIONS)}
        return pd.DataFrame(
            {
                "architecture": canonical,
                "params": np.full(len(choices), count_params(hidden, vocabulary)),
                "flops": np.full(len(choices), count_flops(hidden, vocabulary)),
                "is_valid": np.ones(len(choices), dtype=bool),
                "isomorphism_class": as_strings(_walk(row) for row in choices.tolist()),
                **{f"n_{name}": count for name, count in counts.items()},
            }
        )

    def sample(self, n: int, seed: int, subset: str | None = None) -> np.ndarray:
        self._subset(subset)
        codes = self._draw(self.size, n, seed)
        columns = []
        for decision in self.decisions:
            codes, column = np.divmod(codes, len(decision.values))
            columns.append(column)
        return self.decode(np.stack(columns, axis=1))

    def draw(self, n: int, rng: np.random.Generator, subset: str | None = None) -> np.ndarray:
        self._subset(subset)
        return np.stack([rng.integers(len(decision.values), size=n) for decision in self.decisions], axis=1)

    def _from_json(self, text: str) -> str:
        try:
            mapping = json.loads(text)
        except (ValueError, RecursionError):
            raise InputError(f"not a ptb cell: {quoted(text)} is not whole JSON.") from None
        return self._from_mapping(mapping, text)

    def _from_mapping(self, mapping: Mapping, text: str) -> str:
        wanted = {decision.name for decision in self.decisions}
        missing, foreign = sorted(wanted - mapping.keys()), sorted(map(str, mapping.keys() - wanted))
        if missing or foreign:
            problem = f"slot {missing[0]!r} is missing" if missing else f"{foreign[0]!r} is no slot of this space"
            raise InputError(f"{text}: {problem}. A ptb cell has act/0 to act/7 and switch/0 to switch/7.")
        return _join(
            (_activation(mapping[f"act/{i}"], i, text), _predecessor(mapping[f"switch/{i}"], i, text))
            for i in range(STEPS)
        )

    def _from_genotype_text(self, text: str) -> str:
        """The text is parsed, never evaluated."""
        try:
            tree = ast.parse(text, mode="eval").body
            if not isinstance(tree, ast.Call):
                return _from_genotype(ast.literal_eval(tree), range(1, STEPS + 1), text)
            fields = {keyword.arg: keyword.value for keyword in tree.keywords}
            fields |= dict(zip(("recurrent", "concat"), tree.args))
            pairs, concat = ast.literal_eval(fields["recurrent"]), fields["concat"]
            if isinstance(concat, ast.Call):
                return _from_genotype(pairs, range(*map(ast.literal_eval, concat.args)), text)
            return _from_genotype(pairs, ast.literal_eval(concat), text)
        except InputError:
            raise
        except (ValueError, TypeError, KeyError, SyntaxError, MemoryError, RecursionError):
            raise InputError(
                f"not a ptb cell: {quoted(text)} can't be read as Genotype(recurrent=[('relu', 0), ...], "
                f"concat=range(1, 9))."
            ) from None


def count_params(hidden: int = 850, vocabulary: int = 10_000) -> int:
    """Parameters of any cell's language model: W0 [2h, 2h], eight W [h, 2h], tied embedding [v, h], output bias [v].

    22,960,000 by default, the 23 M of DARTS' table 3.
    """
    return 4 * hidden**2 + STEPS * 2 * hidden**2 + vocabulary * hidden + vocabulary


def count_flops(hidden: int = 850, vocabulary: int = 10_000) -> int:
    """Multiply-accumulates per word: the matrix products of cell and output layer (looking up a word costs none)."""
    return 4 * hidden**2 + STEPS * 2 * hidden**2 + vocabulary * hidden


def to_genotype(architecture: str) -> str:
    """DARTS' notation of a canonical string: `Genotype(recurrent=[...], concat=range(1, 9))`."""
    pairs = [(ACTIVATIONS[code], source) for code, source in _split(architecture)]
    return f"Genotype(recurrent={pairs}, concat=range(1, {STEPS + 1}))"


def to_json(architecture: str) -> str:
    """P2's notation of a canonical string."""
    steps = _split(architecture)
    slots = {f"act/{i}": code for i, (code, _) in enumerate(steps)}
    return json.dumps(slots | {f"switch/{i}": source for i, (_, source) in enumerate(steps)})


_NUMBERS = [str(state) for state in range(STEPS + 1)]


def _join(steps) -> str:
    return "+".join(f"{ACTIVATIONS[code]}~{source}" for code, source in steps)


def _split(text: str) -> list[tuple[int, int]]:
    """(activation code, predecessor) of the eight steps of a canonical string."""
    if not isinstance(text, str):
        raise InputError(f"not a ptb cell: {quoted(text)}. Give a string such as {_EXAMPLE!r}.")
    tokens = text.split("+")
    if len(tokens) != STEPS:
        raise InputError(f"{text!r} has {len(tokens)} step(s) separated by '+', ptb has {STEPS}: {_EXAMPLE!r}.")
    steps = []
    for i, token in enumerate(tokens):
        step = _TOKENS.get(token)
        if step is None or step[1] > i:
            name, _, source = token.partition("~")
            steps.append((_activation(name, i, text), _predecessor(source, i, text, decimal=True)))
        else:
            steps.append(step)
    return steps


def _from_genotype(pairs: object, concat: object, text: str) -> str:
    if not (isinstance(pairs, (list, tuple)) and all(isinstance(p, (list, tuple)) and len(p) == 2 for p in pairs)):
        raise InputError(f"{text}: a recurrent genotype is a list of pairs such as ('relu', 0).")
    if len(pairs) != STEPS:
        raise InputError(f"{text}: the cell has {len(pairs)} step(s), ptb has {STEPS}.")
    if list(concat) != list(range(1, STEPS + 1)):  # type: ignore[call-overload]
        raise InputError(f"{text}: the output must be the mean of all steps, concat=range(1, 9), not {concat}.")
    return _join((_activation(name, i, text), _predecessor(source, i, text)) for i, (name, source) in enumerate(pairs))


def _activation(value: object, step: int, text: str) -> int:
    """Code of an activation given by name or by P2's number."""
    if isinstance(value, str) and value in ACTIVATIONS:
        return ACTIVATIONS.index(value)
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and 0 <= value < len(ACTIVATIONS):
        return int(value)
    known = ", ".join(f"{name} ({code})" for code, name in enumerate(ACTIVATIONS))
    raise InputError(f"{text}, at act/{step}: unknown activation {value!r}. Known: {known}.")


def _predecessor(value: object, step: int, text: str, decimal: bool = False) -> int:
    if decimal and isinstance(value, str) and value in _NUMBERS:
        value = _NUMBERS.index(value)
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and 0 <= value <= step:
        return int(value)
    raise InputError(f"{text}, at switch/{step}: the predecessor must be 0 to {step}, not {value!r}.")


def _walk(row: Sequence[int]) -> str:
    """Canonical string of the isomorphic cell whose steps are numbered depth first, smallest subtree first."""
    steps = len(row) // 2
    grown: list[list[tuple]] = [[] for _ in range(steps + 1)]  # subtrees under each state
    for step in range(steps, 0, -1):
        grown[row[steps + step - 1]].append((row[step - 1], tuple(sorted(grown[step]))))
    order: list[tuple[int, int]] = []

    def visit(children: Sequence[tuple], state: int) -> None:
        for activation, below in children:
            order.append((activation, state))
            visit(below, len(order))

    visit(sorted(grown[0]), 0)
    return _join(order)


SPACE = PTB()
