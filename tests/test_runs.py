"""A run's configuration, read without torch."""

import pytest

from nasbias.errors import InputError
from nasbias.runs import read_run


def test_the_fields_of_a_run_come_back_as_written(tmp_path):
    (tmp_path / "config.toml").write_text('space = "nb201"\nepochs = 64\nlr = 0.1\n')
    assert read_run(tmp_path, "nb201") == {"space": "nb201", "epochs": 64, "lr": 0.1}


@pytest.mark.parametrize("content", [None, b"space = ", b"\xff\xfe"])
def test_a_folder_without_a_readable_configuration_is_no_run(tmp_path, content):
    if content is not None:
        (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_run(tmp_path, "nb201")
    assert str(caught.value) == f"{tmp_path}: no run folder: it has no readable config.toml."


@pytest.mark.parametrize(("written", "found"), [('space = "darts"', "darts"), ("epochs = 1", "None")])
def test_a_run_of_another_space_is_named(tmp_path, written, found):
    (tmp_path / "config.toml").write_text(written)
    with pytest.raises(InputError) as caught:
        read_run(tmp_path, "nb201")
    assert str(caught.value) == f"{tmp_path} is a run of {found}, not of nb201. Set --space."
