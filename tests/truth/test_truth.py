"""Which number `load_truth` answers with, and which source it takes."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import nasbias
from nasbias import InputError, load_truth
from nasbias.tables import write_parquet
from nasbias.truth import (
    describe_sources,
    find_truth,
    import_truth,
    list_formats,
    rank_sources,
    read_truth,
    remove_truth,
    store,
)
from tests.truth import official_nb201 as official

NAMES = official.names(40)


def stored() -> list[str]:
    return [about["name"] for about in describe_sources("nb201") if about["stored"]]


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


def test_the_official_file_is_preferred_to_other_tables_and_those_to_a_retraining_of_equal_coverage(tidy):
    whole = nasbias.get_space("nb201").architectures()[["architecture"]].assign(test_accuracy=90.0)
    import_truth("nb201", tidy, "a-small-table")
    if len(describe_sources("nb201")) == 2:  # with the installed retraining
        assert load_truth("nb201").attrs["name"] == "analog-nasbench"  # a small import displaces nothing
    import_truth("nb201", whole.iloc[:15_000], "b-table")
    assert load_truth("nb201").attrs["name"] == "b-table"
    whole = read_truth("nb201", whole)
    store.write_stored("nb201", "z-official", whole, {"format": "nas-bench-201", "architectures": 15_625})
    assert load_truth("nb201").attrs["name"] == "z-official"
    store.write_stored("nb201", "z-official", whole.iloc[:9], {"format": "nas-bench-201", "architectures": 9})
    assert load_truth("nb201").attrs["name"] == "b-table"


def test_without_any_truth_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", _without("analognasbench"))
    with pytest.raises(
        InputError, match=r"no ground truth for nb201 is here. Remedy: pip install 'nasbias\[analog\]'$"
    ):
        load_truth("nb201")
    monkeypatch.setattr("nasbias.truth.list_shipped", lambda space: {})
    for space, command in (
        ("nb101", "python -m nasbias.truth fetch nb101"),
        ("nb-macro", "python -m nasbias.truth fetch nb-macro"),
        ("ptb", "python -m nasbias.train --space ptb --architectures shipped:ptb --standalone-sample 12"),
    ):
        with pytest.raises(InputError, match=f"no ground truth for {space} is here. Remedy: {command}"):
            load_truth(space)


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


def test_p1s_truth_is_preferred_to_the_one_that_is_shipped_for_darts64():
    assert load_truth("darts64").attrs["name"] == "darts64_truth"
    codes = nasbias.get_space("darts64").architectures()["architecture"]
    table = pd.DataFrame({"architecture": codes, "test_accuracy": 90.0, "epochs": 200})
    store.write_stored("darts64", "p1", read_truth("darts64", table), {"format": "p1-64", "architectures": 64})
    assert load_truth("darts64").attrs["name"] == "p1"


@pytest.mark.parametrize("space", nasbias.list_spaces())
def test_a_truth_of_this_project_is_found_by_its_files_name_says_how_small_it_is_and_comes_last(
    space, tmp_path, monkeypatch
):
    measure = "valid_perplexity" if space == "ptb" else "valid_accuracy"
    names = nasbias.get_space(space).sample(20, seed=0)
    table = read_truth(space, pd.DataFrame({"architecture": names, measure: np.linspace(50, 69, 20), "seed": 0}))
    recipe = {"dataset": "mine", "epochs": 4, "train_size": 10_000, "resolution": 16, "network": {"channels": 8}}
    name = f"{space.replace('-', '_')}_truth"
    write_parquet(table, tmp_path / f"{name}.parquet", {"space": space, "recipe": recipe})
    monkeypatch.setattr("nasbias.tables.shipped.shipped_folders", lambda: [tmp_path])
    found = load_truth(space, name)
    assert found[measure].tolist() == table[measure].tolist() and found.attrs["licence"] == "Apache-2.0"
    small = "no benchmark (mine: 4 epochs, 10,000 examples, 16 pixels a side, channels 8)"
    assert found.attrs["describes"].startswith("trained alone by this project") and small in found.attrs["describes"]
    import_truth(space, table, "theirs")
    assert [about["name"] for about in rank_sources(space)][-1] == name and load_truth(space).attrs["name"] != name
    write_parquet(table, tmp_path / f"{name}.parquet", {"space": space, "recipe": "small"})
    assert load_truth(space, name).attrs["describes"].endswith(": no benchmark")


@pytest.mark.parametrize("space", nasbias.list_spaces())
def test_a_table_of_ones_own_works_for_every_space(space):
    measure = "test_perplexity" if space == "ptb" else "test_accuracy"
    names = nasbias.get_space(space).sample(5, seed=0)
    table = pd.DataFrame({"architecture": names, measure: [50.0, 60.0, 70.0, 80.0, 90.0]})
    import_truth(space, table, "mine")
    assert load_truth(space, "mine")[measure].tolist() == table[measure].tolist()


def test_nothing_here_imports_torch_or_the_packages_it_reads():
    code = (
        "import sys, nasbias.truth.__main__, nasbias.truth.nb201; nasbias.truth.describe_sources();"
        "print({'torch', 'analognasbench', 'nas_201_api', 'nats_bench', 'pooch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_truth_is_removed_by_name_and_what_is_not_stored_can_t_be(tidy):
    import_truth("nb201", tidy, "mine")
    assert remove_truth("mine")["rows"] == 80
    assert stored() == []
    for name, says in (("mine", "no truth called 'mine' is stored"), ("analog-nasbench", "package|no truth called")):
        with pytest.raises(InputError, match=says):
            remove_truth(name)


def test_a_name_that_two_spaces_have_is_removed_from_the_one_that_is_named(tidy):
    cells = pd.DataFrame({"architecture": nasbias.get_space("darts64").sample(5, seed=0), "test_accuracy": 5.0})
    import_truth("nb201", tidy, "mine")
    import_truth("darts64", cells, "mine")
    with pytest.raises(InputError, match="in darts64 and nb201. Choose with --space"):
        remove_truth("mine")
    assert remove_truth("mine", "darts64")["space"] == "darts64"
    assert stored() == ["mine"]


def test_what_was_loaded_is_told_with_it(tidy, tmp_path):
    path = tmp_path / "mine.csv"
    tidy.to_csv(path, index=False)
    about = load_truth("nb201", path).attrs
    assert (about["name"], about["source"], about["format"], about["licence"]) == (
        "mine.csv",
        "mine.csv",
        "tidy",
        "not stated by the source",
    )
    import_truth("nb201", official.benchmark(3), "theirs")
    about = load_truth("nb201", "theirs").attrs
    assert (about["name"], about["format"]) == ("theirs", "nas-bench-201")
    assert "x-valid" in about["describes"]


def test_a_table_that_nasbias_loaded_keeps_what_it_is_when_it_is_given_again():
    import_truth("nb201", official.benchmark(3), "theirs")
    again = find_truth("nb201", load_truth("nb201", "theirs"))[1]
    assert (again["name"], again["format"]) == ("theirs", "nas-bench-201")


def test_a_truth_given_twice_under_one_name_is_the_later_one(tidy):
    import_truth("nb201", tidy, "mine")
    about = import_truth("nb201", tidy.iloc[:40], "mine")
    assert (about["rows"], about["architectures"], stored()) == (40, 40, ["mine"])
    assert len(read_truth("nb201", "mine")) == 40


def test_sources_are_ranked_by_kind_whatever_their_names(tidy):
    for name, form in (("a", "tidy"), ("z", "nas-bench-201"), ("b", "wide")):
        store.write_stored("nb201", name, read_truth("nb201", tidy), {"format": form, "architectures": 40})
    ranked = [about["name"] for about in rank_sources("nb201") if about["stored"]]
    formats = [form.name for form in list_formats("nb201")]
    places = [formats.index(about["format"]) if about["format"] in formats else len(formats)
              for about in rank_sources("nb201") if about["stored"]]  # fmt: skip
    assert ranked[0] == "z" and places == sorted(places)


@pytest.mark.parametrize("space", nasbias.list_spaces())
def test_every_format_says_what_it_is_and_is_tried_once(space):
    names = [form.name for form in list_formats(space)]
    assert len(set(names)) == len(names) and "tidy" not in names
    assert all(len(form.describes) > 5 for form in list_formats(space))
