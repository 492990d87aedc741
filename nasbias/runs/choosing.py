"""Which architectures: one chooser for training, scoring, tuning and training alone.

A list is named by a stored truth's name (those that have a truth), a table with architectures, or a text file with one
a line.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nasbias.errors import InputError
from nasbias.opening import checked_path, opened
from nasbias.spaces import Space
from nasbias.streams import stream
from nasbias.tables import AS_IS, TABLES, check_architectures, read_table, table_ending
from nasbias.tables.shipped import find_shipped, is_shipped

REMAINING = "remaining.txt"  # in a run's folder: what pruning left, one architecture a line


def list_architectures(source: str | os.PathLike, space: Space) -> np.ndarray:
    """Canonical strings of the distinct architectures that `source` lists, in its order.

    Args:
        source: the name of a stored truth, a table (`tables.read_table`) or one that is shipped (`shipped:darts`), or a
            text file with one architecture a line.

    Raises:
        InputError: no such file or truth, nothing in it, or an architecture that is not in the space.
    """
    path = find_shipped(source) if is_shipped(source) else checked_path(source)
    if path.is_dir():
        raise InputError(f"{path} is a folder. Give a file or the name of a truth.")
    if not path.exists():
        texts = _of_truth(str(source), space)
    elif table_ending(path) in TABLES and not _is_plain_list(path, space):
        texts = check_architectures(read_table(path), space, str(path), AS_IS).tolist()
    else:
        texts = read_lines(path)
    try:
        return np.array(list(dict.fromkeys(space.parse_all(texts))), dtype=object)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def gather_architectures(
    space: Space,
    which: int | str | os.PathLike | Iterable | None = None,
    seed: int = 0,
    subset: str | None = None,
) -> np.ndarray:
    """Canonical strings of distinct architectures, however they are named.

    Args:
        which: a number (so many drawn at random from `subset`), the name of a stored truth or a file (as in
            `list_architectures`), architectures in any notation, or None: the whole of `subset`.
        seed: of the draw.
        subset: of the space; default: the one that `space.sample` draws from.

    Raises:
        InputError: what `list_architectures` and `space.sample` raise; None where the space is too large to list; a
            subset beside a list, which it would not change.
    """
    if which is None:
        population = space.population(subset)
        if population is None:
            raise InputError(
                f"{space.name} has {space.size:,} architectures, too many to score all. Give a number of them "
                f"(drawn at random), a list, a file or the name of a truth."
            )
        return space.decode(population)
    if isinstance(which, (int, np.integer)) and not isinstance(which, bool):
        if which < 1:
            raise InputError(f"{which} architectures asked for: 1 or more are wanted.")
        return space.sample(int(which), seed, subset)
    if subset is not None:
        raise InputError(f"subset {subset!r} and a list of architectures: give one of the two.")
    if isinstance(which, (str, os.PathLike)):
        return list_architectures(which, space)
    if not isinstance(which, Iterable):
        raise InputError(f"architectures: {which!r} is neither a number, nor a name, nor a list.")
    listed = list(dict.fromkeys(space.parse_all(which)))
    if not listed:
        raise InputError("an empty list of architectures.")
    return np.array(listed, dtype=object)


def choose_listed(listed: np.ndarray, n: int | None, seed: int, where: object) -> np.ndarray:
    """`n` of the listed architectures, drawn at random and in the order of the list; all of them where `n` is None.

    Raises:
        InputError: there are fewer, or `n` is below 1.
    """
    if n is None:
        return listed
    if not 1 <= n <= len(listed):
        raise InputError(f"{where} lists {len(listed):,} architectures, not {n:,}.")
    return listed[np.sort(stream("draw", seed).choice(len(listed), n, replace=False))]


def read_lines(path: str | Path) -> list[str]:
    """The non-empty lines of a text file: one architecture each.

    Raises:
        InputError: the file is missing or empty.
    """
    try:
        with opened(path) as file:
            lines = [line.strip() for line in file.read().decode("utf-8-sig").splitlines() if line.strip()]
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is no text. One architecture a line is wanted, or a table.") from None
    if not lines:
        raise InputError(f"{path}: no architectures in it. One a line is wanted.")
    return lines


def _of_truth(name: str, space: Space) -> list[str]:
    from nasbias.truth import describe_sources, read_truth  # late: readers of formats that a file needs none of

    known = [str(about["name"]) for about in describe_sources(space.name)]
    if name not in known:
        raise InputError(
            f"{name}: neither a file nor a truth of {space.name}. Truths: {', '.join(known) or 'none yet'}."
        )
    return list(dict.fromkeys(read_truth(space.name, name)["architecture"]))


def _is_plain_list(path: Path, space: Space) -> bool:
    """Whether a .txt file has an architecture in its first line, where a table has names of columns."""
    if table_ending(path) != ".txt" or path.suffix == ".gz":
        return False
    try:
        space.parse(read_lines(path)[0])
    except InputError:
        return False
    return True
