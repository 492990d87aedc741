from nasbias.progress import note, progress


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
