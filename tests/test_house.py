"""Who may import whom, as `python -m tests.house` draws it."""

import pytest

from tests import house

# What is left from before the rooms were built (issue 8). To be zero after the move; never raised.
CLIMBS_LEFT = 0
SIDEWAYS_LEFT = 0
CIRCLES_LEFT = 0
VISITS_LEFT = 0


def picture(*faults: object) -> str:
    """The whole house under the faults, for whoever has to mend it."""
    return "\n".join(["", *map(str, faults), "", house.draw()])


def test_every_room_stands_on_a_floor():
    homeless = []
    for room in house.list_rooms():
        try:
            house.floor_of(room)
        except KeyError:
            homeless.append(room)
    assert not homeless, f"add them to FLOORS in tests/house.py: {homeless}"


def test_a_folder_with_a_command_that_nobody_listed_is_a_study(small_house):
    small_house({"probe/__init__.py": "", "probe/__main__.py": "", "other/__init__.py": ""})
    assert house.floor_of("probe") == house.floor_of("bias")
    with pytest.raises(KeyError):
        house.floor_of("other")


def test_no_room_stands_on_two_floors():
    rooms = [room for floor in house.FLOORS for room in floor]
    assert len(rooms) == len(set(rooms))


def test_no_room_imports_from_a_higher_floor():
    assert len(climbs := house.list_climbs()) <= CLIMBS_LEFT, picture(*climbs)


def test_no_room_imports_from_another_room_of_its_floor():
    assert len(sideways := house.list_sideways()) <= SIDEWAYS_LEFT, picture(*sideways)


def test_no_rooms_import_each_other_in_a_circle():
    assert len(circles := house.list_circles()) <= CIRCLES_LEFT, picture(*circles)


def test_only_commands_import_the_terminal():
    assert len(visits := house.list_terminal_visits()) <= VISITS_LEFT, picture(*visits)


def test_nothing_of_the_analysing_half_leads_to_torch():
    assert not (lines := house.list_torch_imports()), picture(*lines)


@pytest.fixture
def small_house(tmp_path, monkeypatch):
    """Write a house of these files (path -> source) and look at it instead of ours."""

    def build(files: dict[str, str]) -> None:
        for name, source in files.items():
            (tmp_path / "nasbias" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "nasbias" / name).write_text(source)
        paths = sorted((tmp_path / "nasbias").rglob("*.py"))
        monkeypatch.setattr(house, "PACKAGE", tmp_path / "nasbias")
        monkeypatch.setattr(house, "list_modules", lambda: paths)
        monkeypatch.setattr("tests.mirror.ROOT", tmp_path)

    return build


def test_an_import_inside_a_function_is_an_arrow(small_house):
    small_house({"spaces/__init__.py": "def f():\n    from nasbias.truth import load_truth\n", "truth/__init__.py": ""})
    (arrow,) = house.list_arrows()
    assert (arrow.start, arrow.end, arrow.where) == ("spaces", "truth", "nasbias/spaces/__init__.py:2")
    assert house.list_climbs() == [arrow]
    assert "truth^" in house.draw()


def test_a_relative_import_and_one_by_name_are_arrows(small_house):
    small_house(
        {
            "truth/nb201.py": "from ..spaces import get_space\nfrom . import nb101",
            "truth/nb101.py": "import importlib\nimportlib.import_module(f'nasbias.tables.{1}')",
            "spaces/__init__.py": "",
            "tables/__init__.py": "",
        }
    )
    assert {(arrow.start, arrow.end) for arrow in house.list_arrows()} == {("truth", "spaces"), ("truth", "tables")}
    assert not house.list_climbs()


def test_two_rooms_that_reach_each_other_are_a_circle(small_house):
    small_house(
        {
            "training/__init__.py": "import nasbias.scoring.nb201",
            "scoring/nb201.py": "def f():\n    import nasbias.training",
            "runs/__init__.py": "",
        }
    )
    assert house.list_circles() == [["scoring", "training"]]
    assert [(a.start, a.end) for a in house.list_sideways()] == [("scoring", "training"), ("training", "scoring")]


def test_a_name_of_the_package_itself_belongs_to_the_top_floor(small_house):
    small_house({"__init__.py": "", "spaces/__init__.py": "from nasbias import InputError"})
    assert [(a.start, a.end) for a in house.list_climbs()] == [("spaces", "nasbias")]


def test_torch_is_found_in_a_function_and_behind_an_import(small_house):
    small_house(
        {
            "statistics/__init__.py": "def f():\n    import torch",
            "tables/__init__.py": "from nasbias.supernets import build",
            "supernets/__init__.py": "import torch\ndef build(): ...",
            "bias/__init__.py": "def f():\n    from nasbias.supernets import build",
        }
    )
    assert house.list_torch_imports() == [
        "nasbias.statistics:2 imports torch",
        "nasbias.tables:1 imports nasbias.supernets.build",
    ]


def test_the_terminal_is_for_commands(small_house):
    small_house(
        {
            "terminal/__init__.py": "",
            "terminal/parser.py": "from nasbias.terminal import x",
            "bias/__main__.py": "from nasbias.terminal import command",
            "bias/__init__.py": "\nfrom nasbias.terminal import note",
        }
    )
    assert house.list_terminal_visits() == ["nasbias/bias/__init__.py:2"]
