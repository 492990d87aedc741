"""Flip bits in files of every format that nasbias reads, and count what became of it.

python -m tests.faults.flips [--flips 1000] [--only FORMAT]
"""

import argparse
import gzip
import io
import json
import random
import struct
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from nasbias.datasets import cifar, idx
from nasbias.errors import InputError
from nasbias.runs.checkpoints import read_tensors, write_tensors
from nasbias.spaces import get_space
from nasbias.tables import load_predictions, read_about, read_table, write_parquet
from nasbias.truth.tfrecord import masked_crc, read_blocks

Read = Callable[[Path], Any]


def _table() -> pd.DataFrame:
    space, rng = get_space("nb201"), np.random.default_rng(0)
    return pd.DataFrame({"architecture": space.sample(200, seed=0), "accuracy": rng.uniform(10, 90, 200).round(2)})


def _stored(folder: Path) -> tuple[Path, Read]:
    write_parquet(_table(), folder / "truth.parquet", {"space": "nb201", "describes": "made for this"})
    return folder / "truth.parquet", lambda path: (read_table(path).to_dict("list"), read_about(path))


def _predictions(folder: Path) -> tuple[Path, Read]:
    write_parquet(_table(), folder / "predictions.parquet", {"space": "nb201"})
    return folder / "predictions.parquet", lambda path: load_predictions(path).to_dict("list")


def _gzipped_table(folder: Path) -> tuple[Path, Read]:
    (folder / "mine.csv.gz").write_bytes(gzip.compress(_table().to_csv(index=False).encode(), mtime=0))
    return folder / "mine.csv.gz", lambda path: read_table(path).to_dict("list")


def _checkpoint(folder: Path) -> tuple[Path, Read]:
    generator = torch.Generator().manual_seed(0)
    weights = {f"network.{i}": torch.randn(8, 8, generator=generator) for i in range(6)}
    write_tensors(folder / "epoch-0001.safetensors", weights, {"epoch": 1, "identity": "0" * 12})

    def read(path: Path) -> Any:
        tensors, state = read_tensors(path)
        return {name: tensor.tolist() for name, tensor in tensors.items()}, state

    return folder / "epoch-0001.safetensors", read


def _archive(folder: Path) -> tuple[Path, Read]:
    """CIFAR-10's binary archive in its official form, five images a batch."""
    rng, path = np.random.default_rng(0), folder / "cifar-10-binary.tar.gz"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
        members = {name: rng.integers(0, 10, (5, 3073)).astype(np.uint8).tobytes() for name in names}
        members["batches.meta.txt"] = "\n".join("abcdefghij").encode()
        for name, data in members.items():
            about = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    path.write_bytes(gzip.compress(content.getvalue(), mtime=0))
    return path, lambda archive: _pixels(cifar.read(archive))


def _idx(folder: Path) -> tuple[Path, Read]:
    """Fashion-MNIST's four files; the bits of the training images are flipped."""
    rng = np.random.default_rng(0)
    for split, n in (("train", 20), ("t10k", 5)):
        images, labels = rng.integers(0, 256, (n, 28, 28)), rng.integers(0, 10, n)
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            head = struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
            data = head + values.astype(np.uint8).tobytes()
            (folder / f"{split}-{kind}-ubyte.gz").write_bytes(gzip.compress(data, mtime=0))
    return folder / "train-images-idx3-ubyte.gz", lambda path: _pixels(idx.read(path.parent))


def _records(folder: Path) -> tuple[Path, Read]:
    path = folder / "nasbench_only108.tfrecord"
    payloads = [np.random.default_rng(i).bytes(100) for i in range(20)]
    frames = ((struct.pack("<Q", len(payload)), payload) for payload in payloads)
    parts = (part + struct.pack("<I", masked_crc(part)) for frame in frames for part in frame)
    path.write_bytes(b"".join(parts))
    return path, lambda path: list(read_blocks(path))


def _pixels(decoded: Any) -> Any:
    return decoded.train_x.tolist(), decoded.train_y.tolist(), decoded.test_x.tolist(), decoded.test_y.tolist()


FORMATS: dict[str, Callable[[Path], tuple[Path, Read]]] = {
    "stored truth (Parquet)": _stored,
    "predictions (Parquet)": _predictions,
    "table (.csv.gz)": _gzipped_table,
    "checkpoint (safetensors)": _checkpoint,
    "CIFAR archive (.tar.gz)": _archive,
    "Fashion-MNIST (idx .gz)": _idx,
    "NAS-Bench-101 (TFRecord)": _records,
}


def flip(name: str, folder: Path, flips: int, seed: int = 0) -> Counter[str]:
    """How many of so many flips were refused, harmless, or changed what was read."""
    path, read = FORMATS[name](folder)
    content, expected, rng = path.read_bytes(), read(path), random.Random(seed)
    counts = Counter(refused=0, harmless=0, changed=0)
    for _ in range(flips):
        at, damaged = rng.randrange(8 * len(content)), bytearray(content)
        damaged[at // 8] ^= 1 << at % 8
        path.write_bytes(damaged)
        try:
            counts["harmless" if _same(read(path), expected) else "changed"] += 1
        except InputError:
            counts["refused"] += 1
    return counts


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, default=str) == json.dumps(other, default=str)


def main() -> None:
    """Print the table of all formats."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=1000, help="of each format (default: 1000)")
    parser.add_argument("--only", choices=FORMATS, metavar="FORMAT", help="one format (default: all)")
    given = parser.parse_args()
    for name in [given.only] if given.only else FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            counts = flip(name, Path(folder), given.flips)
        print(f"{name:<28}", *(f"{kind} {count:>5}" for kind, count in counts.items()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
