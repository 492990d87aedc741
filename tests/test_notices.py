import sys
import warnings

import pytest

from nasbias.notices import Notice, printed_notices, say


def test_a_notice_is_a_warning_of_one_line():
    with pytest.warns(Notice, match="^two lines$"):
        say("two\n   lines")


def test_a_command_prints_each_notice_once_and_leaves_other_warnings_alone(capsys):
    with printed_notices():
        say("read so")
        say("read so")
        say("and so")
        with pytest.raises(UserWarning, match="other"):
            warnings.warn("other", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "nasbias: read so\nnasbias: and so\n"


def test_what_ends_in_an_error_says_only_the_error(capsys):
    with pytest.raises(ValueError), printed_notices():
        say("read so")
        raise ValueError
    assert capsys.readouterr().err == ""


def test_other_warnings_reach_whoever_shows_them(monkeypatch):
    shown = []
    monkeypatch.setattr(warnings, "showwarning", lambda *details, **more: shown.append(details[1]))
    with printed_notices():
        warnings.simplefilter("always", UserWarning)
        warnings.warn("other", UserWarning, stacklevel=1)
    assert shown == [UserWarning] and sys.modules["warnings"].showwarning is warnings.showwarning
