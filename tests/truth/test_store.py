"""The store: what is kept, under which names, and that nothing half done is left."""

import numpy as np
import pytest

from nasbias import InputError, load_truth
from nasbias.files import data_folder, sha256
from nasbias.notices import Notice
from nasbias.spaces import get_space
from nasbias.tables import read_about, write_parquet
from nasbias.truth import describe_sources, find_truth, import_truth, remove_truth
from nasbias.truth.store import list_stored
from tests.truth import official_nb201 as official

NAMES = official.names(40)


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


def test_a_copy_of_a_stored_file_says_what_its_numbers_are_and_is_no_official_file(tmp_path):
    whole = official.benchmark(3)
    import_truth("nb201", whole, "first")
    import_truth("nb201", data_folder() / "truth" / "nb201" / "first.parquet", "second")
    about = find_truth("nb201", "second")[1]
    assert about["format"] == "tidy"
    assert about["describes"].startswith("as the file says of itself: NAS-Bench-201's official records")


@pytest.mark.parametrize("at", [0.3, 0.999])
def test_a_damaged_table_is_named_and_left_out_and_can_be_removed(at, tidy, recwarn):
    import_truth("nb201", tidy, "good")
    import_truth("nb201", tidy, "bad")
    path = data_folder() / "truth" / "nb201" / "bad.parquet"
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1
    path.write_bytes(content)
    assert stored() == ["good"]
    told = str(recwarn.pop(Notice).message)
    assert str(path) in told
    assert told.endswith("python -m nasbias.truth remove bad removes it.")
    assert len(find_truth("nb201", "good")[0]) == 80
    assert remove_truth("bad") == {"space": "nb201", "name": "bad"}
    assert not path.exists()


def test_what_a_stored_file_says_of_itself_in_another_kind_is_not_believed(tidy, recwarn):
    import_truth("nb201", tidy, "mine")
    path = data_folder() / "truth" / "nb201" / "mine.parquet"
    write_parquet(tidy, path, {"architectures": "all", "rows": [1], "name": "other", "describes": 5, "format": "tidy"})
    (about,) = [about for about in describe_sources("nb201") if about["stored"]]
    assert about == {"name": "mine", "space": "nb201", "format": "tidy", "stored": True}


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


def test_a_store_that_can_t_be_written_says_where_and_what_moves_it(tidy, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("NASBIAS_DATA", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"mine\.parquet: can't be written .*NASBIAS_DATA names another folder"):
        import_truth("nb201", tidy, "mine")


def test_of_one_space_only_its_own_tables_are_listed(tidy):
    import_truth("nb201", tidy, "mine")
    darts = tidy.iloc[:2].assign(architecture=get_space("darts").sample(2, seed=0), dataset="cifar10")
    import_truth("darts", darts, "theirs")
    assert [about["name"] for about in list_stored("darts")] == ["theirs"]
    assert [about["name"] for about in list_stored()] == ["theirs", "mine"]  # by space, then by name


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


def test_a_damaged_stored_file_is_an_error(tidy):
    import_truth("nb201", tidy, "mine")
    path = data_folder() / "truth" / "nb201" / "mine.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.warns(Notice, match="It is left out"), pytest.raises(InputError, match="mine.parquet: is damaged"):
        load_truth("nb201", "mine")
