import json

import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.truth import load_truth, read_truth
from nasbias.truth.nb_macro import FORMATS

NAMES = get_space("nb-macro").sample(4, seed=0).tolist()
ACCURACIES = [[90.0 + i, 91.0 + i, 92.5 + i] for i in range(4)]


@pytest.fixture(params=["json", "csv"])
def path(request, tmp_path):
    path = tmp_path / f"macro.{request.param}"
    if request.param == "json":
        content = {name: {"test_acc": values, "mean_acc": 91.0} for name, values in zip(NAMES, ACCURACIES)}
        path.write_text(json.dumps(content))
    else:
        columns = {f"test_acc_{seed}": [values[seed] for values in ACCURACIES] for seed in range(3)}
        pd.DataFrame({"arch": NAMES, **columns}).to_csv(path, index=False)
    return path


def test_three_trainings_of_each_come_back_as_three_seeds(path):
    table = read_truth("nb-macro", path)
    assert table["architecture"].tolist() == [name for name in NAMES for _ in range(3)]
    assert table["seed"].tolist() == [0, 1, 2] * 4
    assert table["test_accuracy"].tolist() == [value for values in ACCURACIES for value in values]
    assert set(table["dataset"]) == {"cifar10"} and set(table["epochs"]) == {50}
    loaded = load_truth("nb-macro", path)
    assert loaded.attrs["format"] == f"nb-macro-{'json' if path.suffix == '.json' else 'table'}"
    assert "Apache-2.0" in loaded.attrs["licence"]


@pytest.mark.parametrize(
    "content",
    [
        '{"21": {"test_acc": 5, "mean_acc": 1}}',
        '{"21": {"mean_acc": 1, "x": ["test_acc"]}}',
        '["test_acc", "mean_acc"]',
        '{"21": {"test_acc": ["x"], "mean_acc": 1}}',
        '{"21": {"test_acc": [1], "mean_acc"',
    ],
)
def test_a_json_of_another_shape_is_refused_in_one_line(content, tmp_path):
    (tmp_path / "a.json").write_text(content)
    if not FORMATS[0].recognises(tmp_path / "a.json"):
        pytest.fail("the file should look like the benchmark's")
    with pytest.raises(InputError, match="not NAS-Bench-Macro's JSON") as error:
        load_truth("nb-macro", tmp_path / "a.json")
    assert "\n" not in str(error.value)


def test_other_files_are_not_recognised(tmp_path):
    (tmp_path / "a.json").write_text('{"test_acc": 1}')
    (tmp_path / "b.txt").write_text('{"test_acc": 1, "mean_acc": 1}')
    pd.DataFrame({"arch": NAMES, "test_acc_0": 1.0, "test_acc_1": 1.0}).to_csv(tmp_path / "c.csv", index=False)
    for path in (*tmp_path.iterdir(), tmp_path, tmp_path / "absent.json"):
        assert not any(form.recognises(path) for form in FORMATS), path


def test_the_real_table_has_three_trainings_of_every_architecture(shared):
    table = read_truth("nb-macro", shared / "nb_macro_c10.parquet")
    assert len(table) == 3 * 6561 and table["seed"].nunique() == 3
