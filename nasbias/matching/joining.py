"""Predictions and truth of the same architectures, side by side."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypedDict, TypeVar, Unpack

import numpy as np
import pandas as pd

from nasbias.errors import InputError, unknown
from nasbias.matching.inputs import Array, Predictions, read_predictions, runs_of
from nasbias.matching.truth_column import Truth, TruthSource, name_dead_truth, read_truth_column
from nasbias.notices import say
from nasbias.outline import Outlined
from nasbias.spaces import Space, get_space
from nasbias.tables import (
    AS_IS,
    MEASURES,
    Reading,
    Split,
    by_headline,
    has_headline,
    join_keys,
    name_dead,
    numbers_of,
    says_lower,
    scores_of,
    sign_of,
)

_FEW = 0.1  # of a run's scores: so many NaN are counted out of every run beside it, so that their means stay comparable


@dataclass(frozen=True, repr=False)
class Scored(Outlined):
    """One run's one score beside the truth: `score` and `truth` [n], higher = better; `items` [n] are rows of the
    `architectures` of the `Matched` it belongs to."""

    keys: dict[str, Any]  # run, seed, epoch, step, bn, score
    items: Array
    score: Array
    truth: Array
    n_not_joined: int
    sign: int = 1  # what the score was multiplied by
    trained: Array | None = None  # [n], whether the step just before trained it, where the predictions say
    n_nan: int = 0  # architectures counted out because this run's score, or one beside it, was NaN

    def headline(self) -> str:
        keys = ", ".join(f"{name} {value}" for name, value in self.keys.items() if value is not None)
        return f"{keys}; {len(self.items):,} architectures, {self.n_not_joined:,} without a truth"

    @property
    def run(self) -> tuple[Any, Any]:
        """Which supernet: its run and seed."""
        return self.keys["run"], self.keys["seed"]

    @cached_property
    def architectures_id(self) -> bytes:
        """Equal for rows on the same set of architectures."""
        return np.sort(self.items).tobytes()


@dataclass(frozen=True, repr=False)
class Matched(Outlined):
    """All rows, the truth they are held against, and `architectures`: `describe` of everything that was scored and has
    a truth, with the columns `truth` (higher = better) and `value` (own unit) added; `places` [n] are the truth's rows
    in the same order, several architectures of one class having one."""

    space: Space
    truth: Truth
    architectures: pd.DataFrame
    places: Array
    rows: list[Scored]
    sources: list[str]

    def headline(self) -> str:
        scores = ", ".join(dict.fromkeys(str(row.keys["score"]) for row in self.rows))
        return (
            f"{self.space.name}, {len(self.architectures):,} architectures with a truth in {self.truth.name} "
            f"({self.truth.column}); {len(self.rows):,} rows of {scores}"
        )

    @property
    def repeats(self) -> Array:
        """The truth's repeats [n, seeds], NaN where missing."""
        return self.truth.repeats[self.places]


class MatchOptions(TypedDict, total=False):
    """What `match` can be asked, for functions that pass it on; each as in `nasbias.correlation.correlate`."""

    space: str
    dataset: str | None
    split: Split | None
    epochs: int | None
    sample: str | None
    unique: bool
    scores: str | Iterable[str] | None
    lower_is_better: str | Iterable[str]
    higher_is_better: str | Iterable[str]
    reading: Reading


def match(predictions: Predictions, truth: TruthSource, **options: Unpack[MatchOptions]) -> Matched:
    """Join predictions with truth.

    Raises:
        InputError: what the tables' checks raise, an unknown score, or no architecture that both have.
    """
    space, unique = options.get("space", "nb201"), options.get("unique", False)
    home = get_space(space)
    named = read_predictions(predictions, space, options.get("reading", AS_IS))
    lower, higher = _names(options.get("lower_is_better", ())), _names(options.get("higher_is_better", ()))
    wanted = choose_scores([frame for _, frame in named], options.get("scores"), lower, higher)
    codes, texts = pd.factorize(np.concatenate([frame["architecture"].to_numpy() for _, frame in named]))
    column = [options.get(name) for name in ("dataset", "epochs", "split", "sample")]
    keys = join_keys(home, texts.tolist())
    known = read_truth_column(truth, space, *column, keys=keys)
    place = pd.Index(known.keys).get_indexer(pd.Index(keys))
    joined = place >= 0
    if not joined.any():
        raise InputError(
            f"none of the {len(texts):,} predicted architectures has a truth in {known.name} "
            f"({known.column}, {len(known.keys):,} architectures). Is it the right space and dataset? "
            f"python -m nasbias.score RUN --architectures {known.name} scores those that have one."
        )
    architectures = home.describe(texts[joined].tolist()).reset_index(drop=True)
    architectures["value"] = known.value[place[joined]]
    architectures["truth"] = architectures["value"] * known.sign
    item_of = np.cumsum(joined) - 1
    classes = architectures["isomorphism_class"].to_numpy()
    rows, start = [], 0
    for _, frame in named:
        frame_codes = codes[start : start + len(frame)]
        start += len(frame)
        for keys, at in runs_of(frame):
            kept = at[joined[frame_codes[at]]]
            items = item_of[frame_codes[kept]]
            if unique:
                first = np.sort(np.unique(classes[items], return_index=True)[1])
                kept, items = kept[first], items[first]
            missing = int((~joined[frame_codes[at]]).sum())
            for name in (name for name in wanted if name in frame):
                sign = sign_of(name, lower, higher)
                score = frame[name].to_numpy(dtype=float)[kept] * sign
                values = architectures["truth"].to_numpy()[items]
                trained = frame["trained"].to_numpy()[kept] if "trained" in frame else None
                rows.append(Scored({**keys, "score": name}, items, score, values, missing, sign, trained))
    rows = count_out(rows)
    name_dead_truth(known, architectures["value"].to_numpy())
    return Matched(home, known, architectures, place[joined], rows, [source for source, _ in named])


Key = TypeVar("Key", bound=Hashable)


def last_steps(rows: Iterable[Scored], key: Callable[[Scored], Key]) -> dict[Key, Scored]:
    """Of the rows of one key that of the last step, keys in order of appearance: a run, or a run's epoch, is judged
    by its last step."""
    found: dict[Key, Scored] = {}
    for row in rows:
        of = key(row)
        if of not in found or (row.keys["step"] or 0) >= (found[of].keys["step"] or 0):
            found[of] = row
    return found


def choose_scores(
    frames: list[pd.DataFrame],
    scores: str | Iterable[str] | None,
    lower_is_better: tuple[str, ...] = (),
    higher_is_better: tuple[str, ...] = (),
) -> list[str]:
    """The scores to judge, the headline first: accuracy, else a loss, else the only one or the first that was named.

    Raises:
        InputError: an unknown name, or several scores of which none is the headline and none was named.
    """
    present = list(dict.fromkeys(name for frame in frames for name in scores_of(frame)))
    askable = list(dict.fromkeys(name for frame in frames for name in numbers_of(frame)))
    if not present:  # a number whose name says that it describes a training is a score where it is named as one
        present = [name for name in (*lower_is_better, *higher_is_better) if name in askable]
    if scores is None and not present:
        raise InputError(
            f"none of the numbers looks like a score by its name: {', '.join(askable)}. "
            f"If one is: --score {askable[0]}."
        )
    chosen = by_headline(present if scores is None else _names(scores))
    for name in (*chosen, *lower_is_better, *higher_is_better):
        if name not in askable:
            raise unknown("score", name, askable)
    both = set(lower_is_better) & set(higher_is_better)
    if both:
        raise InputError(f"{min(both)} is named as lower-is-better and as higher-is-better. Choose one.")
    if not chosen:
        raise InputError(f"no score named. Present: {', '.join(askable)}.")
    if scores is None and len(chosen) > 1 and not has_headline(chosen):
        raise InputError(
            f"which score is to be judged? There are {', '.join(chosen)}, and neither accuracy nor loss. "
            f"Name one: --score {chosen[0]}."
        )
    for name in chosen:
        if says_lower(name) and name not in lower_is_better and name not in higher_is_better:
            say(f"{name} is read as lower-is-better, by its name (--higher-is-better {name} turns it round).")
    return chosen


def count_out(rows: list[Scored]) -> list[Scored]:
    """The rows without architectures whose score is NaN, with a notice. Rows of one score, BN mode and length lose the
    NaN of all of them, so that they stay on the same architectures; one with more than a tenth NaN keeps to itself, and
    one of NaN only stays as it is."""
    together: dict[tuple, list[int]] = {}
    for place, row in enumerate(rows):
        keys = (*(row.keys[name] for name in ("score", "bn", "epoch", "step")), row.architectures_id)
        together.setdefault(keys, []).append(place)
    result = list(rows)
    for places in together.values():
        missing = {place: np.isnan(rows[place].score) for place in places}
        few = [place for place in places if missing[place].mean() <= _FEW]
        lost = np.concatenate([rows[place].items[missing[place]] for place in few]) if few else np.array([], dtype=int)
        for place in places:
            row, out = rows[place], missing[place]
            if place in few:
                out = np.isin(row.items, lost)
            if not out.any() or out.all():
                continue
            kept = ~out
            trained = None if row.trained is None else row.trained[kept]
            result[place] = replace(
                row, items=row.items[kept], score=row.score[kept], truth=row.truth[kept], trained=trained,
                n_nan=int(out.sum()),
            )  # fmt: skip
            if own := int(missing[place].sum()):
                say(
                    f"{row.keys['score']} of {_where(row)} is NaN for {own:,} of {len(out):,} architectures: "
                    f"counted out, the rest is judged."
                )
    for row in result:
        measure = MEASURES.get(row.keys["score"])  # other scores may tie by their nature
        if measure and (dead := name_dead(row.score * row.sign, coarse=measure.unit == "%")):
            say(f"{row.keys['score']} of {_where(row)}: {dead}.")
    return result


def hint_direction(score: str, tau: float, high: float, sign: int) -> None:
    """A notice where a ranking is clearly the wrong way round: tau's interval below zero, and tau where its reverse
    would be a usual value. A declared measure has its direction: nothing is asked."""
    if score not in MEASURES and tau <= -0.2 and high < 0:
        other = "lower" if sign > 0 else "higher"
        say(f"{score} has tau {tau:.2f}: is the score {other}-is-better? --{other}-is-better {score} reads it so.")


def align_scores(rows: list[Scored]) -> tuple[Array, Array]:
    """The items [n] that all rows scored, in the first row's order, and the rows' scores [rows, n] of them."""
    items = rows[0].items
    for row in rows[1:]:
        items = items[np.isin(items, row.items)]
    return items, np.stack([pd.Series(row.score, row.items).reindex(items).to_numpy() for row in rows])


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    """One name is one name, not its letters."""
    return (names,) if isinstance(names, str) else tuple(names)


def _where(row: Scored) -> str:
    epoch = row.keys["epoch"]
    return f"run {row.keys['run']}" + ("" if epoch is None else f" after {epoch} epochs")
