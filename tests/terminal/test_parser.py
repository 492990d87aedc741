import pytest

from nasbias.errors import InputError
from nasbias.notices import say
from nasbias.progress import note
from nasbias.terminal import Parser, command


def test_bad_input_is_one_line_and_code_2(capsys):
    @command
    def main(argv):
        raise InputError("a\n  b")

    assert main([]) == 2
    assert capsys.readouterr().err == "nasbias: a b\n"


def test_control_sequences_of_a_file_are_shown_and_not_obeyed_in_an_error(capsys):
    @command
    def main(argv):
        raise InputError("no column '\x1b[2Jx\u202e'")

    assert main([]) == 2
    assert capsys.readouterr().err == "nasbias: no column '\\x1b[2Jx\\u202e'\n"


def test_a_missing_training_package_is_named_with_its_remedy(capsys):
    @command
    def main(argv):
        raise ModuleNotFoundError("no torch", name="torch")

    assert main([]) == 2
    assert "pip install 'nasbias[train]'" in capsys.readouterr().err


def test_a_missing_package_that_no_extra_brings_is_a_bug_of_ours():
    @command
    def main(argv):
        raise ModuleNotFoundError("no numpy", name="numpy")

    with pytest.raises(ModuleNotFoundError):
        main([])


def test_an_interrupted_command_ends_with_130_and_one_line(capsys):
    @command
    def main(argv):
        raise KeyboardInterrupt

    assert main([]) == 130
    assert capsys.readouterr().err == "nasbias: interrupted\n"


@pytest.mark.parametrize("words", [["--n", "three"], ["--m\n--n"], ["--\x1b[2J", "1"], ["--nn", "3"]])
def test_a_bad_option_is_one_line_and_code_2(words, capsys):
    parser = Parser(prog="x", example="x --n 3")
    parser.add_argument("--n", type=int)
    parser.add_argument("--nnn", type=int)
    assert command(parser.parse_args)(words) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "\x1b" not in printed
    assert printed.endswith("See x --help.\n")


def test_help_ends_with_the_example():
    assert Parser(prog="x", example="x --n 3").format_help().endswith("example:\n  x --n 3\n")


def test_an_old_spelling_still_works_and_is_not_in_the_help():
    parser = Parser(prog="x", old={"-k": "--top"})
    parser.add_argument("--top", type=int)
    parser.add_argument("words", nargs="*")
    assert parser.parse_args(["-k", "3"]).top == 3
    assert parser.parse_args(["-k=4"]).top == 4
    assert parser.parse_args(["--", "-k"]).words == ["-k"]
    assert "-k" not in parser.format_help()


def test_an_old_spelling_that_means_something_else_here_keeps_that_meaning():
    parser = Parser(prog="x")
    parser.add_argument("--budget", type=int)
    assert parser.parse_args(["--epochs", "12"]).budget == 12
    parser.add_argument("--epochs", type=int)
    given = parser.parse_args(["--epochs", "12"])
    assert (given.budget, given.epochs) == (None, 12)


def test_an_old_spelling_works_in_a_subcommand(capsys):
    parser = Parser(prog="x")
    each = parser.add_subparsers(parser_class=Parser).add_parser("do", old={"--seed": "--sample-seed"})
    each.add_argument("--sample-seed", type=int)
    assert parser.parse_args(["do", "--seed", "5"]).sample_seed == 5


def test_quiet_leaves_the_answer_and_the_error_and_takes_the_rest(capsys):
    @command
    def main(argv):
        assert argv == ["a", "--", "--quiet"]
        note("working")
        say("a notice")
        print("the answer")
        if failing:
            raise InputError("no such thing.")

    failing = False
    assert main(["a", "--quiet", "--", "--quiet"]) == 0
    assert capsys.readouterr() == ("the answer\n", "")
    failing = True
    assert main(["--quiet", "a", "--", "--quiet"]) == 2
    assert capsys.readouterr().err == "nasbias: no such thing.\n"
    failing = False
    assert main(["a", "--", "--quiet"]) == 0
    assert capsys.readouterr().err == "working\nnasbias: a notice\n"


def test_a_description_is_wrapped_and_its_commands_are_not(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    command_line = "    python -m nasbias.x " + "word " * 20
    lines = (
        Parser(prog="x", description=f"{'many words ' * 20}\n\n{command_line}\n\n* a\n* b").format_help().split("\n")
    )
    text = [line for line in lines if line.startswith(("many", "words"))]
    assert len(text) > 3 and max(map(len, text)) <= 58 and " ".join(text).count("many words") == 20
    assert command_line in lines and "* a" in lines and "* b" in lines
    monkeypatch.setenv("COLUMNS", "300")
    assert f"{'many words ' * 20}".strip() in Parser(prog="x", description="many words " * 20).format_help()


@pytest.mark.parametrize("text", ["-1", "-1.5", "-.5", "-1e-9", "-2.E+3", "-inf", "-NaN"])
def test_a_negative_number_is_a_value_and_no_option(text):
    parser = Parser(prog="x")
    parser.add_argument("--rate")
    assert parser.parse_args(["--rate", text]).rate == text
    with pytest.raises(InputError, match="expected one argument"):
        parser.parse_args(["--rate", "-e9"])
