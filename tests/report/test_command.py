import json

import pytest

from nasbias.report.__main__ import main


def test_the_page_is_written_and_the_answer_printed(files, tmp_path, capsys):
    out = tmp_path / "r.html"
    assert main([*files, "--draws", "1", "--out", str(out)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("nb201: accuracy ranks 300 architectures with Kendall tau 0.5")
    assert str(out) in said and out.read_text().startswith("<!doctype html>")


def test_json_holds_the_sections_and_writes_a_page_only_where_one_is_named(files, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert main([*files, "--score", "loss", "--epoch", "4", "--draws", "1", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["sections"][0]["section"] == "ranking"
    assert document["facts"]["score"] == "loss" and document["facts"]["runs"] == "3 of 4 epochs"
    assert document["provenance"]["asked"]["epoch"] == "4"
    assert sorted(tmp_path.iterdir()) == before


def test_a_second_supernet_adds_the_comparison(files, tmp_path, runs, capsys):
    runs[runs["seed"] < 2].assign(run="other").to_csv(tmp_path / "other.csv", index=False)
    arguments = [*files, "--against", str(tmp_path / "other.csv"), "--draws", "1", "--format", "json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["sections"][-1]["section"] == "comparison"


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (["--out", "/dev/null/r.html"], "can't be written"),
        (["--out", "."], "is a folder"),
        (["--epoch", "9"], "epoch 9"),
        (["--score", "acuracy"], "acuracy"),
        (["--draws", "0"], "draws"),
        (["--truth-noise", "-1"], "noise"),
        (["--against", "absent.csv"], "absent.csv"),
        (["--truth", "absent.csv"], "absent.csv"),
        (["--space", "nb999"], "nb999"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_code_2_and_no_page(files, more, word, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert main([*files, *more]) == 2
    printed = capsys.readouterr()
    assert word in printed.err and printed.err.count("\n") == 1 and not printed.out
    assert sorted(tmp_path.iterdir()) == before
