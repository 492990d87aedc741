"""Many runs: a plan's grid trained, scored and studied, on this machine or on a cluster, by the same call.

    python -m nasbias.sweep plan.toml                                   # a process per core
    python -m nasbias.sweep plan.toml --scheduler scheduler.json        # wherever dask workers are
    python -m nasbias.sweep plan.toml --status

A sweep is a folder: runs/LABEL-DIGEST for each run (known by the digest of its configuration), errors/ with what went
wrong, sweep.json, and NAME.json for each of its studies. Whatever is killed, the same command goes on: nothing is lost
but the last two minutes of a run, and nothing is done twice. A run that fails keeps its error and stops no other. Needs
the extra "sweep". README shows other machines: dask workers, Slurm, a GPU each.
"""

import json
import os
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from nasbias.errors import InputError
from nasbias.files import sweep_temporaries, to_json, written_atomically
from nasbias.forms import FORM, check_form
from nasbias.locks import find_holder, locked
from nasbias.matching import match
from nasbias.provenance import count_cores
from nasbias.runs import RunFolder
from nasbias.runs.folder import read_object
from nasbias.sweep import work
from nasbias.sweep.plan import Item, Plan, make_plan, read_plan

__all__ = ["Item", "Plan", "make_plan", "read_plan", "read_status", "sweep"]

PRIORITY_SCORES = 10  # runs that are begun are finished before others are begun


def sweep(
    plan: Plan | Mapping[str, Any] | str | os.PathLike,
    out: str | os.PathLike,
    *,
    scheduler: str | os.PathLike | None = None,
    processes: int | None = None,
    resources: Mapping[str, float] | None = None,
    begin: Callable[[int, int], None] | None = None,
    report: Callable[[str, str, int, int], None] | None = None,
) -> pd.DataFrame:
    """Carry out a plan in the folder `out`, going on where an earlier call stopped; returns `read_status`.

    Args:
        plan: a `Plan`, a mapping of its parts, or the path of a plan file.
        scheduler: address or file of a dask scheduler whose workers see the same files; None: `processes` of this
            machine.
        processes: single-thread workers; None: one per core, or for as many cores as a run has devices.
        resources: what each task asks of its worker, such as {"GPU": 1}.
        begin: called with how many runs are to be done, and how many there are, when the scheduler is there.
        report: called with each run that ends: its name, "done" or why it failed, how many have ended, of how many.

    Raises:
        InputError: no such plan or scheduler, another sweep is at work in the folder, or the scheduler was lost; what
            is done is kept.
        Interrupted: Ctrl-C or SIGTERM; runs under way have saved their states.
    """
    from nasbias.sweep.engine import Engine, connected  # dask: only who sweeps needs it

    plan, out = _as_plan(plan), Path(out).resolve()
    with locked(out):
        _claim(plan, out)
        waiting = [item for item in plan.items if not work.is_done(item, item.folder(out / "runs"))]
        if waiting:
            n = processes or max(1, count_cores() // plan.devices)
            if not any(item.score for item in waiting):  # whose shards are shared out, however few the runs
                n = min(n, len(waiting))
            with connected(scheduler, n) as client:
                engine = Engine(client, resources)
                if begin:
                    begin(len(waiting), len(plan.items))
                try:
                    _Sweep(plan, out, engine, report).carry_out(waiting)
                except BaseException:
                    engine.stop()
                    raise
        _study(plan, out)
    return read_status(plan, out)


class _Sweep:
    """One call of `sweep`: which tasks a run still has."""

    def __init__(self, plan: Plan, out: Path, engine: Any, report: Callable[[str, str, int, int], None] | None) -> None:
        self.plan, self.out, self.engine, self.report = plan, out, engine, report
        self.left: dict[str, int] = {}  # shards of a run

    def carry_out(self, waiting: list[Item]) -> None:
        ended, failed = len(self.plan.items) - len(waiting), set[str]()
        for item in waiting:
            self.engine.submit(("train", item), work.train_item, item, self._folder(item))
        for (kind, item), outcome in self.engine.results():
            if item.identity in failed:
                continue
            if isinstance(outcome, BaseException):
                failed.add(item.identity)
                text = self._fail(item, outcome)
            elif self._go_on(kind, item, outcome):
                continue
            else:
                _error_path(self.out, item).unlink(missing_ok=True)
                text = f"done ({'; '.join(outcome)})" if outcome else "done"
            ended += 1
            if self.report:
                self.report(item.name, text, ended, len(self.plan.items))

    def _folder(self, item: Item) -> Path:
        return item.folder(self.out / "runs")

    def _go_on(self, kind: str, item: Item, outcome: Any) -> bool:
        """Submit what follows; whether anything does."""
        if kind == "train" and outcome:
            self.left[item.identity] = len(outcome)
            for shard in outcome:
                task = (work.score_part, item, self._folder(item), shard)
                self.engine.submit(("shard", item), *task, priority=PRIORITY_SCORES)
            return True
        if kind == "shard":
            self.left[item.identity] -= 1
            if not self.left[item.identity]:
                self.engine.submit(
                    ("finish", item), work.finish_item, item, self._folder(item), priority=PRIORITY_SCORES
                )
            return True
        return False

    def _fail(self, item: Item, error: BaseException) -> str:
        from nasbias.sweep.engine import why

        trace = traceback.format_exception(error)
        about = {"form": FORM, "run": item.name, "error": why(error), "traceback": trace}
        with written_atomically(_error_path(self.out, item)) as temporary:
            temporary.write_text(to_json(about))
        return about["error"]


def read_status(plan: Plan | Mapping[str, Any] | str | os.PathLike, out: str | os.PathLike) -> pd.DataFrame:
    """A row per run, in the plan's order: `run`, `state` (done, running, failed or waiting), `epoch` of how many
    (`epochs`), `seconds` of training so far, `error` (why it failed). Reads the folders alone.

    Raises:
        InputError: no such plan, or the folder is a later nasbias's.
    """
    plan, out = _as_plan(plan), Path(out).resolve()
    _refuse_later(out)
    rows = []
    for item in plan.items:
        folder = item.folder(out / "runs")
        run, error = RunFolder(folder), _read_error(out, item)
        log = run.log if run.is_claimed else []
        is_scoring = find_holder(out) is not None and (folder / f".{work.PREDICTIONS}.parts").exists()
        if work.is_done(item, folder):
            state = "done"
        elif find_holder(folder) is not None or is_scoring:
            state = "running"
        else:
            state = "failed" if error else "waiting"
        rows.append(
            {
                "run": item.name,
                "state": state,
                "epoch": log[-1]["epoch"] if log else 0,
                "epochs": item.config.epochs,
                "seconds": round(sum(record["seconds"] for record in log), 1),
                "error": error if state == "failed" else "",
            }
        )
    return pd.DataFrame(rows)


def _as_plan(plan: Plan | Mapping[str, Any] | str | os.PathLike) -> Plan:
    if isinstance(plan, Plan):
        return plan
    return make_plan(plan) if isinstance(plan, Mapping) else read_plan(plan)


def _claim(plan: Plan, out: Path) -> None:
    """The folder is this plan's, or one that the plan has grown from: then its runs are found again.

    Raises:
        InputError: something else is in it.
    """
    about = out / "sweep.json"
    own = {".lock", *(path.name for path in out.glob(".*"))}
    if not about.exists() and any(path.name not in own for path in out.iterdir()):
        raise InputError(f"{out} is not empty and holds no sweep. Choose another --out.")
    _refuse_later(out)
    for folder in (out, out / "runs", out / "errors"):
        sweep_temporaries(folder)
    runs = {item.identity: item.name for item in plan.items}
    with written_atomically(about) as temporary:
        temporary.write_text(to_json({"form": FORM, "plan": plan.identity, "runs": runs}))


def _study(plan: Plan, out: Path) -> None:
    """Every study of the plan, as OUT/NAME.json, once all runs that did not fail have predictions."""
    from nasbias.correlation import correlate_matched
    from nasbias.stability import analyse_stability

    studies: dict[str, Callable[[Any], Any]] = {"correlation": correlate_matched, "stability": analyse_stability}
    done = [item for item in plan.items if work.is_done(item, item.folder(out / "runs"))]
    for name, options in plan.studies.items():
        if not done:
            return
        given = {key: value for key, value in options.items() if key != "truth"}
        folders = [item.folder(out / "runs") for item in done]
        matched = match(folders, options.get("truth"), space=done[0].config.space, **given)
        with written_atomically(out / f"{name}.json") as temporary:
            temporary.write_text(to_json({"form": FORM, "runs": len(done), **studies[name](matched).to_plain()}))


def _error_path(out: Path, item: Item) -> Path:
    return out / "errors" / f"{item.identity}.json"


def _read_error(out: Path, item: Item) -> str:
    path = _error_path(out, item)
    try:
        return str(read_object(path).get("error", "")) if path.exists() else ""
    except InputError as error:
        return str(error)


def _refuse_later(out: Path) -> None:
    """
    Raises:
        InputError: a later nasbias swept here.
    """
    about = out / "sweep.json"
    try:
        found = json.loads(about.read_text())
    except (OSError, ValueError, RecursionError):  # none, or a damaged one: it is written again
        return
    check_form(found.get("form") if isinstance(found, dict) else None, str(about))
