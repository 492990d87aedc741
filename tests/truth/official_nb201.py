"""Files in exactly the official form of NAS-Bench-201 and NATS-Bench, of any number of architectures.

Only the accuracies are random. As in the published files: a full curve for one evaluation set and the last epoch alone
for the others in 200-epoch records, all of them in 12-epoch records; numpy scalars for params and latency; text seeds.
"""

import bz2
import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from nasbias.spaces import get_space

SETS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": ("ori-test",),
    "cifar100": ("ori-test", "x-valid", "x-test"),
    "ImageNet16-120": ("ori-test", "x-valid", "x-test"),
}
CLASSES = {"cifar10-valid": 10, "cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}
SEEDS = (777, 888, 999)


def names(n: int, start: int = 0) -> list[str]:
    return get_space("nb201").architectures()["architecture"].tolist()[start : start + n]


def training(name: str, dataset: str, seed: int, epochs: int, rng: np.random.Generator) -> dict:
    """The state of a ResultsCount."""
    sets = SETS[dataset]
    full = sets if epochs == 12 else sets[:1]
    last = epochs - 1
    accuracies, losses, times = {}, {}, {}
    for evaluated in sets:
        for epoch in range(epochs) if evaluated in full else [last]:
            accuracies[f"{evaluated}@{epoch}"] = float(rng.uniform(10, 95))
            losses[f"{evaluated}@{epoch}"] = float(rng.uniform(0.1, 3))
        times |= {f"{evaluated}@{epoch}": float(rng.uniform(1, 2)) for epoch in range(epochs)}
    curve = OrderedDict((epoch, float(rng.uniform(10, 99))) for epoch in range(epochs))
    return {
        "name": "infer.tiny",
        "net_state_dict": None,
        "train_acc1es": curve,
        "train_acc5es": OrderedDict((epoch, 99.0 + epoch / 1000) for epoch in range(epochs)) if epochs == 12 else None,
        "train_losses": OrderedDict((epoch, float(rng.uniform(0, 3))) for epoch in range(epochs)),
        "train_times": OrderedDict((epoch, float(rng.uniform(5, 9))) for epoch in range(epochs)),
        "arch_config": {"channel": 16, "num_cells": 5, "arch_str": name, "class_num": CLASSES[dataset]},
        "params": np.float64(rng.uniform(0.07, 1.5)),
        "flop": float(rng.uniform(7, 220)),
        "seed": f"{seed:04d}",
        "epochs": epochs,
        "latency": [np.float64(rng.uniform(0.01, 0.03))],
        "eval_names": list(sets),
        "eval_acc1es": accuracies,
        "eval_losses": losses,
        "eval_times": times,
    }


def results(index: int, name: str, epochs: int, rng: np.random.Generator) -> dict:
    """The state of an ArchResults; one to three seeds at 200 epochs, as published."""
    if epochs == 12:
        seeds = {dataset: [111, 777] if dataset == "cifar10-valid" else [111] for dataset in SETS}
    else:
        seeds = {dataset: list(SEEDS[: 1 + (index + i) % 3]) for i, dataset in enumerate(SETS)}
    return {
        "arch_index": index,
        "arch_str": name,
        "all_results": {
            (dataset, seed): training(name, dataset, seed, epochs, rng) for dataset in SETS for seed in seeds[dataset]
        },
        "dataset_seed": seeds,
        "clear_net_done": True,
    }


def benchmark(n: int, seed: int = 0) -> dict:
    """What NAS-Bench-201's one file holds, for the first `n` architectures."""
    rng = np.random.default_rng(seed)
    listed = names(n)
    return {
        "meta_archs": listed,
        "total_archs": n,
        "arch2infos": {
            index: {"full": results(index, name, 200, rng), "less": results(index, name, 12, rng)}
            for index, name in enumerate(listed)
        },
        "evaluated_indexes": list(range(n)),
    }


def old_numpy(data: bytes) -> bytes:
    """A protocol 2 pickle with numpy's scalar under the name it had when the file was published."""
    return data.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def write_pth(path: Path, whole: object, container: str = "legacy", old: bool = True) -> Path:
    """torch.save in its legacy or its zip container."""
    torch = pytest.importorskip("torch")

    buffer = io.BytesIO()
    torch.save(whole, buffer, _use_new_zipfile_serialization=container == "zip")
    data = buffer.getvalue()
    if old and container == "legacy":
        data = old_numpy(data)
    elif old:
        data = repacked(data, old_numpy)
    path.write_bytes(data)
    return path


def repacked(data: bytes, change) -> bytes:
    """The same zip with another data.pkl."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(buffer, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, change(content) if name.endswith("/data.pkl") else content)
    return buffer.getvalue()


def write_nats(folder: Path, n: int, seed: int = 0) -> Path:
    """NATS-Bench's folder of one file per architecture, protocol 4 inside bz2."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    listed = names(n)
    meta = {"meta_archs": listed, "total_archs": n, "arch2infos": None, "evaluated_indexes": set()}
    write_bz2(folder / "meta.pickle.pbz2", meta)
    for index, name in enumerate(listed):
        each = OrderedDict((str(epochs), results(index, name, epochs, rng)) for epochs in (12, 200))
        write_bz2(folder / f"{index:06d}.pickle.pbz2", each)
    return folder


def write_bz2(path: Path, thing: object) -> Path:
    with bz2.open(path, "wb", compresslevel=1) as file:
        pickle.dump(thing, file, protocol=4)
    return path
