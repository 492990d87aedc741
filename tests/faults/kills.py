"""Every run killed before each of its file operations, and then run again: `python -m tests.faults.kills`.

    python -m tests.faults.kills                     # every point of every case
    python -m tests.faults.kills train prune --points 8   # eight points of each, spread evenly

A case is run three times in processes forked from this one, which has torch imported: undisturbed, where its file
operations are counted; ended (`os._exit`, as SIGKILL ends it) before operation k; and again, to its end. The folder
must then be what the undisturbed run left: the same files, the same contents to the bit but for times of day and
durations, and nothing besides. Where a file is written by a library (safetensors, Arrow) the kill leaves half of it.
"""

import argparse
import dataclasses
import json
import os
import sys
import tempfile
import time
import tomllib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import safetensors.torch
import torch

from nasbias import campaigns, provenance
from nasbias.campaigns.standalone import train_alone
from nasbias.score import Scoring, score_run
from nasbias.spaces import get_space
from nasbias.tables import read_about
from nasbias.training import loop
from nasbias.training.run import Run
from tests.small import OPTIONS, small_run

CLOCK = {"seconds", "images_per_second", "words_per_second", "time", "training_seconds", "scoring_seconds", "since"}
EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"}
KILLED = 137


def _corpus(folder: Path) -> Path:
    """A text of three splits for the language model."""
    folder.mkdir(parents=True)
    for split, lines in (("train", 60), ("valid", 40), ("test", 45)):
        (folder / f"{split}.txt").write_text("".join(f"w{i % 7} w{i * i % 13} w{i % 3} <unk>\n" for i in range(lines)))
    return folder


def _train(out: Path, given: Path) -> None:
    campaigns.train_run(small_run("nb201", epochs=2, checkpoints=(0, 1)), out)


def _groups(out: Path, given: Path) -> None:
    (given / "list.txt").write_text("\n".join(get_space("nb201").sample(6, 0)))
    config = small_run("nb201", epochs=2, sharing="groups:2", architectures=str(given / "list.txt"), order="reshuffled")
    campaigns.train_run(config, out)


def _prune(out: Path, given: Path) -> None:
    (given / "list.txt").write_text("\n".join(get_space("nb201").sample(8, 0)))
    more = {"architectures": str(given / "list.txt"), "prune": "halve", "prune_every": 1}
    campaigns.train_run(small_run("nb201", epochs=3, **more), out)


def _dense(out: Path, given: Path) -> None:
    campaigns.train_run(small_run("nb201", epochs=2, dense_steps=3, dense_sample=4), out)


def _ptb(out: Path, given: Path) -> None:
    recipe = {"dataset": str(given / "corpus"), "batch_size": 4, "learning_rate": 5.0, "epochs": 2, "train_size": None}
    network = {**OPTIONS, "evaluate_every": 1}
    campaigns.train_run(dataclasses.replace(small_run("ptb"), **recipe, valid_size=None, network=network), out)


def _standalone(out: Path, given: Path) -> None:
    config = small_run("nb201", epochs=1, checkpoints=())
    train_alone(config, get_space("nb201").sample(2, 1), (0,), out)


def _score(out: Path, given: Path) -> None:
    from nasbias.scoring import workers

    workers.PART = 3
    options = Scoring(sample=7, recalibration_images=64, valid_size=32, processes=1, out=out / "p.parquet")
    score_run(given / "run", options)


CASES: dict[str, Callable[[Path, Path], None]] = {
    "train": _train,
    "groups": _groups,
    "prune": _prune,
    "dense": _dense,
    "ptb": _ptb,
    "standalone": _standalone,
    "score": _score,
}


def forked(work: Callable[[], Any]) -> tuple[int, Any]:
    """Exit code and (JSON) result of `work` in a forked process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            result = json.dumps(work()).encode()
            os.write(writing, result)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        result = file.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, json.loads(result) if result else None


def count_operations(act: Callable[[], Any], root: Path, kill_before: int | None = None) -> list[str]:
    """What `act` does to files under `root`, in order; the process ends before number `kill_before`, from 0."""
    done: list[str] = []
    inside = f"{root}/"

    def meet(what: str, half: Callable[[], None] | None = None) -> None:
        if len(done) == kill_before:
            if half:
                half()
            os._exit(KILLED)
        done.append(what)

    def hook(event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            if str(path).startswith(inside) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                meet(f"open {Path(str(path)).name}")
        elif event in EVENTS:
            path = str(arguments[0])
            if path.startswith(inside) or not path.startswith("/"):  # relative: within a folder that is being removed
                meet(f"{event} {Path(path).name}")

    fsync, save_file, write_table = os.fsync, safetensors.torch.save_file, pq.write_table

    def synced(handle: int) -> None:
        meet("fsync")
        fsync(handle)

    def saved(tensors: Any, path: Any, *more: Any, **options: Any) -> None:
        meet("save_file", lambda: _write_half(path, lambda whole: save_file(tensors, whole, *more, **options)))
        save_file(tensors, path, *more, **options)

    def written(table: Any, path: Any, *more: Any, **options: Any) -> None:
        meet("write_table", lambda: _write_half(path, lambda whole: write_table(table, whole, *more, **options)))
        write_table(table, path, *more, **options)

    sys.addaudithook(hook)
    os.fsync, safetensors.torch.save_file, pq.write_table = synced, saved, written
    act()
    return done


def _write_half(path: Path, write: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        write(whole)
        content = whole.read_bytes()
    os.write(os.open(path, os.O_WRONLY | os.O_TRUNC), content[: len(content) // 2])


def snapshot(folder: Path) -> dict[str, Any]:
    """Every file and folder below, with what it holds but for the clock's."""
    return {
        path.relative_to(folder).as_posix(): "folder" if path.is_dir() else _content(path)
        for path in sorted(folder.rglob("*"))
    }


def _content(path: Path) -> Any:
    try:
        return _read(path)
    except Exception as error:  # half a file is a finding, not the end
        return f"unreadable: {error}"


def _read(path: Path) -> Any:
    if path.suffix == ".safetensors":
        with safetensors.safe_open(path, framework="pt") as file:
            state = json.loads(file.metadata()["state"])
            state.pop("seal")  # of the whole file, times included
            tensors = {name: _digest(file.get_tensor(name)) for name in sorted(file.keys())}
        return {"state": _timeless(state), "tensors": tensors}
    if path.suffix == ".parquet":
        table = pd.read_parquet(path).drop(columns="run", errors="ignore")
        return {"table": table.to_dict("list"), "about": _timeless(read_about(path))}
    if path.suffix == ".jsonl":
        return [_timeless(json.loads(line)) for line in path.read_text().splitlines()]
    if path.suffix == ".json":
        return _timeless(json.loads(path.read_text()))
    return tomllib.loads(path.read_text()) if path.suffix == ".toml" else path.read_text()


def _digest(tensor: torch.Tensor) -> str:
    return np.ascontiguousarray(tensor.numpy()).tobytes().hex()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in CLOCK}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def differences(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """Names that only one has, or whose contents differ."""
    names = sorted({*first, *second})
    return [name for name in names if name not in first or name not in second or str(first[name]) != str(second[name])]


def try_case(name: str, points: int | None, root: Path) -> dict[str, Any]:
    """Kill a case before each of its operations, or `points` of them; what survived and what did not."""
    case, given = CASES[name], root / f"{name}-given"
    given.mkdir(parents=True)
    loop.SAVE_SECONDS = -1.0  # a state after every step
    if name == "ptb":
        _corpus(given / "corpus")
    if name == "score":
        forked(lambda: campaigns.train_run(small_run("nb201", epochs=2, checkpoints=(1,)), given / "run").epochs)
    undisturbed = root / name / "run"
    undisturbed.parent.mkdir()
    code, operations = forked(lambda: count_operations(lambda: case(undisturbed, given), root / name))
    if code:
        raise SystemExit(f"{name} fails undisturbed")
    expected = snapshot(undisturbed.parent)
    chosen = range(len(operations))
    if points is not None:
        chosen = sorted({round(k) for k in np.linspace(0, len(operations) - 1, points)})
    failures = []
    for k in chosen:
        out = root / f"{name}-{k}" / "run"
        out.parent.mkdir()
        code, _ = forked(lambda k=k, out=out: count_operations(lambda: case(out, given), out.parent, k))
        again, _ = forked(lambda out=out: case(out, given))
        wrong = (
            differences(expected, snapshot(out.parent)) if code == KILLED and again == 0 else [f"codes {code}, {again}"]
        )
        if wrong:
            failures.append({"point": k, "before": operations[k], "wrong": wrong})
    return {"case": name, "operations": len(operations), "tried": len(chosen), "failures": failures}


def main(argv: list[str]) -> int:
    """The command; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills", description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES), choices=[[], *CASES], help="default: all")
    parser.add_argument("--points", type=int, help="of each case (default: all)")
    given = parser.parse_args(argv)
    torch.set_num_threads(1)  # a process with threads can't be forked, nor one that has been backward
    Run(small_run("nb201"))  # imports what every child would
    provenance._commit = lambda: "not asked for"  # two processes of git for every point
    failed = 0
    for name in given.cases or CASES:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="kills-") as root:
            found = try_case(name, given.points, Path(root).resolve())
        failed += len(found["failures"])
        print(json.dumps({**found, "seconds": round(time.monotonic() - began, 1)}), flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
