"""Every module has a test file of its own name."""

import pytest

from tests import mirror

# Modules without a test file of their own name, each with the reason.
ALLOWED: dict[str, str] = {}


def is_mirrored(path) -> bool:
    return bool(mirror.tests_of(path))


def test_every_module_has_a_test_file_of_its_own_name():
    names = {path.relative_to(mirror.ROOT).as_posix() for path in mirror.list_modules() if not is_mirrored(path)}
    missing = sorted(names - ALLOWED.keys())
    assert not missing, f"no test file of their own name (see tests/mirror.py): {missing}"


def test_no_exception_outlives_its_reason():
    for name in [*ALLOWED, *mirror.EXTRAS]:
        assert (mirror.ROOT / name).is_file(), f"{name} is gone: take it off the list"
        assert name in mirror.EXTRAS or not is_mirrored(mirror.ROOT / name), f"{name} has a test file now: take it off"
    for extra in {extra for extras in mirror.EXTRAS.values() for extra in extras}:
        assert (mirror.ROOT / extra).is_file(), extra


def test_doors_and_families_share_a_test_and_nothing_else_does():
    doors = {path.parent.name for path in mirror.list_modules() if mirror.is_door(path)}
    assert {"tables", "statistics", "matching", "terminal", "runs"} <= doors
    assert doors.isdisjoint({"nasbias", "truth", "supernets", "scoring", "datasets", "campaigns"})  # these do something
    assert mirror.tests_of(mirror.PACKAGE / "recipes" / "ptb.py") == [mirror.TESTS / "recipes" / "test_recipes.py"]
    for family in mirror.FAMILIES:
        assert (mirror.ROOT / family).is_dir(), f"{family} is gone: take it off the list"


@pytest.mark.parametrize(
    ("module", "places"),
    [
        ("kendall.py", ["tests/test_kendall.py"]),
        ("truth/nb101.py", ["tests/truth/test_nb101.py"]),
        ("spaces/_space.py", ["tests/spaces/test_space.py"]),
        ("truth/__init__.py", ["tests/truth/test_truth.py", "tests/test_truth.py"]),
        ("truth/__main__.py", ["tests/truth/test_command.py"]),
    ],
)
def test_a_module_and_its_test_file_lie_at_the_same_place(module, places):
    found = mirror.mirrors_of(mirror.PACKAGE / module)
    assert [path.relative_to(mirror.ROOT).as_posix() for path in found] == places
