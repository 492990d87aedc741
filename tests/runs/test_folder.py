"""A run's folder, read without torch."""

import pytest

from nasbias.errors import InputError
from nasbias.runs import Training, read_run


def test_the_configuration_of_a_run_comes_back_as_written(tmp_path):
    config = Training(space="nb201", epochs=64, checkpoints=(4, 64), learning_rate=0.025, network={"channels": 8})
    (tmp_path / "config.toml").write_text(config.to_toml())
    assert read_run(tmp_path, "nb201") == config


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file, so that is no run folder"),
        (b"space = ", "not TOML"),
        (b"\xff\xfe", "not TOML"),
        (b"lr = 0.1", "unknown field in config.toml 'lr'"),
    ],
)
def test_a_folder_without_a_readable_configuration_is_no_run(tmp_path, content, says):
    if content is not None:
        (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_run(tmp_path, "nb201")
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_run_of_another_space_is_named(tmp_path):
    (tmp_path / "config.toml").write_text('space = "darts"')
    with pytest.raises(InputError) as caught:
        read_run(tmp_path, "nb201")
    assert str(caught.value) == f"{tmp_path} is a run of darts, not of nb201. Set --space."
