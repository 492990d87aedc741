import re
from pathlib import Path

import pytest

from nasbias.errors import InputError
from nasbias.figures import gallery, list_figures

ROOT = Path(__file__).parents[2]


def test_the_gallery_says_of_every_figure_what_to_see():
    assert set(gallery.SEE) == set(list_figures())


def test_figures_and_page_are_whole_and_captioned(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "SEE", {name: gallery.SEE[name] for name in ("run_taus", "groups")})
    drawn = dict(gallery.fill_gallery(tmp_path / "here"))
    files = {path.name for path in (tmp_path / "here").iterdir()}
    assert files == {"README.md", "run_taus.pdf", "run_taus.png", "groups.pdf", "groups.png"}
    page = (tmp_path / "here" / "README.md").read_text()
    assert "n = 1,000, 3 runs" in page
    assert page.index("## How well") < page.index("## What would help")
    assert all(size > 10_000 for size in drawn.values())


def test_a_folder_that_cannot_be_written_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "SEE", {"groups": gallery.SEE["groups"]})
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="can't be written"):
        list(gallery.fill_gallery(tmp_path / "file"))


def test_the_repositorys_gallery_shows_every_figure_and_is_small():
    folder = ROOT / "figures"
    page = (folder / "README.md").read_text()
    shown = re.findall(r"!\[.*\]\((\w+)\.png\)", page)
    assert shown == list(gallery.SEE)
    assert all((folder / f"{name}.{ending}").is_file() for name in shown for ending in ("png", "pdf"))
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2 * 2**20
