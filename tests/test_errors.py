from nasbias.errors import InputError, printable, shortened, unknown


def test_a_message_is_one_line():
    assert str(InputError("a\n   b\tc")) == "a b c"


def test_an_unknown_name_answers_with_the_nearest_or_with_all():
    assert "Did you mean fast?" in str(unknown("engine", "fasst", ["plain", "fast"]))
    assert "Known: plain, fast." in str(unknown("engine", "zzz", ["plain", "fast"]))


def test_what_a_terminal_would_obey_is_written_out():
    assert printable("a\x1b[2J\u200b\u009b\udcff") == "a\\x1b[2J\\u200b\\x9b\\udcff"
    assert printable("tau über 0.5 %, 3x3 → 1x1") == "tau über 0.5 %, 3x3 → 1x1"


def test_a_message_echoes_no_more_than_one_would_read():
    assert len(str(InputError(f"unknown architecture {'|nor_conv_3x3~0|' * 100_000!r}."))) < 1_100
    assert len(str(InputError("not a cell: " + "['none', 0] " * 100_000))) < 2_100
    genotype = "Genotype(" + "('sep_conv_3x3', 0), " * 16 + ")"
    assert genotype in str(InputError(f"{genotype} is no cell."))


def test_a_shortened_text_keeps_both_ends():
    assert shortened("a" * 80) == "a" * 80
    assert shortened("a" * 500 + "z" * 500) == f"{'a' * 53} ... {'z' * 20} (1,000 characters)"
    assert shortened(10**5000) == "a number of 16,610 bits"
