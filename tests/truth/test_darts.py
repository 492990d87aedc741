"""Truths of DARTS: the shared tables, and files in the official forms."""

import json

import numpy as np
import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.tables import select_truth
from nasbias.truth.darts import FORMATS
from tests.truth.reading import read

DARTS = get_space("darts")


@pytest.fixture(scope="module")
def p2(shared):
    return pd.read_parquet(shared / "darts_cifar10_anon2102.parquet")


def test_p2s_two_seeds_are_one_table_in_per_cent(shared, p2):
    table, name = read("darts", shared / "darts_cifar10_anon2102.parquet")
    assert name == "p2-darts"
    assert table["seed"].value_counts().to_dict() == {42: 377, 43: 101}
    assert table["test_accuracy"].tolist() == pytest.approx(100 * p2["accuracy"])
    assert "valid_accuracy" not in table
    assert select_truth(table)["n_seeds"].value_counts().to_dict() == {1: 276, 2: 101}


def test_uniform_rows_are_marked_and_worse_than_those_of_searches(shared):
    table, _ = read("darts", shared / "darts_cifar10_anon2102.parquet")
    uniform, search = (select_truth(table, sample=name) for name in ("uniform", "search"))
    assert (len(uniform), len(search)) == (148, 229)
    assert uniform["test_accuracy"].mean() < search["test_accuracy"].mean()
    published = DARTS.parse(pd.read_parquet(shared / "darts_cifar10_anon2102.parquet")["architecture"][6])
    assert published in set(search["architecture"])
    with pytest.raises(InputError, match=r"no sample 'random'.*uniform"):
        select_truth(table, sample="random")


def test_p2s_own_csv_files_give_the_same_table_as_the_shared_one(shared, p2, tmp_path):
    for name, rows in p2.groupby("source_file"):
        rows.drop(columns="source_file").to_csv(tmp_path / name, index=False)
    keys = ["architecture", "seed"]
    together, _ = read("darts", tmp_path)
    expected, _ = read("darts", shared / "darts_cifar10_anon2102.parquet")
    together, expected = (table.sort_values(keys, ignore_index=True) for table in (together, expected))
    pd.testing.assert_frame_equal(together, expected)
    alone, _ = read("darts", tmp_path / "darts-cifar10-seed43.csv")
    assert len(alone) == 101
    assert set(alone["seed"]) == {43}
    assert "sample" not in alone  # without the first file nobody can tell


def test_p2s_rows_are_not_marked_where_the_table_is_not_the_released_one(p2, tmp_path):
    p2.head(50).to_parquet(tmp_path / "part.parquet")
    table, _ = read("darts", tmp_path / "part.parquet")
    assert len(table) == 50
    assert "sample" not in table


@pytest.mark.parametrize(
    "spoil", [{"accuracy": 97.0}, {"architecture": '{"normal/2/0/op":"skip_connect"}'}, {"accuracy": np.nan}]
)
def test_spoilt_rows_of_p2_are_refused(p2, tmp_path, spoil):
    rows = p2.head(3).copy()
    for name, value in spoil.items():
        rows.loc[1, name] = value
    rows.to_csv(tmp_path / "darts-cifar10.csv", index=False)
    with pytest.raises(InputError, match="darts"):
        read("darts", tmp_path / "darts-cifar10.csv")


def nds_record(architecture, error, depth=14, width=24):
    normal, reduce = (
        [[op, int(source)] for op, source in zip(row[1::2], row[::2])]
        for row in np.split(DARTS.decide([architecture]).astype(str).to_numpy()[0], 2)
    )
    genotype = {"normal": normal, "normal_concat": [2, 3, 4, 5], "reduce": reduce, "reduce_concat": [2, 3, 4, 5]}
    net = {"genotype": genotype, "depth": depth, "width": width, "aux": False, "drop_prob": 0}
    epochs = [90.0, error + 1, error + 0.5]
    return {
        "net": net,
        "optim": {"base_lr": 0.1, "wd": 5e-4, "max_ep": 100},
        "params": 1.0,
        "flops": 1.0,
        "min_test_top1": error,
        "train_ep_top1": epochs,
        "test_ep_top1": epochs,
    }


@pytest.mark.parametrize("shape", [list, lambda records: {"top": records[:2], "mid": records[2:]}])
def test_nds_errors_become_accuracies(tmp_path, shape):
    architectures = DARTS.sample(3, seed=0)
    records = [nds_record(text, error) for text, error in zip(architectures, (5.0, 6.25, 7.5))]
    (tmp_path / "DARTS.json").write_text(json.dumps(shape(records)))
    table, name = read("darts", tmp_path / "DARTS.json")
    assert name == "nds-darts"
    assert table["architecture"].tolist() == architectures.tolist()
    assert table["test_accuracy"].tolist() == [95.0, 93.75, 92.5]
    assert table["train_accuracy"].tolist() == [94.5, 93.25, 92.0]
    assert set(table["epochs"]) == {100}


def test_nds_cells_outside_the_space_are_counted_not_hidden(tmp_path, capsys):
    records = [nds_record(text, 5.0) for text in DARTS.sample(3, seed=0)]
    records[1]["net"]["genotype"]["normal"][0][0] = "none"
    path = tmp_path / "DARTS.json"
    path.write_text(json.dumps(records))
    table, _ = read("darts", path)
    assert len(table) == 2
    assert "1 of 3 records are not in the darts space" in capsys.readouterr().err
    path.write_text(json.dumps(records[1:2]))
    with pytest.raises(InputError, match=r"none of its 1 records.*unknown operation 'none'"):
        read("darts", path)


@pytest.mark.parametrize("spoil", [{"min_test_top1": "?"}, {"net": {}}, {"min_test_top1": 120.0}])
def test_spoilt_records_of_nds_are_refused(tmp_path, spoil):
    path = tmp_path / "DARTS.json"
    path.write_text(
        json.dumps([nds_record(DARTS.sample(1, seed=0)[0], 5.0) | spoil, nds_record(DARTS.sample(1, seed=1)[0], 6.0)])
    )
    with pytest.raises(InputError, match=r"DARTS\.json"):
        read("darts", path)
    path.write_text(path.read_text()[:-20])
    with pytest.raises(InputError, match="JSON"):
        read("darts", path)


def write_nasbench301(folder, architecture, number, **accuracies):
    folder.mkdir(exist_ok=True)
    record = {
        "optimized_hyperparamater_config": json.loads(DARTS.write(architecture, "nasbench301")),
        "info": [accuracies],
        "runtime": 3600.0,
    }
    (folder / f"results_{number}.json").write_text(json.dumps(record))


def test_nasbench301_folders_keep_splits_repeats_and_optimizers_apart(tmp_path):
    first, second = DARTS.sample(2, seed=0)
    write_nasbench301(tmp_path / "rs", first, 0, val_accuracy=93.5, test_accuracy=93.1)
    write_nasbench301(tmp_path / "rs", first, 1, val_accuracy=93.7, test_accuracy=93.3)
    write_nasbench301(tmp_path / "bananas", second, 0, val_accuracy=94.5, test_accuracy=94.1)
    table, name = read("darts", tmp_path)
    assert name == "nasbench301"
    table = table.set_index(["sample", "seed"]).sort_index()
    assert table.loc[("uniform", 1), ["valid_accuracy", "test_accuracy"]].tolist() == [93.7, 93.3]
    assert table.loc[("bananas", 0), "valid_accuracy"] == 94.5
    keys = DARTS.truth_keys([table.loc[("uniform", 0), "architecture"], first])
    assert keys[0] == keys[1]
    alone, _ = read("darts", tmp_path / "bananas" / "results_0.json")
    assert alone["test_accuracy"].tolist() == [94.1]


@pytest.mark.parametrize(
    "spoil", [{"info": []}, {"optimized_hyperparamater_config": {}}, {"info": [{"val_accuracy": "high"}]}]
)
def test_spoilt_results_of_nasbench301_are_refused(tmp_path, spoil):
    write_nasbench301(tmp_path / "rs", DARTS.sample(1, seed=0)[0], 0, val_accuracy=93.5, test_accuracy=93.1)
    path = tmp_path / "rs" / "results_0.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | spoil))
    with pytest.raises(InputError, match="results_0"):
        read("darts", path)


def test_each_format_says_what_its_numbers_are():
    assert {form.name: form.licence for form in FORMATS} == {
        "p2-darts": "Apache-2.0 (matluster/anonymous-2102)",
        "nds-darts": "not stated by the source",
        "nasbench301": "not stated by the source",
    }
    said = (
        "CIFAR-10 test accuracy of 377 architectures",
        "lowest CIFAR-10 test error",
        "held-out part of the CIFAR-10",
    )
    assert all(words in form.describes for words, form in zip(said, FORMATS))


def test_a_file_is_recognised_by_its_own_format_alone(p2, tmp_path):
    p2.head(3).to_csv(tmp_path / "darts-cifar10.csv", index=False)
    (tmp_path / "DARTS.json").write_text(json.dumps([nds_record(DARTS.sample(1, seed=0)[0], 5.0)]))
    write_nasbench301(tmp_path / "rs", DARTS.sample(1, seed=0)[0], 0, val_accuracy=93.5, test_accuracy=93.1)
    (tmp_path / "other.json").write_text('{"a": 1}')
    result = tmp_path / "rs" / "results_0.json"
    (tmp_path / "results.txt").write_bytes(result.read_bytes())
    paths = [tmp_path / "darts-cifar10.csv", tmp_path / "DARTS.json", result]
    assert [[form.recognises(path) for form in FORMATS] for path in paths] == np.eye(3, dtype=bool).tolist()
    for path in ("other.json", "results.txt", "absent.json"):
        assert not any(form.recognises(tmp_path / path) for form in FORMATS)


def test_tables_have_the_columns_of_a_truth(p2, tmp_path):
    p2.head(3).to_csv(tmp_path / "darts-cifar10.csv", index=False)
    table = FORMATS[0].read(tmp_path / "darts-cifar10.csv")
    assert table.columns.tolist() == ["architecture", "dataset", "seed", "test_accuracy"]
    assert set(table["dataset"]) == {"cifar10"}
    record = nds_record(DARTS.sample(1, seed=0)[0], 5.0)
    (tmp_path / "DARTS.json").write_text(json.dumps([record]))
    table = FORMATS[1].read(tmp_path / "DARTS.json")
    names = {"architecture", "test_accuracy", "train_accuracy", "epochs", "dataset", "sample", "seed"}
    assert set(table.columns) == names and (table["sample"][0], table["dataset"][0]) == ("uniform", "cifar10")


def test_the_budget_of_nds_is_the_one_that_the_record_names_else_a_hundred_epochs(tmp_path):
    first, second = (nds_record(text, 5.0) for text in DARTS.sample(2, seed=0))
    first["optim"]["max_ep"] = 600
    del second["optim"]
    (tmp_path / "DARTS.json").write_text(json.dumps([first, second]))
    assert read("darts", tmp_path / "DARTS.json")[0]["epochs"].tolist() == [600, 100]


def test_an_nds_error_that_is_no_number_is_quoted(tmp_path):
    from nasbias.truth.darts import _nds_measures

    with pytest.raises(InputError) as caught:
        _nds_measures({"min_test_top1": "low"}, tmp_path / "nds.json")
    assert str(caught.value) == f"{tmp_path / 'nds.json'}: min_test_top1 'low' is not an error in per cent."
