import pytest

from nasbias.progress import bar, duration, note, progress


def test_a_note_goes_to_standard_error_with_control_characters_written_out(capsys):
    note("read \x1b[2J")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "read \\x1b[2J\n")


def test_progress_passes_everything_on_and_is_silent_where_nobody_looks(capsys):
    assert list(progress(range(3), "counting")) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def test_progress_on_a_terminal_shows_markup_in_a_name_as_text(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert list(progress(range(2), "reading [/b]\x07", total=2)) == [0, 1]
    printed = capsys.readouterr().err
    assert "reading [/b]\\x07" in printed


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (89, "89 s"), (90, "2 min"), (5400, "1.5 h"), (86_400, "24.0 h"), (2e5, "2.3 days")],
)
def test_a_span_of_time_is_said_in_the_unit_that_one_would_use(seconds, text):
    assert duration(seconds) == text


def test_a_bar_says_where_it_is_on_a_terminal_and_nothing_elsewhere(capsys, monkeypatch):
    with bar() as show:
        show(1, 2, "half")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with bar() as show:
        show(1, 2, "half [/b]\x07")
    assert "half [/b]\\x07" in capsys.readouterr().err
