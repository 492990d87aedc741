"""`python -m nasbias.proxies`: what costs nothing, for a supernet to beat.

Zero-cost proxies of untrained networks, the untrained supernet, depth and operation counts.

    python -m nasbias.proxies --space nb201 --dataset cifar10 --resolution 16 --out proxies.parquet
    python -m nasbias.correlation --space nb201 --predictions proxies.parquet --score nwot

One batch of training images, named seeds; formulas and sources:
`nasbias.proxies.measures`. Alone, isomorphic architectures are one network: of each class the member with the fewest
parameters (no dead edges) is measured, and its numbers are given to all. Text spaces have structure alone. Needs torch
for what looks at a network; whoever only reads tables does not need it.
"""

import dataclasses
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from nasbias.errors import unknown
from nasbias.options import COUNT, SEED, check_options, option
from nasbias.outside import score_with
from nasbias.proxies.structure import describe_structure
from nasbias.recipes import has_supernet, options_from, task_of
from nasbias.runs.choosing import gather_architectures
from nasbias.spaces import Space, get_space
from nasbias.tables import numbers_of

NETWORK = ("synflow", "nwot", "jacob_cov", "grad_norm", "snip", "grasp", "fisher", "zen", "l2_norm")
UNTRAINED = ("untrained_accuracy", "untrained_loss")
_AT_ONCE = 125  # architectures in one call: the untrained supernet's engine shares work among them


@dataclass(frozen=True)
class Probing:
    """What is measured, on which batch, with which seeds."""

    proxies: tuple[str, ...] = option((), f"which: {', '.join((*NETWORK, 'untrained'))}; none = all")
    dataset: str = option("digits", "a data set's name or path; its first training images are the batch")
    resolution: int | None = option(None, "resize images to this many pixels a side; none = as they are", COUNT)
    batch_size: int = option(32, "images in the batch", COUNT)
    untrained_images: int = option(128, "images that the untrained supernet is recalibrated and scored on", COUNT)
    split_seed: int = option(0, "seed of the split, so of which images are first", SEED)
    seed: int = option(0, "seed of the first weights, and of zen's noise", SEED)
    network: dict[str, Any] = field(default_factory=dict)  # the space's own options, by name

    def __post_init__(self) -> None:
        check_options(self)
        for name in self.proxies:
            if name not in (*NETWORK, "untrained"):
                raise unknown("proxy", name, (*NETWORK, "untrained"))

    @property
    def wanted(self) -> tuple[str, ...]:
        """The proxies of a stand-alone network, in order."""
        return tuple(name for name in NETWORK if not self.proxies or name in self.proxies)

    @property
    def untrained(self) -> bool:
        """Whether the untrained supernet is scored."""
        return not self.proxies or "untrained" in self.proxies


def measure_proxies(
    space: str | Space = "nb201",
    architectures: int | str | os.PathLike | Iterable | None = None,
    options: Probing | None = None,
    out: str | os.PathLike | None = None,
    *,
    subset: str | None = None,
    sample_seed: int = 0,
    processes: int = 1,
    retry: bool = False,
) -> pd.DataFrame:
    """Free baselines of architectures as a predictions table, a column each, higher = better but for
    `untrained_loss`.

    Args:
        architectures, out, subset, sample_seed, processes, retry: as of `nasbias.score_with`, which goes on where it
            was interrupted.

    Raises:
        InputError: what `score_with` raises, a data set that is not here, a batch larger than it, or no torch.
    """
    space = get_space(space) if isinstance(space, str) else space
    options = options or Probing()
    chosen = gather_architectures(space, architectures, sample_seed, subset)
    chosen = chosen[np.lexsort(space.encode(chosen.tolist()).T[::-1])]  # neighbours share most of the supernet's work
    function = Measurer(space.name, options)
    if function.looks_inside:
        import nasbias.supernets  # noqa: F401 without torch it says so now, not once for every architecture
    return score_with(
        function,
        space,
        chosen,
        out,
        batch=_AT_ONCE,
        processes=processes,
        retry=retry,
        run="proxies",
        seed=options.seed,
        about={"probing": _plain(options)},
    )


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """One row per score of a predictions table: `proxy`, how many are `finite`, `low`, `median` and `high` of those."""
    rows = []
    for name in numbers_of(table):
        values = table[name].to_numpy(dtype=float)
        known = values[np.isfinite(values)]
        low, median, high = np.quantile(known, [0, 0.5, 1]) if len(known) else [np.nan] * 3
        rows.append({"proxy": name, "finite": len(known), "low": low, "median": median, "high": high})
    return pd.DataFrame(rows)


class Measurer:
    """A function of architectures for `score_with`: [n] strings -> a mapping from proxies to [n] numbers."""

    def __init__(self, space: str, options: Probing) -> None:
        self.space, self.options = get_space(space), options
        self._bench: Any = None
        self._known: dict[Any, dict[str, float]] = {}

    def __reduce__(self) -> tuple[type, tuple[str, Probing]]:
        return Measurer, (self.space.name, self.options)

    @property
    def looks_inside(self) -> bool:
        """Whether networks are built; of text spaces structure is all there is."""
        return has_supernet(self.space.name) and task_of(self.space.name) == "images"

    def __call__(self, architectures: Sequence[str]) -> dict[str, np.ndarray]:
        structure = describe_structure(self.space, architectures)
        columns = {str(name): structure[name].to_numpy(float) for name in structure}
        if not self.looks_inside:
            return columns
        if self._bench is None:
            from nasbias.proxies.bench import Bench  # torch, once it is needed

            network = options_from(self.space.name, self.options.network)
            self._bench = Bench(self.space, self.options, network)
        if self.options.wanted:
            rows = [self._measure(key, each) for key, each in zip(*self._representatives(architectures))]
            columns |= {name: np.array([row[name] for row in rows]) for name in self.options.wanted}
        if self.options.untrained:
            columns |= self._bench.score_untrained(architectures)
        return columns

    def _measure(self, key: Any, architecture: str) -> dict[str, float]:
        if key not in self._known:
            self._known[key] = self._bench.measure(architecture)
        return self._known[key]

    def _representatives(self, architectures: Sequence[str]) -> tuple[list, list[str]]:
        """The class of each architecture, and its member with the fewest parameters where the space can be listed."""
        classes = self.space.describe(list(architectures))["isomorphism_class"].tolist()
        if self.space.name != "nb201":  # elsewhere no member has dead parts
            first = dict(zip(reversed(classes), reversed(list(architectures))))
            return classes, [first[key] for key in classes]
        if not hasattr(self, "_least"):
            whole = self.space.architectures().sort_values("params", kind="stable")
            least = whole.drop_duplicates("isomorphism_class")
            self._least = dict(zip(least["isomorphism_class"], least["architecture"]))
        return classes, [self._least[key] for key in classes]


def _plain(options: Probing) -> dict[str, Any]:
    """The options without this machine's paths."""
    values = dataclasses.asdict(options)
    values["dataset"] = os.path.basename(options.dataset)  # noqa: PTH119 a name has no folder either
    return values
