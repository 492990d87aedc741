"""The former home of `nasbias.terminal` and of `to_json`, `records` and `write_table` (now `nasbias.files`): for one
release."""

from nasbias.files import records, to_json, write_table
from nasbias.provenance import count_cores
from nasbias.terminal import (
    Parser,
    add_fields,
    add_format,
    command,
    fields_of,
    note,
    numbers,
    print_table,
    progress,
)

__all__ = [
    "Parser",
    "add_fields",
    "add_format",
    "command",
    "count_cores",
    "fields_of",
    "note",
    "numbers",
    "print_table",
    "progress",
    "records",
    "to_json",
    "write_table",
]
