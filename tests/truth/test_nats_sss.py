"""NATS-Bench's size records: files in exactly the official form, against the official API."""

from collections import OrderedDict

import numpy as np
from tests.truth import official_nb201 as official
import pandas as pd
import pytest

from nasbias import InputError, get_space, load_truth
from nasbias.spaces.nats_sss import GENOTYPE
from nasbias.truth import read_truth

BUDGETS = {"01": 1, "12": 12, "90": 90}
NAMES = get_space("nats-sss").architectures()["architecture"].tolist()
PLACES = (0, 11, 284)  # as in NATS-Bench's own tests


def record(index: int, epochs: int, rng: np.random.Generator) -> dict:
    """The state of an ArchResults as sss-collect.py makes it."""
    seeds = {dataset: list(official.SEEDS[: 1 + (index + i) % 3]) for i, dataset in enumerate(official.SETS)}
    trainings = {}
    for dataset in official.SETS:
        for seed in seeds[dataset]:
            state = official.training(NAMES[index], dataset, seed, epochs, rng)
            state["arch_config"] = {
                "name": "infer.shape.tiny",
                "channels": NAMES[index],
                "arch_str": NAMES[index],
                "genotype": GENOTYPE,
                "class_num": official.CLASSES[dataset],
            }
            trainings[(dataset, seed)] = state
    return {
        "arch_index": index,
        "arch_str": NAMES[index],
        "all_results": trainings,
        "dataset_seed": seeds,
        "clear_net_done": True,
    }


@pytest.fixture(scope="module")
def records():
    rng = np.random.default_rng(0)
    return {i: OrderedDict((hp, record(i, epochs, rng)) for hp, epochs in BUDGETS.items()) for i in PLACES}


@pytest.fixture(scope="module")
def folder(records, tmp_path_factory):
    path = tmp_path_factory.mktemp("sss") / "NATS-sss-v1_0-50262-simple"
    path.mkdir()
    meta = {"meta_archs": NAMES, "total_archs": len(NAMES), "arch2infos": None, "evaluated_indexes": set()}
    official.write_bz2(path / "meta.pickle.pbz2", meta)
    for index, each in records.items():
        official.write_bz2(path / f"{index:06d}.pickle.pbz2", each)
    return path


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_folder_is_what_nats_benchs_api_answers(folder):
    nats_bench = pytest.importorskip("nats_bench")
    api = nats_bench.create(str(folder), "sss", fast_mode=True, verbose=False)
    table = read_truth("nats-sss", folder)
    assert set(table["architecture"]) == {NAMES[i] for i in PLACES}
    assert set(table["epochs"]) == set(BUDGETS.values())
    for row in table.itertuples():
        index = api.query_index_by_arch(row.architecture)
        info = api.get_more_info(index, row.dataset, hp=f"{row.epochs:02d}", is_random=int(row.seed))
        assert row.test_accuracy == info["test-accuracy"]
        if row.dataset == "cifar10":
            assert np.isnan(row.valid_accuracy)
        else:
            assert row.valid_accuracy == info["valid-accuracy"]
    for index in PLACES:
        assert get_space("nats-sss").parse(api.get_net_config(index, "cifar10")) == NAMES[index]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_api_and_the_one_file_give_the_folders_table(folder, records, tmp_path):
    nats_bench = pytest.importorskip("nats_bench")
    expected = ordered(read_truth("nats-sss", folder))
    fast = nats_bench.create(str(folder), "sss", fast_mode=True, verbose=False)
    pd.testing.assert_frame_equal(ordered(read_truth("nats-sss", fast)), expected)
    whole = {"meta_archs": NAMES, "total_archs": 32_768, "arch2infos": records, "evaluated_indexes": set(PLACES)}
    file = official.write_bz2(tmp_path / "NATS-sss-v1_0-50262.pickle.pbz2", whole)
    pd.testing.assert_frame_equal(ordered(read_truth("nats-sss", file)), expected)
    api = nats_bench.create(str(file), "sss", fast_mode=False, verbose=False)
    pd.testing.assert_frame_equal(ordered(read_truth("nats-sss", api)), expected)


def test_the_longest_budget_on_cifar10_is_the_default(folder):
    rows = load_truth("nats-sss", folder)
    assert (set(rows["dataset"]), set(rows["epochs"])) == ({"cifar10"}, {90})


def test_a_folder_of_the_other_space_is_refused_before_its_records_are_read(folder, tmp_path):
    other = official.write_nats(tmp_path / "NATS-tss-v1_0-3ffb9-simple", 3)
    (other / "000001.pickle.pbz2").write_bytes(b"not reached")
    with pytest.raises(InputError, match=r"meta.pickle.pbz2: 3 of 3 architectures are not in nats-sss"):
        read_truth("nats-sss", other)
    with pytest.raises(InputError, match="32,768 of 32,768 architectures are not in nb201"):
        read_truth("nb201", folder)


def test_a_csv_in_any_notation_is_a_truth(tmp_path):
    path = tmp_path / "mine.csv"
    names = ["8:8:8:8:8", "(8, 16, 64, 8, 24)", "12"]
    pd.DataFrame({"architecture": names, "test_accuracy": [80.0, 90.0, 85.0]}).to_csv(path, index=False)
    assert load_truth("nats-sss", path)["architecture"].tolist() == ["8:8:8:8:8", "8:16:64:8:24", "8:8:8:16:40"]


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values(["architecture", "dataset", "epochs", "seed"]).reset_index(drop=True)
