"""Fields of configurations that are options on the command line as well: a default and a line of help."""

from dataclasses import field
from typing import Any


def option(default: Any, text: str) -> Any:
    """A dataclass field; `terminal.add_fields` makes an option of it, with `text` and the default as its help."""
    return field(default=default, metadata={"help": text})
