import subprocess
import sys
from pathlib import Path

from nasbias import figures
from nasbias.figures.registry import THEMES


def test_every_theme_has_figures_and_every_figure_a_theme():
    homes = {entry.draw.__module__.rpartition(".")[2] for entry in figures.list_figures().values()}
    assert homes == set(THEMES)


def test_the_room_itself_imports_no_matplotlib():
    code = "import sys, nasbias.figures; assert not {'matplotlib', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
