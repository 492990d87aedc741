"""`score_with`: anybody's function of an architecture, run over many, as a predictions table."""

import hashlib
import math
import multiprocessing
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pandas as pd

from nasbias.errors import InputError
from nasbias.files import writable_target
from nasbias.notices import say
from nasbias.outside.shards import Result, Shards
from nasbias.progress import progress
from nasbias.provenance import describe_provenance
from nasbias.runs.choosing import gather_architectures
from nasbias.spaces import Space, get_space
from nasbias.tables import check_predictions, read_about, read_table, write_parquet

FAILED = "failed"  # the column with the reasons
Part = tuple[int, list[str]]  # the place of the first architecture, and architectures that are scored in one call


def score_with(
    function: Callable[[Any], Any],
    space: str | Space = "nb201",
    architectures: int | str | os.PathLike | Iterable | None = None,
    out: str | os.PathLike | None = None,
    *,
    batch: int | None = None,
    processes: int = 1,
    name: str = "score",
    run: str | None = None,
    seed: int | None = None,
    epoch: int | None = None,
    sample_seed: int = 0,
    subset: str | None = None,
    retry: bool = False,
    about: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Score architectures with a function of your own; the result is a predictions table that every study takes.

    What the function raises is kept: that architecture's scores are NaN and the column `failed` has the reason (a
    batch that fails is tried again one by one). With `out` an interrupted run goes on where it stopped, and its table
    is that of an uninterrupted one if the function gives one architecture the same score every time.

    Args:
        function: canonical string -> a number, or a mapping from names (`accuracy` in per cent, `loss`, any other) to
            numbers. With `batch`: a list of strings -> a list of such, or a mapping from names to arrays.
        architectures: how many to draw at random, a stored truth's name, a file, architectures in any notation, or
            None: the whole space (`runs.choosing.gather_architectures`).
        out: predictions file, Parquet; `<out without ending>.parts` beside it until the run is finished. A file with
            all of this is read, not scored again.
        batch: architectures in one call.
        processes: worker processes of one thread each; the function is then pickled, so it is defined at the top of a
            module.
        name: what a bare number is called; a known name (`accuracy`, `loss`) brings its unit and direction.
        run, seed, epoch: keys of the table's rows; `run` is `out`'s name, else the function's.
        sample_seed, subset: of the draw.
        retry: score again what failed before.
        about: written into the file beside its provenance.

    Raises:
        InputError: bad arguments, an `out` that holds something else or can't be written, a function that can't be
            pickled or never succeeds, or a score outside of its unit's range.
    """
    space = get_space(space) if isinstance(space, str) else space
    _check(batch, processes, out)
    chosen = gather_architectures(space, architectures, sample_seed, subset).tolist()
    path = None if out is None else Path(out)
    if path is not None:
        writable_target(path)  # before the work
    run = run or (path.stem if path else _name_of(function).rpartition(".")[2])
    listed = hashlib.sha256("\n".join(chosen).encode()).hexdigest()[:16]
    identity = {"space": space.name, "function": _name_of(function), "architectures": listed, "batch": batch}
    identity |= {"run": run, "seed": seed, "epoch": epoch}
    if path is not None and path.exists():
        table = _read_finished(path, identity)
        if not (retry and table[FAILED].notna().to_numpy().any()):
            return table
    shards = Shards(None if path is None else path.with_suffix(".parts"), identity)
    if retry:
        if path is not None and path.exists():
            shards.results |= _results_of(_read_finished(path, identity))
        shards.results = {place: each for place, each in shards.results.items() if FAILED not in each}
    _fill(shards, function, chosen, batch or 1, batch is None, processes, name)
    table = _tabulate(shards.results, chosen, space, {"run": run, "seed": seed, "epoch": epoch}, str(out or run))
    if path is not None:
        write_parquet(table, path, describe_provenance(scored_with=identity, **(about or {})))
        shards.remove()
    return table


def _check(batch: int | None, processes: int, out: str | os.PathLike | None) -> None:
    if batch is not None and batch < 1:
        raise InputError(f"batch is {batch}: 1 or more are needed, or None.")
    if processes < 1:
        raise InputError(f"processes is {processes}: 1 or more are needed.")
    if out is not None and Path(out).suffix != ".parquet":
        raise InputError(f"out is {str(out)!r}: its ending must be .parquet.")


def _fill(
    shards: Shards,
    function: Callable,
    chosen: list[str],
    size: int,
    single: bool,
    processes: int,
    name: str,
) -> None:
    """Score what no shard has. Batches are always cut from the whole list: a resumed run has the same ones."""
    parts = [(start, chosen[start : start + size]) for start in range(0, len(chosen), size)]
    waiting = [part for part in parts if any(part[0] + i not in shards.results for i in range(len(part[1])))]
    call = _Call(function, single, name)
    scored = map(call, waiting) if processes == 1 else _in_processes(call, waiting, processes)
    try:
        for results in progress(scored, "scoring", len(waiting)):
            shards.add(results)
    finally:
        shards.write()


class _Call:
    """The function, called on a part; what it raises becomes a row."""

    def __init__(self, function: Callable, single: bool, name: str) -> None:
        self.function, self.single, self.name = function, single, name

    def __call__(self, part: Part) -> list[tuple[int, Result]]:
        start, texts = part
        if len(texts) > 1:
            try:
                return list(enumerate(self._call(texts), start))
            except Exception:
                pass  # one of them: found out below
        return [(start + i, self._alone(text)) for i, text in enumerate(texts)]

    def _alone(self, text: str) -> Result:
        try:
            return self._call([text])[0]
        except Exception as error:
            return {FAILED: f"{type(error).__name__}: {error}" if str(error) else type(error).__name__}

    def _call(self, texts: list[str]) -> list[Result]:
        given = self.function(texts[0] if self.single else texts)
        if self.single:
            return [_numbers(given, self.name)]
        if isinstance(given, Mapping):
            columns = {str(key): _listed(values) for key, values in given.items()}
            given = [dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)]
        rows = [_numbers(each, self.name) for each in _listed(given)]
        if len(rows) != len(texts):
            raise ValueError(f"{len(rows)} scores for {len(texts)} architectures")
        return rows


def _listed(values: Any) -> list:
    return values.tolist() if hasattr(values, "tolist") else list(values)


def _numbers(given: Any, name: str) -> Result:
    """Plain floats by name.

    Raises:
        TypeError: neither a number nor a mapping of numbers.
    """
    values = given if isinstance(given, Mapping) else {name: given}
    if not values:
        raise ValueError("no score was given")
    return {str(key): float(value) for key, value in values.items()}


def _in_processes(call: _Call, parts: Sequence[Part], processes: int) -> Iterator[list[tuple[int, Result]]]:
    try:
        content = pickle.dumps(call)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError(
            f"the function can't be pickled for {processes} processes ({error}). Define it at the top of a module, or "
            f"use processes=1."
        ) from None
    context = multiprocessing.get_context("spawn")  # a forked child would inherit torch's threads, which do not survive
    pool = ProcessPoolExecutor(min(processes, max(len(parts), 1)), context, _start, (content,))
    try:
        yield from pool.map(_call_there, parts)
    except BrokenProcessPool:
        raise InputError(
            "a worker process ended: it ran out of memory, or could not import the function (one defined in a notebook "
            "or a script without `if __name__ == '__main__':` can't be). Use processes=1, or a module."
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


_call: Any = None  # one per worker process


def _start(content: bytes) -> None:
    global _call
    os.environ["OMP_NUM_THREADS"] = "1"  # before the function's module imports what counts the cores
    _call = pickle.loads(content)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


def _call_there(part: Part) -> list[tuple[int, Result]]:
    return _call(part)


def _name_of(function: Callable) -> str:
    kind = function if hasattr(function, "__qualname__") else type(function)
    return f"{kind.__module__}.{kind.__qualname__}"


def _tabulate(
    results: dict[int, Result], chosen: list[str], space: Space, keys: dict[str, Any], where: str
) -> pd.DataFrame:
    """A predictions table in canonical form with the column `failed`."""
    rows = [results[place] for place in range(len(chosen))]
    failed = [row.get(FAILED) for row in rows]
    if all(failed):
        raise InputError(f"{where}: every one of {len(rows):,} architectures failed; the first: {failed[0]}")
    names = list(dict.fromkeys(name for row in rows for name in row if name != FAILED))
    scores = {name: [row.get(name, math.nan) for row in rows] for name in names}
    table = pd.DataFrame({"architecture": chosen, **{key: value for key, value in keys.items() if value is not None}})
    table = check_predictions(table.assign(**scores), space, where)
    table[FAILED] = pd.array(failed, "str")
    if reasons := [reason for reason in failed if reason]:
        say(f"{where}: {len(reasons):,} of {len(rows):,} architectures failed (column `failed`); first: {reasons[0]}")
    return table


def _read_finished(path: Path, identity: dict[str, Any]) -> pd.DataFrame:
    known = read_about(path).get("scored_with")
    differing = [name for name in identity if (known or {}).get(name) != identity[name]]
    if differing:
        what = f"another {' and '.join(differing)}" if known else "something else"
        raise InputError(f"{path} holds {what}. Give another out, or remove the file.")
    table = read_table(path)
    table.attrs["canonical"] = True
    return table


def _results_of(table: pd.DataFrame) -> dict[int, Result]:
    scores: Any = table.select_dtypes("float")
    rows = scores.to_dict("records")
    return {i: row for i, (row, failed) in enumerate(zip(rows, table[FAILED])) if not isinstance(failed, str)}
