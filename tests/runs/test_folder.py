"""A run's folder, read without torch."""

import json
import sys

import pytest

from nasbias.errors import InputError
from nasbias.runs import Diverged, RunFolder, Training, read_run


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


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "runs" / "mine")


def checkpoint(folder, epoch):
    folder.checkpoint(epoch).parent.mkdir(parents=True, exist_ok=True)
    folder.checkpoint(epoch).touch()


def test_files_lie_where_others_look_for_them(folder):
    names = [folder.checkpoint(7), folder.latest, folder.groups]
    inside = [path.relative_to(folder.path).as_posix() for path in names]
    assert inside == ["checkpoints/epoch-0007.safetensors", "checkpoints/latest.safetensors", "groups.csv"]
    assert RunFolder(str(folder.path)).path == folder.path


def test_the_epochs_are_those_of_the_checkpoints_in_their_order_as_numbers(folder):
    pytest.importorskip("tomli_w")
    folder.create(Training(epochs=10_000))
    assert folder.epochs == [] and not folder.is_finished
    for epoch in (64, 0, 9_999, 4):
        checkpoint(folder, epoch)
    folder.latest.touch()
    assert folder.epochs == [0, 4, 64, 9_999] and not folder.is_finished
    checkpoint(folder, 10_000)
    assert folder.epochs[-1] == 10_000 and folder.is_finished


def test_the_log_is_replaced_as_a_whole_and_one_record_a_line(folder):
    assert folder.log == []
    folder.write_log([{"epoch": 1, "loss": 2.5, "seconds": 1.0}])
    records = [{"epoch": 1, "loss": 2.0, "seconds": 1.0}, {"epoch": 2, "loss": 1.5, "seconds": 2}]
    folder.write_log(iter(records))
    assert folder.log == records
    text = (folder.path / "log.jsonl").read_text()
    assert text.count("\n") == 2 and text.endswith("}\n")
    assert [path.name for path in folder.path.iterdir()] == ["log.jsonl"]


def test_a_folder_is_claimed_for_one_configuration(folder):
    pytest.importorskip("tomli_w")
    config = Training(seed=3, epochs=2)
    folder.create(config)
    assert sorted(path.name for path in folder.path.iterdir()) == ["config.toml", "provenance.json"]
    assert folder.config == config
    about = json.loads((folder.path / "provenance.json").read_text())
    assert (about["seed"], about["identity"]) == (3, config.identity) and "versions" in about
    (folder.path / "config.toml").write_text((folder.path / "config.toml").read_text() + "\n# mine\n")
    folder.create(config)
    assert "# mine" in (folder.path / "config.toml").read_text()  # left as it is
    with pytest.raises(InputError) as caught:
        folder.create(Training(seed=4, epochs=2))
    assert str(caught.value) == (
        f"{folder.path} holds another run (see its config.toml). Choose another --out, or remove it."
    )


def test_a_folder_of_something_else_is_not_written_into(folder):
    pytest.importorskip("tomli_w")
    folder.path.mkdir(parents=True)
    (folder.path / "thesis.tex").touch()
    with pytest.raises(InputError, match="mine is not empty and holds no run. Choose another --out."):
        folder.create(Training())
    assert [path.name for path in folder.path.iterdir()] == ["thesis.tex"]
    (folder.path / "thesis.tex").unlink()
    folder.create(Training())
    assert (folder.path / "config.toml").is_file()


def test_where_the_writer_of_toml_is_missing_nothing_is_written(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "tomli_w", None)
    with pytest.raises(ImportError):
        folder.create(Training())
    assert not folder.path.exists()


def test_files_that_are_not_as_they_were_written_are_named(folder):
    pytest.importorskip("tomli_w")
    folder.create(Training(), {"data": "00"})
    (folder.path / "log.jsonl").write_text('{"epoch": 1}\n{"epo')
    with pytest.raises(InputError, match="log.jsonl: not as nasbias wrote it"):
        folder.log  # noqa: B018
    for text in ("[1]", '{"what": "x"}', "{"):
        (folder.path / "diverged.json").write_text(text)
        with pytest.raises(InputError, match="diverged.json"):
            folder.failure  # noqa: B018
    (folder.path / "provenance.json").write_text("[]")
    with pytest.raises(InputError, match="provenance.json: not as"):
        folder.create(Training(), {"data": "00"})


def test_a_folder_that_was_claimed_and_killed_is_completed(folder):
    pytest.importorskip("tomli_w")
    config = Training(seed=3)
    folder.create(config, {"data": "00"})
    (folder.path / "provenance.json").unlink()  # it comes second
    (folder.path / ".config.toml.0123abcd.toml").touch()
    folder.checkpoints.mkdir()
    (folder.checkpoints / ".latest.safetensors.0123abcd.safetensors").touch()
    with folder.claimed(config, {"data": "00"}):
        assert (folder.path / ".lock").exists()
        assert not list(folder.checkpoints.iterdir())
    assert sorted(path.name for path in folder.path.iterdir()) == ["checkpoints", "config.toml", "provenance.json"]
    with (
        pytest.raises(InputError, match="began with other data: the same name"),
        folder.claimed(config, {"data": "01"}),
    ):
        pytest.fail("went on with other data")


def test_an_end_is_settled_only_when_nothing_is_left_to_sweep(folder):
    pytest.importorskip("tomli_w")
    folder.create(Training(epochs=2))
    folder.write_log([{"epoch": 1, "seconds": 1}])
    checkpoint(folder, 2)
    assert folder.is_finished and not folder.is_settled  # the log is short
    folder.write_log([{"epoch": 1, "seconds": 1}, {"epoch": 2, "seconds": 1}])
    folder.latest.touch()
    assert not folder.is_settled
    folder.end()
    assert folder.is_settled and folder.failure is None
    (folder.path / ".x.json.0123abcd.json").touch()
    assert not folder.is_settled


def test_a_run_that_diverged_has_ended_without_being_finished(folder):
    pytest.importorskip("tomli_w")
    folder.create(Training(epochs=2))
    checkpoint(folder, 1)
    folder.latest.touch()
    folder.end(Diverged("the training loss is nan", 2, 7, ["a"]))
    assert not folder.latest.exists() and not folder.is_finished and folder.is_settled
    assert folder.failure is not None and folder.failure.step == 7 and folder.epochs == [1]
