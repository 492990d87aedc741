"""Which architectures: those of a file, a sample, a list."""

from pathlib import Path

from nasbias.errors import InputError

REMAINING = "remaining.txt"  # in a run's folder: what pruning left, one architecture a line


def read_lines(path: str | Path) -> list[str]:
    """The non-empty lines of a text file: one architecture each.

    Raises:
        InputError: the file is missing or empty.
    """
    try:
        lines = [line.strip() for line in Path(path).read_text().splitlines() if line.strip()]
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}).") from None
    if not lines:
        raise InputError(f"{path}: no architectures in it. One a line is wanted.")
    return lines
