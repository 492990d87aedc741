"""A digest of a whole file inside the file, so that one flipped bit is found when it is read.

Parquet and safetensors both carry text of ours in their headers. `blank_seal` is put there, and `seal` replaces its
zeros by the SHA-256 of the file with the zeros in place. A file from elsewhere, or of a version before seals, has none
and is read as it is.
"""

import hashlib
import os
import re
from pathlib import Path

from nasbias.errors import InputError

_MARK = "nasbias-sha256:"
_SEAL = re.compile(_MARK.encode() + rb"[0-9a-f]{64}")
_DIGITS = 64


def blank_seal() -> str:
    """The text to put into a file's header before `seal` fills it in."""
    return _MARK + "0" * _DIGITS


def seal(path: str | os.PathLike) -> None:
    """Fill in the blank seal of a file that has just been written."""
    with Path(path).open("r+b") as file:
        content = file.read()
        start = content.index(blank_seal().encode())
        file.seek(start + len(_MARK))
        file.write(hashlib.sha256(content).hexdigest().encode())


def check_seal(content: bytes, where: str) -> None:
    """Compare a file's bytes with the seal inside them, where there is one.

    Raises:
        InputError: none of its seals is that of the content: the file is damaged.
    """
    view, found = memoryview(content), list(_SEAL.finditer(content))
    for match in found:
        digest = hashlib.sha256(view[: match.start() + len(_MARK)])
        digest.update(b"0" * _DIGITS)
        digest.update(view[match.end() :])
        if digest.hexdigest().encode() == match[0][-_DIGITS:]:
            return
    if found:
        raise InputError(
            f"{where}: is damaged: its content is not what was written. Take a copy, or make it once more."
        )
