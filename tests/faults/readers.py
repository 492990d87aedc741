"""Every reader of files that somebody else wrote, as a function of bytes: what `make fuzz` mutates, and what it found.

A reader takes any bytes and returns or raises an InputError; anything else is a finding. `seeds` are whole files of its
format. Findings are kept as `found/READER-DIGEST` and tried with every test run (`test_readers.py`).
"""

import contextlib
import functools
import io
import json
import pickle
import struct
import tarfile
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from nasbias.datasets import cifar, idx
from nasbias.datasets import parquet as images
from nasbias.errors import InputError
from nasbias.pickles import ARRAYS, SCALARS, unpickle
from nasbias.runs import read_config
from nasbias.runs.checkpoints import read_tensors
from nasbias.spaces import get_space, list_spaces
from nasbias.tables import check_predictions, read_table
from nasbias.truth import find_truth
from nasbias.truth.tfrecord import masked_crc
from tests.faults import flips

FOUND = Path(__file__).parent / "found"


@dataclass(frozen=True)
class Reader:
    """A reader of foreign bytes, and whole files of its format."""

    read: Callable[[bytes], Any]
    seeds: Callable[[], list[bytes]]


@functools.cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="nasbias-fuzz-"))


def _as_file(name: str, read: Callable[[Path], Any]) -> Callable[[bytes], Any]:
    def of_bytes(data: bytes) -> Any:
        path = _folder() / name
        path.write_bytes(data)
        return read(path)

    return of_bytes


def _predictions(path: Path) -> pd.DataFrame:
    return check_predictions(read_table(path), "nb201", path.name)


def _table(ending: str) -> Reader:
    names = get_space("nb201").sample(4, seed=0)
    table = pd.DataFrame({"architecture": names, "accuracy": [10.5, 20, 30, 91.25], "epoch": 1, "seed": 0})
    text = {
        "csv": [table.to_csv(index=False), table.to_csv(index=False, sep=";", decimal=",")],
        "json": [table.to_json(orient="records"), json.dumps(dict(zip(names, [1, 2.5, 3, 4])))],
        "jsonl": [table.to_json(orient="records", lines=True)],
    }[ending]
    return Reader(_as_file(f"mine.{ending}", _predictions), lambda: [str(each).encode() for each in text])


def _flipped(name: str, read: Callable[[Path], Any] | None = None) -> Reader:
    """A format of `tests.faults.flips`, whose maker lays the other files of a set beside it."""

    @functools.cache
    def made() -> tuple[Path, Any]:
        return flips.FORMATS[name](Path(tempfile.mkdtemp(prefix="nasbias-fuzz-")))

    def of_bytes(data: bytes) -> Any:
        path, own = made()
        path.write_bytes(data)
        return (read or own)(path)

    return Reader(of_bytes, lambda: [flips.FORMATS[name](Path(tempfile.mkdtemp()))[0].read_bytes()])


def _tar(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in members.items():
            about = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return content.getvalue()


def _batch(key: str = "labels") -> bytes:
    return pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), key.encode(): [1, 2]}, 2)


def _batches(data: bytes) -> bytes:
    names = pickle.dumps({b"label_names": [b"abcdefghij"[i : i + 1] for i in range(10)]}, 2)
    return _tar(
        {**dict.fromkeys((*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"), data), "batches.meta": names}
    )


def _framed(payload: bytes) -> bytes:
    """Records with right checksums, which no mutation would hit on."""
    parts = [(struct.pack("<Q", len(each)), each) for each in payload.split(b"\n")]
    return b"".join(part + struct.pack("<I", masked_crc(part)) for pair in parts for part in pair)


def _record() -> bytes:
    return json.dumps(["0" * 32, 108, "0100" * 4, "input,conv3x3-bn-relu,output", "CgkJAAAAAAAAAAA="]).encode()


def _results(**more: Any) -> bytes:
    """A record in NAS-Bench-201's form."""
    name = get_space("nb201").sample(1, seed=0)[0]
    training = {"epochs": 12, "eval_acc1es": {"ori-test@11": 91.5}, "seed": "0777", **more}
    result = {"arch_index": 0, "arch_str": name, "all_results": {("cifar10", 777): training}}
    return pickle.dumps({"meta_archs": [name], "arch2infos": {0: {"full": result}}, "total_archs": 1}, 2)


def _truth(space: str) -> Callable[[Path], Any]:
    return lambda path: find_truth(space, path)


def _parse_all(data: bytes) -> None:
    """One text, read by every space, as it is and as JSON."""
    text = data.decode("utf-8", "surrogateescape")
    values: list[Any] = [text]
    with contextlib.suppress(ValueError, RecursionError):
        values.append(json.loads(text))
    for space in map(get_space, list_spaces()):
        for value in values:
            with contextlib.suppress(InputError):
                parsed = space.parse(value)
                assert space.parse(parsed) == parsed


def _architectures() -> list[bytes]:
    return [str(get_space(name).sample(1, seed=0)[0]).encode() for name in list_spaces()]


def _config() -> list[bytes]:
    return [b'space = "nb201"\nepochs = 4\ncheckpoints = [1, 4]\nlearning_rate = 0.1\n[network]\nchannels = 8\n']


def _encoded() -> list[bytes]:
    """Images in Parquet: four PNGs, one of them a test image."""
    rng, pictures = np.random.default_rng(0), []
    for _ in range(4):
        picture = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)).save(picture, "PNG")
        pictures.append(picture.getvalue())
    table = pd.DataFrame({"image": pictures, "label": [0, 1, 0, 1], "split": ["train", "train", "train", "test"]})
    content = io.BytesIO()
    table.to_parquet(content)
    return [content.getvalue()]


def _dumped(*values: Any) -> Callable[[], list[bytes]]:
    return lambda: [pickle.dumps(value, protocol) for value in values for protocol in (0, 2, 4)]


READERS: dict[str, Reader] = {
    "pickle": Reader(
        lambda data: unpickle(io.BytesIO(data), "x", holders=("a.B",), allowed=SCALARS | ARRAYS),
        _dumped({"a": [1, 2.5, ("x", None)], "b": np.float64(3)}, {1: (2, True)}),
    ),
    "pickled-table": Reader(
        _as_file("mine.pkl", _predictions), _dumped({"42": 1.5}, [{"architecture": "1", "loss": 2}])
    ),
    "nb201-file": Reader(_as_file("x.pth", _truth("nb201")), lambda: [_results(), _results(flop=np.float64(2))]),
    "nats-sss-file": Reader(_as_file("x.pth", _truth("nats-sss")), lambda: [_results()]),
    "analog-file": Reader(
        _as_file("x.anb", _truth("nb201")), _dumped({(0, 1, 2, 3, 4, 0): {"baseline_accuracy": 1.5}})
    ),
    "tfrecord": _flipped("NAS-Bench-101 (TFRecord)", _truth("nb101")),
    "tfrecord-records": Reader(
        lambda data: _as_file("nasbench.tfrecord", _truth("nb101"))(_framed(data)), lambda: [_record()]
    ),
    "idx": _flipped("Fashion-MNIST (idx .gz)", lambda path: idx.read(path.parent)),
    "cifar-archive": Reader(_as_file("cifar.tar", cifar.read), lambda: [_batches(_batch())]),
    "cifar-batch": Reader(lambda data: _as_file("cifar.tar", cifar.read)(_batches(data)), lambda: [_batch()]),
    "parquet": _flipped("stored truth (Parquet)", _predictions),
    "parquet-images": Reader(_as_file("x.parquet", images.read), _encoded),
    "csv": _table("csv"),
    "json": _table("json"),
    "jsonl": _table("jsonl"),
    "nds-json": Reader(
        _as_file("x.json", _truth("darts")), lambda: [b'[{"net": {"genotype": {}}, "test_ep_top1": [1]}]']
    ),
    "nb-macro-json": Reader(_as_file("x.json", _truth("nb-macro")), lambda: [b'{"00000000": {"test_acc": [1, 2, 3]}}']),
    "checkpoint": _flipped("checkpoint (safetensors)", read_tensors),
    "architectures": Reader(_parse_all, _architectures),
    "config.toml": Reader(_as_file("config.toml", read_config), _config),
}


def attempt(name: str, data: bytes) -> None:
    """Read bytes; what the reader may not do passes through."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(InputError):
            READERS[name].read(data)
