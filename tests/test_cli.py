from nasbias.cli import list_commands, main


def test_commands_are_listed_and_passed_on(capsys):
    assert main(["--help"]) == 0
    assert "correlation" in capsys.readouterr().out
    assert main(["truth", "list"]) == 0


def test_an_unknown_command_answers_with_the_nearest(capsys):
    assert main(["corelation"]) == 2
    assert "Did you mean correlation" in capsys.readouterr().err


def test_a_command_is_a_module_that_says_how_it_is_called():
    known = list_commands()
    assert {"bias", "correlation", "score", "train", "truth"} <= known.keys()
    assert not known.keys() & {"cli", "files", "streams", "__main__", "spaces"}
    assert known["correlation"] == "how well supernets rank a space"
