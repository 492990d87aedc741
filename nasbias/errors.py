"""The one error a user can mend.

`InputError` is what nasbias raises for bad input: a name it does not know, a file that is not what it claims, an
architecture outside the space. Its message is one line that names what was wrong, the value, and the remedy; the
commands print it to standard error and exit with 2. Anything else that escapes is a bug of ours.
"""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST_NAME = 200  # characters of a name that are compared with the known ones
_LONGEST_WORD, _LONGEST_MESSAGE = 500, 2000  # characters: the longest genotypes have 400


class InputError(ValueError):
    """Bad input, described in one line: what was wrong, which value, what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


def quoted(value: object, most: int = 400) -> str:
    """`repr` of whatever somebody gave, shortened; also of a number with more digits than Python writes out."""
    return shortened(value, most) if isinstance(value, int) else shortened(repr(value), most)


def one_line(message: str) -> str:
    """`message` in one printable line; words and messages that no one would read to their end lose their middle."""
    words = (shortened(word, _LONGEST_WORD) for word in shortened(message, 100 * _LONGEST_MESSAGE).split())
    return shortened(printable(" ".join(words)), _LONGEST_MESSAGE)


def shortened(value: object, most: int = 80) -> str:
    """`value` as text for a message, its middle left out where it is longer than `most` characters."""
    if isinstance(value, int) and value.bit_length() > 10_000:  # more digits than Python turns into text
        return f"a number of {value.bit_length():,} bits"
    text = str(value)
    if len(text) <= most:
        return text
    return f"{text[: most * 2 // 3]} ... {text[-(most // 4) :]} ({len(text):,} characters)"


def printable(text: str) -> str:
    """`text` with every character that a terminal would act upon, or not show, written out: ESC becomes \\x1b."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def unknown(kind: str, name: object, known: Iterable[str]) -> InputError:
    """The error for a `name` that is none of the `known` ones, with the nearest of them."""
    known = [str(value) for value in known]
    near = get_close_matches(str(name)[:_LONGEST_NAME], known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known) or 'none yet'}."
    return InputError(f"unknown {kind} {shortened(name)!r}. {hint}")


def missing_extra(package: str, extra: str) -> InputError:
    """The error for an optional package that is not installed."""
    return InputError(f"this needs {package}, which is not installed. Remedy: pip install 'nasbias[{extra}]'.")
