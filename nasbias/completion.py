"""`python -m nasbias.completion SHELL`: what a shell needs to complete commands, actions and options of nasbias.

source <(nasbias completion bash)      # in ~/.bashrc, or zsh after `autoload -U bashcompinit && bashcompinit`
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from nasbias.cli import list_commands
from nasbias.terminal import Parser, command


class _Built(Exception):
    """The parser that a command was about to use."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser that a command builds; the command itself is not carried out.

    Raises:
        RuntimeError: it parses nothing.
    """
    module = importlib.import_module(f"nasbias.{name}")
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"nasbias.{name}.__main__")

    def stop(parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        raise _Built(parser)

    parse, Parser.parse_args = Parser.parse_args, stop  # type: ignore[method-assign]
    try:
        module.main([])
    except _Built as built:
        return built.parser
    finally:
        Parser.parse_args = parse  # type: ignore[method-assign]
    raise RuntimeError(f"{name} parses no command line")


def words_of(parser: argparse.ArgumentParser) -> list[str]:
    """Its options and actions."""
    words = [option for action in parser._actions for option in action.option_strings]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            words += [*action.choices, *(word for each in action.choices.values() for word in words_of(each))]
    return sorted({*words, "--quiet"})


def write_completion() -> str:
    """A bash script; zsh takes it through bashcompinit."""
    commands = list_commands()
    cases = "\n".join(
        f'    {name}) words="{" ".join(words_of(parser_of(name)))}" ;;' for name in commands if name != "completion"
    )
    return f"""_nasbias() {{
  local words="" word="${{COMP_WORDS[COMP_CWORD]}}"
  case "${{COMP_WORDS[1]}}" in
{cases}
    completion) words="bash zsh" ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="{" ".join(commands)}"
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _nasbias nasbias"""


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    parser = Parser(
        prog="python -m nasbias.completion", description=__doc__, example="python -m nasbias.completion bash"
    )
    parser.add_argument("shell", choices=("bash", "zsh"), metavar="SHELL", help="bash or zsh: one script for both")
    parser.parse_args(argv)
    print(write_completion())
    return 0


if __name__ == "__main__":
    sys.exit(main())
