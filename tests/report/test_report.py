import importlib.util
import os
import warnings

import numpy as np
import pandas as pd
import pytest

from nasbias import InputError
from nasbias.report import check_place, make_report, render, write_report
from tests.report.conftest import EVIL, section_of

ORDER = ["ranking", "certainty", "picking", "stability", "bias", "help", "comparison"]


def test_the_questions_are_answered_in_order(report, alone):
    assert [section.key for section in report.sections] == ORDER
    assert [section.key for section in alone.sections] == ORDER[:-1]
    for section in (*report.sections, *alone.sections):
        assert section.how and section.change and section.question.endswith("?")
        assert section.claims or section.missing


def test_the_head_and_the_provenance_say_what_was_studied(report, alone):
    assert report.facts["score"] == "accuracy" and report.facts["runs"] == "3 of 8 epochs"
    assert report.facts["architectures"].startswith("300 ")
    assert alone.facts["runs"] == "1"
    assert report.provenance["asked"] == {"draws": "2"}
    assert report.provenance["truth"]["n"] == 300 and report.provenance["against"] == ["other"]


def test_files_are_named_with_what_they_hold(runs, truth, tmp_path):
    runs.to_csv(tmp_path / "mine.csv", index=False)
    report = make_report(tmp_path / "mine.csv", truth, draws=1, score="loss", epoch=4)
    assert list(report.provenance["sha256"]) == [str(tmp_path / "mine.csv")]
    assert report.facts["score"] == "loss" and report.facts["runs"] == "3 of 4 epochs"


def test_what_is_shipped_goes_by_its_name(tmp_path):
    if importlib.util.find_spec("analognasbench") is None:
        pytest.skip("the shipped predictions are held against the analog-nasbench wheel")
    report = make_report(space="nb201", draws=1, score="loss")
    assert report.facts["predictions"] == "shipped nb201_predictions.parquet"
    assert os.sep + "data" not in str(report.to_plain())


def test_the_page_is_written_whole(report, page, tmp_path):
    path = write_report(report, tmp_path / "new" / "r.html")
    assert path.read_text(encoding="utf-8") == page
    assert [each.name for each in path.parent.iterdir()] == ["r.html"]


@pytest.mark.parametrize("place", [".", "/dev/null/r.html", "/proc/r.html"])
def test_a_place_that_cannot_be_written_is_refused_in_one_line(report, place):
    with pytest.raises(InputError, match=r"folder|can.t be written"):
        write_report(report, place)


def test_a_failed_write_leaves_what_was_there(report, tmp_path, monkeypatch):
    path = tmp_path / "r.html"
    path.write_text("before")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(InputError, match="No space left"):
        write_report(report, path)
    assert [each.name for each in tmp_path.iterdir()] == ["r.html"] and path.read_text() == "before"


def test_a_place_is_checked_without_making_anything(tmp_path):
    assert check_place(tmp_path / "a" / "r.html") == tmp_path / "a" / "r.html"
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(("asked", "word"), [({"draws": 0}, "draws"), ({"truth_noise": -1.0}, "noise")])
def test_what_cannot_be_meant_is_refused(runs, truth, asked, word):
    with pytest.raises(InputError, match=word):
        make_report(runs, truth, **asked)


def score_some(truth, n=200, **columns):
    rng = np.random.default_rng(0)
    names = truth["architecture"].drop_duplicates().to_numpy()[:n]
    return pd.DataFrame({"architecture": names, "accuracy": rng.normal(60, 5, len(names)).clip(0, 100)}).assign(
        **columns
    )


@pytest.mark.parametrize(
    ("columns", "n", "is_explored"),
    [({}, 10, True), ({}, 1, True), ({"accuracy": 50.0}, 60, True), ({"accuracy": np.nan}, 60, False)],
    ids=["ten", "one architecture", "a constant score", "no score at all"],
)
def test_little_to_go_on_makes_a_page_that_says_so(truth, columns, n, is_explored):
    with warnings.catch_warnings(record=True):  # a notice says that nothing is ranked
        warnings.simplefilter("always")
        report = make_report(score_some(truth, n, **columns), truth, draws=1)
    assert (report.explorer is not None) == is_explored
    assert any(section.missing for section in report.sections)
    assert ("ex-data" in render(report)) == is_explored


def test_two_runs_that_name_no_training_length_have_a_page(truth):
    both = pd.concat(
        [score_some(truth, run=EVIL), score_some(truth, run="b").assign(accuracy=lambda t: t["accuracy"] / 2)]
    )
    report = make_report(both, truth, draws=1)
    assert "training length" in " ".join(section_of(report, "stability").missing)
    assert report.explorer is not None
    assert [each.run for each in report.explorer.series] == [None, EVIL, "b"]


def test_flops_that_order_as_parameters_do_are_not_told_twice(report):
    claims = section_of(report, "bias").claims
    assert any(claim.startswith("params: ") for claim in claims) and not any(c.startswith("flops: ") for c in claims)
