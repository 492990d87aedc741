"""Which architectures the next step trains.

Orders: `uniform` draws one of the space at random (single path; P2), `cycle` goes through the list as it is, `shuffled`
through one random permutation again and again, `reshuffled` through a new permutation each cycle (the three orders of
P1 section 4), `fair` makes steps in which every value of every decision is used once (FairNAS, arXiv 1907.01845)."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nasbias.errors import InputError

if TYPE_CHECKING:  # pandas is slow to import, and the command line only asks for the orders
    from nasbias.spaces import Choice, Space

Order = Literal["uniform", "cycle", "shuffled", "reshuffled", "fair"]


class Sampler:
    """An endless sequence of steps, each a list of choices; its state can be saved and restored."""

    def __init__(
        self,
        space: "Space",
        order: Order,
        per_step: int,
        rng: np.random.Generator,
        subset: str | None,
        only: np.ndarray | None = None,
    ) -> None:
        """`only` are the choices [n, decisions] to train on instead of a subset of the space.

        Raises:
            InputError: the order needs a list and the space has none, or does not fit `per_step`; an unknown subset.
        """
        self.space, self.order, self.per_step, self.subset = space, order, per_step, subset
        self.rng = rng
        self.population = space.population(subset) if only is None else np.asarray(only)
        if order == "fair":
            sizes = {len(decision.values) for decision in space.decisions}
            if only is not None or sizes != {per_step}:
                raise InputError(
                    f"order 'fair' uses every value once per step: {space.name} needs --per-step "
                    f"{' or '.join(map(str, sorted(sizes)))} and no list of architectures."
                )
        elif order != "uniform" and self.population is None:
            raise InputError(f"order {order!r} needs a list of architectures and {space.name} is too large to list.")
        self.position = 0
        self.permutation: list[int] = []

    def step(self) -> "list[Choice]":
        """The architectures of the next step."""
        if self.order == "fair":
            columns = [self.rng.permutation(self.per_step) for _ in self.space.decisions]
            chosen = np.stack(columns, axis=1)
        elif self.order == "uniform":
            if self.population is None:
                chosen = self.space.draw(self.per_step, self.rng, self.subset)
            else:
                chosen = self.population[self.rng.integers(len(self.population), size=self.per_step)]
        else:
            chosen = np.stack([self._next_in_cycle() for _ in range(self.per_step)])
        return [tuple(row) for row in chosen.tolist()]

    def _next_in_cycle(self) -> np.ndarray:
        assert self.population is not None
        n = len(self.population)
        at = self.position % n
        if self.order != "cycle" and at == 0 and (self.order == "reshuffled" or not self.permutation):
            self.permutation = self.rng.permutation(n).tolist()
        self.position += 1
        return self.population[self.permutation[at] if self.permutation else at]

    def state(self) -> dict[str, Any]:
        """What `restore` needs, as plain JSON."""
        return {"rng": self.rng.bit_generator.state, "position": self.position, "permutation": self.permutation}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.rng.bit_generator.state = state["rng"]
        self.position, self.permutation = state["position"], state["permutation"]
