"""The doors: `__init__` files that only offer names of their room (`mirror.is_door`)."""

import ast
import importlib
import subprocess
import sys

import pytest

from tests.mirror import is_door, list_modules, name_of

DOORS = {name_of(path): path for path in list_modules() if is_door(path)}


@pytest.mark.parametrize("name", DOORS)
def test_a_door_offers_every_name_it_imports_once_and_in_order(name):
    module = importlib.import_module(name)
    imported = [
        alias.asname or alias.name
        for node in ast.parse(DOORS[name].read_text()).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    offered = list(getattr(module, "__all__", []))
    assert sorted(offered) == sorted(imported)
    assert len(set(offered)) == len(offered)
    assert all(hasattr(module, each) for each in offered)


@pytest.mark.parametrize("name", DOORS)
def test_a_door_says_what_the_room_is_for(name):
    text = importlib.import_module(name).__doc__ or ""
    assert len(text.split()) >= 8


@pytest.mark.parametrize(
    ("name", "slow"), [("nasbias.terminal", {"pandas", "rich", "scipy", "torch"}), ("nasbias.runs", {"torch"})]
)
def test_these_doors_open_without_what_is_slow_to_import(name, slow):
    code = f"import sys, {name}; print({slow!r} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
