import json

import pytest

from nasbias.figures.__main__ import main
from tests.figures import tables
from tests.predicted import make_table, make_truth, runs_of


@pytest.fixture
def files(tmp_path):
    table = make_table()
    runs_of(table).to_csv(tmp_path / "mine.csv", index=False)
    make_truth(table).to_csv(tmp_path / "truth.csv", index=False)
    return ["--space", "nb201", "--predictions", str(tmp_path / "mine.csv"), "--truth", str(tmp_path / "truth.csv")]


def test_one_of_our_figures_is_written_and_captioned(tmp_path, capsys):
    assert main(["effects_map", "--out", str(tmp_path / "x.pdf")]) == 0
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")
    assert "15,625 architectures, 3 runs" in capsys.readouterr().out


def test_a_figure_of_ones_own_predictions(files, tmp_path, capsys):
    assert main(["run_taus", *files, "--out", str(tmp_path / "x.svg"), "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["file"].endswith("x.svg")
    assert "n = 300, 2 runs" in said["caption"]
    assert "<svg" in (tmp_path / "x.svg").read_text()


@pytest.mark.parametrize("name", ["score_against_truth", "cross_run_map", "rank_boxes", "size_against"])
def test_what_the_command_was_asked_reaches_every_study(name, files, tmp_path):
    asked = ["--score", "loss", "--lower-is-better", "loss", "--column", "architecture=architecture"]
    assert main([name, *files, *asked, "--out", str(tmp_path / "x.png")]) == 0


def test_a_table_of_ones_own(tmp_path, capsys):
    tables.operators().to_csv(tmp_path / "t.csv", index=False)
    assert main(["effects_map", "--table", str(tmp_path / "t.csv"), "--out", str(tmp_path / "x.png")]) == 0
    assert "t.csv: 6 rows" in capsys.readouterr().out


def test_a_caption_is_written_below_if_asked(tmp_path, capsys):
    from PIL import Image

    sizes = []
    for more in ([], ["--caption"]):
        assert main(["groups", "--out", str(tmp_path / "x.png"), *more]) == 0
        with Image.open(tmp_path / "x.png") as image:
            sizes.append(image.size)
    assert sizes[0][0] == sizes[1][0] and sizes[0][1] + 60 < sizes[1][1]


def test_an_architecture_is_drawn_and_named(tmp_path, capsys):
    asked = ["architecture", "--space", "nb201", "--architecture", "42", "--out", str(tmp_path / "x.svg")]
    assert main(asked) == 0
    assert "|none~0|+|nor_conv_3x3~0|" in capsys.readouterr().out.replace("\n", "")
    assert "<svg" in (tmp_path / "x.svg").read_text()
    assert main([*asked, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["architecture"].count("|") == 9


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["efects_map"], "Did you mean effects_map"),
        (["run_taus", "--out", "x.doc"], "the ending must be one of"),
        (["run_taus", "--out", "/dev/null/x.pdf"], "can't be written"),
        (["run_taus", "--width", "2"], "argument --width: 2"),
        (["run_taus", "--space", "nb999"], "nb999"),
        (["run_taus", "--predictions", "absent.csv"], "absent.csv"),
        (["run_taus", "--table", "absent.csv"], "absent.csv"),
        (["effects_map", "--space", "darts64", "--score", "loss", "--epoch", "3"], "epoch"),
        (["groups", "--space", "darts64"], "--table"),
        (["architecture", "--space", "nb201"], "--architecture 42"),
        (["architecture", "--space", "nb201", "--architecture", "<script>[/b]"], "<script>[/b]"),
        (["architecture", "--space", "nb201", "--architecture", "\u05e9\u202e|"], "\\u202e"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_code_2_and_no_file(arguments, word, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert word in said.err.strip().split("\n")[-1]
    assert not list(tmp_path.iterdir())


def test_the_list_names_every_figure(capsys):
    from nasbias.figures import list_figures

    assert main(["list", "--format", "json"]) == 0
    assert [row["figure"] for row in json.loads(capsys.readouterr().out)] == list(list_figures())
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in list_figures())


def test_all_fills_a_folder(tmp_path, monkeypatch, capsys):
    from nasbias.figures import gallery

    monkeypatch.setattr(gallery, "SEE", {"groups": gallery.SEE["groups"]})
    assert main(["all", "--out", str(tmp_path / "g")]) == 0
    assert "README.md" in capsys.readouterr().out
    assert (tmp_path / "g" / "groups.png").is_file()
