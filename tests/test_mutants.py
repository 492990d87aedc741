"""The mutation tester itself: what it knows by hand fits the code, and what it leaves out can't tell."""

import pytest

from tests.mirror import PACKAGE, list_modules, name_of
from tests.mutants.harmless import HARMLESS
from tests.mutants.known import KNOWN
from tests.mutants.running import is_inside


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_every_mutant_made_by_hand_still_has_its_place_in_the_code(known):
    source = (PACKAGE / known.module).read_text()
    assert source.count(known.before) == 1
    compile(source.replace(known.before, known.after), known.module, "exec")


def test_what_is_called_harmless_is_of_a_module_that_there_is():
    names = {name_of(path).removeprefix("nasbias.") for path in list_modules()}
    assert {module for module, *_ in HARMLESS} <= names and all(before != after for _, before, after in HARMLESS)


def test_lines_that_run_on_import_are_told_from_those_that_run_when_called():
    source = "import a\n\n\n@b(1)\ndef f(x=2):\n    y = 3\n    return (\n        y)\n\nz = 4\n"
    assert [line for line in range(1, 11) if is_inside(source, line)] == [6, 7, 8]
