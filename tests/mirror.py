"""Which test files mirror which module: nasbias/a/b.py is tested by tests/a/test_b.py.

A room's `__init__` is tested by the test named as the room (tests/a/test_a.py or tests/test_a.py), its `__main__` by
tests/a/test_command.py. A leading underscore is dropped. Two kinds of modules share a test that goes through all of
them: doors (`is_door`) and families (`FAMILIES`).
"""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nasbias"
TESTS = ROOT / "tests"

# Folders of modules that are alike and hold data alone: the test goes through all of them by the list of spaces.
FAMILIES = {"nasbias/recipes": "tests/recipes/test_recipes.py"}
DOORS = "tests/test_doors.py"
# Test files that protect a module besides its mirror, or instead of one.
EXTRAS = {
    "nasbias/spaces/_nb101_cells.py": ["tests/spaces/test_nb101.py"],
    "nasbias/spaces/_nb101_costs.py": ["tests/spaces/test_nb101.py"],
    "nasbias/spaces/_nb101_graph.py": ["tests/spaces/test_nb101.py"],
    "nasbias/spaces/_nb101_hash.py": ["tests/spaces/test_nb101.py"],
    "nasbias/spaces/_darts_costs.py": ["tests/spaces/test_darts.py"],
    "nasbias/spaces/_darts_notations.py": ["tests/spaces/test_darts.py"],
    "nasbias/spaces/__init__.py": ["tests/spaces/test_registry.py"],
    "nasbias/spaces/_space.py": ["tests/spaces/test_registry.py"],
    "nasbias/__init__.py": ["tests/test_package.py"],
    "nasbias/correlation/wording.py": ["tests/correlation/test_command.py"],
    "nasbias/truth/nats.py": ["tests/truth/test_nats_sss.py"],
    "nasbias/truth/nb201.py": ["tests/truth/test_nats.py"],
}


def list_modules() -> list[Path]:
    """Every module of nasbias, sorted."""
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """nasbias/truth/nb101.py -> nasbias.truth.nb101; a room's `__init__` has the room's name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_door(path: Path) -> bool:
    """Whether a module is an `__init__` of docstring, imports and `__all__` alone: it offers names and does nothing."""
    if path.stem != "__init__":
        return False

    def offers(node: ast.stmt) -> bool:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        named = isinstance(target, ast.Name) and target.id == "__all__"
        return isinstance(node, ast.ImportFrom) or docstring or named

    return all(offers(node) for node in ast.parse(path.read_text()).body)


def mirrors_of(path: Path) -> list[Path]:
    """Where the mirroring test file of a module may lie, whether or not it exists."""
    folder = TESTS / path.parent.relative_to(PACKAGE)
    if path.stem == "__init__":
        return [folder / f"test_{path.parent.name}.py", folder.parent / f"test_{path.parent.name}.py"]
    if path.stem == "__main__":
        return [folder / "test_command.py"]
    return [folder / f"test_{path.stem.lstrip('_')}.py"]


def tests_of(path: Path) -> list[Path]:
    """The existing test files of a module: its mirror, the one it shares with its like, then the extras."""
    name, folder = path.relative_to(ROOT).as_posix(), path.parent.relative_to(ROOT).as_posix()
    shared = [FAMILIES[folder]] if folder in FAMILIES else [DOORS] if is_door(path) else []
    others = [ROOT / test for test in [*shared, *EXTRAS.get(name, [])]]
    return list(dict.fromkeys(test for test in [*mirrors_of(path), *others] if test.is_file()))
