"""What a command writes into a Markdown file: the text between two marks."""

from pathlib import Path

from nasbias.errors import InputError
from nasbias.files import written_atomically


def write_block(path: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands between the marks, each a line of its own.

    Raises:
        InputError: the file has no such marks.
    """
    before, begins, rest = path.read_text().partition(begin)
    _, ends, after = rest.partition(end)
    if not (begins and ends):
        raise InputError(f"{path}: no {begin.strip()} and {end.strip()} to write between.")
    with written_atomically(path) as temporary:
        temporary.write_text(f"{before}{begin}{text}{end}{after}")
