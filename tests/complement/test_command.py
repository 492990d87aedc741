"""The command."""

import json

from nasbias.complement.__main__ import main


def test_the_command_prints_the_answer_and_the_document(capsys):
    arguments = ["--space", "darts64", "--truth", "darts64_truth", "--draws", "2"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("darts64: the best pair is accuracy with ") and "jacob_cov" in printed
    assert main([*arguments, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["pairs"]) > 10 and {row["n"] for row in document["trainings"]} == {20}


def test_an_unknown_score_is_one_line(capsys):
    assert main(["--space", "darts64", "--truth", "darts64_truth", "--score", "accurac"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
