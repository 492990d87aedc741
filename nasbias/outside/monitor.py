"""`Monitor`: how well a supernet ranks, epoch by epoch, while somebody's own loop trains it."""

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from nasbias.correlation import summarise_matched
from nasbias.correlation.free import rank_free
from nasbias.errors import InputError
from nasbias.matching import TruthSource, match, read_truth_column
from nasbias.notices import say
from nasbias.provenance import describe_provenance
from nasbias.runs.choosing import choose_listed, gather_architectures
from nasbias.spaces import Space, get_space
from nasbias.tables import by_headline, check_predictions, join_keys, numbers_of, sign_of, write_parquet

Scores = Mapping[str, Any] | Sequence[float] | np.ndarray | pd.Series | pd.DataFrame
_METRICS = ("gt_tau", "gt_tau_low", "gt_tau_high", "spearman", "p_at_5", "best_at_10", "over_params")  # to a writer


_OF_SEVERAL_RUNS = ("step", "bn", "taus", "n_runs", "error_runs", "gt_tau_corrected")


class Writer(Protocol):
    """What TensorBoard's SummaryWriter, tensorboardX's and Lightning's `logger.experiment` have in common."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> Any: ...


@dataclass(frozen=True)
class _State:
    """What a warning was given for, so that it is not given again."""

    stalled: bool = False
    below: bool = False


class Monitor:
    """Holds a sample of architectures with their truth; every `update` says how well the scores rank them.

        monitor = nasbias.Monitor("nb201", n=200, out="monitor")
        for epoch in range(1, epochs + 1):
            train_one_epoch()
            row = monitor.update(epoch, {a: accuracy_of(a) for a in monitor.architectures})

    Attributes:
        architectures: canonical strings [n] to score, in the order in which bare numbers are taken.
        free: the free baselines' tau on them, best first (`nasbias.correlation.free.rank_free`).
        table: a row per update and score: `nasbias.correlate`'s summary of a training length.
        predictions: every score given so far, as a predictions table.
    """

    def __init__(
        self,
        space: str | Space = "nb201",
        truth: TruthSource = None,
        n: int = 200,
        seed: int = 0,
        *,
        architectures: str | os.PathLike | Iterable | None = None,
        dataset: str | None = None,
        epochs: int | None = None,
        run: str = "monitor",
        run_seed: int | None = None,
        patience: int = 5,
        out: str | os.PathLike | None = None,
        writer: Writer | None = None,
    ) -> None:
        """Choose the architectures and read their truth.

        Args:
            truth: as `nasbias.correlate` takes it; None: the one present that covers most.
            n, seed: so many architectures that have a truth, drawn at random; all where there are fewer.
            architectures: these, as far as they have a truth, in place of a draw.
            dataset, epochs: which of the truth's data sets and budgets.
            run, run_seed: keys of the predictions.
            patience: updates without a better tau after which a notice says that the ranking has stopped improving.
            out: a folder; every update writes `predictions.parquet` and `metrics.parquet` there.
            writer: gets `rank/<score>/<metric>` at every update.

        Raises:
            InputError: no truth, or none of the architectures has one.
        """
        self.space = get_space(space) if isinstance(space, str) else space
        self.patience, self.run, self.run_seed = patience, run, run_seed
        self.out, self.writer = None if out is None else Path(out), writer
        chosen = self._choose(truth, n, seed, architectures, dataset, epochs)
        options: Any = {"space": self.space.name, "dataset": dataset, "epochs": epochs}
        self._matched = match((chosen, list(range(len(chosen)))), truth, **options)
        places = self._matched.rows[0].items
        self.architectures: np.ndarray = self._matched.architectures["architecture"].to_numpy()[places]
        self.free = rank_free(self._matched)
        self.table = pd.DataFrame()
        self.predictions = pd.DataFrame()
        self._states: dict[str, _State] = {}
        self._epoch: int | None = None
        self._about: dict[str, Any] = {}

    def update(self, epoch: int, scores: Scores) -> dict[str, Any]:
        """Judge the scores of one epoch.

        Args:
            epoch: larger than any before.
            scores: architecture -> score (or -> several by name); numbers [n] in the order of `architectures`; names of
                scores -> such numbers; or a table. Accuracies in per cent; what has no score is counted out.

        Returns:
            The row of the score that judges (accuracy, else a loss, else the first): `epoch`, `score`, `n`, `gt_tau`
            with its 95 % interval over architectures, the other metrics, `over_params` (the lead over counting
            parameters, with interval), `params_tau`, `best_free` and `best_free_tau`. Other scores' rows: `table`.

        Raises:
            InputError: an epoch that is not the next, architectures that are not the monitor's, or no score.
        """
        if self._epoch is not None and epoch <= self._epoch:
            raise InputError(f"epoch {epoch} after epoch {self._epoch}: epochs must rise.")
        values = self._read(scores)
        rows = self._judge(epoch, values)
        given = pd.DataFrame({"architecture": self.architectures, "run": self.run, "epoch": epoch, **values})
        given = given.dropna(subset=list(values), how="all")
        if self.run_seed is not None:
            given["seed"] = self.run_seed
        checked = check_predictions(given, self.space, f"epoch {epoch}", per_cent=True)
        self.table = pd.concat([self.table, pd.DataFrame(rows)], ignore_index=True)
        self.predictions = pd.concat([self.predictions, checked], ignore_index=True)
        self._epoch = epoch
        self._warn(rows[0])
        self._write(epoch, rows)
        return rows[0]

    def _choose(
        self,
        truth: TruthSource,
        n: int,
        seed: int,
        architectures: str | os.PathLike | Iterable | None,
        dataset: str | None,
        epochs: int | None,
    ) -> list[str]:
        """What is scored: given, else drawn from the space's first subset as far as it has a truth, else from the
        truth."""
        if architectures is not None:
            return gather_architectures(self.space, architectures).tolist()
        known = read_truth_column(truth, self.space.name, dataset, epochs).keys
        population = self.space.population()
        candidates = np.asarray(known, dtype=object)
        if population is not None:
            whole = self.space.decode(population)
            candidates = whole[pd.Index(join_keys(self.space, whole.tolist())).isin(known)]
        return choose_listed(candidates, min(n, len(candidates)), seed, "the truth").tolist()

    def _read(self, scores: Scores) -> dict[str, np.ndarray]:
        """Score name -> values [n] in the order of `architectures`, NaN where none was given."""
        n = len(self.architectures)
        if isinstance(scores, pd.Series):
            scores = scores.to_dict()
        if isinstance(scores, Mapping):
            named = {str(key): np.asarray(value, dtype=float) for key, value in scores.items() if np.ndim(value) == 1}
            if len(named) == len(scores) and named and all(len(value) == n for value in named.values()):
                return named
            rows = {key: value if isinstance(value, Mapping) else {"score": value} for key, value in scores.items()}
            scores = pd.DataFrame.from_dict(rows, orient="index").rename_axis("architecture").reset_index()
        if isinstance(scores, pd.DataFrame):
            table = check_predictions(scores, self.space, "scores", per_cent=True).set_index("architecture")
            foreign = table.index.difference(self.architectures)
            if len(foreign):
                raise InputError(
                    f"{len(foreign):,} of {len(table):,} scored architectures are not the monitor's (first: "
                    f"{foreign[0]!r}). Score monitor.architectures."
                )
            found = table.reindex(self.architectures)
            return {name: found[name].to_numpy(dtype=float) for name in numbers_of(table)}
        values = np.asarray(scores, dtype=float)
        if values.shape != (n,):
            raise InputError(f"{n:,} scores are wanted, one per architecture in order; their shape is {values.shape}.")
        return {"score": values}

    def _judge(self, epoch: int, values: dict[str, np.ndarray]) -> list[dict[str, Any]]:
        """One row per score, the one that judges first."""
        first, scored = self._matched.rows[0], []
        for name in by_headline(values):
            kept = ~np.isnan(values[name])
            if not kept.any():
                raise InputError(f"epoch {epoch}: {name} is NaN for all {len(kept):,} architectures.")
            scored.append(
                dataclasses.replace(
                    first,
                    keys=first.keys | {"run": self.run, "epoch": epoch, "score": name},
                    items=first.items[kept],
                    score=values[name][kept] * sign_of(name),
                    truth=first.truth[kept],
                    sign=sign_of(name),
                    n_nan=int((~kept).sum()),
                )
            )
        rows: Any = summarise_matched(dataclasses.replace(self._matched, rows=scored)).to_dict("records")
        return [self._told(row) for row in rows]

    def _told(self, row: dict[str, Any]) -> dict[str, Any]:
        free: Any = self.free.to_dict("records")
        best = free[0] if free else {"baseline": None, "gt_tau": np.nan}
        row = {name: value for name, value in row.items() if name not in _OF_SEVERAL_RUNS}
        row |= {"epoch": int(row["epoch"]), "params_tau": row["gt_tau"] - row["over_params"]}
        return row | {"best_free": best["baseline"], "best_free_tau": float(best["gt_tau"])}

    def _warn(self, row: dict[str, Any]) -> None:
        """A notice when the ranking stops improving, and when it is worse than counting parameters; each once until it
        has changed."""
        name, before = row["score"], self._states.get(row["score"], _State())
        taus = self.table.loc[self.table["score"] == name, "gt_tau"].to_numpy(dtype=float)
        since = len(taus) - 1 - int(np.nanargmax(taus)) if np.isfinite(taus).any() else 0
        stalled, below = since >= self.patience, bool(row["over_params_high"] < 0)
        if stalled and not before.stalled:
            say(
                f"epoch {row['epoch']}: {name} has ranked no better for {since} updates (tau {row['gt_tau']:.2f}, best "
                f"{np.nanmax(taus):.2f})."
            )
        if below and not before.below:
            say(
                f"epoch {row['epoch']}: {name} ranks worse than counting parameters (tau {row['gt_tau']:.2f} against "
                f"{row['params_tau']:.2f}; difference 95 % {row['over_params_low']:+.2f} to "
                f"{row['over_params_high']:+.2f})."
            )
        self._states[name] = _State(stalled, below)

    def _write(self, epoch: int, rows: list[dict[str, Any]]) -> None:
        if self.writer is not None:
            for row in rows:
                for metric in _METRICS:
                    if np.isfinite(row[metric]):
                        self.writer.add_scalar(f"rank/{row['score']}/{metric}", float(row[metric]), epoch)
        if self.out is not None:
            if not self._about:
                self._about = describe_provenance(space=self.space.name, truth=self._matched.truth.name)
            write_parquet(self.predictions, self.out / "predictions.parquet", self._about)
            write_parquet(self.table, self.out / "metrics.parquet", self._about)
