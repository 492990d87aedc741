"""Which images of a split are the validation ones, by their places in the source's own order.

NAS-Bench-201's validation split of CIFAR-100 is half of its test split, listed in AutoDL-Projects'
configs/nas-benchmark/cifar100-test-split.txt (`{"xvalid": ["int", ["1", ...]], "xtest": ...}`); P2 scores there.
"""

import json
import os
import re

from nasbias.errors import InputError, shortened
from nasbias.opening import opened

_KEYS = ("xvalid", "valid")  # of AutoDL-Projects' split files
_PLACE = re.compile(r"[0-9]{1,9}")


def read_indices(path: str | os.PathLike) -> tuple[int, ...]:
    """Places, from 0, in the order of the file: numbers parted by spaces, commas or lines, or a split file as above.

    Raises:
        InputError: no such file, no numbers in it, one of them twice, or something else among them.
    """
    try:
        with opened(path) as file:
            text = file.read().decode("utf-8-sig")
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}).") from None
    except (UnicodeDecodeError, ValueError):
        raise InputError(f"{path}: is no text. Numbers are wanted, the places of the validation images.") from None
    words = _of_json(text, path) if text.lstrip().startswith(("{", "[")) else re.split(r"[\s,]+", text.strip())
    for word in words:
        if not _PLACE.fullmatch(word):
            raise InputError(f"{path}: {shortened(word)!r} is no place of an image; whole numbers from 0 are wanted.")
    places = tuple(map(int, words))
    if len(set(places)) < len(places):
        raise InputError(f"{path}: {len(places) - len(set(places)):,} of its numbers stand there twice.")
    return places


def _of_json(text: str, path: str | os.PathLike) -> list[str]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({shortened(error)}).") from None
    if isinstance(values, dict):
        values = next((values[key] for key in _KEYS if key in values), None)
        if values is None:
            raise InputError(f"{path}: none of {', '.join(_KEYS)} is in it.")
    if isinstance(values, list) and len(values) == 2 and values[0] == "int":
        values = values[1]
    if not isinstance(values, list):
        raise InputError(f"{path}: a list of numbers is wanted, not {shortened(repr(values))}.")
    return [shortened(value) for value in values]
