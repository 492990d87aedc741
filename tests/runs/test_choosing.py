import pandas as pd
import pytest

from nasbias.errors import InputError
from nasbias.runs.choosing import REMAINING, choose_listed, gather_architectures, list_architectures, read_lines
from nasbias.spaces import get_space
from nasbias.tables import load_predictions
from nasbias.truth import import_truth

SPACE = get_space("nb201")
ARCHITECTURES = SPACE.sample(6, seed=0)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "table.txt", "a.parquet", "list.txt", "list", "list.arch"])
def test_a_table_and_a_list_name_the_same_architectures(name, tmp_path):
    path = tmp_path / name
    twice = [*ARCHITECTURES, ARCHITECTURES[2]]
    table = pd.DataFrame({"arch": twice, "test_acc": 90.0})
    if name == "a.parquet":
        table.to_parquet(path)
    elif name.startswith("list"):
        path.write_text("\n".join(["", *twice, "  "]))
    else:
        table.to_csv(path, index=False, sep="," if name == "a.csv" else "\t")
    assert list_architectures(path, SPACE).tolist() == ARCHITECTURES.tolist()


def test_a_stored_truth_is_named_and_its_architectures_come_once():
    table = pd.DataFrame({"architecture": ARCHITECTURES, "test_accuracy": 90.0})
    import_truth("nb201", pd.concat([table.assign(seed=0), table.assign(seed=1)]), "mine")
    assert list_architectures("mine", SPACE).tolist() == ARCHITECTURES.tolist()


def test_a_shipped_truth_is_named_likewise():
    assert len(list_architectures("darts64_truth", get_space("darts64"))) == 64


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no architectures in it"),
        ("what\n", "1 of 1 architectures are not in nb201"),
        ("\x00\xff", "is no text|not in"),
    ],
)
def test_a_list_with_something_else_is_refused_by_its_name(content, says, tmp_path):
    path = tmp_path / "list"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=says) as error:
        list_architectures(path, SPACE)
    assert str(path) in str(error.value)


def test_what_is_neither_a_file_nor_a_truth_is_refused_with_the_truths_there_are(tmp_path):
    with pytest.raises(InputError, match="nowhere: neither a file nor a truth of darts64. Truths: darts64_truth"):
        list_architectures("nowhere", get_space("darts64"))
    with pytest.raises(InputError, match="is a folder"):
        list_architectures(tmp_path, SPACE)
    pd.DataFrame({"fun": ["x"]}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match="no column 'architecture'"):
        list_architectures(tmp_path / "a.csv", SPACE)
    with pytest.raises(InputError, match="no such file"):
        read_lines(tmp_path / "absent")


def test_some_of_a_list_are_drawn_by_seed_in_its_order():
    assert choose_listed(ARCHITECTURES, None, 0, "x").tolist() == ARCHITECTURES.tolist()
    drawn = choose_listed(ARCHITECTURES, 3, 0, "x").tolist()
    assert drawn == [name for name in ARCHITECTURES if name in drawn] and len(drawn) == 3
    assert drawn == choose_listed(ARCHITECTURES, 3, 0, "x").tolist()
    assert any(choose_listed(ARCHITECTURES, 3, seed, "x").tolist() != drawn for seed in range(1, 6))
    for n in (0, 7):
        with pytest.raises(InputError, match=f"mine lists 6 architectures, not {n}"):
            choose_listed(ARCHITECTURES, n, 0, "mine")
    assert len(choose_listed(ARCHITECTURES, 6, 0, "x")) == 6


def test_one_of_a_list_may_be_drawn_and_all_draws_are_of_distinct_ones():
    assert {choose_listed(ARCHITECTURES, 1, seed, "x").tolist()[0] for seed in range(40)} == set(ARCHITECTURES)
    assert all(len(set(choose_listed(ARCHITECTURES, 5, seed, "x"))) == 5 for seed in range(10))


def test_a_packed_list_is_read_as_a_table_and_a_table_without_architectures_names_its_file(tmp_path):
    pd.DataFrame({"architecture": ARCHITECTURES}).to_csv(tmp_path / "a.txt.gz", index=False, sep="\t")
    assert list_architectures(tmp_path / "a.txt.gz", SPACE).tolist() == ARCHITECTURES.tolist()
    pd.DataFrame({"fun": ["x"]}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match=r"a\.csv: .*a\.csv: no column 'architecture'|a\.csv: no column"):
        list_architectures(tmp_path / "a.csv", SPACE)


def test_what_pruning_left_is_called_so():
    assert REMAINING == "remaining.txt"


def test_one_function_takes_a_number_a_name_a_list_and_nothing_for_all(tmp_path):
    assert gather_architectures(SPACE, 5, seed=3).tolist() == SPACE.sample(5, seed=3).tolist()
    assert gather_architectures(SPACE, 5, 3, "all").tolist() == SPACE.sample(5, 3, "all").tolist()
    assert gather_architectures(SPACE, [*ARCHITECTURES, ARCHITECTURES[0]]).tolist() == ARCHITECTURES.tolist()
    assert gather_architectures(SPACE, [0, "1"]).tolist() == SPACE.parse_all(["0", "1"]).tolist()
    (tmp_path / "list").write_text("\n".join(ARCHITECTURES))
    assert gather_architectures(SPACE, tmp_path / "list").tolist() == ARCHITECTURES.tolist()
    assert (
        gather_architectures(get_space("darts64"), "darts64_truth").tolist()
        == get_space("darts64").parse_all(sorted(gather_architectures(get_space("darts64")))).tolist()
    )
    assert len(gather_architectures(SPACE)) == 15_284
    assert len(gather_architectures(SPACE, subset="all")) == 15_625


@pytest.mark.parametrize(
    ("space", "which", "subset", "says"),
    [
        ("darts", None, None, "too many to score all. Give a number"),
        ("nb201", 0, None, "1 or more"),
        ("nb201", 20_000, None, "can't sample"),
        ("nb201", ["0"], "all", "one of the two"),
        ("nb201", [], None, "empty list"),
        ("nb201", 0.5, None, "neither a number"),
        ("nb201", "nowhere", None, "neither a file nor a truth"),
        ("nb201", ["nothing"], None, "not in nb201"),
    ],
)
def test_what_names_no_architectures_is_refused_in_one_line(space, which, subset, says):
    with pytest.raises(InputError, match=says):
        gather_architectures(get_space(space), which, subset=subset)


def test_a_shipped_table_is_named_as_everywhere():
    darts = get_space("darts")
    listed = list_architectures("shipped:darts", darts)
    assert set(listed) == set(load_predictions("shipped:darts", "darts")["architecture"]) and len(listed) == 148
    with pytest.raises(InputError, match="unknown shipped table 'dart'. Did you mean darts"):
        list_architectures("shipped:dart", darts)
