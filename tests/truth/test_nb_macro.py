"""Truth of NAS-Bench-Macro: the shared table and the official JSON."""

import json

import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.tables import select_truth
from nasbias.truth.nb_macro import FORMATS
from tests.truth.reading import read

ROW = {"test_acc": [90.0, 91.0, 92.5], "mean_acc": 91.0}
JSON, TABLE = FORMATS


def test_nb_macro_has_three_seeds_and_its_published_best(shared):
    table, _ = read("nb-macro", shared / "nb_macro_c10.parquet")
    assert table.groupby("seed").size().to_dict() == {0: 6561, 1: 6561, 2: 6561}
    published = pd.read_parquet(shared / "nb_macro_c10.parquet")
    mean = select_truth(table).set_index("architecture")["test_accuracy"]
    assert mean.max() == pytest.approx(93.127, abs=5e-4)
    assert mean[published["arch"]].tolist() == pytest.approx(published["mean_acc"])


def test_nb_macros_own_json_is_read_as_the_table_is(tmp_path):
    path = tmp_path / "nas-bench-macro_cifar10.json"
    row = {"test_acc": [90.0, 91.0, 92.0], "mean_acc": 91.0, "std": 0.8, "params": 1, "flops": 1}
    path.write_text(json.dumps({"00000000": row, "00000012": row}))
    table, name = read("nb-macro", path)
    assert name == "nb-macro-json"
    assert table["test_accuracy"].tolist() == [90.0, 91.0, 92.0] * 2
    path.write_text(json.dumps({"00000000": row})[:-5])
    with pytest.raises(InputError, match="whole"):
        read("nb-macro", path)


def test_the_three_trainings_are_seeds_0_to_2_of_fifty_epochs(tmp_path):
    expected = [
        {"architecture": name, "seed": seed, "test_accuracy": value, "dataset": "cifar10", "epochs": 50}
        for name in ("00000001", "00000012")
        for seed, value in enumerate(ROW["test_acc"])
    ]
    (tmp_path / "m.json").write_text(json.dumps(dict.fromkeys(("00000001", "00000012"), ROW)))
    assert JSON.read(tmp_path / "m.json").to_dict("records") == expected
    columns = {f"test_acc_{seed}": [value] * 2 for seed, value in enumerate(ROW["test_acc"])}
    pd.DataFrame({"arch": ["00000001", "00000012"], **columns}).to_parquet(tmp_path / "m.parquet")
    assert TABLE.read(tmp_path / "m.parquet").to_dict("records") == expected


@pytest.mark.parametrize("lacking", ["arch", "test_acc_0", "test_acc_1", "test_acc_2", None])
def test_only_a_table_with_all_three_trainings_is_taken_for_it(lacking, tmp_path):
    table = pd.DataFrame(
        {"arch": ["00000001"], "test_acc_0": [1.0], "test_acc_1": [1.0], "test_acc_2": [1.0], "x": [0]}
    )
    table.drop(columns=[lacking] if lacking else []).to_parquet(tmp_path / "m.parquet")
    assert TABLE.recognises(tmp_path / "m.parquet") is (lacking is None)


def test_only_a_json_file_with_both_of_its_keys_at_the_start_is_taken_for_it(tmp_path):
    for name, content, known in [
        ("a.json", json.dumps({"0": ROW}), True),
        ("a.txt", json.dumps({"0": ROW}), False),
        ("b.json", json.dumps({"0": {"test_acc": []}}), False),
        ("c.json", json.dumps({"0": {"mean_acc": 1}}), False),
        ("d.json", " " * 4096 + json.dumps({"0": ROW}), False),
        ("e.json", " " * 4000 + json.dumps({"0": ROW}), True),
    ]:
        (tmp_path / name).write_text(content)
        assert JSON.recognises(tmp_path / name) is known, name
    (tmp_path / "folder.json").mkdir()
    assert JSON.recognises(tmp_path / "folder.json") is False
    assert JSON.recognises(tmp_path / "absent.json") is False


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ('{"21": {"test_acc": 5, "mean_acc": 1}}', "TypeError"),
        ('{"21": {"mean_acc": 1, "x": ["test_acc"]}}', "KeyError"),
        ('["test_acc", "mean_acc"]', "AttributeError"),
        ('{"21": {"test_acc": ["x"], "mean_acc": 1}}', "ValueError"),
        ('{"21": {"test_acc": [1], "mean_acc"', "JSONDecodeError"),
    ],
)
def test_json_of_another_shape_is_refused_in_one_line(content, error, tmp_path):
    (tmp_path / "m.json").write_text(content)
    with pytest.raises(InputError) as caught:
        JSON.read(tmp_path / "m.json")
    message = str(caught.value)
    assert message.startswith(
        f"{tmp_path / 'm.json'}: not NAS-Bench-Macro's JSON of {{architecture: {{'test_acc': [...]}}}} ({error}: "
    )
    assert message.endswith("Is the file whole?")


def test_both_formats_say_whose_numbers_these_are():
    assert [form.name for form in FORMATS] == ["nb-macro-json", "nb-macro-table"]
    for form in FORMATS:
        assert form.licence == "Apache-2.0 (xiusu/NAS-Bench-Macro)"
        assert "each the best of its epochs by the test split" in form.describes
        assert "seed = the position among the three; no validation split" in form.describes
