"""Files of later versions are refused, those of earlier ones read."""

import json

import pytest

from nasbias.errors import InputError
from nasbias.forms import FORM, check_form
from nasbias.runs import RunFolder, Training, read_config
from nasbias.spaces import get_space
from nasbias.tables import read_about, write_parquet


@pytest.mark.parametrize("form", [None, 1, FORM, "1", b"1"])
def test_a_form_up_to_ours_is_read(form):
    check_form(form, "x")


@pytest.mark.parametrize("form", [FORM + 1, 999, "2", b"17"])
def test_a_later_form_is_refused_by_name_and_with_the_remedy(form):
    with pytest.raises(InputError, match=r"^x: is of form \d+, which a later nasbias writes; this one reads up to 1\."):
        check_form(form, "x")


@pytest.mark.parametrize("form", ["", "x", 0.5, True, -1, b"\xff", [1], {}, "١", "9" * 5000])
def test_a_form_that_is_none_is_refused(form):
    with pytest.raises(InputError, match="x: does not say which form it has"):
        check_form(form, "x")


def test_a_configuration_says_its_form_and_a_later_one_is_refused(tmp_path):
    pytest.importorskip("tomli_w")
    path = tmp_path / "config.toml"
    path.write_text(Training().to_toml())
    assert f"form = {FORM}\n" in path.read_text() and read_config(path) == Training()
    path.write_text(path.read_text().replace(f"form = {FORM}\n", ""))
    assert read_config(path) == Training()  # of an earlier version
    path.write_text(f"form = {FORM + 1}\nnew_field = 3\n")
    with pytest.raises(InputError, match=r"config\.toml: is of form 2, which a later nasbias writes"):
        read_config(path)


def test_the_json_files_of_a_run_say_their_form_and_later_ones_are_refused(tmp_path):
    pytest.importorskip("tomli_w")
    folder, about = RunFolder(tmp_path), tmp_path / "provenance.json"
    folder.create(Training(), {"data": "0" * 16})
    assert json.loads(about.read_text())["form"] == FORM
    about.write_text(json.dumps({"form": FORM + 1}))
    with pytest.raises(InputError, match=r"provenance\.json: is of form 2"):
        folder.create(Training(), {"data": "0" * 16})
    (tmp_path / "diverged.json").write_text(json.dumps({"form": FORM + 1}))
    with pytest.raises(InputError, match=r"diverged\.json: is of form 2"):
        folder.failure  # noqa: B018


def test_a_checkpoint_of_a_later_form_is_refused(tmp_path):
    torch = pytest.importorskip("torch")
    from nasbias.runs import checkpoints

    path = tmp_path / "epoch-0001.safetensors"
    checkpoints.write_tensors(path, {"network.a": torch.zeros(2)}, {"epoch": 1})
    assert checkpoints.read_tensors(path)[1] == {"epoch": 1}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checkpoints, "FORM", FORM + 1)
        checkpoints.write_tensors(path, {"network.a": torch.zeros(2)}, {"epoch": 1})
    with pytest.raises(InputError, match=r"epoch-0001\.safetensors: is of form 2"):
        checkpoints.read_tensors(path)


def test_a_table_of_a_later_form_is_refused(tmp_path, monkeypatch):
    import pandas as pd

    table = pd.DataFrame({"architecture": get_space("nb201").sample(2, 0), "accuracy": [1.0, 2.0]})
    monkeypatch.setattr("nasbias.tables.files.FORM", FORM + 1)
    write_parquet(table, tmp_path / "t.parquet", {})
    with pytest.raises(InputError, match=r"t\.parquet: is of form 2"):
        read_about(tmp_path / "t.parquet")


def test_a_log_says_its_form_in_every_line_and_a_later_one_is_refused(tmp_path):
    folder, log = RunFolder(tmp_path), tmp_path / "log.jsonl"
    record = {"epoch": 1, "loss": 2.0, "seconds": 1.5}
    folder.write_log([record, {**record, "epoch": 2}])
    assert [json.loads(line)["form"] for line in log.read_text().splitlines()] == [FORM, FORM]
    assert folder.log == [record, {**record, "epoch": 2}]
    log.write_text(json.dumps(record) + "\n")
    assert folder.log == [record]  # of an earlier version
    log.write_text(json.dumps(record) + "\n" + json.dumps({"form": FORM + 1, **record}) + "\n")
    with pytest.raises(InputError, match=r"log\.jsonl: is of form 2, which a later nasbias writes"):
        folder.log  # noqa: B018


@pytest.mark.parametrize(
    "line", ["{}", '{"epoch": "x", "seconds": 1}', '{"epoch": true, "seconds": 1}', '{"epoch": 1}', "\xff", "4", "["]
)
def test_a_log_without_epochs_and_seconds_is_refused(line, tmp_path):
    (tmp_path / "log.jsonl").write_bytes(line.encode("latin1"))
    with pytest.raises(InputError, match=r"log\.jsonl: not as nasbias wrote it .*Remove it"):
        RunFolder(tmp_path).log  # noqa: B018
