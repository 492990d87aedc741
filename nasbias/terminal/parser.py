"""argparse with one-line errors, and the decorator that makes a function a command.

Exit code 0 on success, 2 with one line on standard error for what the user can mend (`InputError`), never a traceback
for bad input; 130 after Ctrl-C and 143 after SIGTERM. argparse rather than tyro, because tyro reports a bad option as a
box of several lines.
"""

import argparse
import functools
import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from nasbias.errors import InputError, missing_extra, one_line
from nasbias.interrupts import Interrupted, raised
from nasbias.notices import printed_notices
from nasbias.progress import note, silenced

_NEGATIVE = re.compile(r"-([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$|-(nan|inf)$", re.IGNORECASE)
_TRAINING_PACKAGES = ("torch", "lightning_fabric", "safetensors", "tomli_w", "PIL", "sklearn")
# Spellings of version 0.1, taken until 0.2 wherever the old one has no other meaning and the new one is an option.
_OLD_SPELLINGS = {"--scores": "--score", "--epochs": "--budget", "--sample": "--truth-sample"}


class Parser(argparse.ArgumentParser):
    """argparse, with errors of one line and an example at the end of `--help`.

    Args:
        example: one or more lines to copy; those after the first with their own indentation.
        old: former spellings of this command's options, old to new. They work for one release; `--help` is silent.
    """

    def __init__(self, *, example: str = "", old: Mapping[str, str] = {}, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options.setdefault("allow_abbrev", False)
        if example:
            options["epilog"] = f"with --quiet nothing but errors goes to standard error\n\nexample:\n  {example}"
        if options.get("description"):
            options["description"] = _wrapped(str(options["description"]))
        self._old = {**_OLD_SPELLINGS, **old}
        super().__init__(**options)
        self._negative_number_matcher = _NEGATIVE  # before Python 3.14 argparse takes -1e-9 for an option

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:
        """As argparse, after old spellings are replaced."""
        words = list(sys.argv[1:] if args is None else args)
        end = words.index("--") if "--" in words else len(words)
        return super().parse_known_args([*map(self._respell, words[:end]), *words[end:]], namespace)

    def error(self, message: str) -> NoReturn:
        """As argparse, one exception for all that a user can mend: `command` prints it."""
        raise InputError(f"{one_line(message)}. See {self.prog} --help.")

    def _respell(self, word: str) -> str:
        name, equals, value = word.partition("=")
        known = self._option_string_actions  # argparse has no public way to ask whether an option is there
        new = self._old.get(name)
        return f"{new}{equals}{value}" if name not in known and new in known else word


def _wrapped(text: str) -> str:
    """A docstring's paragraphs at the terminal's width; commands and lists (indented or marked) stay as they are."""
    width = shutil.get_terminal_size().columns - 2  # as argparse does

    def at_width(paragraph: str) -> str:
        lines = paragraph.split("\n")
        kept = any(line.startswith((" ", "*", "-")) for line in lines)
        return paragraph if kept else textwrap.fill(" ".join(lines), width, break_on_hyphens=False)

    return "\n\n".join(map(at_width, text.strip("\n").split("\n\n")))


def command(main: Callable[[Sequence[str]], int | None]) -> Callable[..., int]:
    """Make `main(argv)` a command: `InputError` becomes one line on standard error and exit code 2."""

    @functools.wraps(main)
    def wrapped(argv: Sequence[str] | None = None) -> int:
        try:
            words, quiet = _without_quiet(sys.argv[1:] if argv is None else list(argv))
            with silenced(quiet), printed_notices(), raised():
                return main(words) or 0
        except InputError as error:
            return _refuse(error)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.split(".")[0] not in _TRAINING_PACKAGES:
                raise
            return _refuse(missing_extra(error.name, "train"))
        except KeyboardInterrupt as error:
            stopped = error if isinstance(error, Interrupted) else Interrupted()
            note(f"nasbias: interrupted{f': {stopped.text}' if stopped.text else ''}")
            return stopped.exit_code
        except BrokenPipeError:  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    return wrapped


@contextmanager
def resumable(prog: str, argv: Sequence[str]) -> Iterator[None]:
    """An interruption within it says by which command to go on: the same."""
    try:
        yield
    except KeyboardInterrupt as error:
        stopped = error if isinstance(error, Interrupted) else Interrupted()
        again = f"to go on: {shlex.join([*prog.split(), *argv])}"
        raise Interrupted("; ".join(filter(None, (stopped.text, again))), stopped.number) from None


def _without_quiet(argv: list[str]) -> tuple[list[str], bool]:
    """The words without `--quiet`, which every command takes, and whether it was there."""
    end = argv.index("--") if "--" in argv else len(argv)
    return [word for i, word in enumerate(argv) if i >= end or word != "--quiet"], "--quiet" in argv[:end]


def _refuse(error: InputError) -> int:
    note(f"nasbias: {error}")
    return 2
