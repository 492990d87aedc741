"""The official CIFAR-10 and CIFAR-100 archives: python or binary version, as `.tar.gz` or extracted.

Nothing is unpacked to disk and no pickle runs code: the python version is read by `nasbias.pickles`, which knows
stand-ins for numpy's arrays and refuses every other name. CIFAR-100 has its 100 fine labels. Layout:
www.cs.toronto.edu/~kriz/cifar.html.
"""

import io
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbias.datasets._decoded import Decoded, assemble
from nasbias.errors import InputError
from nasbias.opening import opened
from nasbias.pickles import ARRAYS, Array, unpickle

DESCRIBES = "official CIFAR-10/100 archive, python or binary version (.tar.gz or its extracted folder)"
PIXELS = 3 * 32 * 32  # red plane, green plane, blue plane, each row by row
MAX_MEMBER = 256 << 20  # bytes; the largest official member has 155 MB


@dataclass(frozen=True)
class Version:
    """One of the four official archives: its member files, and where in them the label is."""

    name: str
    classes: int
    train: tuple[str, ...]
    test: str
    names: str  # the member with the class names
    names_key: str  # in the python version
    label_key: str  # in the python version
    label_bytes: int  # in the binary version; the last one is the label

    @property
    def is_binary(self) -> bool:
        return self.test.endswith(".bin")


_TENS = tuple(f"data_batch_{number}" for number in range(1, 6))
_BINARY_TENS = tuple(f"{name}.bin" for name in _TENS)
VERSIONS = (
    Version("cifar10", 10, _TENS, "test_batch", "batches.meta", "label_names", "labels", 0),
    Version("cifar100", 100, ("train",), "test", "meta", "fine_label_names", "fine_labels", 0),
    Version("cifar10", 10, _BINARY_TENS, "test_batch.bin", "batches.meta.txt", "", "", 1),
    Version("cifar100", 100, ("train.bin",), "test.bin", "fine_label_names.txt", "", "", 2),
)


def recognises(path: Path) -> bool:
    """Whether this is a tar file, or a folder with a test file of one of the versions in it or one level down."""
    if path.is_file():
        return path.name.endswith((".tar.gz", ".tgz", ".tar"))
    return any((folder / version.test).is_file() for folder in _folders(path) for version in VERSIONS)


def read(path: Path) -> Decoded:
    """The training images in the order of the batches, and the test images.

    Raises:
        InputError: truncated, damaged or hostile archive, a missing batch, a wrong length, a label outside the classes.
    """
    members = _members_of_tar(path) if path.is_file() else _members_of_folder(path)
    version = next((version for version in VERSIONS if version.test in members), None)
    if version is None:
        known = ", ".join(version.test for version in VERSIONS)
        raise InputError(f"{path}: not an official CIFAR archive: none of {known} is in it.")
    missing = [name for name in (*version.train, version.names) if name not in members]
    if missing:
        raise InputError(f"{path}: {', '.join(missing)} is missing from the archive. Download it again.")
    read_batch = _read_binary if version.is_binary else _read_pickled
    batches = [read_batch(members[name], version, f"{path}: {name}") for name in version.train]
    train = tuple(np.concatenate(parts) for parts in zip(*batches))
    test = read_batch(members[version.test], version, f"{path}: {version.test}")
    names = _class_names(members[version.names], version, f"{path}: {version.names}")
    return assemble(version.name, names, (train[0], train[1]), test, str(path))


def _read_binary(data: bytes, version: Version, where: str) -> tuple[np.ndarray, np.ndarray]:
    size = version.label_bytes + PIXELS
    if not data or len(data) % size:
        raise InputError(f"{where}: {len(data):,} bytes are no multiple of {size:,} (a record). Is the file whole?")
    records = np.frombuffer(data, np.uint8).reshape(-1, size)
    labels = records[:, version.label_bytes - 1].astype(np.int64)
    return records[:, version.label_bytes :].reshape(-1, 3, 32, 32), labels


def _read_pickled(data: bytes, version: Version, where: str) -> tuple[np.ndarray, np.ndarray]:
    batch = _unpickle(data, where)
    pixels, labels = batch.get("data"), batch.get(version.label_key)
    if not (isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8 and pixels.shape[1:] == (PIXELS,)):
        raise InputError(f"{where}: 'data' is not an array of uint8 [n, {PIXELS:,}].")
    if not (isinstance(labels, list) and len(labels) == len(pixels) and all(isinstance(one, int) for one in labels)):
        raise InputError(f"{where}: {version.label_key!r} is not a list of {len(pixels):,} whole numbers.")
    outside = [label for label in labels if not 0 <= label < version.classes]
    if outside:
        raise InputError(f"{where}: a label is {outside[0]}; it must lie in 0 to {version.classes - 1}.")
    return pixels.reshape(-1, 3, 32, 32), np.array(labels, dtype=np.int64)


def _class_names(data: bytes, version: Version, where: str) -> tuple[str, ...]:
    if version.is_binary:
        names = data.decode("utf-8", "replace").split()
    else:
        values = _unpickle(data, where).get(version.names_key)
        names = (
            [_text(value) for value in values if isinstance(value, (str, bytes))] if isinstance(values, list) else []
        )
    if len(names) != version.classes:
        raise InputError(f"{where}: {len(names)} class names where {version.classes} belong. Is the file whole?")
    return tuple(names)


def _unpickle(data: bytes, where: str) -> dict[str, Any]:
    """The pickled dictionary with text keys."""
    value = unpickle(io.BytesIO(data), where, allowed=ARRAYS)
    if not isinstance(value, dict):
        raise InputError(f"{where}: holds a {type(value).__name__}, not a dictionary.")
    return {_text(key): item.value if isinstance(item, Array) else item for key, item in value.items()}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _wanted(name: str) -> bool:
    return any(name in (*version.train, version.test, version.names) for version in VERSIONS)


def _members_of_tar(path: Path) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    try:
        with opened(path, gzipped=(".gz", ".tgz")) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                name = Path(member.name).name
                if not (member.isfile() and _wanted(name)):
                    continue
                if member.size > MAX_MEMBER:
                    raise InputError(f"{path}: {member.name} has {member.size:,} bytes, more than any CIFAR file.")
                file = archive.extractfile(member)
                members[name] = file.read() if file else b""
                if len(members[name]) != member.size:
                    raise InputError(f"{path}: {member.name} is cut off. Download the archive again.")
            while stream.read(1 << 20):  # to the end, where gzip's checksum is
                pass
    except InputError:
        raise
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise InputError(f"{path}: can't be read as a tar archive ({error}). Download it again.") from None
    return members


def _members_of_folder(path: Path) -> dict[str, bytes]:
    for folder in _folders(path):
        if any((folder / version.test).is_file() for version in VERSIONS):
            return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file() and _wanted(file.name)}
    return {}


def _folders(path: Path) -> list[Path]:
    return [path, *sorted(folder for folder in path.iterdir() if folder.is_dir())]
