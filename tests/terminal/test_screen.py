import numpy as np
import pandas as pd
import pytest

from nasbias.terminal import print_facts, print_table, say, suggest


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def printed(capsys, *arguments, **options):
    print_table(*arguments, **options)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_missing_value_is_a_dash(capsys):
    lines = printed(capsys, pd.DataFrame({"name": ["x", None], "value": [np.nan, 1.5]}))
    assert [line.split() for line in lines] == [["name", "value"], ["x", "-"], ["-", "1.500"]]


def test_numbers_stand_to_the_right_and_words_to_the_left(capsys):
    lines = printed(capsys, pd.DataFrame({"name": ["a", "bbbbb"], "value": [1, 100]}))
    assert lines == ["name   value", "a          1", "bbbbb    100"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5, 0.25], ["0.500", "0.250"]),
        ([92.789, 8.1], ["92.79", "8.10"]),
        ([15625.25, 3.0], ["15,625", "3"]),
        ([3.0, 12.0, np.nan], ["3", "12", "-"]),
        ([1e-7, 2e-9], ["1.0e-07", "2.0e-09"]),
        ([15625, 7], ["15625", "7"]),
        ([True, False], ["yes", "no"]),
        (pd.array([True, None], "boolean"), ["yes", "-"]),
        (pd.array([64, None], "Int64"), ["64", "-"]),
    ],
)
def test_numbers_are_short(values, expected, capsys):
    assert [line.strip() for line in printed(capsys, pd.DataFrame({"x": values}))[1:]] == expected


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (",d", 15625, "15,625"),
        ("+.1f", 2.25, "+2.2"),
        (".0f", 3.4, "3"),
        ("d", 3.6, "4"),
        (lambda x: f"{x} s", 2, "2 s"),
    ],
)
def test_a_column_s_own_form_is_taken(form, value, expected, capsys):
    assert printed(capsys, pd.DataFrame({"x": [value]}), forms={"x": form})[1].strip() == expected


def test_a_sentence_is_wrapped_so_that_the_table_fits(capsys):
    table = pd.DataFrame({"name": ["a"], "about": ["many words " * 20], "n": [3]})
    lines = printed(capsys, table)
    assert max(map(len, lines)) <= 80
    assert " ".join(lines).count("many") == 20
    assert lines[1].endswith("3")


def test_what_does_not_fit_is_left_out_from_the_right_and_said(capsys):
    table = pd.DataFrame({f"column{i}": [i + 0.5] for i in range(12)})
    text = "\n".join(lines := printed(capsys, table, wide=False))
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == [f"column{i}" for i in range(9)]
    assert "not shown: column9, column10, column11 (all columns: --wide)." in text


def test_wide_shows_every_column_and_the_chosen_ones_first(capsys):
    table = pd.DataFrame({f"column{i}": [i + 0.5] for i in range(12)})
    lines = printed(capsys, table, columns=["column5", "column1"], wide=True)
    assert lines[0].split()[:3] == ["column5", "column1", "column0"]
    assert len(lines[0].split()) == 12
    assert len(lines) == 2


def test_only_the_chosen_columns_are_shown_without_wide(capsys):
    table = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
    lines = printed(capsys, table, columns=["c", "a", "unknown"])
    assert lines[0].split() == ["c", "a"]
    assert lines[2] == "not shown: b (--format json has them)."


def test_a_name_that_must_be_typed_is_whole_and_never_left_out(capsys):
    long = "a name of " + "x" * 60
    table = pd.DataFrame({"about": ["word " * 30], "n": [1], "name": [long]})
    lines = printed(capsys, table, names=["name"])
    assert any(long in line for line in lines)
    longer = "y" * 120
    lines = printed(capsys, pd.DataFrame({"n": [1], "name": [longer]}), names=["name"])
    assert any(longer in line for line in lines)


def test_a_wider_terminal_shows_more(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    lines = printed(capsys, pd.DataFrame({f"column{i}": [i + 0.5] for i in range(12)}))
    assert len(lines[0].split()) == 12


def test_markup_and_control_sequences_are_shown_as_text(capsys):
    table = pd.DataFrame({"[b]n[/b]": ["[/b] [red]x", "\x1b[31mred\x1b[0m", "a\nb", "\u202eevil"]})
    text = "\n".join(printed(capsys, table, title="[/b]\x1b]0;x\x07", legend={"[b]n[/b]": "\x1b[2J"}))
    assert "\x1b" not in text
    for shown in ("[/b] [red]x", "\\x1b[31mred\\x1b[0m", "a\\nb", "\\u202eevil", "[b]n[/b]", "[/b]\\x1b]0;x\\x07"):
        assert shown in text


def test_the_legend_tells_of_the_columns_shown_only(capsys):
    table = pd.DataFrame({"tau": [0.5], "n": [3], "low": [0.4]})
    legend = {"low": "its interval", "tau": "Kendall's tau", "other": "not here"}
    lines = printed(capsys, table, columns=["tau", "n"], legend=legend)
    assert "tau  Kendall's tau" in lines
    assert not any("interval" in line or "not here" in line for line in lines)


def test_an_empty_table_has_a_head(capsys):
    assert printed(capsys, pd.DataFrame({"a": [], "b": []}))[0].split() == ["a", "b"]


def test_sentences_are_wrapped_and_breaks_kept(capsys):
    say("word " * 30 + "\n  " + "inner " * 30)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == 5
    assert [line.startswith("  inner") for line in lines] == [False, False, True, True, True]


def test_a_command_to_copy_is_one_line_that_a_shell_reads(capsys):
    suggest(["python", "-m", "nasbias.score", "runs/my run", "x" * 90])
    assert capsys.readouterr().out == f"next: python -m nasbias.score 'runs/my run' {'x' * 90}\n"


def test_facts_are_two_columns(capsys):
    print_facts({"name": "digits", "train": 1500, "mean": [0.5, 1 / 3], "about": "word " * 30})
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["name   digits", "train  1,500", "mean   0.5000, 0.3333"]
    assert all(line.startswith("       word") for line in lines[4:])
