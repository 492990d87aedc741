"""Files in exactly the form in which others write them."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest

import nasbias
from nasbias.errors import InputError
from nasbias.spaces import get_space
from nasbias.tables import Reading, load_predictions, read_table

pytestmark = pytest.mark.filterwarnings("ignore::nasbias.notices.Notice")  # how columns are read: test_columns
SPACE = get_space("nb201")
ARCHITECTURES = SPACE.sample(6, seed=0).tolist()
ACCURACIES = [61.5, 40.25, 70.0, 55.0, 10.0, 66.125]


def test_few_shot_nas_writes_structures_as_keys_into_a_file_without_an_ending(tmp_path):
    """`archs_dict[str(list_archs[i])] = valid_a_top1; json.dump(archs_dict, f)`, few-shot-supernet_eval.py."""
    structures = [SPACE.format(each, "autodl") for each in ARCHITECTURES]
    as_lists = [[list(map(list, node)) for node in structure] for structure in structures]
    for number, keys in enumerate((structures, as_lists, [json.dumps(each) for each in as_lists])):
        path = tmp_path / f"few-shot-supernet{number}"
        path.write_text(json.dumps({str(key): accuracy for key, accuracy in zip(keys, ACCURACIES)}))
        table = load_predictions(path)
        assert table["architecture"].tolist() == ARCHITECTURES and table["score"].tolist() == ACCURACIES
    assert nasbias.correlate(path, dict_truth()).iloc[0]["gt_tau"] == pytest.approx(1)


def dict_truth():
    return pd.DataFrame({"architecture": ARCHITECTURES, "test_accuracy": ACCURACIES})


def test_acenas_records_of_nni_s_mappings_are_read_and_its_graphs_refused(tmp_path):
    """`json.dumps(architecture)` in its log beside top1 as a fraction; `GraphRecord.dump` in supernet_evaluate_all."""
    records = [{"arch": SPACE.format(a, "acenas"), "top1": acc / 100} for a, acc in zip(ARCHITECTURES, ACCURACIES)]
    (tmp_path / "a.json").write_text(json.dumps(records))
    with pytest.warns(nasbias.notices.Notice, match="fractions|top1"):
        table = load_predictions(tmp_path / "a.json")
    assert table["architecture"].tolist() == ARCHITECTURES and table["accuracy"].tolist() == pytest.approx(ACCURACIES)
    graph = {"graph": {"0": [1, 2], "1": [2], "2": []}, "node_tags": [0, 3, 1]}
    content = [{"graphs": [graph], "hparams": [], "metrics": {"top1": [0.6], "flops": 1.0, "params": 1.0}}]
    (tmp_path / "supernet_evaluate_all_test1_nasbench201.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="number their operations without saying which is which"):
        load_predictions(tmp_path / "supernet_evaluate_all_test1_nasbench201.json")


def test_naslib_s_zero_cost_json_is_a_score_per_proxy(tmp_path):
    """zc_nasbench201.json of NAS-Bench-Suite-Zero: data set, then `str(op_indices)`, then {proxy: {score, time}}."""
    rows = {
        str(SPACE.format(each, "naslib")): {"synflow": {"score": 2 * acc, "time": 0.1}, "id": 3, "val_accuracy": acc}
        for each, acc in zip(ARCHITECTURES, ACCURACIES)
    }
    for content in ({"cifar10": rows}, rows):
        (tmp_path / "zc.json").write_text(json.dumps(content))
        table = load_predictions(tmp_path / "zc.json", reading=Reading(notation="naslib"))
        assert table["architecture"].tolist() == ARCHITECTURES
        assert table["synflow"].tolist() == [2 * acc for acc in ACCURACIES]
        assert table["valid_accuracy"].tolist() == ACCURACIES
    (tmp_path / "zc.json").write_text(json.dumps({"cifar10": rows, "svhn": rows}))
    with pytest.raises(InputError, match=r"several data sets \(cifar10, svhn\)"):
        load_predictions(tmp_path / "zc.json", reading=Reading(notation="naslib"))


@pytest.mark.parametrize("protocol", [2, 3, 4])  # what pickle.dump writes by default, Python 3.6 to 3.13
@pytest.mark.parametrize("kind", [float, np.float64])
def test_aw_nas_pickles_of_matrices_and_accuracies_are_read_without_running(protocol, kind, tmp_path):
    """train_nasbench201_pkl.py: a list of (matrix, accuracy, half-way accuracy), the matrix np.zeros((4, 4)) filled."""
    rows = [
        (np.array(SPACE.format(a, "aw_nas"), dtype=float), kind(acc), kind(acc / 2))
        for a, acc in zip(ARCHITECTURES, ACCURACIES)
    ]
    (tmp_path / "nasbench201_05.pkl").write_bytes(pickle.dumps(rows, protocol=protocol))
    table = load_predictions(tmp_path / "nasbench201_05.pkl")
    assert table["architecture"].tolist() == ARCHITECTURES and table["accuracy"].tolist() == ACCURACIES
    assert table["half_accuracy"].tolist() == [acc / 2 for acc in ACCURACIES]


def test_a_pickled_mapping_from_genotypes_is_one_too(tmp_path):
    (tmp_path / "a.pickle").write_bytes(pickle.dumps(dict(zip(ARCHITECTURES, ACCURACIES))))
    assert load_predictions(tmp_path / "a.pickle")["score"].tolist() == ACCURACIES


class Hostile:
    def __reduce__(self):
        return (__import__("os").system, ("touch was-run",))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (pickle.dumps([(Hostile(), 1.0)]), "system"),
        (pickle.dumps([(np.zeros(65), 1.0)]), "65 entries, an architecture at most 64"),
        (pickle.dumps(3), "can't be read as pkl"),
        (pickle.dumps([(np.zeros((4, 4)), 1.0)])[:-20], "a.pkl"),
        (b"", "a.pkl"),
    ],
)
def test_a_hostile_or_broken_pickle_is_one_line(content, says, tmp_path):
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_table(tmp_path / "a.pkl")


def test_a_wandb_export_is_read_without_what_it_says_of_runs(tmp_path):
    table = pd.DataFrame(
        {
            "Name": [f"crisp-sun-{i}" for i in range(6)],
            "State": "finished",
            "Notes": "-",
            "User": "ada",
            "Created": "2026-11-24T10:00:00.000Z",
            "Runtime": range(6),
            "Sweep": "",
            "arch_str": ARCHITECTURES,
            "config.lr": 0.1,
            "val_acc": ACCURACIES,
        }
    )
    table.to_csv(tmp_path / "wandb_export_2026-11-24T10_00_00.000+00_00.csv", index=False)
    read = load_predictions(tmp_path / "wandb_export_2026-11-24T10_00_00.000+00_00.csv")
    assert read["architecture"].tolist() == ARCHITECTURES and read["valid_accuracy"].tolist() == ACCURACIES
    assert read["run"].nunique() == 1 and not {"Runtime", "config.lr", "lr"} & set(read.columns)


@pytest.mark.parametrize("written_by", ["mlflow experiments csv", "the page's download"])
def test_an_mlflow_export_is_read_without_what_it_says_of_runs(written_by, tmp_path):
    if written_by == "mlflow experiments csv":
        about = {"run_id": [f"{i:032x}" for i in range(6)], "experiment_id": 1, "status": "FINISHED"}
        columns = {"params.arch": ARCHITECTURES, "params.lr": 0.1, "metrics.accuracy": ACCURACIES}
        columns |= {"params.epoch": 8, "end_time": "2026-11-24", "artifact_uri": "s3", "tags.mlflow.user": "a"}
    else:
        about = {"Start Time": "2026-11-24", "Duration": "3s", "Run ID": "x", "Name": "y", "Source Type": "LOCAL"}
        columns = {"User": "a", "Status": "FINISHED", "arch": ARCHITECTURES, "accuracy": ACCURACIES, "epoch": 8}
    pd.DataFrame(about | columns).to_csv(tmp_path / "runs.csv", index=False)
    read = load_predictions(tmp_path / "runs.csv")
    assert read["architecture"].tolist() == ARCHITECTURES and read["accuracy"].tolist() == ACCURACIES
    assert set(read["epoch"]) == {8} and read["run"].nunique() == 1 and "lr" not in read


def test_a_table_with_a_column_called_name_alone_is_no_export(tmp_path):
    pd.DataFrame({"architecture": ARCHITECTURES, "Name": range(6), "score": ACCURACIES}).to_csv(tmp_path / "a.csv")
    assert load_predictions(tmp_path / "a.csv")["Name"].tolist() == list(range(6))


def test_a_file_without_an_ending_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "scores").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="unknown format 'without an ending'"):
        load_predictions(tmp_path / "scores")
