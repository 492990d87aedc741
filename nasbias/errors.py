"""The one error a user can mend.

`InputError` is what nasbias raises for bad input: a name it does not know, a file that is not what it claims, an
architecture outside the space. Its message is one line that names what was wrong, the value, and the remedy; the
commands print it to standard error and exit with 2. Anything else that escapes is a bug of ours.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """Bad input, described in one line: what was wrong, which value, what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(" ".join(message.split())))


def printable(text: str) -> str:
    """`text` with every character that a terminal would act upon, or not show, written out: ESC becomes \\x1b."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def unknown(kind: str, name: object, known: Iterable[str]) -> InputError:
    """The error for a `name` that is none of the `known` ones, with the nearest of them."""
    known = [str(value) for value in known]
    near = get_close_matches(str(name), known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known) or 'none yet'}."
    return InputError(f"unknown {kind} {str(name)!r}. {hint}")


def missing_extra(package: str, extra: str) -> InputError:
    """The error for an optional package that is not installed."""
    return InputError(f"this needs {package}, which is not installed. Remedy: pip install 'nasbias[{extra}]'.")
