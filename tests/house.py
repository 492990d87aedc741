"""The rooms of nasbias and who imports whom: `python -m tests.house` draws it.

A room is a folder of nasbias/ or a module that lies beside them. An import inside a function counts like any other, and
so does `import_module("nasbias.…")`. An arrow to a higher floor is a climb, one to another room of the same floor goes
sideways; the ground floor may, as what lies there needs only the standard library. The terminal is for commands alone.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from tests.mirror import PACKAGE, list_modules, name_of

# From the ground up. A room imports from floors below its own.
FLOORS: list[list[str]] = [
    [
        "digests",
        "errors",
        "options",
        "files",
        "forms",
        "interrupts",
        "locks",
        "notices",
        "numerals",
        "opening",
        "outline",
        "pickles",
        "pool",
        "provenance",
        "progress",
        "seals",
        "streams",
        "threads",
        "terminal",
    ],
    ["spaces"],
    ["tables", "statistics", "recipes"],
    ["truth", "datasets"],
    ["matching", "supernets"],
    ["runs"],
    ["training", "scoring", "correlation", "stability", "bias", "density", "pruning"],
    ["campaigns", "outside", "complement"],
    ["finetune", "proxies"],
    ["figures"],
    ["report"],
    ["train", "score", "nasbias", "lightning"],
    ["sweep"],
    ["cli"],
    ["completion"],
    ["__main__"],
]
TORCH = {"torch", "torchvision", "lightning_fabric", "safetensors"}
# The half that needs torch. Every other room is the analysing half.
TRAINING = {
    "threads",
    "datasets",
    "supernets",
    "runs",
    "training",
    "scoring",
    "campaigns",
    "finetune",
    "proxies",
    "sweep",
    "train",
    "score",
    "lightning",
}


@dataclass(frozen=True)
class Import:
    """One import: the module and line it stands in, what it imports, and whether it waits inside a function (or is for
    the type checker alone)."""

    module: str
    line: int
    target: str
    late: bool


@dataclass(frozen=True)
class Arrow:
    """One room imports from another; `where` names the first line that does."""

    start: str
    end: str
    where: str


def list_imports(path: Path) -> Iterator[Import]:
    """What a module imports, wherever in the file."""
    module = name_of(path)
    tree = ast.parse(path.read_text())
    late = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for block in ast.walk(tree):  # what is for the type checker alone is never imported
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            late |= {id(node) for node in ast.walk(block)}
    for node in ast.walk(tree):
        for target in _targets(node, path):
            yield Import(module, node.lineno, target, id(node) in late)


def _targets(node: ast.AST, path: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        above = path.relative_to(PACKAGE.parent).parts[: -node.level] if node.level else ()
        base = ".".join([*above, *([node.module] if node.module else [])])
        return [f"{base}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and node.args:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0]
        if isinstance(first, ast.JoinedStr) and first.values:
            first = first.values[0]
        if name == "import_module" and isinstance(first, ast.Constant) and str(first.value).startswith("nasbias."):
            return [str(first.value)]
    return []


def room_of(target: str) -> str | None:
    """The room of `nasbias.spaces.nb201.x`: spaces. A name of the package itself is of the room nasbias."""
    parts = target.split(".")
    if parts[0] != "nasbias":
        return None
    if len(parts) > 1 and ((PACKAGE / parts[1]).is_dir() or (PACKAGE / f"{parts[1]}.py").is_file()):
        return parts[1]
    return "nasbias"


def list_rooms() -> list[str]:
    """Every room there is, by name."""
    return sorted({str(room_of(name_of(path))) for path in list_modules()})


def floor_of(room: str) -> int:
    """The floor a room stands on; a folder with a command that no floor lists is a study.

    Raises:
        KeyError: the room is in no floor's list.
    """
    listed = {name: floor for floor, rooms in enumerate(FLOORS) for name in rooms}
    is_study = room not in listed and (PACKAGE / room / "__main__.py").is_file()
    return listed["correlation" if is_study else room]


def list_arrows() -> list[Arrow]:
    """Room to room, each pair once."""
    found: dict[tuple[str, str], str] = {}
    for path in list_modules():
        for item in list_imports(path):
            start, end = room_of(item.module), room_of(item.target)
            if start and end and start != end:
                found.setdefault((start, end), f"{path.relative_to(PACKAGE.parent)}:{item.line}")
    return [Arrow(start, end, where) for (start, end), where in sorted(found.items())]


def list_climbs() -> list[Arrow]:
    """The arrows that end on a higher floor than they start."""
    return [arrow for arrow in list_arrows() if floor_of(arrow.end) > floor_of(arrow.start)]


def list_sideways() -> list[Arrow]:
    """The arrows between two rooms of one floor above the ground."""
    return [arrow for arrow in list_arrows() if floor_of(arrow.end) == floor_of(arrow.start) > 0]


def list_terminal_visits() -> list[str]:
    """Modules outside of the commands that import the terminal, each with the first line that does."""
    commands = {"train", "score", "cli", "completion", "nasbias"}
    found: dict[str, int] = {}
    for path in list_modules():
        if path.stem == "__main__" or room_of(name_of(path)) in commands:
            continue
        for item in list_imports(path):
            end, start = room_of(item.target), str(room_of(item.module))
            if end == "terminal" != start:
                found.setdefault(f"{path.relative_to(PACKAGE.parent)}", item.line)
    return [f"{path}:{line}" for path, line in found.items()]


def list_circles() -> list[list[str]]:
    """Rooms that reach each other: the strongly connected parts of more than one room."""
    rooms = list_rooms()
    number = {room: index for index, room in enumerate(rooms)}
    arrows = list_arrows()
    matrix = csr_matrix(
        (np.ones(len(arrows)), ([number[a.start] for a in arrows], [number[a.end] for a in arrows])),
        shape=(len(rooms), len(rooms)),
    )
    _, part = connected_components(matrix, connection="strong")
    members = defaultdict(list)
    for room, index in zip(rooms, part, strict=True):
        members[int(index)].append(room)
    return [circle for circle in members.values() if len(circle) > 1]


def list_torch_imports() -> list[str]:
    """Lines of the analysing half that import torch, late or not, or that reach a module that does at its top level."""
    modules = {name_of(path): list(list_imports(path)) for path in list_modules()}
    names = set(modules)
    heavy = {name for name, imports in modules.items() if any(_is_torch(i) and not i.late for i in imports)}
    reaching = dict.fromkeys(heavy)
    grown = True
    while grown:  # modules that import a heavy one at their top level are heavy too
        grown = False
        for name, imports in modules.items():
            if name not in reaching and any(not i.late and _module(i.target, names) in reaching for i in imports):
                reaching[name] = None
                grown = True
    return [
        f"{item.module}:{item.line} imports {item.target}"
        for name, imports in modules.items()
        if room_of(name) not in TRAINING
        for item in imports
        if _is_torch(item) or (not item.late and _module(item.target, names) in reaching)
    ]


def _is_torch(item: Import) -> bool:
    return item.target.split(".")[0] in TORCH


def _module(target: str, names: set[str]) -> str | None:
    parent = target.rpartition(".")[0]
    return target if target in names else parent if parent in names else None


def draw() -> str:
    """The house as text: floors from the top, each room with what it imports, climbs marked ^, sideways =."""
    arrows, climbs, sideways, circles = list_arrows(), list_climbs(), list_sideways(), list_circles()
    visits, torch = list_terminal_visits(), list_torch_imports()
    targets = defaultdict(list)
    for arrow in arrows:
        targets[arrow.start].append(arrow.end + ("^" if arrow in climbs else "=" if arrow in sideways else ""))
    lines = []
    rooms = list_rooms()
    for floor in range(len(FLOORS) - 1, -1, -1):
        for room in [room for room in rooms if floor_of(room) == floor]:
            lines.append(f"{floor}  {room:<20} -> {' '.join(targets[room]) or '-'}")
    for word, found in (("climb", climbs), ("sideways", sideways)):
        lines += [f"{word}: {a.where}: {a.start} ({floor_of(a.start)}) -> {a.end} ({floor_of(a.end)})" for a in found]
    lines += [f"circle: {' '.join(circle)}" for circle in circles]
    lines += [f"terminal: {visit}" for visit in visits] + [f"torch: {line}" for line in torch]
    lines.append(
        f"{len(rooms)} rooms, {len(arrows)} arrows, {len(climbs)} climbs, {len(sideways)} sideways, "
        f"{len(circles)} circles, {len(visits)} visits to the terminal, {len(torch)} ways to torch"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    print(draw())
