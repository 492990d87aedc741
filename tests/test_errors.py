from nasbias.errors import InputError, printable, unknown


def test_a_message_is_one_line():
    assert str(InputError("a\n   b\tc")) == "a b c"


def test_an_unknown_name_answers_with_the_nearest_or_with_all():
    assert "Did you mean fast?" in str(unknown("engine", "fasst", ["plain", "fast"]))
    assert "Known: plain, fast." in str(unknown("engine", "zzz", ["plain", "fast"]))


def test_what_a_terminal_would_obey_is_written_out():
    assert printable("a\x1b[2J\u200b\u009b\udcff") == "a\\x1b[2J\\u200b\\x9b\\udcff"
    assert printable("tau über 0.5 %, 3x3 → 1x1") == "tau über 0.5 %, 3x3 → 1x1"
