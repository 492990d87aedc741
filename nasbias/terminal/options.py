"""Options that commands share, each declared once."""

import argparse
import dataclasses
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from nasbias.options import ANY, number, numbers


def add_format(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Add `--format`, the first of `formats` (default: table, json) being the default."""
    formats = formats or ("table", "json")
    parser.add_argument(
        "--format", choices=formats, default=formats[0], help=f"what is printed (default: {formats[0]})"
    )


def add_table_options(parser: argparse.ArgumentParser, *formats: str) -> None:
    """`--format` and `--wide`: for commands whose table has more columns than a narrow screen shows."""
    add_format(parser, *formats)
    parser.add_argument("--wide", action="store_true", help="every column of the table (default: those that fit)")


def add_fields(parser: Any, config: type, skip: Iterable[str] = (), defaults: Mapping[str, Any] | None = None) -> None:
    """One option per field of a dataclass, with the field's `help` metadata.

    Args:
        parser: an argparse parser, or a group of one.
        skip: fields that become no option.
        defaults: what replaces the fields' own defaults, by name.
    """
    hints = typing.get_type_hints(config)
    for field in dataclasses.fields(config):
        if field.name in skip:
            continue
        kind, default = hints[field.name], (defaults or {}).get(field.name, field.default)
        alternatives = [part for part in typing.get_args(kind) if part is not type(None)]
        text = field.metadata.get("help", "").replace("%", "%%")
        option: dict[str, Any] = {"default": default, "help": f"{text} (default: {_shown(default)})"}
        if kind is bool:
            option["action"] = argparse.BooleanOptionalAction
        elif typing.get_origin(kind) is tuple:
            option["type"] = numbers(alternatives[0], field.metadata.get("bounds", ANY))
        elif typing.get_origin(kind) is typing.Literal:
            option["choices"] = typing.get_args(kind)
        else:
            plain = alternatives[0] if alternatives else kind
            option["type"] = number(plain, field.metadata.get("bounds", ANY)) if plain in (int, float) else plain
        parser.add_argument(f"--{field.name.replace('_', '-')}", **option)


def fields_of(config: type, arguments: argparse.Namespace) -> dict[str, Any]:
    """The parsed options that are fields of the dataclass `config`."""
    return {f.name: getattr(arguments, f.name) for f in dataclasses.fields(config) if hasattr(arguments, f.name)}


def _shown(default: Any) -> str:
    """A default as one would type it."""
    if default is None or default == ():
        return "none"
    if isinstance(default, bool):
        return "yes" if default else "no"
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default).replace("%", "%%")
