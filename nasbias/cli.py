"""`nasbias <command>`: the same commands as `python -m nasbias.<command>`, each imported only when it is called."""

import importlib
import importlib.util
import sys
from collections.abc import Sequence

from nasbias import __version__
from nasbias.errors import unknown
from nasbias.provenance import versions
from nasbias.terminal import command

COMMANDS = {
    "correlation": "how well supernets rank a space, per training length",
    "truth": "import, list, show and fetch ground truth",
    "datasets": "fetch, list and show image sets",
    "train": "train a supernet, or one architecture alone",
    "score": "score architectures with a run's inherited weights",
    "bias": "which operations and sizes are misjudged",
    "density": "rankings under sharing plans, side by side",
    "finetune": "tune each architecture alone from a checkpoint",
    "pruning": "supernets of a part of the space: what they find and how they rank",
    "stability": "how much rankings change between runs, epochs and steps",
    "figures": "figures for a paper, of our studies or of your predictions",
}


@command
def main(argv: Sequence[str]) -> int:
    """The command; see the module's docstring."""
    present = {name: text for name, text in COMMANDS.items() if importlib.util.find_spec(f"nasbias.{name}")}
    if not argv or argv[0] in ("-h", "--help"):
        print("usage: nasbias <command> ...   (nasbias <command> --help says more)\n")
        for name, text in present.items():
            print(f"  {name:<12} {text}")
        print("\n  --version    nasbias, Python and the packages that results depend on")
        print("\nexample:\n  nasbias correlation --space nb201")
        return 0
    if argv[0] == "--version":
        others = ", ".join(f"{name} {number}" for name, number in versions().items() if name != "nasbias")
        print(f"nasbias {__version__} ({others})")
        return 0
    name, *rest = argv
    if name not in present:
        raise unknown("command", name, present)
    module = importlib.import_module(f"nasbias.{name}")
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"nasbias.{name}.__main__")
    return module.main(rest)


if __name__ == "__main__":
    sys.exit(main())
