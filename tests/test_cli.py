from nasbias.cli import main


def test_commands_are_listed_and_passed_on(capsys):
    assert main(["--help"]) == 0
    assert "correlation" in capsys.readouterr().out
    assert main(["truth", "list"]) == 0


def test_an_unknown_command_answers_with_the_nearest(capsys):
    assert main(["corelation"]) == 2
    assert "Did you mean correlation" in capsys.readouterr().err
