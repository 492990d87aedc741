"""Do supernets agree with each other: tau and Spearman between runs of different seeds and training lengths.

P2's cross-run map (arXiv 2010.08219): long trainings are predicted well by short ones where the bias is a property of
sharing itself, and not of the run. No truth is needed.
"""

import itertools
from collections.abc import Iterable

import pandas as pd

from nasbias.errors import InputError
from nasbias.matching import Predictions, read_predictions, runs_of
from nasbias.statistics import tau_interval
from nasbias.statistics.metrics import spearman, why_undefined
from nasbias.tables import scores_of, sign_of

_SIDE = ("run", "seed", "epoch", "step")


def cross_run(
    predictions: Predictions = None,
    *,
    space: str = "nb201",
    scores: str | Iterable[str] | None = None,
    lower_is_better: Iterable[str] = (),
) -> pd.DataFrame:
    """Every pair of (run, seed, epoch, step) once, per score and BN mode, over the architectures that both scored.

    Returns:
        `score, bn`, `run_a, seed_a, epoch_a, step_a`, the same with `_b`, `n` common architectures, `tau` between the
        two with its 95 % interval over architectures `tau_low, tau_high`, `spearman`, `reason` where they are NaN.

    Raises:
        InputError: what reading predictions raises, or fewer than two runs or lengths.
    """
    wanted = [scores] if isinstance(scores, str) else None if scores is None else list(scores)
    vectors: dict[tuple, list[tuple[dict, pd.Series]]] = {}
    for _, frame in read_predictions(predictions, space):
        for name in scores_of(frame) if wanted is None else [name for name in wanted if name in frame]:
            sign = sign_of(name, lower_is_better)
            for keys, at in runs_of(frame):
                part = frame.iloc[at]
                vector = pd.Series(part[name].to_numpy() * sign, index=part["architecture"].to_numpy())
                vectors.setdefault((name, keys["bn"]), []).append((keys, vector))
    rows = []
    for (name, bn), entries in vectors.items():
        for (one, first), (other, second) in itertools.combinations(entries, 2):
            common = first.index.intersection(second.index)
            x, y = first.reindex(common).to_numpy(), second.reindex(common).to_numpy()
            estimate = tau_interval(x, y)
            rows.append(
                {"score": name, "bn": bn}
                | {f"{key}_a": one[key] for key in _SIDE}
                | {f"{key}_b": other[key] for key in _SIDE}
                | {"n": len(common), "tau": estimate.value, "tau_low": estimate.low, "tau_high": estimate.high}
                | {"spearman": spearman(x, y), "reason": why_undefined(x, y)}
            )
    if not rows:
        raise InputError("a cross-run map needs at least two runs or training lengths with a common score.")
    table = pd.DataFrame(rows)
    return table.astype({f"{key}_{side}": "Int64" for key in ("seed", "epoch", "step") for side in "ab"})


def map_lengths(table: pd.DataFrame, value: str = "tau") -> pd.DataFrame:
    """The map of P2 from `cross_run`'s table: mean `value` between different runs of two epochs, one row per epoch.

    Pairs of one run with itself at another epoch are left out: what they share is the seed, not only the bias.
    """
    is_other = (table["run_a"] != table["run_b"]) | (table["seed_a"].fillna(-1) != table["seed_b"].fillna(-1))
    keys = ["score", "bn"]
    there: pd.DataFrame = table.loc[is_other, [*keys, "epoch_a", "epoch_b", value]]
    back = there.rename(columns={"epoch_a": "epoch_b", "epoch_b": "epoch_a"})
    both = pd.concat([there, back])
    grid = both.pivot_table(index=[*keys, "epoch_a"], columns="epoch_b", values=value, aggfunc="mean", dropna=False)
    return grid.dropna(how="all").rename_axis(index={"epoch_a": "epoch"}).reset_index()
