"""Fashion-MNIST's four idx files, gzipped or not, in one folder. MNIST's own files have the same form.

Layout: 2 zero bytes, type 8 (unsigned byte), number of dimensions, each dimension as a big-endian 32-bit number, data.
"""

import math
import struct
import zlib
from pathlib import Path

import numpy as np

from nasbias.datasets._decoded import Decoded, assemble
from nasbias.errors import InputError
from nasbias.opening import opened

DESCRIBES = "folder of Fashion-MNIST's four idx files (.gz or not)"
FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def recognises(path: Path) -> bool:
    return path.is_dir() and any(path.glob("t*-images*idx3*"))


def read(path: Path) -> Decoded:
    """Training and test images, gray.

    Raises:
        InputError: a file is missing, not idx, truncated, or longer than it says.
    """
    pixels = {split: _read_array(_find(path, f"{split}-images*idx3*"), 3) for split in ("train", "t10k")}
    labels = {split: _read_array(_find(path, f"{split}-labels*idx1*"), 1) for split in ("train", "t10k")}
    fashion = "fashion" in str(path.resolve()).lower()
    name = "fashion-mnist" if fashion else path.resolve().name
    names = FASHION if fashion else tuple("0123456789")
    train, test = ((pixels[split][:, None], labels[split].astype(np.int64)) for split in ("train", "t10k"))
    return assemble(name, names, train, test, str(path))


def _find(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        name = f"{pattern.replace('*', '-', 1).rstrip('*')}-ubyte.gz"
        raise InputError(f"{folder}: {name} is missing. Put all four files there.")
    return found[0]


def _read_array(path: Path, dimensions: int) -> np.ndarray:
    try:
        with opened(path) as file:
            head = file.read(4 + 4 * dimensions)
            if len(head) < 4 + 4 * dimensions or head[:4] != bytes((0, 0, 8, dimensions)):
                raise InputError(f"{path}: not an idx file of {dimensions}-dimensional bytes.")
            shape = struct.unpack(f">{dimensions}I", head[4:])
            expected = math.prod(shape)
            if expected > 1 << 31:
                raise InputError(f"{path}: claims {expected:,} bytes, more than any file of this kind holds.")
            data = file.read(expected + 1)
    except InputError:
        raise
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise InputError(f"{path}: can't be read ({error}). Is the file whole?") from None
    if len(data) != expected:
        holds = "fewer" if len(data) < expected else "more"
        raise InputError(f"{path}: holds {holds} than the {expected:,} bytes it claims. Is the file whole?")
    return np.frombuffer(data, np.uint8).reshape(shape)
