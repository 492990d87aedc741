"""The store and what `load_truth` makes of a source."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

import nasbias
from nasbias import InputError, load_truth
from nasbias.files import data_folder, sha256
from nasbias.tables import read_about
from nasbias.truth import describe_sources, find_truth, import_truth, read_truth
from nasbias.truth.summary import ceiling, describe_parts
from tests.truth import official_nb201 as official

NAMES = official.names(40)


@pytest.fixture
def tidy() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"architecture": NAMES, "dataset": "cifar10", "epochs": 200})
    return pd.concat([table.assign(seed=seed, test_accuracy=rng.uniform(80, 90, 40)) for seed in (0, 1)])


def stored() -> list[str]:
    return [about["name"] for about in describe_sources("nb201") if about["stored"]]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_tidy_file_comes_back_from_the_store_with_its_provenance(ending, tidy, tmp_path):
    path = tmp_path / f"mine.{ending}"
    tidy.to_csv(path, index=False) if ending == "csv" else tidy.to_parquet(path, index=False)
    import_truth("nb201", path, "mine")
    table, about = find_truth("nb201", "mine")
    assert table["test_accuracy"].tolist() == tidy["test_accuracy"].tolist()
    assert (about["name"], about["source"], about["sha256"]) == ("mine", path.name, sha256(path))
    assert about["format"] == "tidy"
    assert about["columns"] == {"test_accuracy": "%, higher is better"}
    inside = data_folder() / "truth" / "nb201" / "mine.parquet"
    assert read_about(inside)["rows"] == 80


def test_a_copy_of_a_stored_file_keeps_what_its_numbers_are(tmp_path):
    whole = official.benchmark(3)
    import_truth("nb201", whole, "first")
    import_truth("nb201", data_folder() / "truth" / "nb201" / "first.parquet", "second")
    assert find_truth("nb201", "second")[1]["format"] == "nas-bench-201"


@pytest.mark.parametrize("name", ["", "../escape", "a/b", ".hidden", "a b", "x" * 200, "ümlaut", "-option", "a\n"])
def test_a_name_that_could_leave_the_store_is_refused(name, tidy, tmp_path):
    with pytest.raises(InputError, match="can't name a truth"):
        import_truth("nb201", tidy, name)
    assert not list(data_folder().rglob("*.parquet"))


def test_the_environment_moves_the_store(tidy, tmp_path, monkeypatch):
    monkeypatch.setenv("NASBIAS_DATA", str(tmp_path / "elsewhere"))
    import_truth("nb201", tidy, "mine")
    assert (tmp_path / "elsewhere" / "truth" / "nb201" / "mine.parquet").is_file()
    assert stored() == ["mine"]


def test_a_failed_import_leaves_the_store_as_it_was(tidy, tmp_path):
    import_truth("nb201", tidy, "mine")
    before = (data_folder() / "truth" / "nb201" / "mine.parquet").read_bytes()
    for bad in (
        tidy.assign(test_accuracy=np.nan),
        tidy.assign(test_accuracy=190.0),
        tidy.assign(seed=0),
        tidy.assign(architecture="|x~0|"),
        tidy.drop(columns="test_accuracy"),
        tidy.iloc[:0],
    ):
        with pytest.raises(InputError):
            import_truth("nb201", bad, "mine")
    assert (data_folder() / "truth" / "nb201" / "mine.parquet").read_bytes() == before
    assert [path.name for path in (data_folder() / "truth" / "nb201").iterdir()] == ["mine.parquet"]


def test_a_mean_counts_its_seeds_and_one_seed_is_itself(tidy):
    mean = load_truth("nb201", tidy)
    assert mean["n_seeds"].tolist() == [2] * 40
    assert mean["test_accuracy"].to_numpy() == pytest.approx(
        tidy["test_accuracy"].to_numpy().reshape(2, 40).mean(axis=0)
    )
    one = load_truth("nb201", tidy, seed=1)
    assert one["test_accuracy"].tolist() == tidy["test_accuracy"].tolist()[40:]
    assert len(load_truth("nb201", tidy, seed="all")) == 80


@pytest.mark.parametrize(
    ("options", "has"),
    [({"dataset": "cifar100"}, "cifar10"), ({"epochs": 12}, "200"), ({"seed": 777}, "0, 1")],
)
def test_what_the_source_does_not_have_is_an_error_that_lists_what_it_has(options, has, tidy):
    with pytest.raises(InputError, match=f"It has: {has}"):
        load_truth("nb201", tidy, **options)


def test_the_official_file_is_preferred_to_other_tables_and_those_to_a_retraining(tidy):
    sources = describe_sources("nb201")
    assert not sources or load_truth("nb201").attrs["name"] == "analog-nasbench"
    import_truth("nb201", tidy, "a-table")
    assert load_truth("nb201").attrs["name"] == "a-table"
    import_truth("nb201", official.benchmark(2), "z-official")
    assert load_truth("nb201").attrs["name"] == "z-official"


def test_without_any_truth_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", _without("analognasbench"))
    with pytest.raises(
        InputError, match=r"pip install 'nasbias\[analog\]' or python -m nasbias.truth import nb201 PATH"
    ):
        load_truth("nb201")
    with pytest.raises(InputError, match=r"Remedy: python -m nasbias.truth import nb101 PATH --name NAME"):
        load_truth("nb101")


def _without(package):
    import importlib.util

    find = importlib.util.find_spec
    return lambda name, *more: None if name == package else find(name, *more)


def test_an_unknown_source_lists_the_stored_ones(tidy):
    import_truth("nb201", tidy, "mine")
    with pytest.raises(InputError, match=r"no truth 'yours' for nb201: .* Stored: mine"):
        load_truth("nb201", "yours")


def test_something_that_is_no_truth_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="not recognised as ground truth"):
        load_truth("nb201", tmp_path / "notes.txt")
    (tmp_path / "no_measure.csv").write_text("architecture,fun\n1,2\n")
    with pytest.raises(InputError, match="no measure among the columns"):
        load_truth("nb201", tmp_path / "no_measure.csv")
    with pytest.raises(InputError, match="can't read ground truth of nb201 from int"):
        load_truth("nb201", 3)
    with pytest.raises(InputError, match="no such file"):
        load_truth("nb201", tmp_path / "absent.csv")


def test_a_damaged_stored_file_is_an_error(tidy):
    import_truth("nb201", tidy, "mine")
    path = data_folder() / "truth" / "nb201" / "mine.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="can't be read"):
        load_truth("nb201", "mine")


@pytest.mark.parametrize("space", nasbias.list_spaces())
def test_a_table_of_ones_own_works_for_every_space(space):
    measure = "test_perplexity" if space == "ptb" else "test_accuracy"
    names = nasbias.get_space(space).sample(5, seed=0)
    table = pd.DataFrame({"architecture": names, measure: [50.0, 60.0, 70.0, 80.0, 90.0]})
    import_truth(space, table, "mine")
    assert load_truth(space, "mine")[measure].tolist() == table[measure].tolist()


def test_the_ceiling_is_scipys_tau_between_the_two_seeds(tidy):
    table = read_truth("nb201", tidy.iloc[:70])  # the second seed lacks ten architectures
    found = ceiling(table)
    one, two = (table[table["seed"] == seed]["test_accuracy"].to_numpy()[:30] for seed in (0, 1))
    assert found is not None
    assert found["gt_tau"] == pytest.approx(kendalltau(one, two).statistic)
    assert (found["n"], found["measure"]) == (30, "test_accuracy")
    assert ceiling(table[table["seed"] == 0]) is None
    assert ceiling(read_truth("nb201", tidy.iloc[:40].drop(columns="seed"))) is None


def test_the_best_perplexity_is_the_lowest():
    names = nasbias.get_space("ptb").sample(3, seed=0)
    table = read_truth("ptb", pd.DataFrame({"architecture": names, "valid_perplexity": [60.0, 58.0, 70.0]}))
    (part,) = describe_parts(table)
    assert (part["best"], part["better"]) == (names[1], "lower")


def test_nothing_here_imports_torch_or_the_packages_it_reads():
    code = (
        "import sys, nasbias.truth.__main__, nasbias.truth.nb201; nasbias.truth.describe_sources();"
        "print({'torch', 'analognasbench', 'nas_201_api', 'nats_bench', 'pooch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
