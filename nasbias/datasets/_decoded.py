"""A data set as its source holds it, decoded once: uint8 pixels, resized by area averaging, cached in one file.

Decoding 60,000 JPEGs takes seconds and a second start should not: `decode` keeps the result in `cache/` of the data
folder, keyed by the source's path, size and time of change and by the resolution. Deleting it costs only time.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from nasbias.datasets.published import compare_published
from nasbias.errors import InputError
from nasbias.files import data_folder, sha256, written_atomically
from nasbias.seals import blank_seal, check_seal, seal

LAYOUT = 2  # raise it when what the cached files hold changes
_MOST_FILES = 100_000  # of a set
_ABOUT = ("name", "classes", "fingerprint", "published")


@dataclass(frozen=True)
class Decoded:
    """Every image of a source, in the source's order. x: uint8 [n, channels, height, width]; y: int64 [n]."""

    name: str
    classes: tuple[str, ...]
    train_x: torch.Tensor
    train_y: torch.Tensor
    test_x: torch.Tensor
    test_y: torch.Tensor
    fingerprint: str = ""  # SHA-256 of the source's bytes
    published: str = ""  # whether they are a published set's (`published.compare_published`)

    @property
    def resolution(self) -> int:
        return self.train_x.shape[-1]


def assemble(
    name: str,
    classes: tuple[str, ...],
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    where: str,
) -> Decoded:
    """A `Decoded` from the numpy pairs (uint8 [n, channels, side, side], labels [n]) that a reader made.

    Raises:
        InputError: no training images, images that are not square or not of one size, a label outside the classes.
    """
    if not len(train[0]):
        raise InputError(f"{where}: no training images.")
    shape = train[0].shape[1:]
    if shape[1] != shape[2]:
        raise InputError(f"{where}: images are {shape[1]}x{shape[2]}; only square ones can be used. Crop them first.")
    if len(test[0]) and test[0].shape[1:] != shape:
        raise InputError(f"{where}: test images are {test[0].shape[1:]}, training images {shape}. Make them alike.")
    for split, (x, y) in (("training", train), ("test", test)):
        if len(x) != len(y):
            raise InputError(f"{where}: {len(x):,} {split} images but {len(y):,} labels.")
        wrong = [int(label) for label in np.unique(y) if not 0 <= label < len(classes)]
        if wrong:
            raise InputError(f"{where}: a {split} label is {wrong[0]}; it must lie in 0 to {len(classes) - 1}.")
    tensors = [
        torch.from_numpy(np.require(x, requirements=("C", "W"))) for x in (train[0], test[0].reshape(-1, *shape))
    ]
    labels = [torch.from_numpy(np.asarray(y, dtype=np.int64)) for y in (train[1], test[1])]
    return Decoded(name, classes, tensors[0], labels[0], tensors[1], labels[1])


def decode(path: Path, read: Callable[[Path], Decoded], resolution: int | None = None) -> Decoded:
    """`read(path)`, resized to `resolution` (default: as it is), from the cache where the source has not changed."""
    cached = _cache_file(path, resolution)
    with contextlib.suppress(OSError, SafetensorError, KeyError, ValueError):  # absent or damaged: decode again
        return _load(cached)
    if resolution is None:
        decoded = replace(read(path), fingerprint=fingerprint(path), published=compare_published(path))
    else:
        original = decode(path, read)
        if resolution == original.resolution:
            return original
        decoded = resize(original, resolution)
    with contextlib.suppress(OSError):  # a full or read-only disk must not stop a training
        _save(decoded, cached)
    return decoded


def resize(decoded: Decoded, resolution: int) -> Decoded:
    """The same images at `resolution` x `resolution`, by area averaging: a new pixel is the mean of what it covers."""
    return replace(
        decoded, train_x=area_average(decoded.train_x, resolution), test_x=area_average(decoded.test_x, resolution)
    )


def area_average(x: torch.Tensor, resolution: int) -> torch.Tensor:
    """uint8 [n, c, h, w] -> uint8 [n, c, resolution, resolution], exact also where the ratio is not whole."""
    if x.shape[-2:] == (resolution, resolution):
        return x
    rows, columns = (_coverage(side, resolution) for side in x.shape[-2:])
    result = torch.empty(*x.shape[:2], resolution, resolution, dtype=torch.uint8)
    for start in range(0, len(x), 4096):
        part = x[start : start + 4096].float()
        result[start : start + 4096] = (rows @ part @ columns.T).round_().clamp_(0, 255)
    return result


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes; of a folder: of its files' names and hashes."""
    if path.is_file():
        return sha256(path)
    listing = "".join(f"{sha256(file)}  {file.relative_to(path)}\n" for file in _files(path))
    return hashlib.sha256(listing.encode()).hexdigest()


def _coverage(old: int, new: int) -> torch.Tensor:
    """[new, old]: which share of each new pixel's extent every old pixel makes up."""
    edges = np.arange(new + 1) * old / new
    low, high = edges[:-1, None], edges[1:, None]
    pixels = np.arange(old)
    overlap = np.clip(np.minimum(high, pixels + 1) - np.maximum(low, pixels), 0, None)
    return torch.from_numpy(overlap * new / old).float()


def _files(path: Path) -> list[Path]:
    """The files of a set: of a folder those in it and up to two levels down, as its readers look."""
    if not path.is_dir():
        return [path]
    found: list[Path] = []
    with contextlib.suppress(OSError):
        for pattern in ("*", "*/*", "*/*/*"):
            found.extend(file for file in path.glob(pattern) if _is_file(file))
            if len(found) > _MOST_FILES:
                raise InputError(f"{path}: holds more than {_MOST_FILES:,} files: that is no image set.")
    return sorted(found)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _cache_file(path: Path, resolution: int | None) -> Path:
    path = path.resolve()
    try:
        state = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in _files(path)]
    except OSError as error:
        raise InputError(f"{path}: can't be read as a whole ({error}). Give the folder of the set alone.") from None
    key = hashlib.sha256(json.dumps([LAYOUT, state, resolution]).encode()).hexdigest()[:24]
    return data_folder() / "cache" / "images" / f"{key}.safetensors"


def _save(decoded: Decoded, path: Path) -> None:
    tensors = {name: getattr(decoded, name) for name in ("train_x", "train_y", "test_x", "test_y")}
    about = {name: json.dumps(getattr(decoded, name)) for name in _ABOUT}
    with written_atomically(path) as temporary:
        save_file(tensors, temporary, metadata={**about, "seal": json.dumps(blank_seal())})
        seal(temporary)


def _load(path: Path) -> Decoded:
    if not path.exists():
        raise FileNotFoundError(path)
    check_seal(path.read_bytes(), str(path))
    with safe_open(os.fspath(path), framework="pt") as file:
        about = {name: json.loads(value) for name, value in (file.metadata() or {}).items()}
        tensors = {name: file.get_tensor(name) for name in ("train_x", "train_y", "test_x", "test_y")}
    about["classes"] = tuple(about["classes"])
    return Decoded(**{name: about[name] for name in _ABOUT}, **tensors)
