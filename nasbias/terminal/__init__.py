"""What commands say and hear: options in, one-line errors, tables and sentences on a screen, progress. Only commands
import this room.

    parser = Parser(prog="python -m nasbias.x", description=__doc__, example="python -m nasbias.x --space nb201")
    add_format(parser)
    given = parser.parse_args(argv)

Nothing here imports pandas or rich before something is printed, so `--help` stays fast.
"""

from nasbias.options import number, numbers
from nasbias.progress import bar, duration, note, progress
from nasbias.terminal.options import add_fields, add_format, add_table_options, fields_of
from nasbias.terminal.parser import Parser, command, resumable
from nasbias.terminal.screen import print_facts, print_table, say, suggest

__all__ = [
    "Parser",
    "add_fields",
    "add_format",
    "add_table_options",
    "bar",
    "command",
    "duration",
    "fields_of",
    "note",
    "number",
    "numbers",
    "print_facts",
    "print_table",
    "progress",
    "resumable",
    "say",
    "suggest",
]
