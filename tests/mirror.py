"""Which test files mirror which module: nasbias/a/b.py is tested by tests/a/test_b.py.

A room's `__init__` is tested by the test named as the room (tests/a/test_a.py or tests/test_a.py), its `__main__` by
tests/a/test_command.py. A leading underscore is dropped.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nasbias"
TESTS = ROOT / "tests"

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
}


def list_modules() -> list[Path]:
    """Every module of nasbias, sorted."""
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """nasbias/truth/nb101.py -> nasbias.truth.nb101; a room's `__init__` has the room's name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def mirrors_of(path: Path) -> list[Path]:
    """Where the mirroring test file of a module may lie, whether or not it exists."""
    folder = TESTS / path.parent.relative_to(PACKAGE)
    if path.stem == "__init__":
        return [folder / f"test_{path.parent.name}.py", folder.parent / f"test_{path.parent.name}.py"]
    if path.stem == "__main__":
        return [folder / "test_command.py"]
    return [folder / f"test_{path.stem.lstrip('_')}.py"]


def tests_of(path: Path) -> list[Path]:
    """The existing test files of a module: its mirror, then the extras."""
    extras = [ROOT / extra for extra in EXTRAS.get(path.relative_to(ROOT).as_posix(), [])]
    return list(dict.fromkeys(test for test in [*mirrors_of(path), *extras] if test.is_file()))
