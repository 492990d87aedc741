"""`nasbias <command>`: the same commands as `python -m nasbias.<command>`, each imported only when it is called."""

import ast
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from nasbias import __version__
from nasbias.errors import unknown
from nasbias.provenance import versions
from nasbias.terminal import command


def list_commands() -> dict[str, str]:
    """Name -> what it does: every module whose docstring begins with how it is called, read without importing it."""
    found = {}
    package = Path(__file__).parent
    for path in sorted([*package.glob("*/__main__.py"), *package.glob("*.py")]):
        name = path.parent.name if path.stem == "__main__" else path.stem
        call, _, text = (ast.get_docstring(ast.parse(path.read_text())) or "").partition(": ")
        if call.startswith(f"`python -m nasbias.{name}"):
            found[name] = text.splitlines()[0].rstrip(".")
    return found


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    known = list_commands()
    if not argv or argv[0] in ("-h", "--help"):
        print("usage: nasbias <command> ...   (nasbias <command> --help says more)\n")
        for name, text in known.items():
            print(f"  {name:<12} {text}")
        print("\n  --version    nasbias, Python and the packages that results depend on")
        print("\nexample:\n  nasbias correlation --space nb201")
        return 0
    if argv[0] == "--version":
        others = ", ".join(f"{name} {number}" for name, number in versions().items() if name != "nasbias")
        print(f"nasbias {__version__} ({others})")
        return 0
    name, *rest = argv
    if name not in known:
        raise unknown("command", name, known)
    module = importlib.import_module(f"nasbias.{name}")
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"nasbias.{name}.__main__")
    return module.main(rest)


if __name__ == "__main__":
    sys.exit(main())
