"""The readers of NAS-Bench-201's and NATS-Bench's records against the official APIs, and files that are not as
published."""

import copy
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasbias import InputError, load_truth
from nasbias.notices import Notice
from nasbias.truth import find_truth, import_truth, read_truth
from nasbias.truth.__main__ import main
from nasbias.truth.fetch import compare_published
from nasbias.truth.nats import SPLITS
from tests.truth import official_nb201 as official

N = 7


CONTAINERS = [("legacy", True), ("legacy", False), ("zip", True), ("zip", False)]


@pytest.fixture(scope="module")
def whole():
    return official.benchmark(N)


@pytest.fixture(scope="module")
def table(whole):
    return read_truth("nb201", whole)


@pytest.fixture(scope="module")
def nats_folder(tmp_path_factory):
    return official.write_nats(tmp_path_factory.mktemp("nats") / "NATS-tss-v1_0-3ffb9-simple", N, seed=3)


@pytest.fixture(scope="module")
def nas_201(whole):
    pytest.importorskip("torch")
    api = pytest.importorskip("nas_201_api")
    return api.NASBench201API(copy.deepcopy(whole), verbose=False)


def test_the_table_has_every_training_once(table):
    trainings = [
        (name, dataset, epochs, seed)
        for index, name in enumerate(official.names(N))
        for epochs in (12, 200)
        for dataset, seeds in official.results(index, name, epochs, np.random.default_rng())["dataset_seed"].items()
        for seed in seeds
    ]
    keys = table[["architecture", "dataset", "epochs", "seed"]].itertuples(index=False, name=None)
    assert sorted(keys) == sorted(trainings)


@pytest.mark.parametrize(("container", "old"), CONTAINERS)
def test_every_container_and_both_names_of_numpy_give_the_same_table(container, old, whole, table, tmp_path):
    path = official.write_pth(tmp_path / "NAS-Bench-201-v1_1-096897.pth", whole, container, old)
    data = path.read_bytes()
    assert (b"numpy.core.multiarray" in data) == old
    assert (b"numpy._core.multiarray" in data) != old
    pd.testing.assert_frame_equal(_ordered(read_truth("nb201", path)), _ordered(table))


@pytest.mark.parametrize("epochs", [12, 200])
@pytest.mark.parametrize("dataset", SPLITS)
def test_the_table_is_what_nas_bench_201s_api_answers(dataset, epochs, table, nas_201):
    rows = table[(table["dataset"] == dataset) & (table["epochs"] == epochs)]
    assert len(rows) >= N
    for row in rows.itertuples():
        index = nas_201.query_index_by_arch(row.architecture)
        info = nas_201.get_more_info(index, dataset, hp=str(epochs), is_random=int(row.seed))
        assert row.test_accuracy == info["test-accuracy"]
        if dataset == "cifar10":
            assert np.isnan(row.valid_accuracy)
            assert "valid-accuracy" not in info
        else:
            assert row.valid_accuracy == info["valid-accuracy"]


@pytest.mark.parametrize("epochs", [12, 200])
@pytest.mark.parametrize("dataset", SPLITS)
def test_the_mean_is_what_the_api_averages(dataset, epochs, whole, nas_201):
    means = load_truth("nb201", whole, dataset=dataset, epochs=epochs)
    assert means["architecture"].tolist() == official.names(N)
    for index, row in enumerate(means.itertuples()):
        info = nas_201.get_more_info(index, dataset, hp=str(epochs), is_random=False)
        assert row.test_accuracy == pytest.approx(info["test-accuracy"], abs=1e-10)
        assert row.n_seeds == len(nas_201.arch2infos_dict[index][str(epochs)].get_dataset_seeds(dataset))


def test_an_api_object_gives_the_table_of_its_file(table, nas_201):
    pd.testing.assert_frame_equal(_ordered(read_truth("nb201", nas_201)), _ordered(table))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_nats_folder_is_what_nats_benchs_api_answers(nats_folder):
    nats_bench = pytest.importorskip("nats_bench")
    api = nats_bench.create(str(nats_folder), "tss", fast_mode=True, verbose=False)
    table = read_truth("nb201", nats_folder)
    assert table["architecture"].nunique() == N
    for row in table[table["seed"] != 888].itertuples():
        index = official.names(N).index(row.architecture)
        info = api.get_more_info(index, row.dataset, hp=str(row.epochs), is_random=int(row.seed))
        assert row.test_accuracy == info["test-accuracy"]
        assert (
            np.isnan(row.valid_accuracy) if row.dataset == "cifar10" else row.valid_accuracy == info["valid-accuracy"]
        )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nats_benchs_api_gives_the_table_in_both_modes(nats_folder, tmp_path):
    nats_bench = pytest.importorskip("nats_bench")
    fast = nats_bench.create(str(nats_folder), "tss", fast_mode=True, verbose=False)
    pd.testing.assert_frame_equal(read_truth("nb201", fast), read_truth("nb201", nats_folder))
    whole = official.benchmark(N, seed=3)
    whole["arch2infos"] = {
        index: {"12": record["less"], "200": record["full"]} for index, record in whole["arch2infos"].items()
    }
    file = official.write_bz2(tmp_path / "NATS-tss-v1_0-3ffb9.pickle.pbz2", whole)
    full = nats_bench.create(str(file), "tss", fast_mode=False, verbose=False)
    pd.testing.assert_frame_equal(_ordered(read_truth("nb201", full)), _ordered(read_truth("nb201", file)))


def test_records_that_share_their_parts_are_read_whole(tmp_path):
    rng = np.random.default_rng(0)
    names = official.names(3)
    training = official.training(names[0], "cifar10", 777, 200, rng)
    records = {}
    for index, name in enumerate(names):
        state = official.results(index, name, 200, rng) | {"all_results": {("cifar10", 777): training}}
        records[index] = {"full": state}
    path = official.write_pth(tmp_path / "shared.pth", {"meta_archs": names, "arch2infos": records})
    table = read_truth("nb201", path)
    assert table["test_accuracy"].tolist() == [training["eval_acc1es"]["ori-test@199"]] * 3


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_memory_grows_by_less_than_a_tenth_of_a_megabyte_an_architecture(tmp_path):
    peaks = [_peak(official.write_pth(tmp_path / f"{n}.pth", official.benchmark(n))) for n in (10, 60)]
    assert (peaks[1] - peaks[0]) / 50 < 0.1  # the records themselves are 0.22 MB of file and 2 MB of objects each


def _peak(path: Path) -> float:
    """Peak resident megabytes of a fresh process that reads `path`."""
    # Not ru_maxrss: a child inherits its parent's peak.
    code = (
        "import sys; from pathlib import Path; from nasbias.truth.nb201 import read_official;"
        "read_official(Path(sys.argv[1])); print(Path('/proc/self/status').read_text())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    return int(done.stdout.split("VmHWM:")[1].split()[0]) / 1024


def _with(whole: dict, change) -> dict:
    whole = copy.deepcopy(whole)
    return change(whole) or whole


def _set_accuracy(whole, value):
    for key in whole["arch2infos"][2]["full"]["all_results"]:
        whole["arch2infos"][2]["full"]["all_results"][key]["eval_acc1es"].update({"ori-test@199": value})


def _rename(whole, index, name):
    whole["meta_archs"][index] = name
    for state in whole["arch2infos"][index].values():
        state["arch_str"] = name


BROKEN = {
    "NaN": (
        lambda w: _set_accuracy(w, float("nan")),
        re.escape(f"{official.names(3)[2]!r}, ")
        + r".*200 epochs, seed \d+: the accuracy on .* after the last epoch is nan",
    ),
    "above 100": (lambda w: _set_accuracy(w, 101.0), "must lie in 0 to 100"),
    "missing": (
        lambda w: w["arch2infos"][1]["less"]["all_results"][("cifar100", 111)]["eval_acc1es"].clear(),
        "missing",
    ),
    "unknown architecture": (lambda w: _rename(w, 3, "|conv~0|"), "not in nb201"),
    "duplicate": (
        lambda w: w["meta_archs"].append(w["meta_archs"][2]),
        re.escape(f"has {official.names(3)[2]!r} twice"),
    ),
    "twice": (
        lambda w: w["arch2infos"].update({9: copy.deepcopy(w["arch2infos"][0])}),
        "says that it is architecture 0",
    ),
    "wrong index": (
        lambda w: w["meta_archs"].__setitem__(slice(0, 2), w["meta_archs"][1::-1]),
        "its list of architectures says",
    ),
    "not listed": (lambda w: w["meta_archs"].pop() and None, "is not in its list of 6 architectures"),
    "other dataset": (
        lambda w: w["arch2infos"][0]["full"]["all_results"].update({("svhn", 1): {}}),
        "trained on 'svhn'",
    ),
    "no records": (lambda w: w.update(arch2infos={}), "no trained architecture"),
    "records missing": (
        lambda w: w.pop("arch2infos") and None,
        "not NAS-Bench-201's file: .*it holds a dict of meta_archs",
    ),
    "a list": (lambda w: [1, 2], "not NAS-Bench-201's file: .*it holds list"),
    "other records": (
        lambda w: w["arch2infos"][0].update(full={"all_results": {("cifar10", 777): 3}}),
        "not a NAS-Bench",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_not_as_published_is_one_line_and_leaves_the_store(name, whole, tmp_path):
    change, message = BROKEN[name]
    import_truth("nb201", whole, "good")
    before = find_truth("nb201", "good")[0]
    path = official.write_pth(tmp_path / "broken.pth", _with(whole, change))
    with pytest.raises(InputError, match=message):
        import_truth("nb201", path, "good")
    pd.testing.assert_frame_equal(find_truth("nb201", "good")[0], before)


@pytest.mark.parametrize("container", ["legacy", "zip"])
def test_a_file_cut_off_is_refused(container, whole, tmp_path):
    path = official.write_pth(tmp_path / "cut.pth", whole, container)
    data = path.read_bytes()
    for share in (0.001, 0.3, 0.9, 0.9999):
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(InputError, match=r"cut\.pth"):
            read_truth("nb201", path)


def test_a_nats_file_that_is_cut_or_misplaced_is_refused(nats_folder, tmp_path):
    import shutil

    folder = tmp_path / "nats"
    shutil.copytree(nats_folder, folder)
    (folder / "000002.pickle.pbz2").write_bytes((folder / "000003.pickle.pbz2").read_bytes())
    with pytest.raises(InputError, match="says that it is architecture 3"):
        read_truth("nb201", folder)
    (folder / "000002.pickle.pbz2").write_bytes((nats_folder / "000002.pickle.pbz2").read_bytes()[:2000])
    with pytest.raises(InputError, match="000002"):
        read_truth("nb201", folder)


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values(["architecture", "dataset", "epochs", "seed"]).reset_index(drop=True)


def test_the_end_of_the_md5_in_an_official_name_is_compared_and_said(whole, tmp_path, capsys):
    path = official.write_pth(tmp_path / "x.pth", whole)
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    path = path.rename(tmp_path / f"NAS-Bench-201-v1_1-{digest[-6:]}.pth")
    assert compare_published(path) == f"matched: the published MD5 of {path.name}"
    about = import_truth("nb201", path, "mine")
    assert about["published"] == f"matched: the published MD5 of {path.name}"
    assert about["holds"] == f"{N} of the 15,625 architectures"
    assert main(["show", "mine"]) == 0
    assert f"Published digest: matched: the published MD5 of {path.name}." in capsys.readouterr().out
    path = path.rename(tmp_path / "NAS-Bench-201-v1_1-096897.pth")
    assert compare_published(path).startswith(f"differs: {path.name} has another MD5 than was published (096897)")
    assert compare_published(path.rename(tmp_path / "mine.pth")).startswith("unknown: ")


def test_a_whole_file_that_is_not_the_published_one_is_named(tmp_path, monkeypatch):
    """Nothing is missing from it, but it is another one."""
    path = tmp_path / "wide.csv"
    monkeypatch.setattr("nasbias.truth.compare_published", lambda path: "differs: x has another MD5 than was published")
    rows = [f"{name},{50 + place / 1000}" for place, name in enumerate(official.names(15_625))]
    path.write_text("\n".join(["architecture,c10_val_200", *rows]))
    with pytest.warns(Notice, match="is not the published file: it has another MD5 than was published"):
        assert find_truth("nb201", path)[1]["holds"] == "all of it"
